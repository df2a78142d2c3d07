"""WS-SecurityPolicy assertions -> what they demand, as values.

The three namespaces (1.1 of 2005/07, 1.2 and 1.3 of 200702 and 200802, and drafts) are one here: assertions are known
by their local names. What has a name of none of them is kept in `Demands.others`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any, TypeAlias

from lxml.etree import _Element

from soapkit.errors import ContractError, Problems
from soapkit.policy.demands import (
    Demands,
    Parts,
    Protection,
    SecurityBinding,
    Supporting,
    Token,
    TokenKind,
    XPath,
)
from soapkit.policy.expression import Alternative, Assertion, Parameter
from soapkit.policy.foreign import LOGINS, demands_nothing, foreign
from soapkit.policy.names import (
    ADDRESSING,
    BINDINGS,
    CANONICAL,
    FLAGS,
    HOLDERS,
    INCLUDES,
    LAYOUTS,
    NAMESPACES,
    NO_DEMANDS,
    OPTIONS,
    PART_NAMES,
    PATHS,
    SIGNATURE_HASH,
    SUITE_OPTIONS,
    TOKENS,
    WSS_AND_TRUST,
    is_option,
    is_token,
)
from soapkit.policy.suites import HASHES, SUITES, Suite
from soapkit.wsdl.addressing import ADDRESSING_MARKS
from soapkit.xml.names import clark, did_you_mean, local_name, namespace_of
from soapkit.xml.walk import children, tag_of


def read_demands(alternative: Alternative | Iterable[Assertion]) -> Demands:
    """What an alternative in normal form demands.

    Raises `ContractError` with every assertion that makes no sense, each with its place: an unknown algorithm suite, a
    binding without a token, two bindings.

    >>> read_demands(Alternative()).anything
    False
    """
    reader = _Reader(Problems())
    demands = reader.demands(tuple(alternative))
    reader.problems.raise_as(ContractError)
    return demands


class _Reader:
    """`beside`: what stands inside of another assertion, and is read as standing beside it, or not known."""

    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        self.beside: list[Assertion] = []

    def demands(self, assertions: tuple[Assertion, ...]) -> Demands:
        around, self.beside = self.beside, []
        found = self._read(Demands(), assertions)
        while self.beside:
            waiting, self.beside = tuple(self.beside), []
            found = self._read(found, waiting)
        self.beside = around
        return found

    def _read(self, found: Demands, assertions: tuple[Assertion, ...]) -> Demands:
        for assertion in assertions:
            reader = _READERS.get(assertion.local) if assertion.namespace in NAMESPACES else None
            if reader is not None:
                found = reader(self, found, assertion)
            elif assertion.local in ADDRESSING:
                found = replace(found, addressing=ADDRESSING_MARKS.get(assertion.name, "2005/08"))
            elif demands_nothing(assertion) or (assertion.namespace in NAMESPACES and assertion.local in NO_DEMANDS):
                continue
            elif assertion.name in LOGINS:
                found = replace(found, logins=found.logins | {LOGINS[assertion.name]})
            elif assertion.local == "OptimizedMimeSerialization":
                found = replace(found, mtom=True)
            else:
                found = replace(found, others=(*found.others, assertion))
        return found

    # --- bindings -------------------------------------------------------------------------------------------------

    def binding(self, found: Demands, assertion: Assertion) -> Demands:
        if found.binding is not None:
            if _binding_of(self, assertion) != found.binding:  # the same one, attached twice, is one
                self.problems.add("a second security binding; one is allowed", assertion.place)
            return found
        return replace(found, binding=_binding_of(self, assertion))

    def token_in(self, holder: Assertion) -> Token | None:
        """The token of a holder such as InitiatorToken."""
        tokens = list(self.tokens(holder.inner))
        others = [inner for inner in holder.inner if not is_token(inner)]
        self.beside += others
        if len(tokens) == 1:
            return tokens[0]
        if not tokens and any(foreign(inner) is not None for inner in others):
            return None  # told as what it is
        self.problems.add(f"{holder.local} names {len(tokens)} tokens; expected one", holder.place)
        return None

    def suite(self, assertion: Assertion) -> Suite | None:
        names = [inner.local for inner in assertion.inner if inner.local not in SUITE_OPTIONS]
        self.one_of("AlgorithmSuite", {name for name in names if name in SUITES}, assertion)
        for name in names:
            if name in SUITES:
                signing = HASHES.get(dict(assertion.attributes).get(SIGNATURE_HASH, ""))
                return replace(SUITES[name], signature=signing) if signing is not None else SUITES[name]
        if names:
            self.problems.add(
                f"no algorithm suite is called {names[0]}{did_you_mean(names[0], SUITES)}", assertion.place
            )
        return None

    def one_of(self, what: str, names: set[str], assertion: Assertion) -> None:
        """Tell of several where there can be one."""
        if len(names) > 1:
            self.problems.add(f"{what} names {', '.join(sorted(names))}; expected one", assertion.place)

    # --- tokens ---------------------------------------------------------------------------------------------------

    def tokens(self, assertions: Iterable[Assertion]) -> Iterator[Token]:
        for assertion in assertions:
            if is_token(assertion):
                yield self.token(TOKENS[assertion.local], assertion)

    def token(self, kind: TokenKind, assertion: Assertion) -> Token:
        include = assertion.attribute("IncludeToken").rpartition("/")[2]
        if include and include not in INCLUDES:
            known = ", ".join(INCLUDES)
            self.problems.add(f"IncludeToken of {assertion.local} is {include}; expected {known}", assertion.place)
        options = {OPTIONS[inner.local.lower()] for inner in assertion.inner if is_option(inner)} - {"BootstrapPolicy"}
        self.beside += [inner for inner in assertion.inner if not is_option(inner)]
        if assertion.attribute("RequireClientCertificate").lower() in ("true", "1"):  # WS-SecurityPolicy 1.1, 5.3.9
            options.add("RequireClientCertificate")
        bootstrap = next((inner for inner in assertion.inner if inner.local == "BootstrapPolicy"), None)
        template = next((each for each in assertion.parameters if local_name(each.name) == TEMPLATE), None)
        claims = next((each for each in assertion.parameters if local_name(each.name) == "Claims"), None)
        return Token(
            kind,
            INCLUDES.get(include, "always"),
            frozenset(options),
            issuer=_issuer(assertion.parameters),
            template=template,
            claims=claims.get("Dialect") if claims is not None else "",
            bootstrap=self.demands(bootstrap.inner) if bootstrap is not None else None,
            place=assertion.place,
        )

    def supporting(self, found: Demands, assertion: Assertion) -> Demands:
        if assertion.nested is not None and assertion.nested.left_out:
            return found  # each of its tokens was optional, as .NET has it
        protection = Protection()
        suite = None
        for inner in assertion.inner:
            if inner.local in _PARTS:
                protection |= self.protection(inner)
            elif inner.local == "AlgorithmSuite":
                suite = self.suite(inner)
            elif not is_token(inner):
                self.beside.append(inner)
        tokens = tuple(self.tokens(assertion.inner))
        if not tokens and not any(foreign(inner) is not None for inner in assertion.inner):
            self.problems.add(f"{assertion.local} names no token", assertion.place)
        read = Supporting(
            tokens,
            signed="Signed" in assertion.local,
            endorsing="Endorsing" in assertion.local,
            encrypted="Encrypted" in assertion.local,
            protection=protection,
            suite=suite,
            place=assertion.place,
        )
        return replace(found, supporting=(*found.supporting, read))

    # --- parts and options ----------------------------------------------------------------------------------------

    def parts(self, found: Demands, assertion: Assertion) -> Demands:
        return replace(found, protection=found.protection | self.protection(assertion))

    def protection(self, assertion: Assertion) -> Protection:
        by_path = assertion.local.endswith("Elements")
        if by_path and not any(parameter.text for parameter in assertion.parameters):
            self.problems.add(f"{assertion.local} names no element: expected an XPath", assertion.place)
        for parameter in assertion.parameters:
            local = local_name(parameter.name)
            place = replace(assertion.place, line=parameter.element.sourceline)
            if local.lower() not in (PATHS if by_path else PART_NAMES):
                self.problems.add(f"{assertion.local} names {local}, which is no part of a message", place)
            elif local == "Header" and not parameter.get("Namespace"):
                self.problems.add(f"{assertion.local} names a Header without its Namespace", place)
            elif by_path and parameter.get("Filter").lower() not in ("", "intersect"):
                self.problems.add(f"XPath Filter 2.0 is read with intersect, not {parameter.get('Filter')}", place)
        return replace(_PARTS[assertion.local](assertion), place=assertion.place)

    def layout(self, found: Demands, assertion: Assertion) -> Demands:
        """A Layout beside the binding instead of inside, as CXF's contracts have it, adds nothing that is checked."""
        return found

    def wss(self, found: Demands, assertion: Assertion) -> Demands:
        return replace(found, wss=found.wss | self.options(assertion) | {assertion.local})

    def trust(self, found: Demands, assertion: Assertion) -> Demands:
        options = found.trust | self.options(assertion)
        return replace(found, trust=options, trust_version="2005/02" if assertion.local == "Trust10" else "1.3")

    def options(self, assertion: Assertion) -> set[str]:
        known = [inner for inner in assertion.inner if inner.namespace in NAMESPACES and inner.local in WSS_AND_TRUST]
        self.beside += [inner for inner in assertion.inner if inner not in known]
        return {inner.local for inner in known}


