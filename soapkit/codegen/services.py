"""The plan of services -> the source of the services module, and of the views that only type checkers read.

services.py     operations and services as values, exceptions, Protocols for servers, clients
_views.py       what ``client.with_exchange`` and ``client.preview`` offer; never loaded at run time
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from soapkit.codegen.classes import heading
from soapkit.codegen.expressions import ATTACHMENT, BYTES, NONE, OBJECT, PythonType, simple_type, source, union
from soapkit.codegen.fields import NO_ATTRIBUTES, NO_ITEMS, Context, FieldCode, field_code
from soapkit.codegen.literals import docstring, literal
from soapkit.codegen.plan import FaultPlan, MethodPlan, Package, ServicePlan
from soapkit.codegen.plan_services import fault_owner, header_owner
from soapkit.codegen.scope import Scope
from soapkit.databinding.shape import AnyType, Key, RecordRef, Type
from soapkit.operations import AttachedPart, Header, Message, Port

SERVICES_MODULE = "services"
VIEWS_MODULE = "_views"
CLIENT = "soapkit.client.client"
CALL = "soapkit.client.call"
OPERATION = "soapkit.operations"
SHAPE = "soapkit.databinding.shape"

# What the body of a generated class names besides its methods.
_CLIENT_NAMES = frozenset({"service", "with_exchange", "preview"})


def services_source(package: Package) -> str:
    """The source of the services module."""
    return _ServicesWriter(package).source()


def views_source(package: Package) -> str:
    """The source of the views module."""
    return _ViewsWriter(package).source()


@dataclass(frozen=True, slots=True)
class _Parameter:
    """A keyword of a method, and what the method does with it."""

    name: str
    type: str
    default: str | None
    passed: str  # the expression handed on
    header: str | None = None

    @property
    def source(self) -> str:
        return f"{self.name}: {self.type}" + ("" if self.default is None else f" = {self.default}")


class Signatures:
    """The signatures of methods, as they are written in one module."""

    def __init__(self, package: Package, scope: Scope) -> None:
        self.package = package
        self.scope = scope

    def type_source(self, type_: PythonType, hidden: frozenset[str]) -> str:
        return source(type_, self.scope, hidden, plain=True)

    def value_type(self, type_: Type, owner: Key) -> PythonType:
        """The Python type of a header block or a fault detail."""
        match type_:
            case RecordRef():
                return self.package.types.record(type_.key)
            case AnyType():
                return OBJECT
            case _:
                return simple_type(type_, self.package.types.simple, owner)

    def parameters(self, method: MethodPlan, hidden: frozenset[str]) -> Iterator[_Parameter]:
        context = Context(self.package.types, method.request.record.key)
        for plan in method.request.all_fields:
            code = field_code(plan, context)
            type_, default, passed = self._keyword(plan.name, code, hidden)
            yield _Parameter(plan.name, type_, default, passed)
        for header in method.headers:
            value = self.value_type(header.type, header_owner(header))
            shown = self.type_source(value if header.required else union(value, NONE), hidden)
            yield _Parameter(header.name, shown, None if header.required else "None", header.name, header.name)
        for part in method.attached:
            shown = self.type_source(union(ATTACHMENT, BYTES, NONE), hidden)
            yield _Parameter(part.name, shown, "None", part.name, part.name)

    def _keyword(self, name: str, code: FieldCode, hidden: frozenset[str]) -> tuple[str, str | None, str]:
        """The type, the default, and what is handed on. A list that may be empty may be left out, or None."""
        if code.default is None:
            return self.type_source(code.type, hidden), None, name
        if code.default in (NO_ITEMS, NO_ATTRIBUTES):
            return self.type_source(union(code.type, NONE), hidden), "None", f"{name} or {code.default.text}"
        return self.type_source(code.type, hidden), code.default.source(self.scope, hidden), name

    def reply_type(self, method: MethodPlan, hidden: frozenset[str]) -> str:
        """What a call returns: the reply's only field, the reply, or nothing."""
        if method.reply is None or not method.reply.all_fields:
            return "None"
        if method.unwrap is None:
            return self.type_source(self.package.types.record(method.reply.record.key), hidden)
        code = field_code(method.unwrap, Context(self.package.types, method.reply.record.key))
        return self.type_source(code.type, hidden)

    def given(self, method: MethodPlan, word: str, hidden: frozenset[str]) -> list[str]:
        """The signature of a server's method.

        It has no defaults: a server is always given every keyword, so an implementation need not repeat them.
        """
        given = [(each.name, self._given(each, method, hidden)) for each in self.parameters(method, hidden)]
        return _signature(
            word, method.name, [f"{name}: {type_}" for name, type_ in given], self.reply_type(method, hidden)
        )

    def _given(self, parameter: _Parameter, method: MethodPlan, hidden: frozenset[str]) -> str:
        """The type of what a server is given: a list where a caller may also leave it out, an attachment as such."""
        if any(part.name == parameter.name for part in method.attached):
            return self.type_source(union(ATTACHMENT, NONE), hidden)
        if parameter.header is None and parameter.passed != parameter.name:
            context = Context(self.package.types, method.request.record.key)
            plan = next(plan for plan in method.request.all_fields if plan.name == parameter.name)
            return self.type_source(field_code(plan, context).type, hidden)
        return parameter.type


