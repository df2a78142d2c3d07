"""The pages of one service, by query: the service itself, ``?op=``, ``?types``, ``?type=``, and what they refer to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from soapkit.databinding.shape import Record, Shapes
from soapkit.operations import Operation, Service
from soapkit.server.page.form import form_of
from soapkit.server.page.render import asset, page
from soapkit.server.page.rows import key_of
from soapkit.server.page.samples import Sample, action_in, commands_of, samples_of
from soapkit.server.page.view import Line, lines_of, operations_by_id, type_view, types_of, view_of
from soapkit.server.page.words import key_name
from soapkit.soap.version import SOAP_1_1, SOAP_1_2, VERSIONS, Version
from soapkit.transport.values import Response
from soapkit.version import __version__


@dataclass(frozen=True, slots=True)
class Visit:
    """How a browser came: the `address` it asked, the `contract` it may ask for (``""``: none), the service's own
    addresses by port (`endpoints`), whether it may try the service (`try_it`), and how messages are then sent: to the
    address itself, or to the query `send` with a `token`. `documents`: the queries of the contract's documents;
    `target`: where the service itself is reached, `address` unless said; `others`: the services beside this one, with
    their paths."""

    address: str
    contract: str = ""
    endpoints: tuple[tuple[str, str, str], ...] = ()
    try_it: bool = False
    send: str = ""
    token: str = ""
    documents: tuple[str, ...] = ()
    target: str = ""
    others: tuple[tuple[str, str], ...] = ()


class Site:
    """The pages of a service. What they show is made when it is first asked for, and kept.

    `versions`: the SOAP versions that the service takes; both unless its ports say less (a hosted service takes both).
    `served`: the same service as calls know it, with its shapes, where it stands ready: operations of a contract are
    read one by one, and a list of a thousand would read them all.
    """

    def __init__(
        self,
        service: Service,
        shapes: Shapes,
        versions: tuple[Version, ...] = (SOAP_1_1, SOAP_1_2),
        served: tuple[Service, Shapes] | None = None,
    ) -> None:
        self.service = service
        self._shapes = shapes
        self._versions = versions
        self._served = served or (service, shapes)

    @cached_property
    def _lines(self) -> tuple[Line, ...]:
        return lines_of(*self._served)

    @cached_property
    def _operations(self) -> Mapping[str, Operation[Any, Any]]:
        """Those of the list, by the name their pages have."""
        return operations_by_id(self._served[0])

    def _told(self, name: str) -> tuple[Operation[Any, Any], Shapes] | None:
        """The operation of a page, as the contract tells it where that has it; None for no operation at all."""
        known = self._operations.get(name)
        if known is None:
            return None
        if self.service is not self._served[0]:
            alike = [id_ for id_, each in self._operations.items() if each.name == known.name]
            told = self.service.named(known.name)
            if len(told) == len(alike):  # several of one name stand in the order of the contract, here and there
                return told[alike.index(name)], self._shapes
        return known, self._served[1]

    @cached_property
    def _types(self) -> Mapping[str, Record]:
        return types_of(self.service, self._shapes)

    def respond(self, parameters: Mapping[str, str], visit: Visit) -> Response | None:
        """The page for a query, or what a page refers to; None where the query means something else."""
        if not parameters or "filter" in parameters:
            return self._list(visit, parameters.get("filter", ""))
        name, value = next(iter(parameters.items()))
        found = asset(name)
        if found is not None:
            return found
        if name == "op":
            return self._operation(value, visit)
        if name == "types":
            return self._render(
                "types.html", visit, types=[(key, key_name(one.key)) for key, one in self._types.items()]
            )
        if name == "type":
            return self._type(value, visit)
        return None

    def _list(self, visit: Visit, wanted: str) -> Response:
        shown = [line for line in self._lines if wanted.lower() in f"{line.name} {line.documentation}".lower()]
        return self._render("service.html", visit, lines=shown, total=len(self._lines), filter=wanted)

    def _operation(self, name: str, visit: Visit) -> Response:
        told = self._told(name)
        if told is None:
            return self._missing(visit, f"The service has no operation {name}.")
        operation, shapes = told
        samples = list(samples_of(self.service, operation, shapes, self._versions))
        requests: dict[str, Sample] = {sample.version: sample for sample in samples if sample.title == "Request"}
        first = samples[0]
        actions: dict[str, str] = {
            version.label: action_in(operation, self.service.ports, version) for version in self._versions
        }
        return self._render(
            "operation.html",
            visit,
            operation=view_of(name, operation, shapes),
            samples=samples,
            versions=[version.label for version in self._versions],
            commands=list(
                commands_of(
                    operation,
                    shapes,
                    visit.target or visit.address,
                    visit.contract or "CONTRACT",
                    first,
                    actions[first.version],
                )
            ),
            trial=_trial(operation, shapes, requests, actions) if visit.try_it else None,
        )

    def _type(self, key: str, visit: Visit) -> Response:
        record = self._types.get(key)
        if record is None:
            return self._missing(visit, f"The service has no type {key}.")
        derived = [
            (other, key_name(one.key))
            for other, one in self._types.items()
            if one.base is not None and key_of(one.base.key) == key
        ]
        return self._render(
            "type.html", visit, type=type_view(record, self._shapes), derived=derived, known=self._types
        )

    def _missing(self, visit: Visit, sentence: str) -> Response:
        return self._render("missing.html", visit, status=404, sentence=sentence)

    def _render(self, template: str, visit: Visit, status: int = 200, **values: object) -> Response:
        return page(
            template,
            status,
            service=self.service,
            visit=visit,
            supported=[str(version) for version in self._versions],
            release=__version__,
            query=_query,
            **values,
        )


def _trial(
    operation: Operation[Any, Any], shapes: Shapes, requests: Mapping[str, Sample], actions: Mapping[str, str]
) -> dict[str, object]:
    """What the form of an operation is made from."""
    return {
        "form": form_of(operation, shapes),
        "oneWay": operation.one_way,
        "faults": [{"name": fault.name, "tag": fault.tag} for fault in operation.faults],
        "versions": {
            version.label: {
                "ns": version.namespace,
                "type": version.media_type,
                "header": version.action_in == "SOAPAction header",
                "action": actions[version.label],
                "request": requests[version.label].text,
            }
            for version in VERSIONS.values()
            if version.label in requests
        },
    }


def _query(**values: str) -> str:
    """``op="a b"`` -> ``?op=a+b``"""
    return "?" + urlencode(values)
