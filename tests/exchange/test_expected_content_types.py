"""xmime:expectedContentTypes, from contract to part (Describing Media Content of Binary Data in XML, 3.1)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec
import pytest

import soapkit
from soapkit import Attachment
from soapkit.databinding.annotations import element
from soapkit.errors import EncodeError, UsageError
from soapkit.testing import FakeTransport, loopback
from soapkit.transport.values import Request
from soapkit.wsdl.load import load_contract

CONTRACT = """
<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
             xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xmime="http://www.w3.org/2005/05/xmlmime"
             xmlns:t="urn:album" targetNamespace="urn:album">
  <types><xs:schema targetNamespace="urn:album" elementFormDefault="qualified">
    <xs:simpleType name="Small"><xs:restriction base="xs:base64Binary"><xs:maxLength value="9000"/></xs:restriction>
    </xs:simpleType>
    <xs:simpleType name="Hex"><xs:restriction base="xs:base64Binary"><xs:pattern value="[A-Z]*"/></xs:restriction>
    </xs:simpleType>
    <xs:element name="keep"><xs:complexType><xs:sequence>
      <xs:element name="photo" type="xs:base64Binary" xmime:expectedContentTypes="image/jpeg"/>
      <xs:element name="any" type="t:Small" minOccurs="0" xmime:expectedContentTypes="image/png, image/*; q=0.5"/>
      <xs:element name="letters" type="t:Hex" minOccurs="0" xmime:expectedContentTypes="text/plain"/>
      <xs:element name="small" type="t:Small" minOccurs="0"/>
    </xs:sequence></xs:complexType></xs:element>
    <xs:element name="keepResponse"><xs:complexType><xs:sequence>
      <xs:element name="kept" type="xs:base64Binary" xmime:expectedContentTypes="image/jpeg"/>
    </xs:sequence></xs:complexType></xs:element>
  </xs:schema></types>
  <message name="in"><part name="p" element="t:keep"/></message>
  <message name="out"><part name="p" element="t:keepResponse"/></message>
  <portType name="Album"><operation name="keep"><input message="t:in"/><output message="t:out"/></operation></portType>
  <binding name="B" type="t:Album"><soap:binding transport="http://schemas.xmlsoap.org/soap/http"/>
    <operation name="keep"><soap:operation soapAction=""/>
      <input><soap:body use="literal"/></input><output><soap:body use="literal"/></output></operation></binding>
  <service name="Albums"><port name="P" binding="t:B"><soap:address location="http://album.example/"/></port></service>
</definitions>
"""
PHOTO = bytes(range(256)) * 8


@pytest.fixture
def contract(tmp_path: Path) -> Path:
    path = tmp_path / "album.wsdl"
    path.write_text(CONTRACT)
    return path


def reply(inside: str) -> FakeTransport:
    body = f'<keepResponse xmlns="urn:album">{inside}</keepResponse>'
    envelope = (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/'
        f'XMLSchema-instance" xmlns:xs="http://www.w3.org/2001/XMLSchema"><s:Body>{body}</s:Body></s:Envelope>'
    )
    return FakeTransport(envelope.encode())


def fields_of(path: Path) -> dict[str, Any]:
    contract = load_contract(path)
    record = contract.shapes[contract.services[0].operations[0].request.record]
    return {field.name: field.type for field in record.elements}  # type: ignore[union-attr]  # elements only


def test_the_field_of_bytes_that_say_what_they_are_is_an_attachment(contract: Path) -> None:
    fields = fields_of(contract)
    assert (fields["photo"].python, fields["photo"].content_types) == (Attachment, "image/jpeg")
    assert (fields["any"].python, fields["any"].facets.max_length) == (Attachment, 9000)
    assert fields["small"].python is None


def test_a_type_with_a_pattern_stays_bytes_for_its_text_is_what_counts(contract: Path) -> None:
    assert fields_of(contract)["letters"].python is None


def test_bytes_in_the_reply_become_an_attachment_of_the_expected_type(contract: Path) -> None:
    with soapkit.Client.from_wsdl(contract, transport=reply("<kept>YWJj</kept>")) as album:
        assert album.keep(photo=b"x") == Attachment(b"abc", "image/jpeg")


def test_an_xsi_type_does_not_make_it_bytes_again(contract: Path) -> None:
    with soapkit.Client.from_wsdl(contract, transport=reply('<kept xsi:type="xs:base64Binary">YWJj</kept>')) as album:
        assert album.keep(photo=b"x") == Attachment(b"abc", "image/jpeg")


def test_the_part_of_bytes_given_has_the_expected_type(contract: Path) -> None:
    with soapkit.Client.from_wsdl(contract, transport=reply(""), mtom=True) as album:
        preview = album.preview.keep(photo=PHOTO, any=PHOTO)
        assert [one.content_type for one in preview.attachments] == ["image/jpeg", "application/octet-stream"]


def test_an_attachment_keeps_the_type_it_has(contract: Path) -> None:
    with soapkit.Client.from_wsdl(contract, transport=reply(""), mtom=True) as album:
        preview = album.preview.keep(photo=Attachment(PHOTO, "image/png"))
        assert [one.content_type for one in preview.attachments] == ["image/png"]


def test_text_given_to_a_client_without_types_is_read_as_base64(contract: Path) -> None:
    with soapkit.Client.from_wsdl(contract, transport=reply("")) as album:
        assert b"<ns1:photo>YWJj</ns1:photo>" in album.preview.keep(photo="YWJj").request


def test_facets_hold_for_attachments(contract: Path) -> None:
    with soapkit.Client.from_wsdl(contract, transport=reply("")) as album:
        with pytest.raises(EncodeError, match=r"keep\.any: .*at most 9000"):
            album.preview.keep(photo=b"x", any=Attachment(b"x" * 9001))
        with pytest.raises(EncodeError, match=r"keep\.photo: 3 is not xs:base64Binary: expected Attachment, not int"):
            album.preview.keep(photo=3)


# --- code first ---------------------------------------------------------------------------------------------------


class Photo(msgspec.Struct, kw_only=True):
    picture: Annotated[Attachment, element("picture", content_types="image/jpeg")]
    thumbnail: Annotated[bytes | None, element("thumbnail", content_types="image/png")] = None


@soapkit.service("urn:photos")
class Photos:
    @soapkit.operation
    def keep(self, photo: Photo) -> Photo:
        return photo


def test_a_written_contract_says_what_the_bytes_are_and_reads_back_so() -> None:
    transport = loopback(soapkit.asgi(Photos()))
    written = transport.send(Request("http://x/?wsdl", method="GET")).body
    with soapkit.Client.from_wsdl(written, "http://x/", transport=transport, mtom=True) as photos:
        sent = Attachment(PHOTO, "image/jpeg")
        kept = photos.keep(photo={"picture": sent, "thumbnail": PHOTO})
        assert (kept.picture, kept.thumbnail) == (sent, Attachment(PHOTO, "image/png"))


def test_content_types_of_what_is_no_binary_content_are_refused() -> None:
    class Wrong(msgspec.Struct):
        name: Annotated[str, element("name", content_types="text/plain")]

    with pytest.raises(UsageError, match=r"content_types is said of bytes or a soapkit\.Attachment only"):
        soapkit.encode(Wrong("x"))
