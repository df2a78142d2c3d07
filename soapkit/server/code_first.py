"""Code first: a decorated class -> Service.

    wrapped    request element named like the operation, one element a parameter in it; reply element ``nowResponse``
               with one element ``result``
    bare       the one parameter is the element named like the operation, the result ``nowResponse``
    rpc        as wrapped, with parts of a type: parameters in no namespace, each there exactly once

Law of this file: what no contract can say is refused here, with file, line, method and parameter; never left out.
"""

from __future__ import annotations

import copy
import inspect
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from types import NoneType
from typing import Annotated, Any, get_args, get_origin

import msgspec

from soapkit.databinding.annotations import Element, XmlType
from soapkit.databinding.describe import type_for
from soapkit.databinding.described.annotation_types import is_list, marked, take_apart
from soapkit.errors import DeclaredFault, Place, SoapkitError, UsageError
from soapkit.operations import FaultDetail, Header, Message, Operation, Port, Service, Style
from soapkit.server.check_service import check_clashes, check_type
from soapkit.server.context import Call
from soapkit.xml.names import clark, is_ncname

RESULT = "result"
STYLES = typing.get_args(Style)

Field = tuple[str, Any, Any]
"""Name, annotation and default of a parameter; `msgspec.NODEFAULT` where it has none."""


@dataclass(frozen=True, slots=True)
class ServiceDeclaration:
    """What `soapkit.service` says of a class."""

    namespace: str
    name: str | None
    style: Style = "wrapped"
    types: tuple[type, ...] = ()


@dataclass(frozen=True, slots=True)
class OperationDeclaration:
    """What `soapkit.operation` says of a function."""

    name: str | None
    action: str | None
    style: Style | None
    raises: tuple[type[DeclaredFault[Any]], ...]
    reply_headers: tuple[tuple[str, Any], ...]
    one_way: bool


@dataclass(frozen=True, slots=True)
class HeaderMark:
    """See `header`."""

    name: str | None
    namespace: str | None


def header(name: str | None = None, *, namespace: str | None = None) -> HeaderMark:
    """The parameter is a header block of the request: ``caller: Annotated[Caller, soapkit.header()]``.

    `name`: of the block's element, that of the parameter if not given; `namespace`: of the element, that of the service
    if not given. A parameter with a default, or that may be None, is a block that may be missing.
    """
    return HeaderMark(name, namespace)


class NotYetKnown(UsageError):
    """An annotation that names something which is not defined, or not yet."""


def service_of(cls: type) -> Service:
    """The `Service` that a class declares; made once.

    Raises `UsageError` for a class without `soapkit.service` or operations, for a parameter without annotation, for a
    type that has no form in XML, and for names that clash; each names the file, line, method and parameter.
    """
    known = cls.__dict__.get("__soapkit_code_first__")
    if isinstance(known, Service):
        return known
    declaration: ServiceDeclaration | None = getattr(cls, "__soapkit_declaration__", None)
    if declaration is None:
        raise UsageError(
            f"{cls.__name__} is no service: generate its Protocol from a contract and inherit from it, "
            "or decorate it with @soapkit.service(namespace)"
        )
    made = _service(cls, declaration)
    check_clashes(made)
    cls.__soapkit_code_first__ = made  # type: ignore[attr-defined]  # read above
    return made


def _service(cls: type, declaration: ServiceDeclaration) -> Service:
    name = declaration.name or cls.__name__
    if not is_ncname(name):
        raise UsageError(f"{cls.__name__}: {name!r} is no name in XML")
    methods = [
        _Method(cls, attribute, function, said, declaration.namespace, said.style or declaration.style)
        for attribute, (function, said) in declared_operations(cls).items()
    ]
    if not methods:
        raise UsageError(f"{cls.__name__} declares no operation: decorate its methods with @soapkit.operation")
    known: dict[str, _Method] = {}
    for method in methods:
        if method.name in known:
            raise method.refusal(f"{known[method.name].attribute} is operation {method.name!r} too")
        known[method.name] = method
    return Service(
        name=name,
        namespace=declaration.namespace,
        port_type=clark(declaration.namespace, name),
        operations=tuple(_operation(method) for method in methods),
        ports=(Port(f"{name}Soap11", "", "1.1"), Port(f"{name}Soap12", "", "1.2")),
        documentation=inspect.cleandoc(cls.__doc__ or ""),
        types=declaration.types,
    )


