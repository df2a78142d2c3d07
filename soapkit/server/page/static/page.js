// The filter of the list, the copy buttons, and the form that tries an operation. Text of a contract or a reply is only
// ever put into text nodes and values: nothing here makes markup of it.
"use strict";
(() => {
  const XML = "http://www.w3.org/XML/1998/namespace";
  const XSI = "http://www.w3.org/2001/XMLSchema-instance";
  const MAX_DEPTH = 12; // of records inside each other that are shown before anybody asked for them

  // --- small tools ---------------------------------------------------------------------------------------------------

  function make(tag, properties = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (name in element && name !== "list") element[name] = value;
      else element.setAttribute(name, value);
    }
    element.append(...children.filter((child) => child !== null && child !== undefined));
    return element;
  }

  let counter = 0;
  const newId = () => `f${++counter}`;
  const keyOf = (node) => `${node.namespaceURI || ""}|${node.localName}`;
  const keyOfName = (named) => `${named.ns}|${named.n}`;
  const kids = (node) => (node ? [...node.children] : []);
  const escapeText = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  const escapeAttribute = (text) =>
    escapeText(text).replace(/"/g, "&quot;").replace(/\t/g, "&#9;").replace(/\n/g, "&#10;").replace(/\r/g, "&#13;");
  const changed = (element) => element.dispatchEvent(new Event("input", { bubbles: true }));

  function parseXml(text) {
    const parsed = new DOMParser().parseFromString(text, "application/xml");
    const error = parsed.querySelector("parsererror");
    if (error) throw new Error(error.textContent.replace(/\s+/g, " ").trim().slice(0, 200));
    return parsed;
  }

  // --- the list ------------------------------------------------------------------------------------------------------

  function liveFilter() {
    const input = document.getElementById("filter");
    const list = document.getElementById("operations");
    const count = document.getElementById("count");
    if (!input || !list) return;
    const lines = [...list.children];
    input.addEventListener("input", () => {
      const words = input.value.toLowerCase();
      let shown = 0;
      for (const line of lines) {
        line.hidden = !line.dataset.words.includes(words);
        shown += line.hidden ? 0 : 1;
      }
      count.textContent = `${shown} of ${lines.length}`;
    });
  }

  function copyButtons() {
    for (const button of document.querySelectorAll("button.copy")) {
      button.hidden = false;
      const code = button.parentElement.querySelector("code");
      button.setAttribute("aria-label", `Copy ${button.parentElement.querySelector("figcaption").textContent}`);
      button.addEventListener("click", async () => {
        try {
          await navigator.clipboard.writeText(code.textContent);
          button.textContent = "Copied";
        } catch {
          getSelection().selectAllChildren(code);
          button.textContent = "Selected";
        }
        setTimeout(() => { button.textContent = "Copy"; }, 1500);
      });
    }
  }

  // --- writing XML ---------------------------------------------------------------------------------------------------

  // Gives every namespace a prefix, and writes lines that are indented where white space means nothing.
  class Writer {
    constructor(soap) {
      this.prefixes = new Map([[soap, "soap"]]);
      this.lines = [];
    }
    prefix(namespace) {
      if (namespace === XML) return "xml"; // bound by XML itself
      if (!this.prefixes.has(namespace)) {
        this.prefixes.set(namespace, namespace === XSI ? "xsi" : `n${this.prefixes.size}`);
      }
      return this.prefixes.get(namespace);
    }
    name(named) {
      return named.ns ? `${this.prefix(named.ns)}:${named.n}` : named.n;
    }
    qname(clark) {
      const found = /^\{(.*)\}(.*)$/.exec(clark);
      return found ? `${this.prefix(found[1])}:${found[2]}` : clark;
    }
    line(depth, text) {
      this.lines.push("  ".repeat(depth) + text);
    }
    whole() {
      const declared = [...this.prefixes].map(([uri, prefix]) => ` xmlns:${prefix}="${escapeAttribute(uri)}"`);
      return [`<soap:Envelope${declared.join("")}>`, ...this.lines, "</soap:Envelope>", ""].join("\n");
    }
  }

  // --- values --------------------------------------------------------------------------------------------------------

  const INTEGER = /^\s*[+-]?\d+\s*$/;
  const FORMS = {
    boolean: /^\s*(true|false|0|1)\s*$/,
    decimal: /^\s*[+-]?(\d+(\.\d*)?|\.\d+)\s*$/,
    float: /^\s*([+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?|-?INF|NaN)\s*$/,
    date: /^\s*-?\d{4,}-\d\d-\d\d(Z|[+-]\d\d:\d\d)?\s*$/,
    time: /^\s*\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?\s*$/,
    dateTime: /^\s*-?\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?\s*$/,
    hexBinary: /^\s*([0-9a-fA-F]{2})*\s*$/,
    base64Binary: /^[A-Za-z0-9+/=\s]*$/,
    duration: /^\s*-?P(?=.)(\d+Y)?(\d+M)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?\s*$/,
  };
  FORMS.double = FORMS.float;
  for (const name of ["integer", "long", "int", "short", "byte", "nonNegativeInteger", "positiveInteger",
    "nonPositiveInteger", "negativeInteger", "unsignedLong", "unsignedInt", "unsignedShort", "unsignedByte"]) {
    FORMS[name] = INTEGER;
  }
  const PICKERS = { date: "date", time: "time", dateTime: "datetime-local" };
  const NAMES = new Set(["QName", "NOTATION"]);
  const BINARY = new Set(["base64Binary", "hexBinary", "swaRef"]);
  const LONG = new Set(["string", "normalizedString", "anySimpleType"]);

  // One value: its controls, its text, what is wrong with it. `scope`: an element whose namespaces mean something.
  function valueField(type, text, id, scope, fixed) {
    let start = text === null ? "" : text;
    if (NAMES.has(type.b) && scope && start.trim() && !start.startsWith("{")) {
      const [local, prefix] = start.trim().split(":").reverse();
      const namespace = scope.lookupNamespaceURI(prefix || null);
      start = namespace ? `{${namespace}}${local}` : local;
    }
    let control;
    const row = make("div", { className: "row" });
    if (type.enum && fixed === undefined) {
      control = make("select", { id }, ...type.enum.map((value) =>
        make("option", { value, textContent: value.replace(/^\{.*\}/, "") })));
      control.value = type.enum.includes(start.trim()) ? start.trim() : type.enum[0];
      row.append(control);
    } else if (type.b === "boolean" && fixed === undefined) {
      control = make("select", { id }, ...["false", "true"].map((value) => make("option", { value, textContent: value })));
      control.value = ["true", "1"].includes(start.trim()) ? "true" : "false";
      row.append(control);
    } else {
      const binary = BINARY.has(type.b);
      control = binary || LONG.has(type.b)
        ? make("textarea", { id, value: start, rows: 1, spellcheck: false })
        : make("input", { id, type: "text", value: start, autocomplete: "off", spellcheck: false });
      if (FORMS[type.b] === INTEGER) control.inputMode = "numeric";
      if (fixed !== undefined) { control.value = fixed; control.readOnly = true; }
      row.append(control);
      if (type.b in PICKERS && fixed === undefined) row.append(picker(type.b, control));
      if (binary && fixed === undefined) row.append(filePicker(type.b, control));
    }
    return {
      row,
      control,
      text: (writer) => (NAMES.has(type.b) ? writer.qname(control.value.trim()) : control.value),
      problem() {
        const form = FORMS[type.b];
        return form && !form.test(control.value) ? `expected ${type.b}` : "";
      },
    };
  }

  function picker(builtin, control) {
    const input = make("input", { type: PICKERS[builtin], step: 1, tabIndex: 0 });
    input.setAttribute("aria-label", `Pick a ${builtin}`);
    const zone = () => (/(Z|[+-]\d\d:\d\d)\s*$/.exec(control.value) || [""])[0].trim();
    input.addEventListener("change", () => {
      if (!input.value) return;
      const seconds = builtin !== "date" && /T?\d\d:\d\d$/.test(input.value) ? ":00" : "";
      control.value = input.value + seconds + zone();
      changed(control);
    });
    return input;
  }

  function filePicker(builtin, control) {
    const input = make("input", { type: "file" });
    input.setAttribute("aria-label", "Take the bytes of a file");
    input.addEventListener("change", async () => {
      if (!input.files.length) return;
      const bytes = new Uint8Array(await input.files[0].arrayBuffer());
      if (builtin === "hexBinary") {
        control.value = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("").toUpperCase();
      } else {
        let binary = "";
        for (let at = 0; at < bytes.length; at += 0x8000) binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
        const kind = input.files[0].type || "application/octet-stream";
        control.value = `${builtin === "swaRef" ? `data:${kind};base64,` : ""}${btoa(binary)}`;
      }
      changed(control);
    });
    return input;
  }

  // --- the form ------------------------------------------------------------------------------------------------------
  //
  // What opens or changes a part of the form listens to "input", which comes before "change" and is what the form as a
  // whole is written anew at: the part is there by then.
  //
  // Each builder takes its description, the XML that is there already (or null), and how deep it stands. It returns
  // { el, write(writer, depth), check(problems), present() }: the controls, and what they come to.

  function formFor(description) {
    const records = description.records;

    function namesIn(particle, found = new Set()) {
      if (particle.k === "e") found.add(keyOfName(particle));
      else if (particle.k === "r") {
        for (const one of particle.of) {
          if (one.n !== undefined) found.add(keyOfName(one));
          else if (records[one.t.r].c) namesIn(records[one.t.r].c, found);
        }
      } else if (particle.k !== "w") for (const inner of particle.of) namesIn(inner, found);
      return found;
    }

    function labelled(named, id, required, type, extra = "") {
      const label = make("label", { htmlFor: id, textContent: named.n });
      if (required) label.className = "needed";
      const words = [type.b && type.b !== "list" && type.b !== "union" ? type.b : "", type.rules || "", extra];
      const hint = words.filter(Boolean).join(", ");
      return [label, hint ? make("p", { className: "hint", textContent: hint }) : null];
    }

    function problemLine(control) {
      const line = make("p", { className: "wrong", hidden: true, id: newId() });
      return {
        line,
        tell(sentence) {
          line.hidden = !sentence;
          line.textContent = sentence;
          control.setAttribute("aria-invalid", sentence ? "true" : "false");
          if (sentence) control.setAttribute("aria-describedby", line.id);
          else control.removeAttribute("aria-describedby");
        },
      };
    }

    function checkedValue(value, wrong, problems, name) {
      const sentence = value.problem();
      wrong.tell(sentence);
      if (sentence) problems.push({ control: value.control, sentence: `${name}: ${sentence}` });
    }

    // An attribute.
    function attribute(field, node) {
      const id = newId();
      const there = node ? node.getAttributeNS(field.ns || null, field.n) : null;
      const value = valueField(field.t, there ?? field.default ?? null, id, node, field.fixed);
      const wrong = problemLine(value.control);
      const optional = field.min === 0 && field.fixed === undefined;
      const toggle = optional ? make("input", { type: "checkbox", checked: there !== null }) : null;
      if (toggle) {
        toggle.setAttribute("aria-label", `Send ${field.n}`);
        const follow = () => { value.row.hidden = !toggle.checked; };
        toggle.addEventListener("input", follow);
        follow();
      }
      const [label, hint] = labelled({ n: `@${field.n}` }, id, !optional, field.t);
      const el = make("div", { className: "field" }, make("div", { className: "row" }, toggle, label), hint, value.row, wrong.line);
      const present = () => !toggle || toggle.checked;
      return {
        el,
        text: (writer) => (present() ? ` ${writer.name(field)}="${escapeAttribute(value.text(writer))}"` : ""),
        check(problems) { if (present()) checkedValue(value, wrong, problems, `@${field.n}`); },
      };
    }

    // Text that is markup: for wildcards, anyType and mixed content.
    function rawField(label, nodes, id) {
      const text = nodes.map((node) => (node.nodeType === 3 ? escapeText(node.data) : new XMLSerializer().serializeToString(node)));
      const control = make("textarea", { id, value: text.join(""), rows: 2, spellcheck: false });
      const wrong = problemLine(control);
      return {
        el: make("div", { className: "field" }, make("label", { htmlFor: id, textContent: label }), control, wrong.line),
        control,
        write(writer, depth) { if (control.value.trim()) writer.line(depth, control.value.trim()); },
        check(problems) {
          let sentence = "";
          try { parseXml(`<x>${control.value}</x>`); } catch (error) { sentence = `expected XML: ${error.message}`; }
          wrong.tell(sentence);
          if (sentence) problems.push({ control, sentence: `${label}: ${sentence}` });
        },
        present: () => control.value.trim() !== "",
      };
    }

    // What an element of a record type holds and carries.
    function recordBody(number, node, depth) {
      const record = records[number];
      const attributes = (record.a || []).map((field) => attribute(field, node));
      const box = make("div", {}, ...attributes.map((one) => one.el));
      let inner = null;
      let value = null;
      let wrong = null;
      if (record.t) {
        const id = newId();
        value = valueField(record.t, node ? node.textContent : null, id, node);
        wrong = problemLine(value.control);
        const [label, hint] = labelled({ n: "text" }, id, true, record.t);
        box.append(make("div", { className: "field" }, label, ...(hint ? [hint] : []), value.row, wrong.line));
      } else if (record.raw) {
        inner = rawField("content", node ? [...node.childNodes] : [], newId());
        box.append(inner.el);
      } else if (record.c) {
        inner = particle(record.c, node, depth, record);
        box.append(inner.el);
      }
      return {
        el: box,
        empty: !attributes.length && !value && (!record.c || (record.c.of && !record.c.of.length)) && !record.raw,
        attributes: (writer) => attributes.map((one) => one.text(writer)).join(""),
        text: value ? (writer) => escapeText(value.text(writer)) : null,
        write(writer, at) { if (inner) inner.write(writer, at); },
        check(problems) {
          for (const one of attributes) one.check(problems);
          if (value) checkedValue(value, wrong, problems, "text");
          if (inner) inner.check(problems);
        },
        present: () => (inner ? inner.present() : true),
      };
    }

    // An element of a record type, of one of the types derived from its own where there are any.
    function recordField(number, node, depth) {
      const record = records[number];
      const offered = [...(record.abstract ? [] : [number]), ...(record.d || []).filter((one) => !records[one].abstract)];
      let chosen = offered.length ? offered[0] : number;
      const said = node && node.getAttributeNS(XSI, "type");
      if (said) {
        const [local, prefix] = said.trim().split(":").reverse();
        const clark = `{${node.lookupNamespaceURI(prefix || null) || ""}}${local}`;
        chosen = offered.find((one) => records[one].q === clark || records[one].q === local) ?? chosen;
      }
      const box = make("div");
      let body = recordBody(chosen, node, depth);
      const place = make("div", {}, body.el);
      if (offered.length > 1) {
        const id = newId();
        const select = make("select", { id }, ...offered.map((one) => make("option", { value: String(one), textContent: records[one].name })));
        select.value = String(chosen);
        select.addEventListener("input", () => {
          chosen = Number(select.value);
          body = recordBody(chosen, null, depth);
          place.replaceChildren(body.el);
        });
        box.append(make("div", { className: "field" }, make("label", { htmlFor: id, textContent: "type" }), select));
      }
      box.append(place);
      return {
        el: box,
        get empty() { return body.empty && offered.length < 2; },
        attributes: (writer) =>
          (chosen !== number && records[chosen].q ? ` ${writer.prefix(XSI)}:type="${escapeAttribute(writer.qname(records[chosen].q))}"` : "") +
          body.attributes(writer),
        get text() { return body.text; },
        write: (writer, at) => body.write(writer, at),
        check: (problems) => body.check(problems),
        present: () => body.present(),
      };
    }

    // One element. `node`: the one that is there, or null.
    function occurrence(field, node, depth) {
      const id = newId();
      const nil = node !== null && ["true", "1"].includes(node.getAttributeNS(XSI, "nil"));
      let inner;
      let el;
      if (field.t.r !== undefined) {
        inner = recordField(field.t.r, nil ? null : node, depth + 1);
        el = make("fieldset", {}, make("legend", { textContent: field.n }), inner.el);
      } else if (field.t.any) {
        const raw = rawField(field.n, node ? [...node.childNodes] : [], id);
        inner = { attributes: () => "", text: null, write: raw.write, check: raw.check, present: raw.present };
        el = raw.el;
      } else {
        const value = valueField(field.t, node && !nil ? node.textContent : field.default ?? null, id, node, field.fixed);
        const wrong = problemLine(value.control);
        const [label, hint] = labelled(field, id, field.min > 0, field.t);
        el = make("div", { className: "field" }, label, hint, value.row, wrong.line);
        inner = {
          attributes: () => "",
          text: (writer) => escapeText(value.text(writer)),
          write() {},
          check: (problems) => checkedValue(value, wrong, problems, field.n),
        };
      }
      let nilBox = null;
      if (field.nil) {
        nilBox = make("input", { type: "checkbox", checked: nil, id: newId() });
        el.append(make("div", { className: "row" }, nilBox, make("label", { htmlFor: nilBox.id, textContent: `${field.n} is nil` })));
      }
      const isNil = () => nilBox !== null && nilBox.checked;
      return {
        el,
        write(writer, at) {
          const name = writer.name(field);
          if (isNil()) {
            writer.line(at, `<${name} ${writer.prefix(XSI)}:nil="true"/>`);
            return;
          }
          const open = `${name}${inner.attributes(writer)}`;
          if (inner.text) {
            writer.line(at, `<${open}>${inner.text(writer)}</${name}>`);
            return;
          }
          const before = writer.lines.length;
          inner.write(writer, at + 1);
          if (writer.lines.length === before) writer.line(at, `<${open}/>`);
          else {
            writer.lines.splice(before, 0, `${"  ".repeat(at)}<${open}>`);
            writer.line(at, `</${name}>`);
          }
        },
        check(problems) { if (!isNil()) inner.check(problems); },
      };
    }

    // The elements of one name: one, one that may be left out, or a list with buttons.
    function elements(field, nodes, depth) {
      if (field.max === 1) return field.min === 0 ? optional(field, nodes[0] || null, depth) : single(field, nodes[0] || null, depth);
      return several(field.n, field.min, field.max, nodes.map((node) => () => occurrence(field, node, depth)), () => occurrence(field, null, depth), depth);
    }

    function single(field, node, depth) {
      const one = occurrence(field, node, depth);
      return { ...one, present: () => true };
    }

    function optional(field, node, depth) {
      const toggle = make("input", { type: "checkbox", id: newId(), checked: node !== null });
      const place = make("div");
      let inner = null;
      const follow = () => {
        inner = toggle.checked ? inner || occurrence(field, node, depth) : inner;
        place.replaceChildren(...(toggle.checked ? [inner.el] : []));
      };
      toggle.addEventListener("input", follow);
      follow();
      const label = make("label", { htmlFor: toggle.id, textContent: `send ${field.n}` });
      return {
        el: make("div", { className: "field" }, make("div", { className: "row" }, toggle, label), place),
        write(writer, at) { if (toggle.checked) inner.write(writer, at); },
        check(problems) { if (toggle.checked) inner.check(problems); },
        present: () => toggle.checked,
      };
    }

    function several(name, least, most, starts, another, depth) {
      const list = make("div");
      const items = [];
      const add = make("button", { type: "button", textContent: `Add ${name}` });
      const keep = () => {
        add.disabled = most !== null && items.length >= most;
        for (const item of items) item.remove.disabled = items.length <= least;
      };
      const append = (item) => {
        const entry = { item };
        entry.remove = make("button", { type: "button", textContent: "Remove" });
        entry.remove.setAttribute("aria-label", `Remove ${name}`);
        entry.el = make("div", {}, item.el, entry.remove);
        entry.remove.addEventListener("click", () => {
          items.splice(items.indexOf(entry), 1);
          entry.el.remove();
          keep();
          changed(list);
          add.focus();
        });
        items.push(entry);
        list.append(entry.el);
      };
      for (const start of starts) append(start());
      if (depth < MAX_DEPTH) while (items.length < least) append(another());
      add.addEventListener("click", () => {
        append(another());
        keep();
        changed(list);
        const first = items[items.length - 1].el.querySelector("input, select, textarea");
        if (first) first.focus();
      });
      keep();
      return {
        el: make("fieldset", {}, make("legend", { textContent: name }), list, add),
        write(writer, at) { for (const { item } of items) item.write(writer, at); },
        check(problems) { for (const { item } of items) item.check(problems); },
        present: () => items.length > 0,
      };
    }

    // A place where one of several things stands, again and again.
    function repeated(field, node, depth) {
      const titles = field.of.map((one) => (one.n !== undefined ? one.n : records[one.t.r].name));
      const build = (index, nodes) => {
        const one = field.of[index];
        if (one.n !== undefined) return occurrence({ ...one, min: 1 }, nodes[0] || null, depth);
        const around = document.implementation.createDocument(null, "x").documentElement;
        around.append(...nodes.map((inner) => inner.cloneNode(true)));
        return recordBody(one.t.r, nodes.length ? around : null, depth + 1);
      };
      const item = (index, nodes) => {
        let chosen = index;
        let inner = build(chosen, nodes);
        const place = make("div", {}, inner.el);
        const select = make("select", { id: newId() }, ...titles.map((title, at) => make("option", { value: String(at), textContent: title })));
        select.setAttribute("aria-label", "Which");
        select.value = String(chosen);
        select.addEventListener("input", () => {
          chosen = Number(select.value);
          inner = build(chosen, []);
          place.replaceChildren(inner.el);
        });
        return {
          el: make("div", { className: "field" }, ...(titles.length > 1 ? [select] : []), place),
          write: (writer, at) => inner.write(writer, at),
          check: (problems) => inner.check(problems),
        };
      };
      const groups = field.of.map((one) => (one.n !== undefined ? new Set([keyOfName(one)]) : namesIn(records[one.t.r].c)));
      const runs = [];
      for (const child of kids(node)) {
        const index = groups.findIndex((names) => names.has(keyOf(child)));
        if (index < 0) continue;
        const last = runs[runs.length - 1];
        const joins = last && last.index === index && field.of[index].n === undefined && !last.nodes.some((other) => keyOf(other) === keyOf(child));
        if (joins) last.nodes.push(child);
        else runs.push({ index, nodes: [child] });
      }
      const name = titles.slice(0, 3).join(" or ");
      return several(name, field.min, field.max, runs.map((run) => () => item(run.index, run.nodes)), () => item(0, []), depth);
    }

    function choice(field, node, depth, record) {
      const names = field.of.map((branch) => namesIn(branch));
      const there = new Set(kids(node).map(keyOf));
      const found = names.findIndex((set) => [...set].some((name) => there.has(name)));
      let chosen = found >= 0 ? found : field.opt || depth > MAX_DEPTH ? -1 : 0;
      const title = (branch, at) => [...names[at]].map((name) => name.slice(name.lastIndexOf("|") + 1)).join(", ") || (branch.k === "w" ? "any element" : "nothing");
      const id = newId();
      const options = field.of.map((branch, at) => make("option", { value: String(at), textContent: title(branch, at) }));
      if (field.opt || chosen < 0) options.unshift(make("option", { value: "-1", textContent: "(none)" }));
      const select = make("select", { id }, ...options);
      select.value = String(chosen);
      const chosenBranch = (at, from) => (at < 0 ? null : particle({ ...field.of[at], ...(field.of[at].k === "e" && field.of[at].max === 1 ? { min: 1 } : {}) }, from, depth, record));
      let inner = chosenBranch(chosen, node);
      const place = make("div", {}, ...(inner ? [inner.el] : []));
      select.addEventListener("input", () => {
        chosen = Number(select.value);
        inner = chosenBranch(chosen, null);
        place.replaceChildren(...(inner ? [inner.el] : []));
      });
      return {
        el: make("div", { className: "field" }, make("label", { htmlFor: id, textContent: "one of" }), select, place),
        write(writer, at) { if (inner) inner.write(writer, at); },
        check(problems) { if (inner) inner.check(problems); },
        present: () => inner !== null,
      };
    }

    function group(field, node, depth, record) {
      const build = (from) => field.of.map((inner) => particle(inner, from, depth, record));
      const there = new Set(kids(node).map(keyOf));
      const names = [...namesIn(field)];
      const put = (parts) => ({
        write(writer, at) { for (const part of parts) part.write(writer, at); },
        check(problems) { for (const part of parts) part.check(problems); },
      });
      if (!field.opt) {
        const parts = build(node);
        return { el: make("div", {}, ...parts.map((part) => part.el)), ...put(parts), present: () => parts.some((part) => part.present()) };
      }
      let parts = null;
      const toggle = make("input", { type: "checkbox", id: newId(), checked: names.some((name) => there.has(name)) });
      const place = make("div");
      const follow = () => {
        if (toggle.checked) parts = parts || build(node);
        place.replaceChildren(...(toggle.checked ? parts.map((part) => part.el) : []));
      };
      toggle.addEventListener("input", follow);
      follow();
      const label = make("label", { htmlFor: toggle.id, textContent: `send ${names.map((name) => name.slice(name.lastIndexOf("|") + 1)).join(", ")}` });
      return {
        el: make("fieldset", {}, make("div", { className: "row" }, toggle, label), place),
        write(writer, at) { if (toggle.checked) put(parts).write(writer, at); },
        check(problems) { if (toggle.checked) put(parts).check(problems); },
        present: () => toggle.checked,
      };
    }

    function particle(field, node, depth, record) {
      if (field.k === "e") {
        const nodes = kids(node).filter((child) => keyOf(child) === keyOfName(field));
        return elements(depth > MAX_DEPTH && !nodes.length ? { ...field, min: 0 } : field, nodes, depth);
      }
      if (field.k === "r") return repeated(field, node, depth);
      if (field.k === "c") return choice(field, node, depth, record);
      if (field.k === "w") {
        const known = record.c ? namesIn(record.c) : new Set();
        return rawField("any elements", kids(node).filter((child) => !known.has(keyOf(child))), newId());
      }
      return group(field, node, depth, record);
    }

    // The whole form, filled from an envelope.
    return function fill(envelope, soap) {
      const part = (name) => kids(envelope.documentElement).find((node) => node.localName === name && node.namespaceURI === soap) || null;
      const header = part("Header");
      const headers = description.headers.map((field) => {
        const nodes = kids(header).filter((child) => keyOf(child) === keyOfName(field));
        return elements({ ...field, k: "e", max: 1 }, nodes, 0);
      });
      const body = part("Body");
      if (!body) throw new Error("expected a SOAP Body");
      const { wrapper, r } = description.body;
      let inner;
      if (wrapper) {
        const node = kids(body).find((child) => keyOf(child) === keyOfName(wrapper)) || null;
        inner = occurrence({ ...wrapper, t: { r }, min: 1 }, node, 0);
      } else inner = recordBody(r, body, 0);
      const el = make("div");
      if (headers.length) el.append(make("fieldset", {}, make("legend", { textContent: "Header" }), ...headers.map((one) => one.el)));
      el.append(inner.el);
      return {
        el,
        write(namespace) {
          const writer = new Writer(namespace);
          const blocks = new Writer(namespace);
          blocks.prefixes = writer.prefixes;
          for (const one of headers) one.write(blocks, 2);
          if (blocks.lines.length) writer.lines.push("  <soap:Header>", ...blocks.lines, "  </soap:Header>");
          writer.line(1, "<soap:Body>");
          inner.write(writer, 2);
          writer.line(1, "</soap:Body>");
          return writer.whole();
        },
        check() {
          const problems = [];
          for (const one of headers) one.check(problems);
          inner.check(problems);
          return problems;
        },
      };
    };
  }

  // --- the reply -----------------------------------------------------------------------------------------------------

  function prettyXml(node, depth = 0) {
    const pad = "  ".repeat(depth);
    const attributes = [...node.attributes].map((one) => ` ${one.name}="${escapeAttribute(one.value)}"`).join("");
    const children = kids(node);
    if (!children.length) {
      const text = node.textContent;
      return text ? `${pad}<${node.nodeName}${attributes}>${escapeText(text)}</${node.nodeName}>` : `${pad}<${node.nodeName}${attributes}/>`;
    }
    const mixed = [...node.childNodes].some((child) => (child.nodeType === 3 || child.nodeType === 4) && child.data.trim());
    if (mixed) return pad + new XMLSerializer().serializeToString(node);
    return [`${pad}<${node.nodeName}${attributes}>`, ...children.map((child) => prettyXml(child, depth + 1)), `${pad}</${node.nodeName}>`].join("\n");
  }

  function faultIn(envelope, soap) {
    const body = kids(envelope.documentElement).find((node) => node.localName === "Body");
    const fault = kids(body).find((node) => node.localName === "Fault" && node.namespaceURI === soap);
    if (!fault) return null;
    const at = (node, name) => kids(node).find((child) => child.localName === name) || null;
    const text = (node) => (node ? node.textContent.trim() : "");
    const code = at(fault, "faultcode") || at(at(fault, "Code"), "Value");
    const subcode = at(at(at(fault, "Code"), "Subcode"), "Value");
    const reason = at(fault, "faultstring") || at(at(fault, "Reason"), "Text");
    const detail = at(fault, "detail") || at(fault, "Detail");
    return { code: [text(code), text(subcode)].filter(Boolean).join(" / "), reason: text(reason), details: kids(detail) };
  }

  function faultBox(fault, declared) {
    const box = make("section", { className: "fault" });
    const names = fault.details.map((node) => {
      const clark = node.namespaceURI ? `{${node.namespaceURI}}${node.localName}` : node.localName;
      const known = declared.find((one) => one.tag === clark);
      return known ? known.name : node.localName;
    });
    box.append(make("h3", { textContent: names.length ? `Fault ${names.join(", ")}` : "Fault" }));
    const facts = make("dl", { className: "facts" });
    const fact = (name, text) => facts.append(make("dt", { textContent: name }), make("dd", { textContent: text }));
    fact("Code", fault.code);
    fact("Reason", fault.reason);
    for (const node of fault.details) {
      const leaves = kids(node).length ? [...node.querySelectorAll("*")].filter((inner) => !kids(inner).length) : [node];
      for (const leaf of leaves) fact(leaf.localName, leaf.textContent);
    }
    box.append(facts);
    return box;
  }

  // --- trying --------------------------------------------------------------------------------------------------------

  function trial() {
    const data = document.getElementById("trial-data");
    const root = document.getElementById("trial-root");
    if (!data || !root) return;
    const told = JSON.parse(data.textContent);
    const labels = Object.keys(told.versions);
    let version = told.versions[labels[0]];
    const fill = told.form ? formFor(told.form) : null;
    let form = null;

    const versions = make("select", { id: newId() }, ...labels.map((label) => make("option", { value: label, textContent: `SOAP ${label}` })));
    const versionLabel = make("label", { htmlFor: versions.id, textContent: "Version" });
    const xml = make("textarea", { id: "message", spellcheck: false });
    const xmlLabel = make("label", { htmlFor: xml.id, textContent: "Message" });
    const place = make("div");
    const state = make("p", { className: "hint", role: "status" });
    const send = make("button", { type: "button", className: "primary", textContent: "Send" });
    const again = make("button", { type: "button", textContent: "Start again" });
    const answer = make("div", { className: "answer", tabIndex: -1 });
    answer.setAttribute("aria-live", "polite");

    const fromXml = () => {
      try {
        const envelope = parseXml(xml.value);
        if (fill) {
          form = fill(envelope, version.ns);
          place.replaceChildren(form.el);
        }
        state.className = "hint";
        state.textContent = fill ? "The form and the message are in step." : "No form is made for this operation: write the message.";
        return true;
      } catch (error) {
        state.className = "wrong";
        state.textContent = `The message is not what it should be: ${error.message}`;
        return false;
      }
    };
    const fromForm = () => { if (form) xml.value = form.write(version.ns); };
    const start = () => { xml.value = version.request; fromXml(); fromForm(); };

    place.addEventListener("input", fromForm);
    place.addEventListener("change", fromForm);
    let waiting = 0;
    xml.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(fromXml, 300); });
    versions.addEventListener("change", () => {
      version = told.versions[versions.value];
      if (form) fromForm();
      else start();
    });
    again.addEventListener("click", start);

    const checked = () => {
      clearTimeout(waiting);
      if (document.activeElement === xml && !fromXml()) return false;
      try { parseXml(xml.value); } catch (error) {
        state.className = "wrong";
        state.textContent = `The message is not XML: ${error.message}`;
        xml.focus();
        return false;
      }
      const problems = form ? form.check() : [];
      if (problems.length) {
        state.className = "wrong";
        state.textContent = problems.map((one) => one.sentence).join("; ");
        problems[0].control.focus();
        return false;
      }
      state.className = "hint";
      state.textContent = "";
      return true;
    };

    const show = (response, text, took) => {
      const good = response.status < 400;
      answer.replaceChildren(make("p", { className: good ? "good" : "bad", textContent: `HTTP ${response.status} ${response.statusText}, ${took} ms` }));
      if (!text.trim()) {
        answer.append(make("p", { textContent: told.oneWay && good ? "Accepted: the operation is one-way." : "An empty reply." }));
        return;
      }
      let shown = text;
      try {
        const envelope = parseXml(text);
        const fault = faultIn(envelope, envelope.documentElement.namespaceURI);
        if (fault) answer.append(faultBox(fault, told.faults));
        shown = prettyXml(envelope.documentElement);
      } catch { /* not XML: shown as it came */ }
      const pre = make("pre", { tabIndex: 0 }, make("code", { textContent: shown }));
      pre.setAttribute("aria-label", "Reply");
      answer.append(pre);
    };

    send.addEventListener("click", async () => {
      if (!checked()) return;
      send.disabled = true;
      const headers = { "Content-Type": `${version.type}; charset=utf-8` };
      if (version.header) headers.SOAPAction = `"${version.action}"`;
      else if (version.action) headers["Content-Type"] += `; action="${version.action}"`;
      if (data.dataset.token) headers["X-Soapkit-Token"] = data.dataset.token;
      const begun = performance.now();
      try {
        const response = await fetch(data.dataset.send || data.dataset.address, { method: "POST", headers, body: xml.value });
        show(response, await response.text(), Math.round(performance.now() - begun));
      } catch (error) {
        answer.replaceChildren(make("p", { className: "bad", textContent: `Nothing came back: ${error.message}` }));
      }
      send.disabled = false;
      answer.focus();
    });

    root.append(
      make("div", { className: "bar" }, versionLabel, versions, again),
      make("div", { className: "bench" }, place, make("div", {}, xmlLabel, xml)),
      state,
      make("div", { className: "bar" }, send),
      answer,
    );
    start();
  }

  liveFilter();
  copyButtons();
  trial();
})();
