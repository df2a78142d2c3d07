"""Content-Transfer-Encoding: how the bytes of a part were written (RFC 2045, 6), undone piece by piece."""

from __future__ import annotations

import binascii

from soapkit.errors import MessageError


class TransferDecoder:
    """binary, 8bit, 7bit: the bytes are what they are."""

    def decode(self, piece: bytes) -> bytes:
        """What the next piece stands for."""
        return piece

    def finish(self) -> bytes:
        """What was still waiting for more."""
        return b""


class Base64Decoder(TransferDecoder):
    """base64, four characters at a time, lines and blanks aside."""

    def __init__(self) -> None:
        self._left = b""

    def decode(self, piece: bytes) -> bytes:
        text = self._left + piece.translate(None, b" \t\r\n")
        whole = len(text) - len(text) % 4
        self._left = text[whole:]
        return _from_base64(text[:whole])

    def finish(self) -> bytes:
        return _from_base64(self._left)


class QuotedPrintableDecoder(TransferDecoder):
    """quoted-printable, line by line."""

    def __init__(self) -> None:
        self._left = b""

    def decode(self, piece: bytes) -> bytes:
        text = self._left + piece
        whole = text.rfind(b"\n") + 1
        self._left = text[whole:]
        return binascii.a2b_qp(text[:whole])

    def finish(self) -> bytes:
        return binascii.a2b_qp(self._left)


DECODERS: dict[str, type[TransferDecoder]] = {
    "binary": TransferDecoder,
    "8bit": TransferDecoder,
    "7bit": TransferDecoder,
    "base64": Base64Decoder,
    "quoted-printable": QuotedPrintableDecoder,
}


def _from_base64(text: bytes) -> bytes:
    try:
        return binascii.a2b_base64(text, strict_mode=True) if text else b""
    except binascii.Error as error:
        raise MessageError(f"a part is not in base64, as it says: {error}") from None