def declared_operations(cls: type) -> dict[str, tuple[Callable[..., Any], OperationDeclaration]]:
    """The functions that `soapkit.operation` declares, by attribute, in the order of the class bodies.

    One that a subclass overrides without decorating it stays as it was declared.
    """
    found: dict[str, tuple[Callable[..., Any], OperationDeclaration]] = {}
    for owner in reversed(cls.__mro__):
        for attribute, value in vars(owner).items():
            function = getattr(value, "__func__", value)  # of a staticmethod or classmethod
            said = getattr(value, "__soapkit_operation__", getattr(function, "__soapkit_operation__", None))
            if isinstance(said, OperationDeclaration):
                found[attribute] = (function, said)
    return found


@dataclass(frozen=True, slots=True)
class _Method:
    """A function on its way to an operation."""

    cls: type
    attribute: str
    function: Callable[..., Any]
    said: OperationDeclaration
    namespace: str
    style: Style

    @property
    def name(self) -> str:
        return self.said.name or self.attribute

    def refusal(self, message: str) -> UsageError:
        """The error for something that cannot be said in a contract."""
        code = getattr(inspect.unwrap(self.function), "__code__", None)
        place = Place(code.co_filename, code.co_firstlineno) if code is not None else Place(self.cls.__module__)
        return UsageError(f"{self.cls.__name__}.{self.attribute}: {message}", place=place)

    def hints(self) -> dict[str, Any]:
        try:
            return typing.get_type_hints(self.function, include_extras=True)
        except NameError as error:
            raise NotYetKnown(str(self.refusal(f"its annotations name something unknown: {error}"))) from error

    def parameters(self) -> Iterator[Field]:
        """All that a caller gives, header blocks too."""
        hints = self.hints()
        given = list(inspect.signature(self.function).parameters.items())
        static = isinstance(inspect.getattr_static(self.cls, self.attribute), staticmethod)
        for name, parameter in given if static else given[1:]:
            if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
                raise self.refusal(f"a contract cannot describe {parameter}; name each parameter")
            if parameter.kind is parameter.POSITIONAL_ONLY:
                raise self.refusal(f"parameter {name!r} cannot be given by name, as calls are made: leave out the /")
            if name not in hints:
                raise self.refusal(f"parameter {name!r} needs an annotation")
            if hints[name] is not Call and Call not in get_args(hints[name]):
                yield (
                    name,
                    hints[name],
                    msgspec.NODEFAULT if parameter.default is parameter.empty else parameter.default,
                )

    def checked(self, what: str, annotation: Any, default: Any = msgspec.NODEFAULT) -> Any:
        """The annotation. Raises `UsageError` if it, or a type that it leads to, has no form in XML, or the default is
        no value of it."""
        try:
            check_type(annotation, self.namespace, _fresh(default))
        except SoapkitError as error:
            (first, *_) = error.problems
            inner = f"{first.place.path}: " if first.place.path else ""
            raise self.refusal(f"{what}: {inner}{first.message}") from error
        return annotation


def _operation(method: _Method) -> Operation[Any, Any]:
    said, name, namespace = method.said, method.name, method.namespace
    if not is_ncname(name):
        raise method.refusal(f"{name!r} is no name in XML")
    if method.style not in STYLES:
        raise method.refusal(f"style {method.style!r} is unknown; expected {', '.join(STYLES)}")
    given = list(method.parameters())
    in_body = [field for field in given if _header_mark(field[1]) is None]
    headers = [field for field in given if _header_mark(field[1]) is not None]
    reply, unwrap = _reply(method)
    request = replace(_message(method, name, in_body), headers=tuple(_request_header(method, *one) for one in headers))
    return Operation(
        name=name,
        method=method.attribute,
        action=said.action if said.action is not None else f"{namespace}/{name}",
        request=request,
        reply=reply,
        unwrap=unwrap,
        faults=tuple(_fault(method, fault) for fault in said.raises),
        documentation=inspect.cleandoc(method.function.__doc__ or ""),
    )


def _reply(method: _Method) -> tuple[Message | None, str | None]:
    """The reply, and the name of its only field."""
    hints = method.hints()
    if "return" not in hints:
        raise method.refusal("what it returns needs an annotation; None if nothing")
    result = hints["return"]
    nothing = result in (None, NoneType)
    if method.said.one_way:
        if not nothing:
            raise method.refusal(f"is one-way, and yet its annotation says that it returns {result}")
        if method.said.raises or method.said.reply_headers:
            raise method.refusal("is one-way: there is no reply that could carry faults or header blocks")
        return None, None
    fields: list[Field] = [] if nothing else [(RESULT, result, msgspec.NODEFAULT)]
    message = _message(method, f"{method.name}Response", fields)
    headers = tuple(
        Header(name, clark(method.namespace, name), _block_type(method, f"reply header {name!r}", annotation))
        for name, annotation in method.said.reply_headers
    )
    return replace(message, headers=headers), RESULT if fields else None