TEMPLATE = "RequestSecurityTokenTemplate"


def _binding_of(reader: _Reader, assertion: Assertion) -> SecurityBinding:
    settings: dict[str, Any] = {"kind": BINDINGS[assertion.local], "place": assertion.place}
    if "2005/07" in assertion.name:  # WS-SecurityPolicy 1.1 goes with the submission of 2005/02
        settings["conversation"] = "2005/02"
    for inner in assertion.inner:
        if inner.local in HOLDERS:
            token = reader.token_in(inner)
            settings.update(dict.fromkeys(HOLDERS[inner.local], token))
        elif inner.local in FLAGS:
            settings[FLAGS[inner.local]] = True
        elif inner.local == "AlgorithmSuite":
            settings["suite"] = reader.suite(inner)
            forms = {option.local for option in inner.inner if option.local in CANONICAL}
            reader.one_of("AlgorithmSuite", forms, inner)
            settings["canonical"] = next((CANONICAL[form] for form in forms), "exclusive")
            settings["str_transform"] = any(option.local == "STRTransform10" for option in inner.inner)
        elif inner.local == "Layout":
            reader.one_of("Layout", {LAYOUTS[name.local] for name in inner.inner if name.local in LAYOUTS}, inner)
            settings["layout"] = next((LAYOUTS[name.local] for name in inner.inner if name.local in LAYOUTS), "lax")
            reader.beside += [name for name in inner.inner if name.local not in LAYOUTS]
        elif inner.local != "SignBeforeEncrypting" or inner.namespace not in NAMESPACES:  # which is how it is without
            reader.beside.append(inner)
    return SecurityBinding(**settings)


