"""Signed messages in the shapes of several stacks, bent in pairs: what is believed of the second by its bytes, after
the first was met, is what is believed of it by its tree.

python tests/fuzz/fuzz_met_headers.py [EXAMPLES] [SEED]        20,000 examples unless said; prints the seed

Both are bent alike, before they are signed and after, so that the first is believed and the second has its outline;
then the second is bent once more.
"""

from __future__ import annotations

import base64
import hashlib
import random
import re
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from lxml import etree

sys.path.insert(0, str(Path(__file__).parents[2]))
from soapkit.errors import SoapkitError
from soapkit.security import Contexts, Require, SamlRequirement, Security, TrustStore
from soapkit.security.canonical import read_canonical
from soapkit.security.crypto.algorithms import SIGNATURES
from soapkit.security.crypto.certificates import der_of
from soapkit.security.crypto.with_cryptography import CryptographyProvider
from soapkit.security.ids import IdIndex
from soapkit.security.markup import BASE64, DIGEST_VALUE, DS_REFERENCE, SIGNATURE, SIGNED_INFO, TRANSFORM, X509_V3
from soapkit.soap.envelope import Envelope
from soapkit.xml.c14n import EXCLUSIVE, INCLUSIVE, canonicalise
from soapkit.xml.names import DS, WSSE, WSU
from soapkit.xml.parse import parse_message
from soapkit.xmlenc import encrypt
from tests.both_ways import both_ways
from tests.parties import NOW, Keys, make_keys

FOLLOWING = 6  # messages after the first of a pair
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
RSA = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
SHA = "http://www.w3.org/2001/04/xmlenc#sha256"
_PROVIDER = CryptographyProvider()

Bend = Callable[[bytes, random.Random, "Names"], bytes]


@dataclass(frozen=True)
class Names:
    """The ids of a message, and those of the other: of its token, Timestamp, Body, header block and signature."""

    own: tuple[str, ...]
    other: tuple[str, ...]


@cache
def parties() -> Keys:
    return make_keys()


# --- shapes -------------------------------------------------------------------------------------------------------


def reference(name: str, form: str, d: str = "ds:") -> str:
    return (
        f'<{d}Reference URI="#{name}"><{d}Transforms><{d}Transform Algorithm="{form}"/></{d}Transforms>'
        f'<{d}DigestMethod Algorithm="{SHA}"/><{d}DigestValue></{d}DigestValue></{d}Reference>'
    )


def signature(names: tuple[str, ...], key: str, form: str = EXCLUSIVE, prefix: str = "ds", attributes: str = "") -> str:
    d = f"{prefix}:" if prefix else ""
    declared = f'xmlns:{prefix}="{DS}"' if prefix else f'xmlns="{DS}"'
    return (
        f'<{d}Signature {declared}{attributes}><{d}SignedInfo><{d}CanonicalizationMethod Algorithm="{form}"/>'
        f'<{d}SignatureMethod Algorithm="{RSA}"/>{"".join(reference(name, form, d) for name in names)}</{d}SignedInfo>'
        f"<{d}SignatureValue></{d}SignatureValue><{d}KeyInfo>{key}</{d}KeyInfo></{d}Signature>"
    )


def token(wsse: str, wsu: str, name: str) -> str:
    text = base64.b64encode(der_of(parties().alice.certificate)).decode()
    return (
        f'<{wsse}:BinarySecurityToken EncodingType="{BASE64}" ValueType="{X509_V3}" {wsu}:Id="{name}">{text}'
        f"</{wsse}:BinarySecurityToken>"
    )


def referred(wsse: str, name: str, more: str = "") -> str:
    return (
        f'<{wsse}:SecurityTokenReference{more}><{wsse}:Reference URI="#{name}" ValueType="{X509_V3}"/>'
        f"</{wsse}:SecurityTokenReference>"
    )


