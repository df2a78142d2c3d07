"""The plan of a package -> a server to start from: a class for each Protocol, every method still to be written."""

from __future__ import annotations

from soapkit.codegen.face import exports
from soapkit.codegen.literals import docstring, literal
from soapkit.codegen.plan import Package, ServicePlan
from soapkit.codegen.scope import Scope
from soapkit.codegen.services import SERVICES_MODULE, Signatures
from soapkit.errors import UsageError


def skeleton_source(package: Package) -> str:
    """The source of a module with an implementation of each service, and the application that hosts them.

    Raises `UsageError` where there is none to host.
    """
    services = [service for service in package.services if service.hosted]
    if not services:
        raise UsageError("there is nothing to serve: no service of the package has a SOAP port")
    defined = {f"My{service.name}" for service in services} | {"app"}
    scope = Scope("", frozenset(defined), package=package.name, exported=exports(package))
    signatures = Signatures(package, scope)
    classes = [line for service in services for line in ("", "", *_class(service, signatures))]
    asgi = scope.use("soapkit", "asgi")
    if len(services) == 1:
        hosted = f"My{services[0].name}()"
    else:
        paths = [f"    {literal('/' + service.name)}: My{service.name}()," for service in services]
        hosted = "\n".join(["{", *paths, "}"])
    return "\n".join(
        [
            *docstring(f"A server for {package.name}.", ""),
            "",
            *scope.import_lines(),
            *classes,
            "",
            "",
            f"app = {asgi}({hosted})",
            "",
        ]
    )


def _class(service: ServicePlan, signatures: Signatures) -> list[str]:
    hidden = frozenset(method.name for method in service.methods)
    base = signatures.scope.sibling(SERVICES_MODULE, service.name)
    fault = signatures.scope.use("soapkit", "Fault")
    lines = [f"class My{service.name}({base}):", *docstring(f"Implements {service.name}.")]
    for method in service.methods:
        lines += ["", *signatures.given(method, "def", hidden)]
        lines.append(f"        raise {fault}({literal(f'{method.name} is not written yet')})")
    return lines