# --- bodies -------------------------------------------------------------------------------------------------------


def _message(method: _Method, element: str, fields: list[Field]) -> Message:
    """The message of these fields; `element` names the wrapper, or the only element of a bare one."""
    for name, annotation, default in fields:
        what = "the result" if name == RESULT and element != method.name else f"parameter {name!r}"
        method.checked(what, annotation, default)
    if method.style == "wrapped":
        record = _record(method.cls, element, method.namespace, [(n, a, _fresh(d)) for n, a, d in fields])
        return Message(record, clark(method.namespace, element), "wrapped")
    if method.style == "bare" and len(fields) > 1:
        names = ", ".join(name for name, _, _ in fields)
        raise method.refusal(f"is bare, and has {len(fields)} parameters ({names}): one can be the Body's element")
    parts = [_part(method, element, *field) for field in fields]
    record = _record(method.cls, element, method.namespace, parts)
    return Message(record, None if method.style == "bare" else clark(method.namespace, element), method.style)


def _part(method: _Method, element: str, name: str, annotation: Any, _default: Any) -> Field:
    """A parameter as a part of a message: exactly one element (WS-I BP 1.1, R2201 and R2211), so without a default."""
    apart = take_apart(annotation)
    if is_list(apart.type) or apart.none or apart.unset:
        kind = "a list" if is_list(apart.type) else "optional"
        raise method.refusal(
            f"{name!r} is {kind}, which a part of a {method.style} message cannot be; "
            "put it into a Struct or dataclass, or use style wrapped"
        )
    mark = marked(apart.marks, Element) or Element(element if method.style == "bare" else name)
    if method.style == "rpc":
        mark = replace(mark, namespace="")  # R2735: part accessors are in no namespace
    base, *marks = get_args(annotation) if get_origin(annotation) is Annotated else (annotation,)
    return name, Annotated[(base, mark, *(each for each in marks if not isinstance(each, Element)))], msgspec.NODEFAULT


def _record(cls: type, name: str, namespace: str, fields: list[Field]) -> type:
    """The record of a wrapper element: one element a field, in the service's namespace."""
    return msgspec.defstruct(
        name[:1].upper() + name[1:],
        fields,
        namespace={"__xml_type__": XmlType(None, namespace)},
        module=cls.__module__,
        kw_only=True,
    )


def _fresh(default: Any) -> Any:
    """A default as a Struct takes it: what can change is copied for each request."""
    if isinstance(default, (list, dict, set)):
        return msgspec.field(default_factory=lambda: copy.copy(default))
    return default


# --- headers and faults -------------------------------------------------------------------------------------------


def _header_mark(annotation: Any) -> HeaderMark | None:
    found: HeaderMark | None = marked(take_apart(annotation).marks, HeaderMark)
    return found


def _request_header(method: _Method, name: str, annotation: Any, default: Any) -> Header:
    mark = _header_mark(annotation)
    assert mark is not None
    namespace = mark.namespace if mark.namespace is not None else method.namespace
    required = default is msgspec.NODEFAULT and not take_apart(annotation).none
    type_ = _block_type(method, f"parameter {name!r}", annotation)
    return Header(name, clark(namespace, mark.name or name), type_, required)


def _block_type(method: _Method, what: str, annotation: Any) -> Any:
    """The type of a header block, or of a fault's detail: one element."""
    apart = take_apart(method.checked(what, annotation))
    if is_list(apart.type):
        raise method.refusal(f"{what} is a list, and one element is wanted: put it into a Struct or dataclass")
    return type_for(Annotated[(apart.type, *apart.marks)] if apart.marks else apart.type, method.namespace)


def _fault(method: _Method, exception: Any) -> FaultDetail:
    if not (isinstance(exception, type) and issubclass(exception, DeclaredFault)):
        told = getattr(exception, "__name__", repr(exception))
        raise method.refusal(f"raises {told}, which is no fault: class {told}(soapkit.DeclaredFault[Detail])")
    for base in (base for cls in exception.__mro__ for base in getattr(cls, "__orig_bases__", ())):
        if get_origin(base) is DeclaredFault:
            (detail,) = get_args(base)
            return FaultDetail(
                name=exception.__name__,
                tag=clark(method.namespace, exception.__name__),
                type=_block_type(method, f"the detail of {exception.__name__}", detail),
                exception=exception,
                documentation=inspect.cleandoc(exception.__doc__ or ""),
            )
    name = exception.__name__
    raise method.refusal(f"{name} must say what its detail is: class {name}(soapkit.DeclaredFault[Detail])")