def like_cxf(names: tuple[str, ...], moment: str, said: str, form: str = EXCLUSIVE) -> str:
    """Also with an inclusive form."""
    key, stamp, body, block, own = names
    signed = signature(
        (stamp, body, block), referred("wsse", key, f' wsu:Id="STR-{own}"'), form, attributes=f' Id="{own}"'
    )
    return (
        f'<soap:Envelope xmlns:soap="{SOAP}"><soap:Header><Action xmlns="urn:wsa" xmlns:wsu="{WSU}" wsu:Id="{block}">'
        f'{said}</Action><MessageID xmlns="urn:wsa">urn:uuid:{moment}</MessageID><wsse:Security xmlns:wsse="{WSSE}" '
        f'xmlns:wsu="{WSU}" soap:mustUnderstand="1">{token("wsse", "wsu", key)}<wsu:Timestamp wsu:Id="{stamp}">'
        f"<wsu:Created>2026-11-23T15:04:{moment}Z</wsu:Created><wsu:Expires>2026-11-23T15:09:{moment}Z</wsu:Expires>"
        f"</wsu:Timestamp>{signed}</wsse:Security></soap:Header>"
        f'<soap:Body xmlns:wsu="{WSU}" wsu:Id="{body}"><b:pay xmlns:b="urn:bank"><to>{said}</to></b:pay></soap:Body>'
        f"</soap:Envelope>"
    )


def like_cxf_inclusive(names: tuple[str, ...], moment: str, said: str) -> str:
    return like_cxf(names, moment, said, INCLUSIVE)


def like_wcf(names: tuple[str, ...], moment: str, said: str) -> str:
    """Prefixes of one letter, the default namespace for the signature, blocks that differ."""
    key, stamp, body, block, _ = names
    return (
        f'<s:Envelope xmlns:s="{SOAP}" xmlns:a="http://www.w3.org/2005/08/addressing" xmlns:u="{WSU}"><s:Header>'
        f'<a:Action s:mustUnderstand="1" u:Id="{block}">{said}</a:Action><Activity xmlns="urn:ms">{moment}</Activity>'
        f'<o:Security s:mustUnderstand="1" xmlns:o="{WSSE}"><u:Timestamp u:Id="{stamp}"><u:Created>'
        f"2026-11-23T15:04:{moment}.123Z</u:Created><u:Expires>2026-11-23T15:09:05.123Z</u:Expires></u:Timestamp>"
        f"{token('o', 'u', key)}{signature((body, stamp, block), referred('o', key), prefix='')}</o:Security>"
        f'</s:Header><s:Body u:Id="{body}" xmlns:xsi="urn:xsi" xmlns:xsd="urn:xsd"><pay xmlns="urn:bank">'
        f"<to>{said}</to></pay></s:Body></s:Envelope>"
    )


def like_node(names: tuple[str, ...], moment: str, said: str) -> str:
    """The signature first, the certificate in it; a declaration; blanks."""
    _, stamp, body, _, own = names
    text = base64.b64encode(der_of(parties().alice.certificate)).decode()
    key = f"<X509Data><X509Certificate>{text}</X509Certificate></X509Data>"
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<soap:Envelope xmlns:soap="{SOAP}" xmlns:tns="urn:bank">\n'
        f'<soap:Header>\n  <wsse:Security xmlns:wsse="{WSSE}" xmlns:wsu="{WSU}">\n'
        f"{signature((body, stamp), key, prefix='', attributes=f' Id={chr(34)}{own}{chr(34)}')}\n"
        f'<Timestamp xmlns="{WSU}" Id="{stamp}"><Created>2026-11-23T15:04:{moment}Z</Created></Timestamp>'
        f'</wsse:Security></soap:Header>\n<soap:Body Id="{body}">\n  <tns:pay><to>{said}</to></tns:pay></soap:Body>'
        f"</soap:Envelope>\n"
    )


def endorsed(names: tuple[str, ...], moment: str, said: str) -> str:
    """Two signatures, the second over the first; a security header for somebody else before."""
    key, stamp, body, block, own = names
    first = signature((body, stamp), referred("w", key), attributes=f' Id="{own}"')
    second = signature((own, block), referred("w", key))
    return (
        f'<e:Envelope xmlns:e="{SOAP}" xmlns:w="{WSSE}" xmlns:u="{WSU}"><e:Header><w:Security e:actor="urn:another">'
        f'<u:Timestamp u:Id="{block}"><u:Created>{moment}</u:Created></u:Timestamp></w:Security><w:Security>'
        f'<u:Timestamp u:Id="{stamp}"><u:Created>2026-11-23T15:04:{moment}Z</u:Created></u:Timestamp>'
        f"{token('w', 'u', key)}{first}{second}</w:Security></e:Header>"
        f'<e:Body u:Id="{body}"><p u:Id="in-{body}">{said}</p></e:Body></e:Envelope>'
    )


