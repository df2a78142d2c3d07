"""Which operation a request is for: by its body first, by its action where the body does not tell.

WS-I Basic Profile 1.1, R1127: a receiver must not rely on SOAPAction; so the body decides, and the action only between
operations whose bodies look alike, or where the body is empty.
"""

from __future__ import annotations

from typing import Any

from soapkit.databinding.shape import Shapes
from soapkit.errors import MessageError
from soapkit.exchange.addressed import request_action
from soapkit.exchange.encoded import RPC
from soapkit.exchange.first_tags import first_tags
from soapkit.operations import Operation, Service
from soapkit.soap.envelope import Envelope
from soapkit.xml.names import clark, did_you_mean, local_name
from soapkit.xml.walk import place_of, tag_of

_NOT_PRESENT = (clark(RPC, "ProcedureNotPresent"),)  # SOAP 1.2 part 2, 4.4


class Router:
    """The operations of a service by what their requests look like. Raises nothing when made; an ambiguous contract
    is served by action."""

    def __init__(self, service: Service, shapes: Shapes) -> None:
        self._names_of_actions: dict[str, set[str]] = {}
        self._by_tag: dict[str | None, list[Operation[Any, Any]]] = {}
        self._by_action: dict[str, Operation[Any, Any]] = {}
        self._rpc_by_local: dict[str, Operation[Any, Any]] = {}
        for operation in service.operations:
            for tag in first_tags(operation.request, shapes):
                self._by_tag.setdefault(tag, []).append(operation)
            if operation.request.style == "rpc" and operation.request.tag:
                self._rpc_by_local.setdefault(local_name(operation.request.tag), operation)
            soap_actions = {operation.action, *(port.actions.get(operation.name, "") for port in service.ports)}
            for action in {*soap_actions, request_action(service, operation)} - {""}:
                self._by_action.setdefault(action, operation)
                self._names_of_actions.setdefault(action, set()).add(operation.name)

    def is_of_another(self, operation: Operation[Any, Any], action: str) -> bool:
        """Whether an action is known, and not as one of this operation."""
        names = self._names_of_actions.get(action)
        return names is not None and operation.name not in names

    def knows(self, action: str) -> bool:
        """Whether an operation has this action."""
        return action in self._by_action

    def route(self, envelope: Envelope, action: str) -> Operation[Any, Any]:
        """The operation that an envelope, sent with this action, is for.

        Raises `MessageError` (``Sender``) naming what came and what is offered.
        """
        entries = envelope.content
        tag = tag_of(entries[0]) if entries else None
        candidates = self._by_tag.get(tag, [])
        if len(candidates) == 1:
            return candidates[0]
        by_action = self._by_action.get(action)
        if by_action is not None and (by_action in candidates or (not candidates and tag is None)):
            return by_action
        if candidates:
            return candidates[0]
        if tag is not None and local_name(tag) in self._rpc_by_local:
            return self._rpc_by_local[local_name(tag)]
        known = [name for name in self._by_tag if name]
        raise MessageError(
            f"no operation takes {tag or 'an empty Body'}"
            + (f" with action {action!r}" if action and tag is None else "")
            + (did_you_mean(tag, known) if tag else ""),
            subcodes=_NOT_PRESENT if self._rpc_by_local else (),
            place=place_of(entries[0] if entries else envelope.body, "message"),
        )
