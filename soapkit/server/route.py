"""Which operation a request is for: by its body first, by its action where the body does not tell.

WS-I Basic Profile 1.1, R1127: a receiver must not rely on SOAPAction; so the body decides, and the action only between
operations whose bodies look alike, or where the body is empty.
"""

from __future__ import annotations

import logging
from typing import Any

from lxml.etree import _Element

from soapkit.databinding.shape import Shapes
from soapkit.errors import MessageError
from soapkit.exchange.addressed import request_action, spellings
from soapkit.exchange.encoded import RPC
from soapkit.exchange.first_tags import first_tags
from soapkit.operations import Operation, Service
from soapkit.soap.envelope import Envelope
from soapkit.xml.names import clark, did_you_mean, local_name
from soapkit.xml.walk import place_of, tag_of

_NOT_PRESENT = (clark(RPC, "ProcedureNotPresent"),)  # SOAP 1.2 part 2, 4.4

logger = logging.getLogger("soapkit.server")


class Router:
    """The operations of a service by what their requests look like. Raises nothing when made; operations that look
    alike are told apart by their actions, and the log is told of those that have none of their own."""

    def __init__(self, service: Service, shapes: Shapes) -> None:
        self._by_tag: dict[str | None, list[Operation[Any, Any]]] = {}
        self._by_action: dict[str, Operation[Any, Any]] = {}
        self._rpc_by_local: dict[str, Operation[Any, Any]] = {}
        self._soap_actions: dict[str, set[str]] = {}  # of each operation, by its name
        self._actions: dict[str, set[str]] = {}  # with that of WS-Addressing
        for operation in service.operations:
            for tag in first_tags(operation.request, shapes):
                self._by_tag.setdefault(tag, []).append(operation)
            if operation.request.style == "rpc" and operation.request.tag:
                self._rpc_by_local.setdefault(local_name(operation.request.tag), operation)
            actions = {operation.action, *(port.actions.get(operation.name, "") for port in service.ports)} - {""}
            self._soap_actions[operation.name] = actions
            self._actions[operation.name] = {*actions, request_action(service, operation)}
            for action in self._actions[operation.name]:
                self._by_action.setdefault(action, operation)
        for operation in service.operations:
            known = self._actions[operation.name]
            for action in spellings(service, operation, known):
                if self._by_action.setdefault(action, operation) is operation:
                    known.add(action)
        for tag, alike in self._by_tag.items():
            self._tell_ambiguous(service, tag, alike)

    def _tell_ambiguous(self, service: Service, tag: str | None, alike: list[Operation[Any, Any]]) -> None:
        """WS-I Basic Profile 1.1, R2710 wants operations whose requests look different."""
        if len(alike) > 1:
            first = {action: each for each in reversed(alike) for action in self._soap_actions[each.name] or {""}}
            hidden = [each.name for each in alike if each not in first.values()]
            logger.log(
                logging.WARNING if hidden else logging.INFO,
                "operations %s of %s take the same %s in the Body; %s",
                ", ".join(each.name for each in alike),
                service.name,
                tag or "nothing",
                f"without WS-Addressing {', '.join(hidden)} cannot be called"
                if hidden
                else "the action tells them apart",
            )

    def is_of(self, operation: Operation[Any, Any], action: str) -> bool:
        """Whether an action is one of this operation."""
        return action in self._actions[operation.name]

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
        if candidates:
            named = (each for each in candidates if action in self._actions[each.name])
            nameless = (each for each in candidates if not self._soap_actions[each.name])
            found = next(named, None) or next(nameless, None)
            if found is None:
                raise self._told_apart(candidates, action, entries[0] if entries else envelope.body)
            return found
        if tag is None and action in self._by_action:
            return self._by_action[action]
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

    def _told_apart(self, alike: list[Operation[Any, Any]], action: str, element: _Element) -> MessageError:
        """What is wrong with an action that none of the operations has whose requests look like this one."""
        known = sorted(action for each in alike for action in self._soap_actions[each.name])
        return MessageError(
            f"{' and '.join(each.name for each in alike)} take this Body, and the action says which is meant: expected"
            f" one of {', '.join(known)}, found {action or 'none'}{did_you_mean(action, known) if action else ''}",
            place=place_of(element, "message"),
        )
