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
        self._padded = False

    def decode(self, piece: bytes) -> bytes:
        text = self._left + piece.translate(None, b" \t\r\n")
        if self._padded and text:
            raise MessageError("a part is not in base64, as it says: something follows its padding")
        whole = len(text) - len(text) % 4
        self._left = text[whole:]
        self._padded = self._padded or text[whole - 1 : whole] == b"="
        return _from_base64(text[:whole])

    def finish(self) -> bytes:
        return _from_base64(self._left)


class QuotedPrintableDecoder(TransferDecoder):
    """quoted-printable; what waits for more is no longer than one escape."""

    def __init__(self) -> None:
        self._left = b""

    def decode(self, piece: bytes) -> bytes:
        text = self._left + piece
        escape = text.rfind(b"=", max(len(text) - 2, 0))  # "=", "=A" or the first half of "=" CR LF
        whole = len(text) if escape < 0 else escape
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