def _signature(word: str, name: str, parameters: Iterable[str], returns: str) -> list[str]:
    """``def name(self, *, a: int) -> str:``, in one line or in one line a parameter."""
    listed = list(parameters)
    line = f"    {word} {name}(self{', *, ' if listed else ''}{', '.join(listed)}) -> {returns}:"
    if len(line) <= 120 or not listed:
        return [line]
    return [
        f"    {word} {name}(",
        "        self,",
        "        *,",
        *(f"        {parameter}," for parameter in listed),
        f"    ) -> {returns}:",
    ]


class _ServicesWriter(Signatures):
    def __init__(self, package: Package) -> None:
        defined = {fault.exception for fault in package.faults} | {fault.constant for fault in package.faults}
        for service in package.services:
            defined |= {service.name, service.async_protocol, service.client, service.async_client, service.constant}
            defined |= {method.constant for method in service.methods}
        super().__init__(package, Scope(SERVICES_MODULE, frozenset(defined), direct=True))

    def source(self) -> str:
        body = [line for block in self._blocks() for line in ("", "", *block)]
        head = [
            heading(self.package),
            *docstring("Operations, faults, what a server implements, and clients.", ""),
            "",
            *self.scope.import_lines(),
        ]
        return "\n".join([*head, *body, ""])

    def _blocks(self) -> Iterator[list[str]]:
        if self.package.faults:
            yield ["# --- faults ---"]
        for number, fault in enumerate(self.package.faults):
            if fault.exception not in {known.exception for known in self.package.faults[:number]}:
                yield self._exception(fault)
            yield self._detail(fault)
        for service in self.package.services:
            yield [f"# --- {service.name} ---"]
            yield self._operations(service)
            if service.hosted:
                yield self._protocol(service, service.name, "def")
                yield self._protocol(service, service.async_protocol, "async def")
            yield self._client(service, service.client, "Client", "def")
            yield self._client(service, service.async_client, "AsyncClient", "async def")

    # --- faults ---------------------------------------------------------------------------------------------------

    def _exception(self, fault: FaultPlan) -> list[str]:
        base = self.scope.use("soapkit.errors", "DeclaredFault")
        detail = self.type_source(self.value_type(fault.type, fault_owner(fault.tag)), frozenset())
        documentation = fault.documentation.strip() or f"The fault {fault.name} of the contract."
        return [f"class {fault.exception}({base}[{detail}]):", *docstring(documentation)]

    def _detail(self, fault: FaultPlan) -> list[str]:
        said = [literal(fault.name), literal(fault.tag), self._shape(fault.type, fault_owner(fault.tag))]
        said.append(f"exception={fault.exception}")
        said += [f"documentation={literal(fault.documentation.strip())}"] if fault.documentation.strip() else []
        said += [f"action={literal(fault.action)}"] if fault.action else []
        return [
            f"{fault.constant} = {self.scope.use(OPERATION, 'FaultDetail')}(",
            *(f"    {argument}," for argument in said),
            ")",
        ]

    def _shape(self, type_: Type, owner: Key) -> str:
        """The type as a value."""
        match type_:
            case RecordRef():
                return f"{self.scope.use(SHAPE, 'RecordRef')}({self._record(type_.key)})"
            case AnyType():
                return self.scope.use(SHAPE, "ANY_TYPE")
            case _:
                annotation = source(self.value_type(type_, owner), self.scope)
                return f"{self.scope.use('soapkit.databinding.describe', 'type_for')}({annotation})"

    def _record(self, key: Key) -> str:
        return source(self.package.types.record(key), self.scope)

    # --- operations -----------------------------------------------------------------------------------------------

    def _operations(self, service: ServicePlan) -> list[str]:
        lines: list[str] = []
        for method in service.methods:
            lines += self._operation(method)
        return [*lines, "", *self._service(service)]

    def _operation(self, method: MethodPlan) -> list[str]:
        operation = method.operation
        make = self.scope.use(OPERATION, "Operation")
        request = self._record(method.request.record.key)
        reply = self.reply_type(method, frozenset())
        said = [f"name={literal(operation.name)}", f"method={literal(method.name)}"]
        said += [f"action={literal(operation.action)}"] if operation.action else []
        if operation.http is not None:
            http = (operation.http.verb, operation.http.location, operation.http.parameters)
            said.append(f"http={self.scope.use(OPERATION, 'HttpUse')}({', '.join(map(literal, http))})")
        said.append(f"request={self._message(operation.request, method.headers, method.attached)}")
        reply_parts = (method.reply_headers, method.reply_attached)
        written = "None" if operation.reply is None else self._message(operation.reply, *reply_parts)
        said.append(f"reply={written}")
        if method.unwrap is not None:
            said.append(f"unwrap={literal(method.unwrap.name)}")
        if method.faults:
            said.append(f"faults={_tuple(fault.constant for fault in method.faults)}")
        if operation.documentation.strip():
            said.append(f"documentation={literal(operation.documentation.strip())}")
        head = f"{method.constant}: {make}[{request}, {reply}] = {make}("
        return [head, *(f"    {argument}," for argument in said), ")"]

    def _message(self, message: Message, headers: tuple[Header, ...], attached: tuple[AttachedPart, ...]) -> str:
        said = [f"record={self._record(message.record)}", f"tag={literal(message.tag)}"]
        said += [f"style={literal(message.style)}"] if message.style != "wrapped" else []
        said += [f"headers={_tuple(map(self._header, headers))}"] if headers else []
        said += ["encoded=True"] if message.encoded else []
        said += [f"encoding_style={literal(message.encoding_style)}"] if message.encoding_style else []
        said += [f"action={literal(message.action)}"] if message.action else []
        said += [f"attached={_tuple(map(self._attached, attached))}"] if attached else []
        return f"{self.scope.use(OPERATION, 'Message')}({', '.join(said)})"

    def _attached(self, part: AttachedPart) -> str:
        said = [literal(part.name), literal(part.part), _tuple(map(literal, part.types))]
        said += [f"documentation={literal(part.documentation.strip())}"] if part.documentation.strip() else []
        return f"{self.scope.use(OPERATION, 'AttachedPart')}({', '.join(said)})"

    def _header(self, header: Header) -> str:
        said = [literal(header.name), literal(header.tag), self._shape(header.type, header_owner(header))]
        said += ["required=True"] if header.required else []
        said += [f"documentation={literal(header.documentation.strip())}"] if header.documentation.strip() else []
        return f"{self.scope.use(OPERATION, 'Header')}({', '.join(said)})"

    def _service(self, plan: ServicePlan) -> list[str]:
        service = plan.service
        said = [
            f"name={literal(service.name)}",
            f"namespace={literal(service.namespace)}",
            f"port_type={literal(service.port_type)}",
            f"operations={_tall_tuple(method.constant for method in plan.methods)}",
        ]
        said += [f"ports={_tall_tuple(map(self._port, service.ports))}"] if service.ports else []
        if service.documentation.strip():
            said.append(f"documentation={literal(service.documentation.strip())}")
        make = self.scope.use(OPERATION, "Service")
        return [f"{plan.constant} = {make}(", *(f"    {argument}," for argument in said), ")"]

    def _port(self, port: Port) -> str:
        said = [literal(port.name), literal(port.address), literal(port.version)]
        said += [f"binding={literal(port.binding)}"] if port.binding else []
        if port.actions:
            actions = ", ".join(f"{literal(name)}: {literal(action)}" for name, action in port.actions.items())
            said.append(f"actions={{{actions}}}")
        said += [f"addressing={literal(port.addressing)}"] if port.addressing else []
        return f"{self.scope.use(OPERATION, 'Port')}({', '.join(said)})"

    # --- what a server implements ---------------------------------------------------------------------------------

    def _protocol(self, service: ServicePlan, name: str, word: str) -> list[str]:
        hidden = frozenset(method.name for method in service.methods)
        protocol, class_var = self.scope.use("typing", "Protocol"), self.scope.use("typing", "ClassVar", hidden)
        kind = self.scope.use(OPERATION, "Service", hidden)
        documentation = service.service.documentation.strip() or f"The service {service.service.name}."
        lines = [
            f"class {name}({protocol}):",
            *docstring(f"{documentation}\n\nWhat a server implements{' with async methods' if word != 'def' else ''}."),
            "",
            f"    __soapkit_service__: {class_var}[{kind}] = {service.constant}",
        ]
        if self.package.options.contract:
            text = literal(self.package.options.contract)
            lines.append(f"    __soapkit_contract__: {class_var}[str] = {text}")
        for method in service.methods:
            lines += ["", *self.given(method, word, hidden)]
            lines += [*docstring(_about(method), "        "), "        ..."]
        return lines

    # --- clients --------------------------------------------------------------------------------------------------

    def _client(self, service: ServicePlan, name: str, base: str, word: str) -> list[str]:
        hidden = frozenset(method.name for method in service.methods) | _CLIENT_NAMES
        documentation = service.service.documentation.strip() or f"The service {service.service.name}."
        kind = "A client, to be awaited." if word != "def" else "A client."
        property_ = self.scope.use("builtins", "property", hidden)
        lines = [
            f"class {name}({self.scope.use(CLIENT, base)}):",
            *docstring(f"{documentation}\n\n{kind}"),
            "",
            f"    service = {service.constant}",
            "",
            f"    if {self.scope.use('typing', 'TYPE_CHECKING', hidden)}:",
        ]
        for view, suffix in (("with_exchange", "WithExchange"), ("preview", "Preview")):
            returned = self.scope.use_typing(f".{VIEWS_MODULE}", _view_name(name, suffix), hidden)
            lines += ["", f"        @{property_}", f"        def {view}(self) -> {returned}: ..."]
        for method in service.methods:
            lines += ["", *self._method(method, word, hidden)]
        return lines

    def _method(self, method: MethodPlan, word: str, hidden: frozenset[str]) -> list[str]:
        parameters = list(self.parameters(method, hidden))
        names = frozenset(parameter.name for parameter in parameters)
        record = source(self.package.types.record(method.request.record.key), self.scope, names)
        fields = ", ".join(f"{each.name}={each.passed}" for each in parameters if each.header is None)
        blocks = ", ".join(f"{literal(each.header)}: {each.passed}" for each in parameters if each.header is not None)
        headers = f", {{{blocks}}}" if blocks else ""
        wait = "await " if word != "def" else ""
        return [
            *_signature(word, method.name, (each.source for each in parameters), self.reply_type(method, hidden)),
            *docstring(_about(method), "        "),
            f"        return {wait}self._call({method.constant}, {record}({fields}){headers})",
        ]


