"""Connections of urllib3 that hear an answer while they still send a large request.

A service may answer before it has read all of a request: too large, not allowed, a fault in its first header. Who sends
on regardless waits for a peer that waits for nothing more (SOAP 1.2 part 2, 6.2.3 and 7.5.1: no deadlock).
"""

from __future__ import annotations

import io
import socket
import ssl
from select import select
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection

_WATCHED = 64 * 1024  # bytes; what is smaller, the system takes in one go
_PIECE = 16 * 1024  # bytes of one record of TLS; what fits once there is room at all
_GOES_ON = (b"HTTP/1.1 1", b"HTTP/1.1 2")  # what comes before an answer; one that is made while the request is read
_DESCRIPTORS = 1024  # beyond which select() cannot look


class _Begun:
    """A socket of which the start of an answer was read: whoever reads that answer reads it too."""

    def __init__(self, connected: socket.socket, start: bytes) -> None:
        self.connected = connected
        self._start = start

    def makefile(self, *_: object, **__: object) -> io.BufferedReader:
        start, self._start = self._start, b""
        return io.BufferedReader(_Rest(start, self.connected.makefile("rb", buffering=0)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.connected, name)


class _Rest(io.RawIOBase):
    def __init__(self, start: bytes, rest: io.RawIOBase | socket.SocketIO) -> None:
        self._start = start
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self._start:
            size = min(len(buffer), len(self._start))
            buffer[:size], self._start = self._start[:size], self._start[size:]
            return size
        return self._rest.readinto(buffer)

    def close(self) -> None:
        self._rest.close()
        super().close()


class ListeningHttp(HTTPConnection):
    """Stops sending when an answer has begun that refuses the request. It is then cut: good for that answer, and for no
    further request."""

    _cut = False
    _heard = b""  # of the answer

    @property
    def is_connected(self) -> bool:
        """Whether a further request may be sent: urllib3 asks before it takes a connection that was kept."""
        return super().is_connected and not self._cut

    def close(self) -> None:
        """Close it. It may then be connected anew."""
        super().close()
        self._cut, self._heard = False, b""

    def send(self, data: Any) -> None:
        """As `http.client.HTTPConnection.send`. What it raises where it stops is what urllib3 takes for a peer that
        wants no more: it then reads the answer."""
        if self._cut:
            raise BrokenPipeError
        connected: socket.socket | None = self.sock
        size = len(data) if isinstance(data, (bytes, memoryview)) else 0
        if size < _WATCHED or connected is None or connected.fileno() >= _DESCRIPTORS:
            super().send(data)
            return
        view = memoryview(data)
        timeout = connected.gettimeout()
        while view:
            listening = [connected] if self._heard not in _GOES_ON else []
            readable, writable, _ = select(listening, [connected], [], timeout)
            if readable:
                self._listen(connected)
            if writable:
                view = view[connected.send(view[:_PIECE]) :]
            elif not readable:
                raise TimeoutError("timed out")

    def _listen(self, connected: socket.socket) -> None:
        """Raise `BrokenPipeError` where what came refuses the request, or is the end: not what comes before an answer
        (100 Continue, which old services send unasked), nor one of success. Who streams writes that while it reads, as
        Metro does, and waits for the rest."""
        came = _read_at_once(connected, len(_GOES_ON[0]) - len(self._heard))
        if came is None:
            return
        self._heard += came
        if not came or not any(each.startswith(self._heard) for each in _GOES_ON):
            self._cut = True
            raise BrokenPipeError

    def getresponse(self) -> Any:
        """As urllib3's, of an answer that may have begun already."""
        if self._heard:
            connected = self.sock.connected if isinstance(self.sock, _Begun) else self.sock
            self.sock, self._heard = _Begun(connected, self._heard), b""
        return super().getresponse()


def _read_at_once(connected: socket.socket, size: int) -> bytes | None:
    """At most so many bytes of what has come; None where nothing has but what TLS has to tell."""
    timeout = connected.gettimeout()
    connected.settimeout(0)
    try:
        return connected.recv(size)
    except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
        return None
    finally:
        connected.settimeout(timeout)


class ListeningHttps(ListeningHttp, HTTPSConnection):
    """The same over TLS."""
