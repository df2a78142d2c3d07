"""``soapkit serve module:object``: host a service with uvicorn."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from soapkit.cli.serve_tls import Tls, freshness, tls_of
from soapkit.errors import UsageError
from soapkit.server.asgi import Asgi, asgi
from soapkit.server.health import Health
from soapkit.server.wsgi import Wsgi
from soapkit.xml.names import did_you_mean

if TYPE_CHECKING:
    import uvicorn

# For a worker that is started anew to serve; of uvicorn's 5 a large contract on a busy machine takes more. uvicorn of
# old does not ask.
WORKER_SECONDS = 60
DRAIN = 30  # seconds; what Kubernetes gives a pod between SIGTERM and SIGKILL


@click.command(name="serve")
@click.argument("target", metavar="MODULE:OBJECT")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1), help="Processes.")
@click.option(
    "--validate",
    type=click.Choice(["off", "in", "out", "both", "request", "response"]),
    default="off",
    show_default=True,
    help="Check bodies against the contract's schema.",
)
@click.option("--contract", type=click.Path(exists=True, dir_okay=False), help="The WSDL to hand out at ?wsdl.")
@click.option("--health", is_flag=True, help="Answer /healthz and /readyz too.")
@click.option(
    "--drain",
    default=DRAIN,
    show_default=True,
    type=click.IntRange(0),
    help="Seconds that requests in flight have to finish once the service is told to stop.",
)
@click.option("--tls-cert", metavar="FILE", help="Serve https with this certificate (PEM, with its chain).")
@click.option("--tls-key", metavar="FILE", help="Its private key (PEM), where the certificate's file does not hold it.")
@click.option("--client-ca", metavar="FILE", help="Serve only callers with a certificate of these authorities (PEM).")
@click.option(
    "--proxy",
    "proxies",
    metavar="ADDRESS",
    multiple=True,
    help="Believe what a proxy at this address, or in this network, says of callers in X-Forwarded-*.",
)
@click.option("--reload", is_flag=True, help="Start anew when a Python file below this folder changes.")
@click.option("--log-level", default="info", type=click.Choice(["critical", "error", "warning", "info", "debug"]))
def command(
    target: str,
    host: str,
    port: int,
    workers: int,
    validate: str,
    contract: str | None,
    health: bool,
    drain: int,
    tls_cert: str | None,
    tls_key: str | None,
    client_ca: str | None,
    proxies: tuple[str, ...],
    reload: bool,
    log_level: str,
) -> None:
    """Host a service until it is stopped.

    MODULE:OBJECT names, in a module importable from here, an object or class that serves (a generated Protocol's
    implementation, or a class decorated with @soapkit.service), or an application made by soapkit.asgi.

    \b
    Example:
        soapkit serve bank_service:MyBank --port 8080
        soapkit serve bank_service:MyBank --tls-cert bank.pem --tls-key bank.key --client-ca partners.pem
    """
    if reload and workers > 1:
        raise UsageError("--reload is for one process: leave --workers away")
    tls = tls_of(tls_cert, tls_key, client_ca)
    chosen = Chosen(target, validate, contract, health, tls, proxies)
    application = chosen.application()
    if workers == 1 and not reload:
        hosted(application, host, port, log_level, drain, tls)
        return
    _check_uvicorn()
    with listening(application, host, port, tls) as listener:
        _apart(workers, log_level, drain, listener, chosen, application)


def hosted(
    application: Asgi,
    host: str,
    port: int,
    log_level: str,
    drain: int = DRAIN,
    tls: Tls | None = None,
) -> None:
    """Serve an application until it is stopped; the address is told once it can be called. Requests that are in flight
    then have `drain` seconds to finish, while no more are taken.

    Raises `UsageError` where uvicorn is not installed, `OSError` where nothing can listen there.
    """
    _check_uvicorn()
    import uvicorn  # only here: the other commands do without

    config = _configured(application, log_level, drain, tls, lifespan="on", proxy_headers=_is_told(application))
    with listening(application, host, port, tls) as listener:
        uvicorn.Server(config).run(sockets=[listener])


def _configured(
    application: Asgi | str, log_level: str, drain: int, tls: Tls | None, **more: Any
) -> uvicorn.Config:  # Any: as uvicorn's own arguments
    import uvicorn

    from soapkit.server.heads import PromptHTTPProtocol
    from soapkit.server.tls import TlsHTTPProtocol

    return uvicorn.Config(
        application,
        http=PromptHTTPProtocol if tls is None else TlsHTTPProtocol,
        log_level=log_level,
        timeout_graceful_shutdown=drain,
        **(tls.settings() if tls is not None else {}),
        **more,
    )


def _is_told(application: Asgi) -> bool:
    """Whether uvicorn is to read X-Forwarded-* as it does unless told: not where the application reads it itself, which
    could not know who wrote what uvicorn had rewritten."""
    return not any(getattr(endpoint, "proxies", None) for endpoint in application.endpoints.values())


def _check_uvicorn() -> None:
    if importlib.util.find_spec("uvicorn") is None:  # the extra `server`
        raise UsageError("this needs uvicorn: pip install 'soapkit[server]'")


@contextmanager
def listening(application: Asgi, host: str, port: int, tls: Tls | None = None) -> Iterator[socket.socket]:
    """A socket that listens, its address told."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            raise UsageError(f"cannot listen on {host}:{port}: {error.strerror or error}") from None
        listener.listen(2048)  # before the address is told: whoever calls now waits for the first worker
        bound = listener.getsockname()[1]
        scheme = "http" if tls is None else "https"
        for path, endpoint in application.endpoints.items():
            shown = f"[{host}]" if ":" in host else host
            contract = "  (contract: ?wsdl)" if hasattr(endpoint, "publication") else ""
            click.echo(f"serving {scheme}://{shown}:{bound}{path or '/'}{contract}")
        sys.stdout.flush()
        yield listener


