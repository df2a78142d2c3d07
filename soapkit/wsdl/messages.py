"""What a binding makes of a message: its Body as a record of parameters, its header blocks, its faults.

    document, one part: an element named like the operation, with only elements in it    wrapped: that element's record
    document, otherwise                                                                  bare: a field for each part
    rpc                                                                                  an unqualified field for each

Source: WSDL 1.1, 3.5 (soap:body), 3.6 (soap:fault), 3.7 (soap:header); WS-I Basic Profile 1.1, 4.4 to 4.7.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from soapkit.databinding.shape import ChoiceField, ElementField, Key, Record, RecordRef, Sequence
from soapkit.errors import ContractError, Place, Problems
from soapkit.operations import AttachedPart, FaultDetail, Header, Message
from soapkit.operations import Style as MessageStyle
from soapkit.wsdl.lookup import look_up
from soapkit.wsdl.model import (
    BoundMessage,
    BoundOperation,
    Definitions,
    MessageDefinition,
    MessageUse,
    OperationDefinition,
    PartDefinition,
    SoapBody,
    SoapHeader,
    Style,
)
from soapkit.wsdl.shapes import ContractShapes
from soapkit.xml.names import SOAP11_ENC, clark, did_you_mean, local_name

_LITERAL = SoapBody()
_UNBOUND = BoundMessage(body=_LITERAL)


@dataclass(frozen=True, slots=True)
class MessageReader:
    """Reads the messages of one operation. `namespace`: of its port type; `style`: of its binding.

    Raises `ContractError` for what the operation cannot do without; what it can goes to `warnings`.
    """

    definitions: Definitions
    shapes: ContractShapes
    warnings: Problems
    namespace: str
    style: Style

    def request(self, definition: OperationDefinition, bound: BoundOperation) -> Message:
        """The message that a call sends."""
        assert definition.input is not None
        binding = bound.input or _UNBOUND
        name, tag = definition.name + "Request", definition.name
        if self.style == "rpc":
            return self._rpc(definition.input, binding, name, tag, bound.place)
        return self._document(definition.input, binding, name, wrapper=tag)

    def reply(self, definition: OperationDefinition, bound: BoundOperation, request: Message) -> Message:
        """The message that answers. It is wrapped only if the request is; its element may have any name (JAX-WS 2.2,
        2.3.1.2)."""
        assert definition.output is not None
        binding = bound.output or _UNBOUND
        name = definition.name + "Response"
        if self.style == "rpc":
            # BP 1.1, R2729: the wrapper of a reply is named after the operation, with Response
            return self._rpc(definition.output, binding, name, name, bound.place)
        return self._document(definition.output, binding, name, wrapper=None if request.style == "wrapped" else "")

    def http_message(self, use: MessageUse, binding: BoundMessage, name: str) -> Message:
        """A message of an HTTP binding: each part a field (WSDL 1.1, 4), save those that are content of other types."""
        message = self._message_definition(use.message, use.place)
        is_content = not binding.serialisation
        attached = {part for part, _ in binding.attachments} if is_content else set()
        fields = [
            self._as_parameter(self.shapes.element(part.element, part.place), part)
            if part.element
            else self._typed_field(part)
            for part in message.parts
            if part.name not in attached
        ]
        beside = tuple(self._attached(use, binding)) if is_content else ()
        return Message(self._synthetic(name, fields, use.place), None, "bare", attached=beside)

    # --- bodies ---------------------------------------------------------------------------------------------------

    def _document(self, use: MessageUse, binding: BoundMessage, name: str, wrapper: str | None) -> Message:
        """`wrapper`: the local name that a wrapper element must have; None: any; ``""``: there is none."""
        parts = self._body_parts(use, binding)
        if len(parts) > 1:
            self.warnings.add(
                f"{len(parts)} parts of message {local_name(use.message)} stand in the Body of a document binding; "
                "WS-I Basic Profile 1.1, R2201 allows one",
                use.place,
            )
        fields = [self._bare_field(part) for part in parts]
        if len(fields) == 1 and parts[0].element and (wrapper is None or local_name(parts[0].element) == wrapper):
            record = self._wrapper_record(fields[0])
            if record is not None:
                return self._message(use, binding, record, fields[0].tag, "wrapped")
        return self._message(use, binding, self._synthetic(name, fields, use.place), None, "bare")

    def _wrapper_record(self, field: ElementField) -> Key | None:
        """The record of an element that is only a wrapper: not nil, not abstract, no text, no attributes, no wildcards.

        JAX-WS 2.2, 2.3.1.2, but for choices, which are optional parameters here.
        """
        if not isinstance(field.type, RecordRef) or field.nillable:
            return None
        record = self.shapes[field.type.key]
        plain = not (record.abstract or record.attributes or record.any_attribute or record.text or record.mixed)
        only_elements = all(isinstance(leaf, (ElementField, ChoiceField)) for leaf in record.elements)
        return record.key if plain and only_elements else None

    def _rpc(self, use: MessageUse, binding: BoundMessage, name: str, tag: str, place: Place) -> Message:
        body = binding.body or _LITERAL
        namespace = body.namespace
        if namespace is None:
            namespace = self.definitions.target_namespace
            self.warnings.add(
                f"soap:body of rpc operation {tag} has no namespace (WS-I Basic Profile 1.1, R2717); the target "
                f"namespace {namespace!r} was assumed",
                body.place if binding.body is not None else place,
            )
        fields = [self._accessor(part, body) for part in self._body_parts(use, binding)]
        return self._message(use, binding, self._synthetic(name, fields, use.place), clark(namespace, tag), "rpc")

    def _message(
        self,
        use: MessageUse,
        binding: BoundMessage,
        record: Key,
        tag: str | None,
        style: MessageStyle,
    ) -> Message:
        body = binding.body or _LITERAL
        return Message(
            record=record,
            tag=tag,
            style=style,
            headers=tuple(self._headers(binding)),
            encoded=not body.literal,
            encoding_style="" if body.literal else body.encoding_style or SOAP11_ENC,
            action=use.action,
            attached=tuple(self._attached(use, binding)),
        )

    def _attached(self, use: MessageUse, binding: BoundMessage) -> Iterator[AttachedPart]:
        """The parts beside the envelope. One that `soap:body` names too stands in the Body, and is none of them."""
        message = self._message_definition(use.message, use.place)
        in_body = {part.name for part in self._body_parts(use, binding)}
        for name, types in binding.attachments:
            part = message.part(name)
            if part is None:
                names = [known.name for known in message.parts]
                self.warnings.add(
                    f"mime:content names part {name}, which message {local_name(message.name)} does not have"
                    f"{did_you_mean(name, names)} It was passed over",
                    binding.place,
                )
            elif name not in in_body:
                yield AttachedPart(name, name, types, part.documentation)

    def _synthetic(self, name: str, fields: list[ElementField], place: Place) -> Key:
        record = Record(f"message:{clark(self.namespace, name)}", content=Sequence(tuple(fields)), place=place)
        return self.shapes.add_message(record)

    # --- parts ----------------------------------------------------------------------------------------------------

    def _body_parts(self, use: MessageUse, binding: BoundMessage) -> tuple[PartDefinition, ...]:
        """The parts of a message that stand in the Body."""
        message = self._message_definition(use.message, use.place)
        body = binding.body or _LITERAL
        if body.parts is not None and (named := tuple(self._named_parts(message, body))):
            return named
        if body.parts == ():
            return ()
        elsewhere = {header.part for header in binding.headers if local_name(header.message) == local_name(use.message)}
        elsewhere.update(name for name, _ in binding.attachments)
        return tuple(part for part in message.parts if part.name not in elsewhere)

    def _named_parts(self, message: MessageDefinition, body: SoapBody) -> Iterator[PartDefinition]:
        for name in body.parts or ():
            part = message.part(name)
            if part is not None:
                yield part
            else:
                names = [known.name for known in message.parts]
                self.warnings.add(
                    f"soap:body names part {name}, which message {local_name(message.name)} does not have"
                    f"{did_you_mean(name, names)} It was passed over",
                    body.place,
                )

    def _message_definition(self, name: str, place: Place) -> MessageDefinition:
        known = self.definitions.messages
        return look_up(name, known, kind="message", who="it", place=place, warnings=self.warnings)

    def _bare_field(self, part: PartDefinition) -> ElementField:
        """The parameter that a part is in a document binding."""
        if part.element:
            return self._as_parameter(self.shapes.element(part.element, part.place), part)
        field = self._typed_field(part)
        self.warnings.add(
            f"part {part.name} of a document binding has a type; WS-I Basic Profile 1.1, R2204 wants an element. One "
            f"named {part.name}, in no namespace, was assumed",
            part.place,
        )
        return field

    def _accessor(self, part: PartDefinition, body: SoapBody) -> ElementField:
        """The parameter that a part is in an rpc binding: named after the part, in no namespace (BP 1.1, R2735)."""
        if part.element:
            self.warnings.add(
                f"part {part.name} of an rpc binding has an element; WS-I Basic Profile 1.1, R2203 wants a type. The "
                "element was taken as it is",
                part.place,
            )
            return self._as_parameter(self.shapes.element(part.element, part.place), part)
        field = self._typed_field(part)
        # SOAP 1.1, 5.4.5: an encoded accessor may be left out, or be nil
        return field if body.literal else replace(field, minimum=0, nillable=True)

    def _as_parameter(self, field: ElementField, part: PartDefinition) -> ElementField:
        documentation = part.documentation or field.documentation
        return replace(
            field, name=part.name, minimum=1, maximum=1, many=False, documentation=documentation, place=part.place
        )

    def _typed_field(self, part: PartDefinition) -> ElementField:
        self._check_typed(part)
        type_ = self.shapes.type(part.type or "", part.place)
        return ElementField(part.name, part.name, type_, documentation=part.documentation, place=part.place)

    def _check_typed(self, part: PartDefinition) -> None:
        if not part.type:
            raise ContractError(
                f"part {part.name!r} has neither an element nor a type (WSDL 1.1, 2.3.1)", place=part.place
            )

    # --- headers and faults ---------------------------------------------------------------------------------------

    def _headers(self, binding: BoundMessage) -> Iterator[Header]:
        """The header blocks. One that cannot be understood is passed over, unless it is required."""
        for header in binding.headers:
            try:
                yield self._header(header)
            except ContractError as error:
                if header.required:
                    raise
                self._pass_over("a header block", error)

    def _header(self, header: SoapHeader) -> Header:
        if header.element:
            field = self.shapes.element(header.element, header.place)
            return Header(field.name, field.tag, field.type, header.required, field.documentation)
        message = self._message_definition(header.message, header.place)
        part = message.part(header.part)
        if part is None:
            names = [known.name for known in message.parts]
            raise ContractError(
                f"soap:header names part {header.part!r}, which message {local_name(message.name)} does not have"
                f"{did_you_mean(header.part, names)}",
                place=header.place,
            )
        if part.element:
            field = self.shapes.element(part.element, part.place)
            tag = field.tag
        else:
            field = self._typed_field(part)
            tag = clark(header.namespace, part.name)
            self.warnings.add(
                f"part {part.name} of a header has a type; WS-I Basic Profile 1.1, R2205 wants an element. One named "
                f"{tag} was assumed",
                part.place,
            )
        documentation = part.documentation or field.documentation
        return Header(part.name, tag, field.type, header.required, documentation)

    def faults(self, definition: OperationDefinition) -> Iterator[FaultDetail]:
        """The faults that an operation declares. One that cannot be understood is passed over: it arrives untyped."""
        for use in definition.faults:
            try:
                detail = self._fault(use)
            except ContractError as error:
                self._pass_over(f"fault {use.name} of {definition.name}", error)
            else:
                yield detail

    def _fault(self, use: MessageUse) -> FaultDetail:
        message = self._message_definition(use.message, use.place)
        if not message.parts:
            raise ContractError(
                f"message {local_name(message.name)} has no part; a fault has exactly one (WSDL 1.1, 3.6)",
                place=message.place,
            )
        part = message.parts[0]
        if len(message.parts) > 1:
            self.warnings.add(
                f"message {local_name(message.name)} of fault {use.name} has {len(message.parts)} parts (WSDL 1.1, 3.6 "
                f"allows one); {part.name} was taken",
                message.place,
            )
        if part.element:
            field = self.shapes.element(part.element, part.place)
        else:
            field = self._typed_field(part)
            self.warnings.add(
                f"part {part.name} of fault {use.name} has a type; WS-I Basic Profile 1.1, R2205 wants an element. One "
                f"named {part.name}, in no namespace, was assumed",
                part.place,
            )
        documentation = use.documentation or message.documentation or part.documentation or field.documentation
        name = use.name or local_name(use.message)
        return FaultDetail(name, field.tag, field.type, documentation=documentation, action=use.action)

    def _pass_over(self, what: str, error: ContractError) -> None:
        for problem in error.problems:
            self.warnings.add(f"{what} was passed over: {problem.message}", problem.place)
