"""Basic, Digest, Bearer: logins as flows, written once for every transport.

A login is asked for the requests that a request becomes: it yields one, is given status and header fields of the
response, and may yield another.

    class Token:                                            # a login of one's own
        def auth_flow(self, request):
            response = yield with_login(request, f"Token {self.value}")
            if response.status == 401:
                yield with_login(request, f"Token {self.renew()}")
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeAlias
from urllib.parse import urlsplit

from soapkit.transport.values import Head, Request

AuthFlow: TypeAlias = Generator[Request, Head, None]


class Auth(Protocol):
    """A login. One serves many threads at once."""

    def auth_flow(self, request: Request) -> AuthFlow:
        """The requests that `request` becomes; the response to the last one counts."""
        ...


@dataclass(frozen=True, slots=True)
class Basic:
    """A name and a password with each request (RFC 7617)."""

    username: str
    password: str = field(repr=False)

    def auth_flow(self, request: Request) -> AuthFlow:
        """One request, with the login."""
        login = base64.b64encode(f"{self.username}:{self.password}".encode()).decode("ascii")
        yield with_login(request, f"Basic {login}")


@dataclass(frozen=True, slots=True)
class Bearer:
    """A token with each request (RFC 6750). A function is asked for it each time, so that it can be renewed."""

    token: str | Callable[[], str] = field(repr=False)

    def auth_flow(self, request: Request) -> AuthFlow:
        """One request, with the token."""
        token = self.token if isinstance(self.token, str) else self.token()
        yield with_login(request, f"Bearer {token}")


class Digest:
    """A name and a password that is proved, not sent (RFC 7616): MD5, SHA-256, SHA-512-256 and their -sess forms, qop
    auth.

    The first request asks for a challenge; later ones answer it at once until the server wants another.
    """

    def __init__(self, username: str, password: str) -> None:
        self._username = username
        self._password = password
        self._lock = threading.Lock()
        self._challenge: _Challenge | None = None
        self._count = 0

    def __repr__(self) -> str:
        return f"Digest({self._username!r})"

    def auth_flow(self, request: Request) -> AuthFlow:
        """One request while the challenge holds, else two."""
        answer = self._answer(request)
        response = yield with_login(request, answer) if answer else request
        if response.status != 401:
            return
        challenge = _read_challenge(response)
        if challenge is None or (answer and not challenge.stale and challenge.nonce == self._nonce()):
            return
        with self._lock:
            self._challenge, self._count = challenge, 0
        yield with_login(request, self._answer(request))

    def _nonce(self) -> str:
        with self._lock:
            return self._challenge.nonce if self._challenge is not None else ""

    def _answer(self, request: Request, cnonce: str = "") -> str:
        """The Authorization field for a request; empty without a challenge."""
        with self._lock:
            challenge = self._challenge
            if challenge is None:
                return ""
            self._count += 1
            count = f"{self._count:08x}"
        return _digest(challenge, self._username, self._password, request, count, cnonce or secrets.token_hex(16))


def with_login(request: Request, value: str) -> Request:
    """The request with an Authorization field. One that the caller has set stays."""
    if "authorization" in request.headers:
        return request
    return replace(request, headers=request.headers.with_(("Authorization", value)))


# --- digest -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Challenge:
    realm: str
    nonce: str
    opaque: str
    algorithm: str
    qop: str
    stale: bool


_HASHES = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}  # RFC 7616, 6.1

# RFC 9110, 11.3: challenges and their parameters all stand in one list, between commas.
_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_ITEM = re.compile(rf'\s*+(?:({_WORD})\s*+=\s*+(?:"((?:[^"\\]|\\.)*+)"|({_WORD}))|({_WORD})(?=[\s,]|\Z))')


def _read_challenge(response: Head) -> _Challenge | None:
    """The best Digest challenge of a response that we can answer."""
    challenges: list[dict[str, str]] = []
    for scheme, parameters in _challenges(response.headers.get("www-authenticate", "")):
        algorithm = parameters.get("algorithm", "MD5").upper().removesuffix("-SESS")
        qop = {word.strip() for word in parameters.get("qop", "auth").split(",")}
        if scheme == "digest" and algorithm in _HASHES and "auth" in qop and "nonce" in parameters:
            challenges.append(parameters)
    if not challenges:
        return None
    best = max(challenges, key=lambda parameters: parameters.get("algorithm", "MD5").upper().startswith("SHA"))
    return _Challenge(
        realm=best.get("realm", ""),
        nonce=best["nonce"],
        opaque=best.get("opaque", ""),
        algorithm=best.get("algorithm", "MD5"),
        qop="auth" if "qop" in best else "",
        stale=best.get("stale", "").lower() == "true",
    )


def _challenges(text: str) -> list[tuple[str, dict[str, str]]]:
    """``Digest realm="a", nonce="b", Basic realm="c"`` -> the two of them, as far as they can be read."""
    found: list[tuple[str, dict[str, str]]] = []
    position = 0
    while item := _ITEM.match(text, position):
        name, quoted, plain, scheme = item.groups()
        if scheme:
            found.append((scheme.lower(), {}))
        elif found:
            value = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else plain
            found[-1][1].setdefault(name.lower(), value)
        position = item.end()
        while text[position : position + 1] in (",", " ", "\t") and position < len(text):
            position += 1
    return found


def _digest(challenge: _Challenge, username: str, password: str, request: Request, count: str, cnonce: str) -> str:
    """The answer to a challenge (RFC 7616, 3.4)."""
    kind = challenge.algorithm.upper()
    name = _HASHES[kind.removesuffix("-SESS")]

    def hashed(text: str) -> str:
        return hashlib.new(name, text.encode(), usedforsecurity=False).hexdigest()

    parts = urlsplit(request.url)
    uri = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    secret = hashed(f"{username}:{challenge.realm}:{password}")
    if kind.endswith("-SESS"):
        secret = hashed(f"{secret}:{challenge.nonce}:{cnonce}")
    wanted = hashed(f"{request.method}:{uri}")
    middle = f"{challenge.nonce}:{count}:{cnonce}:{challenge.qop}" if challenge.qop else challenge.nonce
    fields = {
        "username": _quoted(username),
        "realm": _quoted(challenge.realm),
        "nonce": _quoted(challenge.nonce),
        "uri": _quoted(uri),
        "response": _quoted(hashed(f"{secret}:{middle}:{wanted}")),
        "algorithm": challenge.algorithm,
    }
    if challenge.opaque:
        fields["opaque"] = _quoted(challenge.opaque)
    if challenge.qop:
        fields |= {"qop": challenge.qop, "nc": count, "cnonce": _quoted(cnonce)}
    elif kind.endswith("-SESS"):
        fields["cnonce"] = _quoted(cnonce)
    return "Digest " + ", ".join(f"{key}={value}" for key, value in fields.items())


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