SHAPES = (like_cxf, like_cxf_inclusive, like_wcf, like_node, endorsed)


def signed(text: bytes) -> bytes:
    """A message with the digests and the values of its signatures filled in, one after the other, as Alice does."""
    for number in range(len(list(parse_message(text).iter(SIGNATURE)))):
        root = parse_message(text)
        before = list(root.iter(SIGNATURE))[:number]
        digests = sum(len(list(each.iter(DIGEST_VALUE))) for each in before)
        own = list(root.iter(SIGNATURE))[number]
        for entry in own.iter(DS_REFERENCE):
            form = read_canonical(next(entry.iter(TRANSFORM)))
            target = IdIndex(root).find(entry.get("URI", ""), by=entry)
            octets = canonicalise(target, method=form.method, prefixes=form.prefixes)
            text = _filled(text, b"DigestValue", digests, hashlib.sha256(octets).digest())
            digests += 1
        info = next(list(parse_message(text).iter(SIGNATURE))[number].iter(SIGNED_INFO))
        form = read_canonical(info[0])
        octets = canonicalise(info, method=form.method, prefixes=form.prefixes)
        value = _PROVIDER.sign(SIGNATURES[RSA], parties().alice, octets)
        text = _filled(text, b"SignatureValue", number, value)
    return text


def _filled(text: bytes, name: bytes, number: int, value: bytes) -> bytes:
    """A text with a value in the element of that name and number."""
    at = [found.end() for found in re.finditer(rb"<(?:\w+:)?%b[^<]*?(?<!/)>" % name, text)][number]
    return text[:at] + base64.b64encode(value) + text[text.index(b"<", at) :]


# --- what is done to them -----------------------------------------------------------------------------------------