class _ViewsWriter(Signatures):
    """Classes with the methods of each client, returning the exchange or the message instead of the value."""

    def __init__(self, package: Package) -> None:
        self.clients = [
            (service, client, word)
            for service in package.services
            for client, word in ((service.client, "def"), (service.async_client, "async def"))
        ]
        suffixes = ("WithExchange", "Preview")
        defined = frozenset(_view_name(client, suffix) for _, client, _ in self.clients for suffix in suffixes)
        super().__init__(package, Scope(VIEWS_MODULE, defined, direct=True))

    def source(self) -> str:
        body: list[str] = []
        for service, client, word in self.clients:
            hidden = frozenset(method.name for method in service.methods)
            exchange, preview = self.scope.use(CALL, "Exchange", hidden), self.scope.use(CALL, "Preview", hidden)
            protocol = self.scope.use("typing", "Protocol", hidden)
            body += ["", "", f"class {_view_name(client, 'WithExchange')}({protocol}):"]
            body += docstring(f"The methods of {client}, each returning the whole exchange.")
            for method in service.methods:
                parameters = [each.source for each in self.parameters(method, hidden)]
                returns = f"{exchange}[{self.reply_type(method, hidden)}]"
                body += ["", *_stub(_signature(word, method.name, parameters, returns))]
            body += ["", "", f"class {_view_name(client, 'Preview')}({protocol}):"]
            body += docstring(f"The methods of {client}, each returning its message and sending nothing.")
            for method in service.methods:
                parameters = [each.source for each in self.parameters(method, hidden)]
                body += ["", *_stub(_signature(word, method.name, parameters, preview))]
        head = [
            heading(self.package),
            *docstring("What with_exchange and preview of the clients offer: read by type checkers only.", ""),
            "",
            *self.scope.import_lines(),
        ]
        return "\n".join([*head, *body, ""])