# --- parts --------------------------------------------------------------------------------------------------------


def _parts(assertion: Assertion) -> Parts:
    found = Parts(everything=not assertion.parameters)
    for parameter in assertion.parameters:
        local = local_name(parameter.name)
        if local == "Body":
            found |= Parts(body=True)
        elif local == "Header":
            found |= Parts(headers=(clark(parameter.get("Namespace"), parameter.get("Name") or "*"),))
        elif local == "Attachments":
            inside = map(local_name, map(tag_of, children(parameter.element)))
            found |= Parts(attachments=True, contents_only="ContentSignatureTransform" in inside)
    return found


def _xpaths(assertion: Assertion) -> tuple[XPath, ...]:
    return tuple(
        XPath(
            parameter.text,
            tuple(sorted((prefix, uri) for prefix, uri in parameter.element.nsmap.items() if prefix)),
            replace(assertion.place, line=parameter.element.sourceline),
        )
        for parameter in assertion.parameters
        if local_name(parameter.name).lower() in PATHS and parameter.text
    )


_PARTS: dict[str, Callable[[Assertion], Protection]] = {
    "SignedParts": lambda assertion: Protection(signed=_parts(assertion)),
    "EncryptedParts": lambda assertion: Protection(encrypted=_parts(assertion)),
    "SignedElements": lambda assertion: Protection(signed_elements=_xpaths(assertion)),
    "EncryptedElements": lambda assertion: Protection(encrypted_elements=_xpaths(assertion)),
    "ContentEncryptedElements": lambda assertion: Protection(content_elements=_xpaths(assertion)),
    "RequiredParts": lambda assertion: Protection(required=_parts(assertion).headers),
    "RequiredElements": lambda assertion: Protection(required_elements=_xpaths(assertion)),
}

_SUPPORTING = [
    f"{signed}{kind}SupportingTokens"
    for signed in ("", "Signed")
    for kind in ("", "Endorsing", "Encrypted", "EndorsingEncrypted")
]

_Read: TypeAlias = Callable[[_Reader, Demands, Assertion], Demands]
_READERS: dict[str, _Read] = {
    **dict.fromkeys(BINDINGS, _Reader.binding),
    **dict.fromkeys(_SUPPORTING, _Reader.supporting),
    **dict.fromkeys(_PARTS, _Reader.parts),
    "Layout": _Reader.layout,
    **dict.fromkeys(("Wss10", "Wss11"), _Reader.wss),
    **dict.fromkeys(("Trust10", "Trust13"), _Reader.trust),
}


def _issuer(parameters: tuple[Parameter, ...]) -> str:
    """The address in an Issuer, or the text of an IssuerName."""
    for parameter in parameters:
        local = local_name(parameter.name)
        if local == "IssuerName":
            return parameter.text
        if local == "Issuer":
            return next((text for text in _addresses(parameter.element)), "")
    return ""


def _addresses(element: _Element) -> Iterator[str]:
    for entry in children(element):
        if local_name(tag_of(entry)) == "Address" and "addressing" in namespace_of(tag_of(entry)):
            yield (entry.text or "").strip()
