"""Documents are found where the user says, and nowhere else."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from soapkit.errors import ConnectError, ContractError, Place
from soapkit.xml.documents import DocumentLimits, Documents
from soapkit.xml.locations import join_urls
from soapkit.xml.parse import XmlLimits

HERE = Place("main.wsdl", 7)


def fetch_from(pages: dict[str, bytes]):
    """A fetch that knows these pages, and notes what it was asked."""
    asked: list[str] = []

    def fetch(url: str) -> bytes:
        asked.append(url)
        if url not in pages:
            raise ConnectError("nobody there")
        return pages[url]

    fetch.asked = asked  # type: ignore[attr-defined]
    return fetch


# --- where --------------------------------------------------------------------------------------------------------


def test_a_relative_location_is_found_beside_the_document_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "types").mkdir()
    (tmp_path / "main.wsdl").write_text("<main/>")
    (tmp_path / "types" / "a b.xsd").write_text("<a/>")
    documents = Documents()
    main = documents.read(documents.locate(tmp_path / "main.wsdl"))
    for written in ("types/a b.xsd", "types/a%20b.xsd", "./types/../types/a b.xsd", r"types\a b.xsd", "types/A B.XSD"):
        assert documents.read(documents.resolve(written, main.url)).root.tag == "a", written


def test_a_document_is_read_once(tmp_path: Path) -> None:
    fetch = fetch_from({"https://example.org/a.xsd": b"<a/>"})
    documents = Documents(fetch=fetch)
    first = documents.read("https://example.org/a.xsd")
    assert documents.read("https://example.org/a.xsd") is first
    assert fetch.asked == ["https://example.org/a.xsd"]


def test_a_document_knows_its_source_as_a_person_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "main.wsdl").write_text("<main/>")
    monkeypatch.chdir(tmp_path)
    documents = Documents()
    assert documents.read(documents.locate("main.wsdl")).source == "main.wsdl"


@pytest.mark.parametrize(
    ("location", "base", "url"),
    [
        ("b.xsd", "https://example.org/wsdl/a.wsdl?wsdl", "https://example.org/wsdl/b.xsd"),
        ("?xsd=1", "https://example.org/a.svc?wsdl", "https://example.org/a.svc?xsd=1"),
        ("../b.xsd", "zip:file:///x.zip!/wsdl/a.wsdl", "zip:file:///x.zip!/b.xsd"),
        ("../../../etc/passwd", "zip:file:///x.zip!/wsdl/a.wsdl", "zip:file:///x.zip!/etc/passwd"),
        ("types/b.xsd", "memory:/a.wsdl", "memory:/types/b.xsd"),
        (r"C:\wsdl\b.xsd", "file:///a.wsdl", "file:///C:/wsdl/b.xsd"),
    ],
)
def test_a_location_is_joined_to_its_base(location: str, base: str, url: str) -> None:
    assert join_urls(location, base) == url


def test_bytes_find_what_they_import_by_the_mapping() -> None:
    documents = Documents(mapping={"types.xsd": b"<types/>"})
    main = documents.read(documents.locate(b"<main/>"))
    assert documents.read(documents.resolve("types.xsd", main.url)).root.tag == "types"


def test_text_is_read_whatever_encoding_it_declares() -> None:
    documents = Documents()
    main = documents.read(documents.locate('<?xml version="1.0" encoding="ISO-8859-1"?><main>ä</main>'))
    assert main.root.text == "ä"


def test_a_mapping_may_name_a_namespace(tmp_path: Path) -> None:
    (tmp_path / "a.xsd").write_text("<a/>")
    documents = Documents(mapping={"urn:example:a": tmp_path / "a.xsd"})
    url = documents.resolve("http://elsewhere/a.xsd", "memory:/main.wsdl", namespace="urn:example:a")
    assert documents.read(url).root.tag == "a"


def test_a_catalog_says_what_stands_for_a_location(tmp_path: Path) -> None:
    (tmp_path / "mirror").mkdir()
    (tmp_path / "mirror" / "b.xsd").write_text("<b/>")
    (tmp_path / "a.xsd").write_text("<a/>")
    (tmp_path / "more.xml").write_text(
        '<catalog xmlns="urn:oasis:names:tc:entity:xmlns:xml:catalog">'
        '<system systemId="http://c/c.xsd" uri="a.xsd"/></catalog>'
    )
    (tmp_path / "catalog.xml").write_text(
        """<catalog xmlns="urn:oasis:names:tc:entity:xmlns:xml:catalog">
             <uri name="http://example.org/a.xsd" uri="a.xsd"/>
             <group xml:base="mirror/"><rewriteURI uriStartString="http://example.org/" rewritePrefix="./"/></group>
             <nextCatalog catalog="more.xml"/>
           </catalog>"""
    )
    documents = Documents(catalog=tmp_path / "catalog.xml")
    for location, tag in (
        ("http://example.org/a.xsd", "a"),
        ("http://example.org/b.xsd", "b"),
        ("http://c/c.xsd", "a"),
    ):
        assert documents.read(documents.resolve(location, "memory:/main.wsdl")).root.tag == tag


CATALOG = '<catalog xmlns="urn:oasis:names:tc:entity:xmlns:xml:catalog">{}</catalog>'


def catalog_of(folder: Path, **entries: str) -> Documents:
    """Documents that find by the catalog `main`, which may name the others."""
    for name, text in entries.items():
        (folder / f"{name}.xml").write_text(CATALOG.format(text))
    return Documents(catalog=folder / "main.xml")


def found_by(documents: Documents, location: str) -> str:
    return documents.resolve(location, "memory:/main.wsdl").rpartition("/")[2]


def test_a_catalog_rewrites_system_identifiers_the_longest_start_first(tmp_path: Path) -> None:
    documents = catalog_of(
        tmp_path,
        main='<rewriteSystem systemIdStartString="http://x/" rewritePrefix="short/"/>'
        '<rewriteSystem systemIdStartString="http://x/a" rewritePrefix="long-"/>',
    )
    assert found_by(documents, "http://x/a.xsd") == "long-.xsd"
    assert found_by(documents, "http://x/b.xsd") == "b.xsd"


def test_a_catalog_delegates_to_others_which_have_the_last_word(tmp_path: Path) -> None:
    documents = catalog_of(
        tmp_path,
        main='<delegateURI uriStartString="http://x/" catalog="general.xml"/>'
        '<delegateSystem systemIdStartString="http://x/special/" catalog="special.xml"/>'
        '<nextCatalog catalog="never.xml"/>',
        general='<uri name="http://x/a" uri="general-a"/><uri name="http://x/special/a" uri="general-special"/>',
        special='<uri name="http://x/special/a" uri="special-a"/>',
        never='<uri name="http://x/b" uri="never-b"/><uri name="http://y/b" uri="next-b"/>',
    )
    assert found_by(documents, "http://x/a") == "general-a"
    assert found_by(documents, "http://x/special/a") == "special-a"
    assert found_by(documents, "http://y/b") == "next-b"
    with pytest.raises(ContractError, match="another origin"):
        documents.resolve("http://x/b", "https://example.org/main.wsdl")


def test_catalogs_that_name_each_other_end(tmp_path: Path) -> None:
    documents = catalog_of(
        tmp_path,
        main='<nextCatalog catalog="other.xml"/>',
        other='<nextCatalog catalog="main.xml"/><uri name="http://x/a" uri="a.xsd"/>',
    )
    assert found_by(documents, "http://x/a") == "a.xsd"
    assert found_by(documents, "types.xsd") == "types.xsd"


def test_the_base_of_an_entry_of_a_catalog_is_its_own_or_that_around_it(tmp_path: Path) -> None:
    documents = catalog_of(
        tmp_path,
        main='<group xml:base="mirror/"><uri name="http://x/a" uri="a.xsd"/>'
        '<uri name="http://x/b" uri="b.xsd" xml:base="deep/"/></group>',
    )
    assert documents.resolve("http://x/a", "memory:/m").endswith("/mirror/a.xsd")
    assert documents.resolve("http://x/b", "memory:/m").endswith("/mirror/deep/b.xsd")


def test_a_file_that_is_no_catalog_is_refused(tmp_path: Path) -> None:
    (tmp_path / "catalog.xml").write_text("<books/>")
    with pytest.raises(ContractError, match=r"catalog\.xml:1: expected an XML catalog.*found books"):
        Documents(catalog=tmp_path / "catalog.xml")


def test_a_zip_archive_holds_documents(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("wsdl/main.wsdl", "<main/>")
        archive.writestr("a.xsd", "<a/>")
    documents = Documents()
    main, _ = documents.entries(documents.locate(tmp_path / "x.zip"))
    assert documents.read(documents.resolve("../a.xsd", main)).root.tag == "a"
    with pytest.raises(ContractError, match=r"main\.wsdl:7: expected a schema at 'b\.xsd'; the archive has no"):
        documents.read(documents.resolve("../b.xsd", main), place=HERE, expected="a schema")


# --- what is refused ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("base", ["https://example.org/main.wsdl", "memory:/main.wsdl", "zip:file:///x.zip!/main.wsdl"])
def test_a_document_from_elsewhere_never_makes_us_read_a_local_file(base: str) -> None:
    for documents in (Documents(), Documents(allow_remote=True)):
        with pytest.raises(ContractError, match=r"main\.wsdl:7: .*may not make us read the local file"):
            documents.resolve("file:///etc/passwd", base, place=HERE)


@pytest.mark.parametrize("location", ["file:///etc/a.xsd", "FILE:/etc/a.xsd", "zip:file:///b.zip!/a.xsd", "memory:/b"])
def test_no_spelling_of_a_local_location_is_followed_from_elsewhere(location: str) -> None:
    documents = Documents(mapping={"b": b"<b/>"}, allow_remote=True)
    for base in ("https://example.org/main.wsdl", "zip:file:///x.zip!/main.wsdl"):
        with pytest.raises(ContractError, match="may not make us read the local file"):
            documents.resolve(location, base)


@pytest.mark.parametrize(
    "location",
    ["http://other.org/a.xsd", "https://example.org:8443/a.xsd", "http://example.org:8080/a.xsd", "//other.org/a.xsd"],
)
def test_a_document_does_not_lead_to_another_origin_unless_allowed(location: str) -> None:
    base = "https://example.org/main.wsdl"
    with pytest.raises(ContractError, match=r"main\.wsdl:7: .* is at another origin .*allow_remote"):
        Documents().resolve(location, base, place=HERE)
    assert Documents(allow_remote=True).resolve(location, base, place=HERE)


@pytest.mark.parametrize("location", ["http://[x/a.xsd", "http://x:abc/a.xsd", "http://x:99999999/a.xsd", "//[/a.xsd"])
def test_what_is_no_url_is_told(location: str) -> None:
    for documents in (Documents(), Documents(allow_remote=True)):
        with pytest.raises(ContractError, match=r"^main\.wsdl:7: "):
            url = documents.resolve(location, "https://x/main.wsdl", place=HERE)
            documents.read(url, place=HERE)


def test_a_local_document_does_not_lead_to_the_net_unless_allowed(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="another origin"):
        Documents().resolve("http://example.org/a.xsd", (tmp_path / "main.wsdl").as_uri())


def test_a_document_may_refer_to_its_own_origin() -> None:
    base = "http://example.org/main.wsdl"
    documents = Documents()
    assert documents.resolve("/a.xsd", base) == "http://example.org/a.xsd"
    assert documents.resolve("http://example.org:80/a.xsd#b", base) == "http://example.org:80/a.xsd"
    assert documents.resolve("https://example.org/a.xsd", base) == "https://example.org/a.xsd"


def test_a_way_back_to_plain_http_on_the_own_host_is_kept_on_https() -> None:
    documents = Documents()
    url = documents.resolve("http://example.org/a.svc?xsd=1", "https://example.org:8443/a.svc?wsdl", place=HERE)
    assert url == "https://example.org:8443/a.svc?xsd=1"
    (warning,) = documents.warnings
    assert str(warning).startswith("main.wsdl:7: http://example.org/a.svc?xsd=1 leads from https back to http")


def test_a_url_without_fetch_is_refused() -> None:
    with pytest.raises(ContractError, match="cannot be read without `fetch`"):
        Documents().read("https://example.org/a.xsd")


def test_a_failure_to_fetch_an_import_names_the_import() -> None:
    documents = Documents(fetch=fetch_from({}))
    with pytest.raises(
        ContractError, match=r"main\.wsdl:7: expected a schema at https://example.org/a.xsd; nobody there"
    ):
        documents.read("https://example.org/a.xsd", place=HERE, expected="a schema")


def test_a_failure_to_fetch_what_the_user_named_is_the_transports() -> None:
    with pytest.raises(ConnectError):
        Documents(fetch=fetch_from({})).read("https://example.org/a.wsdl")


def test_a_missing_file_is_told_with_the_import(tmp_path: Path) -> None:
    documents = Documents()
    url = documents.resolve("a.xsd", (tmp_path / "main.wsdl").as_uri(), place=HERE)
    with pytest.raises(ContractError, match=r"main\.wsdl:7: expected a schema at .*a\.xsd; there is no such file"):
        documents.read(url, place=HERE, expected="a schema")


@pytest.mark.parametrize("location", ["a%00b.xsd", "x" * 5000 + ".xsd", "a\0b.xsd"])
def test_a_name_that_no_file_can_have_is_told(tmp_path: Path, location: str) -> None:
    documents = Documents()
    with pytest.raises(ContractError, match=r"^main\.wsdl:7: expected a schema at "):
        url = documents.resolve(location, (tmp_path / "main.wsdl").as_uri(), place=HERE)
        documents.read(url, place=HERE, expected="a schema")


@pytest.mark.parametrize("source", ["http://[x", "definitions " * 1000])
def test_what_is_neither_path_nor_url_nor_xml_is_told(source: str) -> None:
    with pytest.raises(ContractError, match="expected a path, a URL or XML"):
        Documents().locate(source)


def test_documents_are_counted() -> None:
    pages = {f"http://example.org/{number}": b"<a/>" for number in range(4)}
    documents = Documents(fetch=fetch_from(pages), limits=DocumentLimits(documents=3))
    for number in range(3):
        documents.read(f"http://example.org/{number}")
    with pytest.raises(ContractError, match=r"main\.wsdl:7: more than 3 documents"):
        documents.read("http://example.org/3", place=HERE)


def test_documents_are_weighed(tmp_path: Path) -> None:
    (tmp_path / "a.xsd").write_text(f"<a>{'x' * 100}</a>")
    documents = Documents(limits=DocumentLimits(bytes=50))
    with pytest.raises(ContractError, match="more than 50 bytes together"):
        documents.read(documents.locate(tmp_path / "a.xsd"))
    documents = Documents(limits=DocumentLimits(xml=XmlLimits(bytes=50)))
    with pytest.raises(ContractError, match="107 bytes; at most 50"):
        documents.read(documents.locate(tmp_path / "a.xsd"))


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.wsdl", b" " * 2_000_000)
    documents = Documents(limits=DocumentLimits(xml=XmlLimits(bytes=1000)))
    with pytest.raises(ContractError, match="at most 1,000 are read"):
        documents.read(documents.entries(documents.locate(tmp_path / "x.zip"))[0])


def test_a_file_that_is_not_there_is_told() -> None:
    with pytest.raises(ContractError, match=r"no such file: nowhere\.wsdl"):
        Documents().locate("nowhere.wsdl")


def test_a_folder_is_not_a_document(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="expected a file, found a folder"):
        Documents().locate(tmp_path)


# --- what is tolerated --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "assumed"),
    [
        ('<?xml version="1.0" encoding="UTF-8"?><a>ä</a>'.encode("cp1252"), "windows-1252 was assumed"),
        ('<?xml version="1.0" encoding="UTF-16"?><a>ä</a>'.encode(), "utf-8 was assumed"),
        ('<?xml version="1.0" encoding="wtf-8"?><a>ä</a>'.encode(), "utf-8 was assumed"),
        ('\n<?xml version="1.0"?><a>ä</a>'.encode(), "white space stands before the XML declaration"),
    ],
)
def test_a_wrong_encoding_is_mended_with_a_warning(data: bytes, assumed: str) -> None:
    documents = Documents()
    document = documents.read(documents.locate(data))
    assert document.root.text == "ä"
    assert [assumed in warning.message for warning in document.warnings] == [True]


def test_what_is_wrong_after_white_space_before_the_declaration_is_told_by_its_own_line(tmp_path: Path) -> None:
    (tmp_path / "a.xsd").write_text('\n\n<?xml version="1.0"?>\n<schema>\n<element name="a"type="b"/></schema>')
    with pytest.raises(ContractError, match=r"a\.xsd:5:18: not well-formed XML: attributes construct error"):
        Documents().read(Documents().locate(tmp_path / "a.xsd"))


@pytest.mark.parametrize("data", ["\ufeff<a>ä</a>".encode(), "\ufeff<a>ä</a>".encode("utf-16-le")])
def test_a_byte_order_mark_is_no_trouble(data: bytes) -> None:
    document = Documents(mapping={"m": data}).read("memory:/m")
    assert (document.root.text, document.warnings) == ("ä", ())


def test_a_prefix_that_nothing_declares_is_declared_with_a_warning() -> None:
    documents = Documents()
    document = documents.read(documents.locate(b'<?xml version="1.0"?><!-- x -->\n<a>\n<xs:b wsaw:c="1"/><own:d/></a>'))
    assert [child.tag for child in document.root] == ["{http://www.w3.org/2001/XMLSchema}b", "{urn:undeclared:own}d"]
    assert [(warning.place.line, warning.message.partition(" (")[0]) for warning in document.warnings] == [
        (3, "prefix 'wsaw' is not declared"),
        (3, "prefix 'xs' is not declared"),
        (3, "prefix 'own' is not declared"),
    ]


def test_more_prefixes_than_a_person_forgets_are_refused() -> None:
    data = "<a>" + "".join(f"<p{number}:b/>" for number in range(30)) + "</a>"
    documents = Documents()
    with pytest.raises(ContractError, match="Namespace prefix p0 on b is not defined"):
        documents.read(documents.locate(data.encode()))


def test_what_is_not_xml_is_told_with_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.wsdl").write_text("<a>\n<b></a>")
    with pytest.raises(ContractError, match=r"^a\.wsdl:2:\d+: not well-formed XML"):
        Documents().read(Documents().locate("a.wsdl"))
    Path("a.wsdl").write_text("Not found")
    with pytest.raises(ContractError, match=r"^a\.wsdl:1:1: expected XML, found b'Not found'"):
        Documents().read(Documents().locate("a.wsdl"))
