"""Content-Transfer-Encoding: how the bytes of a part were written (RFC 2045, 6), undone piece by piece."""

from __future__ import annotations

import binascii
import re

from soapkit.errors import NOWHERE, MessageError, Place


class TransferDecoder:
    """binary, 8bit, 7bit: the bytes are what they are. `part`: what errors call it; `place`: the message."""

    def __init__(self, part: str = "a part", place: Place = NOWHERE) -> None:
        self._part = part
        self._place = place

    def decode(self, piece: bytes) -> bytes:
        """What the next piece stands for."""
        return piece

    def finish(self) -> bytes:
        """What was still waiting for more."""
        return b""


class Base64Decoder(TransferDecoder):
    """base64, four characters at a time, lines and blanks aside."""

    def __init__(self, part: str = "a part", place: Place = NOWHERE) -> None:
        super().__init__(part, place)
        self._left = b""
        self._padded = False

    def decode(self, piece: bytes) -> bytes:
        text = self._left + piece.translate(None, b" \t\r\n")
        if self._padded and text:
            raise self._refused("something follows its padding")
        whole = len(text) - len(text) % 4
        self._left = text[whole:]
        self._padded = self._padded or text[whole - 1 : whole] == b"="
        return self._decoded(text[:whole])

    def finish(self) -> bytes:
        return self._decoded(self._left)

    def _decoded(self, text: bytes) -> bytes:
        try:
            return binascii.a2b_base64(text, strict_mode=True) if text else b""
        except binascii.Error as error:
            raise self._refused(str(error)) from None

    def _refused(self, reason: str) -> MessageError:
        return MessageError(f"{self._part} is not in base64, as it says: {reason}", place=self._place)


_LINE = 998  # bytes that a line may have; blanks beyond that are not waited for (RFC 5322, 2.1.1)
# Each begins where blanks begin, so that a run of them is gone through once.
_AT_LINE_END = re.compile(rb"(?<![ \t])[ \t]++(?=\r?\n)")
_UNDECIDED = re.compile(rb"(?:=[0-9A-Fa-f]?|(?<![ \t]))[ \t]*+\r?\Z")


class QuotedPrintableDecoder(TransferDecoder):
    """quoted-printable; what waits for more is an escape, and blanks, which at the end of a line were added on the way
    (RFC 2045, 6.7, rule 3)."""

    def __init__(self, part: str = "a part", place: Place = NOWHERE) -> None:
        super().__init__(part, place)
        self._left = b""

    def decode(self, piece: bytes) -> bytes:
        text = self._left + piece
        undecided = _UNDECIDED.search(text, max(len(text) - _LINE, 0))
        whole = len(text) if undecided is None else undecided.start()
        self._left = text[whole:]
        return binascii.a2b_qp(_AT_LINE_END.sub(b"", text[:whole]))

    def finish(self) -> bytes:
        return binascii.a2b_qp(self._left.rstrip(b" \t"))


DECODERS: dict[str, type[TransferDecoder]] = {
    "": TransferDecoder,
    "binary": TransferDecoder,
    "8bit": TransferDecoder,
    "7bit": TransferDecoder,
    "base64": Base64Decoder,
    "quoted-printable": QuotedPrintableDecoder,
}