def _apart(
    workers: int, log_level: str, drain: int, listener: socket.socket, chosen: Chosen, application: Asgi
) -> None:
    """Several processes on one socket, or one that is started anew when its files change: each imports the service
    from what is left in the environment."""
    import uvicorn
    from uvicorn.supervisors import ChangeReload, Multiprocess

    os.environ["SOAPKIT_SERVE"] = json.dumps(asdict(chosen))
    settings = {"factory": True, "proxy_headers": _is_told(application)}
    tls, factory = chosen.tls, "soapkit.cli.serve:application_from_environment"
    if workers > 1:
        config = _configured(factory, log_level, drain, tls, workers=workers, **settings)

        class Workers(Multiprocess):
            """Waits longer for a worker that is started anew, but not for a sign of life: one that is killed while it
            is asked gives none."""

            def restart_all(self) -> None:
                usual = getattr(self.config, "timeout_worker_healthcheck", 5)
                self.config.timeout_worker_healthcheck = WORKER_SECONDS
                try:
                    super().restart_all()
                finally:
                    self.config.timeout_worker_healthcheck = usual

            def terminate_all(self) -> None:
                """Lets go of the socket first: connections that nobody but this process could take would wait for the
                last worker to end, and then be cut, where they could have been refused at once."""
                for held in self.sockets:
                    held.close()
                super().terminate_all()

        Workers(config, sockets=[listener]).run()
        return
    config = _configured(factory, log_level, drain, tls, reload=True, reload_dirs=[str(Path.cwd())], **settings)
    ChangeReload(config, target=uvicorn.Server(config).run, sockets=[listener]).run()


def application_from_environment() -> Asgi:
    """The application that a worker process hosts."""
    chosen = json.loads(os.environ["SOAPKIT_SERVE"])
    tls, proxies = chosen.pop("tls"), tuple(chosen.pop("proxies"))
    return Chosen(**chosen, tls=Tls(**tls) if tls is not None else None, proxies=proxies).application()


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is served, and how: what every worker process must know."""

    target: str
    validate: str = "off"
    contract: str | None = None
    health: bool = False
    tls: Tls | None = None
    proxies: tuple[str, ...] = ()

    def application(self) -> Asgi:
        """The application for ``module:object``. Raises `UsageError` naming what is not there."""
        served = _served(self.target)
        if isinstance(served, Wsgi):
            raise UsageError(f"{self.target} is a WSGI application: host it with gunicorn, or name the service itself")
        if isinstance(served, Asgi):
            if self.health and served.probes is None:
                raise UsageError(f"{self.target} is an application: ask for its probes there, asgi(..., health=True)")
            if self.proxies:
                raise UsageError(f"{self.target} is an application: name its proxies there, asgi(..., proxies=[...])")
            return served
        return asgi(
            served,
            validate=self.validate,  # type: ignore[arg-type]  # click has checked the choice
            contract=self.contract,
            health=self._health(),
            proxies=self.proxies,
        )

    def _health(self) -> Health | bool:
        if not self.health or self.tls is None:
            return self.health
        return Health(checks={"tls": freshness(self.tls, Health().certificates)})


def _served(target: str) -> object:
    """What ``module:object`` names."""
    module_name, _, attribute = target.partition(":")
    if not attribute:
        raise UsageError(f"{target!r}: expected MODULE:OBJECT, such as bank_service:MyBank")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name and module_name.split(".")[0] != error.name.split(".")[0]:
            raise
        raise UsageError(f"there is no module {module_name!r} here ({here})") from None
    if not hasattr(module, attribute):
        known = [name for name in vars(module) if not name.startswith("_")]
        raise UsageError(f"module {module_name} has no {attribute!r}{did_you_mean(attribute, known)}")
    return getattr(module, attribute)