_TAG = re.compile(rb"""<[\w:]+(?:[^<>"']|"[^"]*"|'[^']*')*>""")
_ATTRIBUTE = re.compile(rb"""\s([\w:]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_LEAF = re.compile(rb">([^<]*)</")
ODD = [
    "",
    "a b",
    "a'b",
    "a(b",
    "&amp;",
    "soapkit-value-1-",
    "é",
    "x" * 300,
    "&#13;",
    " ",
    "#",
    "]]&gt;",
    ">",
    "%41",
    "\n",
]
DECLARED = [b"", b"\n", b"<!-- x -->", b"\xef\xbb\xbf", b"\xef\xbb\xbf<?xml version='1.0'?>", b'<?xml version="1.1"?>']
DECLARED += [
    b'<?xml version="1.0"?>',
    b"<?xml version='1.0' encoding='UTF-8'?>\n",
    b'<?xml version="1.0" encoding="latin1"?>',
]
PREFIXES = [(b"wsu", b"Id"), (b"ds", b"ID"), (b"u", b"URI"), (b"wsse", b"xml1"), (b"o", b"Id"), (b"w", b"Value")]


def spelled(value: str, chance: random.Random) -> bytes:
    """A value as it may stand in an attribute, or as it had better not."""
    kind = chance.randrange(9)
    if kind == 0 and value:
        value = f"&#{ord(value[0])};{value[1:]}"
    elif kind == 1 and value:
        value = f"{value[:-1]}&#x{ord(value[-1]):x};"
    elif kind == 2:
        value = chance.choice([" ", "\n", "&#32;", "&#x9;"]) + value
    elif kind == 3:
        value += chance.choice([" ", "\t", "&#13;", "x"])
    elif kind == 4:
        value = value.replace("'", "&apos;").replace(" ", "\n").replace(">", "&gt;")
    return value.encode()


def quoted(value: bytes, chance: random.Random) -> bytes:
    quote = chance.choice([b'"', b'"', b"'"])
    return quote + value.replace(quote, b"&quot;" if quote == b'"' else b"&apos;").replace(b"<", b"&lt;") + quote


def name_of(chance: random.Random, names: Names) -> str:
    return chance.choice([*names.own, *names.own, *names.other, *ODD])


def attribute(chance: random.Random, names: Names) -> bytes:
    value = quoted(spelled(name_of(chance, names), chance), chance)
    named = [b"Id", b"ID", b"wsu:Id", b"u:Id", b"xml:id", b"AssertionID", b"URI", b"x", b"Value", b"Id "]
    return b" " + chance.choice(
        [
            *[chance.choice(named) + b"=" + value] * 5,
            b"x=' Id=\"%b\" '" % spelled(name_of(chance, names), chance),
            b"x=\" Id='%b' URI='#%b'\"" % ((spelled(name_of(chance, names), chance),) * 2),
            chance.choice(
                [b'xmlns=""', b'xmlns="urn:x"', b'xmlns:Id="urn:x"', b'xmlns:x="a"', b'xmlns:x="urn:a&amp;b"']
            ),
            chance.choice([b'xml:lang="de"', b'xml:space="preserve"', b'xml:base="urn:x"', b'x=">"', b"x='<'"]),
        ]
    )


def block(chance: random.Random, names: Names) -> bytes:
    """What may be put anywhere."""
    inside = chance.choice([b"", spelled(name_of(chance, names), chance), b"x"])
    return chance.choice(
        [
            *[b'<x:x xmlns:x="urn:x" xmlns:wsu="%b"%b>%b</x:x>' % (WSU.encode(), attribute(chance, names), inside)] * 4,
            b"<!--%b-->" % inside,
            b"<![CDATA[%b]]>" % inside,
            b"<?x %b?>" % inside,
            b'<u:Timestamp xmlns:u="%b"><u:Created>2026-11-23T15:04:05Z</u:Created></u:Timestamp>' % WSU.encode(),
            b'<y:UsernameToken xmlns:y="%b"><y:Username>x</y:Username></y:UsernameToken>' % WSSE.encode(),
            b"&#65;",
            b" \n",
            b"</soap:Body><soap:Body>",
            b"x > y ]] # &amp;",
        ]
    )


def _at_tag(data: bytes, chance: random.Random) -> re.Match[bytes]:
    return chance.choice(list(_TAG.finditer(data)))


def _at_attribute(data: bytes, chance: random.Random) -> re.Match[bytes]:
    found = list(_ATTRIBUTE.finditer(data))
    ids = [each for each in found if each[1].rpartition(b":")[2] in (b"Id", b"ID", b"URI")]
    return chance.choice(ids if ids and chance.random() < 0.6 else found)


def put_block(data: bytes, chance: random.Random, names: Names) -> bytes:
    tags = list(re.finditer(rb"<[^<>]*>", data))
    at = chance.choice(tags).end()
    return data[:at] + block(chance, names) + data[at:]


def put_attribute(data: bytes, chance: random.Random, names: Names) -> bytes:
    at = _at_tag(data, chance).end() - 1
    at -= data[at - 1 : at] == b"/"
    return data[:at] + attribute(chance, names) + data[at:]


def another_value(data: bytes, chance: random.Random, names: Names) -> bytes:
    found = _at_attribute(data, chance)
    start, end = found.span(found.lastindex or 0)
    sign = b"#" if found[1] == b"URI" and chance.random() < 0.9 else b""
    return data[: start - 1] + quoted(sign + spelled(name_of(chance, names), chance), chance) + data[end + 1 :]


def another_id(data: bytes, chance: random.Random, names: Names) -> bytes:
    """Everywhere: of what is signed by nobody that goes unseen."""
    old, new = chance.choice(names.own).encode(), spelled(name_of(chance, names), chance)
    return re.sub(rb"""(?<=["'#])%b(?=["'])""" % re.escape(old), lambda _: new, data)


def an_id_twice(data: bytes, chance: random.Random, names: Names) -> bytes:
    """After the Body, or somewhere else."""
    value = quoted(spelled(chance.choice(names.own), chance), chance)
    again = b'<x:x xmlns:x="urn:x" %b=%b/>' % (chance.choice([b"Id", b"ID", b"AssertionID", b"xml:id"]), value)
    at = data.rfind(b"</") if chance.random() < 0.5 else _at_tag(data, chance).end()
    return data[:at] + again + data[at:]


def written_otherwise(data: bytes, chance: random.Random, _: Names) -> bytes:
    """A value in other quotes, with a reference in it, between other blanks."""
    found = _at_attribute(data, chance)
    value = found[found.lastindex or 0]
    kind = chance.randrange(4)
    if kind == 0 and value:
        at = chance.randrange(len(value))
        value = value[:at] + b"&#%d;" % value[at] + value[at + 1 :] if value[at] < 128 else value
    quote = b'"' if b"'" in value or (kind != 1 and chance.random() < 0.5) else b"'"
    equals = chance.choice([b"=", b"=", b" = ", b"\n="])
    blank = chance.choice([b" ", b"\n", b"\t", b"  "])
    return data[: found.start()] + blank + found[1] + equals + quote + value + quote + data[found.end() :]


def another_text(data: bytes, chance: random.Random, names: Names) -> bytes:
    found = chance.choice(list(_LEAF.finditer(data)))
    new = chance.choice(
        [b"", b"x", b"1 &amp; 2", b"a&#10;b", b"&#13;\n", found[1][1:], found[1] + b" ", b'"', b"a\r\nb"]
    )
    new = spelled(name_of(chance, names), chance) if chance.random() < 0.2 else new
    return data[: found.start(1)] + new + data[found.end(1) :]


def encrypted(data: bytes, _: random.Random, __: Names) -> bytes:
    """What is in the Body encrypted, with a key that comes with it."""
    hidden = encrypt(b'<b:pay xmlns:b="urn:bank"><to>hidden</to></b:pay>', to=parties().bob)
    return re.sub(
        rb"(<\w+:Body[^<>]*>).*(</\w+:Body)", lambda found: found[1] + hidden + found[2], data, flags=re.DOTALL
    )


def values_swapped(data: bytes, chance: random.Random, _: Names) -> bytes:
    first, second = sorted((_at_attribute(data, chance) for _ in range(2)), key=lambda each: each.start())
    if first.end() > second.start():
        return data
    (a, b), (c, d) = first.span(first.lastindex or 0), second.span(second.lastindex or 0)
    return data[:a] + data[c:d] + data[b:c] + data[a:b] + data[d:]


def attributes_in_another_order(data: bytes, chance: random.Random, _: Names) -> bytes:
    tag = _at_tag(data, chance)
    found = [each[0] for each in _ATTRIBUTE.finditer(tag[0])]
    name = re.match(rb"<[\w:]+", tag[0])
    assert name is not None
    chance.shuffle(found)
    end = b"/>" if tag[0].endswith(b"/>") else b">"
    return data[: tag.start()] + name[0] + b"".join(found) + end + data[tag.end() :]


def other_prefix(data: bytes, chance: random.Random, _: Names) -> bytes:
    old, new = chance.choice(PREFIXES)
    return re.sub(rb"(?<=[</\s:])%b(?=[:=])" % old, new, data)


def around(data: bytes, chance: random.Random, _: Names) -> bytes:
    """Before and after the document."""
    bare = re.sub(rb"^\s*<\?xml.*?\?>\s*", b"", data)
    declared = chance.choice(DECLARED)
    return declared + bare + chance.choice([b"", b"\n", b"<!-- x -->", b" "])


def moved(data: bytes, chance: random.Random, _: Names) -> bytes:
    """An element in another place, or twice."""
    starts = [each.start() for each in re.finditer(rb"<[\w:]", data)]
    first, second = sorted(chance.choices(starts, k=2))
    piece, rest = data[first:second], data if chance.random() < 0.5 else data[:first] + data[second:]
    at = chance.choice(starts)
    return rest[:at] + piece + rest[at:]


def an_octet(data: bytes, chance: random.Random, _: Names) -> bytes:
    at = chance.randrange(len(data))
    return (
        data[:at] + chance.choice([b"", b"1", b" ", b"'", b'"', b"<", b"&", b"\0", b"\r", b"\xc2\x85"]) + data[at + 1 :]
    )


HARMLESS: tuple[Bend, ...] = (
    put_block,
    put_block,
    put_attribute,
    put_attribute,
    written_otherwise,
    written_otherwise,
    attributes_in_another_order,
    other_prefix,
    around,
    another_text,
    another_id,
)
HARMFUL: tuple[Bend, ...] = (
    *HARMLESS,
    an_id_twice,
    an_id_twice,
    another_value,
    another_value,
    values_swapped,
    another_id,
    another_text,
    moved,
    an_octet,
)


def bent(data: bytes, bends: list[tuple[Bend, int]], names: Names) -> bytes:
    for bend, seed in bends:
        data = bend(data, random.Random(seed), names)
    return data


def drawn(chance: random.Random, bends: tuple[Bend, ...], numbers: list[int]) -> list[tuple[Bend, int]]:
    return [(chance.choice(bends), chance.getrandbits(64)) for _ in range(chance.choice(numbers))]


# --- the run ------------------------------------------------------------------------------------------------------


@dataclass
class Seen:
    """How many messages there were, were of the outline of one that was met, and were believed."""

    asked: int = 0
    met: int = 0
    believed: int = 0
    both: int = 0


def run(examples: int, seed: int) -> Seen:
    """Raises `AssertionError` for a difference."""
    chance, seen = random.Random(seed), Seen()
    while seen.asked < examples:
        pair(chance, seen, seed)
    return seen


def ids(chance: random.Random) -> tuple[str, ...]:
    style = chance.choice(["_{}", "id-{}-{}", "{}-{}", "X{}{}"])
    return tuple(style.format(number, f"{chance.getrandbits(32):x}") for number in range(5))


def required(chance: random.Random) -> Require:
    """Settings with more in them than the headers ask for."""
    keys = parties()
    more: dict[str, Any] = chance.choice(
        [
            {},
            {"signed": ["Body"]},
            {"signed": ["Body", "Timestamp?"], "present": ["Timestamp?"]},
            {"username": {"alice": "secret"}, "saml": SamlRequirement(TrustStore.of(keys.mallory))},
            {
                "shared_key": True,
                "contexts": Contexts(),
                "certificates": [keys.alice.certificate, keys.bob.certificate],
            },
        ]
    )
    return Require(trust=keys.trust, key=keys.bob, replay=None, **more)


def pair(chance: random.Random, seen: Seen, seed: int) -> None:
    """One first message, and some that come after it."""
    shape, first, second = chance.choice(SHAPES), ids(chance), ids(chance)
    if chance.random() < 0.6:
        second = first if chance.random() < 0.5 else tuple(reversed(first))
    names = [Names(first, second), Names(second, first)]
    before, after = drawn(chance, HARMLESS, [0, 0, 1, 1, 2]), drawn(chance, HARMLESS, [0, 1, 1, 2])
    hidden: list[tuple[Bend, int]] = [(encrypted, 0)] if chance.random() < 0.1 else []
    texts = [shape(each.own, f"0{number + 3}", f"said {number}").encode() for number, each in enumerate(names)]
    try:
        # what is put into both names the ids of the second, which the first need not have
        made = [
            signed(bent(text, bends, names[1])) for text, bends in zip(texts, [before, [*before, *hidden]], strict=True)
        ]
        genuine, later = (bent(text, after, names[1]) for text in made)
    except (SoapkitError, etree.Error, IndexError, StopIteration, UnicodeError):
        return
    security = Security(inbound=required(chance))
    with suppress(SoapkitError):
        security.verify(genuine, now=NOW)
    if not security._met._kept and chance.random() < 0.9:
        return  # the second would be read as any other
    verify = both_ways(security, genuine, NOW)
    for number in range(FOLLOWING):
        about = names[1] if number else names[0]
        text = later if number else genuine
        message = bent(text, drawn(chance, HARMFUL, [0, 1, 1, 1, 2, 3]), about)
        seen.asked += 1
        met = believed = False
        try:
            met = security._met.like(Envelope.parse(message, hold=True)) is not None
            verify(message)
            believed = True
        except SoapkitError:
            pass
        except Exception as error:
            raise AssertionError(f"seed {seed}: {genuine!r}\n{message!r}\n{error}") from error
        seen.met, seen.believed, seen.both = seen.met + met, seen.believed + believed, seen.both + (met and believed)


if __name__ == "__main__":
    given = [int(argument) for argument in sys.argv[1:]]
    start = given[1] if len(given) > 1 else time.time_ns() % 2**32
    print(f"seed {start}", flush=True)
    print(run(given[0] if given else 20_000, start))