def _stub(signature: list[str]) -> list[str]:
    return [*signature[:-1], f"{signature[-1]} ..."]


def _view_name(client: str, suffix: str) -> str:
    return f"{client.removesuffix('Client')}{suffix}"


def _about(method: MethodPlan) -> str:
    """The docstring of a method: what the contract says of it and its parameters, and the faults that it declares."""
    paragraphs = [method.operation.documentation.strip() or f"The operation {method.operation.name}."]
    told = [(plan.name, plan.field.documentation) for plan in method.request.all_fields]
    told += [(header.name, header.documentation) for header in method.headers]
    told += [(part.name, part.documentation or f"beside the message, {_types(part)}.") for part in method.attached]
    paragraphs += [f"`{name}`: {_first_paragraph(text)}" for name, text in told if text.strip()]
    if method.faults:
        names = dict.fromkeys(f"`{fault.exception}`" for fault in method.faults)
        paragraphs.append(f"Raises {', '.join(names)}.")
    return "\n\n".join(paragraphs)


def _types(part: AttachedPart) -> str:
    return " or ".join(part.types) or "of any media type"


def _first_paragraph(text: str) -> str:
    return re.split(r"\n\s*\n", text.strip())[0]


def _tuple(parts: Iterable[str]) -> str:
    listed = list(parts)
    return f"({', '.join(listed)}{',' if len(listed) == 1 else ''})"


def _tall_tuple(parts: Iterable[str]) -> str:
    """A tuple as an argument of a call: one line a part, where one line does not hold all."""
    listed = list(parts)
    line = _tuple(listed)
    return line if len(line) <= 100 else "\n        ".join(["(", *(f"{part}," for part in listed)]) + "\n    )"
