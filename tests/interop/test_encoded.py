"""SOAP encoding with PHP, both directions, and suds, over real sockets.

zeep is not asked: it fetches the schema of SOAP encoding from the net.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn

import pytest
import suds.client

import soapkit
from soapkit.codegen.generate import module_in_memory
from soapkit.wsdl.load import load_contract

PHP = Path(__file__).parent / "php"


@pytest.fixture(scope="module")
def php(missing_peer: Callable[[str], NoReturn]) -> str:
    program = shutil.which("php")
    if program is None or "soap" not in subprocess.run([program, "-m"], capture_output=True, text=True).stdout.split():
        missing_peer("PHP with its SOAP extension (packages php-cli and php-soap)")
    return program


@pytest.fixture(scope="module")
def wsdl(root: Path) -> Path:
    return root / "wsdl" / "rpc-encoded.wsdl"


@pytest.fixture(scope="module")
def library(wsdl: Path) -> Any:
    contract = load_contract(wsdl)
    return module_in_memory(contract.services, contract.shapes, name="library_for_peers")


@pytest.fixture
def php_service(php: str, wsdl: Path) -> Iterator[str]:
    """The address of a PHP service."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [php, "-S", f"127.0.0.1:{port}", str(PHP / "library_server.php")]
    server = subprocess.Popen(
        command, env={**os.environ, "CONTRACT": str(wsdl)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        with socket.socket() as caller:
            if caller.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}/"
    server.terminate()
    server.wait(timeout=10)


@pytest.fixture
def our_service(library: Any, wsdl: Path, serve: Callable[..., str]) -> str:
    """The address of ours."""

    class MyLibrary(library.Library):  # type: ignore[misc, name-defined]  # made in memory
        def add(self, *, book: Any, copies: int) -> int:
            assert (book.title, book.shelf, book.price) == ("Emma", library.Shelf.NOVELS, Decimal("7.50"))
            assert (book.author.name, book.author.born) == ("Jane", 1775)
            return copies + len(book.words.item)

        def find(self, *, words: Any) -> Any:
            author = library.Author(name="A")
            books = [
                library.Book(title=word, shelf=library.Shelf.SCIENCE, price=Decimal("1.5"), author=author, words=words)
                for word in words.item
            ]
            return library.ArrayOfBook(item=books)

    return serve(soapkit.asgi(MyLibrary(), contract=wsdl))


def test_our_client_calls_php(library: Any, php_service: str) -> None:
    with library.LibraryClient(php_service) as client:
        words = library.ArrayOfString(item=["a", "b"])
        author = library.Author(name="Jane", born=1775)
        book = library.Book(title="Emma", shelf=library.Shelf.NOVELS, price=Decimal("7.50"), author=author, words=words)
        assert client.add(book=book, copies=3) == 3 + 4 + 2
        books = client.find(words=words).item
        assert [(one.title, one.price, one.author.name, one.author.born) for one in books] == [
            ("a", Decimal("1.50"), "A a", 1900),
            ("b", Decimal("1.50"), "A b", 1900),
        ]
        assert books[0].words.item == ["a", None]


def test_php_calls_our_service(php: str, wsdl: Path, our_service: str) -> None:
    command = [php, str(PHP / "library_client.php"), str(wsdl), our_service]
    printed = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert printed.returncode == 0, printed.stdout + printed.stderr
    told = json.loads(printed.stdout)
    assert told["total"] == 5
    assert [(book["title"], book["shelf"], book["price"]) for book in told["found"]] == [
        ("x", "science", "1.5"),
        ("y", "science", "1.5"),
    ]
    assert told["found"][0]["words"] == ["x", "y"]


def test_suds_calls_our_service(wsdl: Path, our_service: str) -> None:
    client = suds.client.Client(wsdl.as_uri(), location=our_service, cache=None)
    words = client.factory.create("{urn:example:library}ArrayOfString")
    words.item = ["a", "b"]
    author = {"name": "Jane", "born": 1775}
    book = {"title": "Emma", "shelf": "novels", "price": "7.50", "author": author, "words": words}
    assert client.service.add(book, 3) == 5
