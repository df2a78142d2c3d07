"""Headers that were met before: what was read of them holds for the next message of the same outline.

Of a message that was believed it is remembered which algorithms its signatures have, which key, and where each thing
stands that they refer to. Of a message with the same outline none of this is read anew. What it takes to believe it is
done as ever: how old it is, trust, each signature value, each digest, and all that `Require` asks for.

The law of this file: nothing that is remembered may depend on a value in which messages of one outline differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lxml.etree import _Element

from soapkit.security.canonical import Canonical
from soapkit.security.crypto.algorithms import SignatureAlgorithm
from soapkit.security.markup import DIGEST_VALUE, SIGNATURE, TIMESTAMP, bytes_of, one
from soapkit.security.outline import CanonicalText, Marked, Outline, Path, element_at, path_to
from soapkit.security.parts import Message
from soapkit.security.references import Carried, Named
from soapkit.security.signed_info import SignedInfo, SignedReference
from soapkit.security.verify import Proved, ReadSignature, Target
from soapkit.soap.envelope import Envelope

_KEPT = 16  # headers
_CREDIT = 100  # headers that are remembered though none was met again


@dataclass(frozen=True, slots=True)
class _Reference:
    """`number`: among the children of SignedInfo; `digest`: of its DigestValue among its own; `target`: what it refers
    to; `text`: the canonical form of that, where the outline has it; the rest: as `SignedReference` has it."""

    number: int
    digest: int
    target: Path
    text: CanonicalText | None
    form: Canonical
    hash: str

    def read(self, signed_info: _Element) -> SignedReference:
        """The same of another message."""
        element = signed_info[self.number]
        return SignedReference(element, self.form, False, self.hash, bytes_of(element[self.digest]))


@dataclass(frozen=True, slots=True)
class MetSignature:
    """A signature in the header. `info`, `value`: the numbers of its SignedInfo and SignatureValue; `text`: the
    canonical form of the former; `token`: the one that brought the certificate."""

    path: Path
    info: int
    value: int
    text: CanonicalText | None
    algorithm: SignatureAlgorithm
    form: Canonical
    references: tuple[_Reference, ...]
    source: Carried | Named
    token: Path | None

    @classmethod
    def of(cls, read: ReadSignature, proved: Proved, marked: Marked) -> MetSignature | None:
        """One that was proved; None for one that depends on more than the text before the Body."""
        said, source = read.said, read.source
        if said.beside or any(each.dereferences_token for each in said.references):
            return None
        if not isinstance(source, Carried | Named):
            return None
        targets = [path_to(target) for target in proved.elements]
        if not all(map(marked.has, targets)):
            return None
        token = source.token if isinstance(source, Carried) else None
        references = tuple(
            _Reference(
                said.element.index(each.element),
                each.element.index(one(each.element, DIGEST_VALUE)),
                target,
                marked.text_of(target, each.form),
                each.form,
                each.hash,
            )
            for each, target in zip(said.references, targets, strict=True)
        )
        return cls(
            path_to(read.element),
            read.element.index(said.element),
            read.element.index(read.value),
            marked.text_of(path_to(said.element), said.form),
            said.algorithm,
            said.form,
            references,
            Carried(source.certificates) if isinstance(source, Carried) else source,
            path_to(token) if token is not None else None,
        )

    def read(self, root: _Element, values: Sequence[bytes]) -> tuple[ReadSignature, list[Target]]:
        """The same signature of another message, which has these values, and what it refers to there."""
        signature = element_at(root, self.path)
        info, source = signature[self.info], self.source
        if self.token is not None and isinstance(source, Carried):
            source = Carried(source.certificates, element_at(root, self.token))
        references = tuple([each.read(info) for each in self.references])
        octets = self.text.filled(values) if self.text is not None else None
        said = SignedInfo(info, self.algorithm, self.form, references, octets=octets)
        targets = [
            (element_at(root, each.target), each.text.filled(values) if each.text is not None else None)
            for each in self.references
        ]
        return ReadSignature(signature, signature[self.value], said, source), targets


@dataclass(frozen=True, slots=True)
class MetHeader:
    """`entries`: the Timestamp and the signatures, in their order."""

    outline: Outline
    entries: tuple[Path | MetSignature, ...]

    @classmethod
    def of(cls, message: Message, reads: Sequence[ReadSignature], proved: Sequence[Proved]) -> MetHeader | None:
        """That of a message; None where more than the outline says would have to be remembered."""
        outline = Outline.of(message.envelope)
        if outline is None:
            return None
        marked = Marked(outline, message.envelope)
        signatures = {
            read.element: MetSignature.of(read, proof, marked) for read, proof in zip(reads, proved, strict=True)
        }
        entries: list[Path | MetSignature] = []
        for entry in message.tokens:
            if entry.tag == TIMESTAMP:
                entries.append(path_to(entry))
            elif entry.tag == SIGNATURE:
                signature = signatures[entry]
                if signature is None:
                    return None
                entries.append(signature)
        return cls(outline, tuple(entries))


class MetHeaders:
    """Those that one `Security` met lately: what is read depends on what that requires."""

    def __init__(self) -> None:
        self._kept: tuple[MetHeader, ...] = ()
        self._credit = _CREDIT

    def like(self, envelope: Envelope) -> tuple[MetHeader, list[bytes]] | None:
        """The one that a message has too, and the values in it. None where the tree of the message may have changed."""
        data = envelope.received
        if data is None:
            return None
        for header in self._kept:
            values = header.outline.values(data)
            if values is not None:
                self._credit = min(self._credit + 1, _CREDIT)
                return header, values
        return None

    def remember(self, message: Message, reads: Sequence[ReadSignature], proved: Sequence[Proved]) -> None:
        """That of a message that was believed. Where hardly one is met again, it is given up after a while."""
        if message.envelope.received is None or self._credit <= 0:
            return
        header = MetHeader.of(message, reads, proved)
        if header is not None:
            self._credit -= 1
            self._kept = (header, *self._kept[: _KEPT - 1])
