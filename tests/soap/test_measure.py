"""What the bytes of a message tell of its tree: never less than there is."""

import pytest
from lxml import etree

from soapkit.errors import LimitError, XmlError
from soapkit.soap.envelope import Envelope
from soapkit.soap.version import SOAP_1_1
from soapkit.xml.c14n import canonicalise
from soapkit.xml.measure import Measure, measure_of
from soapkit.xml.parse import parse_message

MANY = "".join(f' a{number}="1"' for number in range(150))
DECLARATIONS = "".join(f' xmlns:a{number}="urn:{number}"' for number in range(150))


def in_utf_7(text: str) -> bytes:
    """Each equals sign, quote and first letter of xmlns as UTF-7 may spell them."""
    hidden = text.replace("xmlns", "+AHg-mlns").replace('="', "+AD0AIg-").replace('"', "+ACI-")
    return b'<?xml version="1.0" encoding="UTF-7"?>' + hidden.encode()


@pytest.mark.parametrize(
    "data",
    [
        b"<a/>",
        b'\xef\xbb\xbf<a b="1"/>',
        b"<a xmlns='urn:a'><b c='1' d='2'/><b/><b/></a>",
        f"<a {MANY}/>".encode(),
        f"<a {DECLARATIONS}><b/></a>".encode(),
        b"<?xml version='1.0' encoding='ISO-8859-1' ?><a b='\xe9'/>",
        f"<a {MANY}/>".encode("utf-16"),
        in_utf_7(f"<a {DECLARATIONS}/>"),
        b"<a>" + b"<b c=''/>" * 20_000 + b"</a>",
    ],
)
def test_a_measure_is_never_too_small(data: bytes) -> None:
    root, measure = etree.fromstring(data), measure_of(data)
    declared = sum(1 for _ in etree.iterwalk(root, events=("start-ns",)))
    assert measure.bytes == len(data)
    assert measure.elements >= sum(1 for _ in root.iter())
    assert measure.namespaces >= declared
    assert measure.attributes >= declared + sum(len(each.attrib) for each in root.iter())


@pytest.mark.parametrize("declaration", [b"", b'<?xml version="1.0" encoding="utf-8"?>', b"<?xml version='1.0'?>"])
def test_the_measure_of_an_ordinary_document_is_near(declaration: bytes) -> None:
    measure = measure_of(declaration + b"<a xmlns='urn:a'>" + b"<b>some text</b>" * 100 + b"</a>")
    assert measure.namespaces <= 3
    assert measure.elements < 500


def test_attributes_and_namespaces_in_utf_7_are_counted() -> None:
    many = "".join(f' a{number}="1"' for number in range(501))
    with pytest.raises(LimitError, match="501 attributes"):
        parse_message(in_utf_7(f"<a {many}/>"))
    with pytest.raises(LimitError, match="128 namespaces"):
        parse_message(in_utf_7(f"<a {DECLARATIONS}/>"))


def test_a_processing_instruction_in_utf_7_is_refused() -> None:
    with pytest.raises(XmlError, match="processing instruction"):
        parse_message(b'<?xml version="1.0" encoding="UTF-7"?><a><+AD8-php 1?></a>')


def test_the_measure_goes_with_the_envelope_that_was_parsed() -> None:
    data = f'<s:Envelope xmlns:s="{SOAP_1_1.namespace}"><s:Body/></s:Envelope>'.encode()
    assert Envelope.parse(data).measure == measure_of(data)
    assert Envelope.read(parse_message(data)).measure is None


def test_a_measure_that_is_too_large_has_the_element_itself_measured() -> None:
    small = parse_message(b"<a xmlns:p='urn:p'/>")
    assert canonicalise(small, measure=Measure(10**9, 10**9, 10**9, 10**9)) == b"<a></a>"
