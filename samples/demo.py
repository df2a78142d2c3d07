"""The main job, step by step: a contract becomes typed stubs, an endpoint answers, a message is signed and encrypted.

python samples/demo.py            tell the story, and end
python samples/demo.py --serve    leave the endpoint up
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import uvicorn
from lxml import etree

import soapkit
from soapkit.codegen.generate import generate
from soapkit.security import SIGNER, Encrypt, KeyPair, Require, Security, Sign, Timestamp, TrustStore
from soapkit.security.throwaway import make_authority, make_keypair

HERE = Path(__file__).resolve().parent
CONTRACT = HERE.parent / "wsdl" / "bank.wsdl"


def main() -> None:
    """Tell the story."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--serve", action="store_true", help="leave the endpoint up, and print its address")
    parser.add_argument("--port", type=int, default=0, help="port to listen on (default: a free one)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="soapkit-demo-") as folder:
        work = Path(folder)
        generated(work)
        sys.path[:0] = [str(work), str(HERE)]
        if options.serve:
            served(options.port)
        else:
            told()


def generated(work: Path) -> None:
    step(1, f"Generate a typed package from {CONTRACT.relative_to(HERE.parent)}")
    started = time.perf_counter()
    files = generate(CONTRACT, work / "bank")
    say(f"{len(files)} files in {1000 * (time.perf_counter() - started):.0f} ms:")
    for file in files:
        lines = Path(file).read_text(encoding="utf-8").count("\n")
        say(f"  {Path(file).relative_to(work)}  ({lines} lines)")


def served(port: int) -> None:
    """`make serve`: host the bank until somebody stops it."""
    from bank_service import MyBank

    with hosted(soapkit.asgi(MyBank()), port) as address:
        step(2, "Host the Bank")
        say(f"{address}       the page")
        say(f"{address}?wsdl  the contract")
        say("Stop it with Ctrl-C.")
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            say("stopped")


def told() -> None:
    from bank import BankClient, InsufficientFunds
    from bank_service import MyBank

    step(2, "Make throw-away keys: an authority, and a certificate each for Alice and the bank")
    authority = make_authority("Demo authority")
    alice, bank = make_keypair("alice", authority), make_keypair("bank", authority)
    trust = TrustStore.of(authority.certificate)
    say(f"{alice.certificate.subject.rfc4514_string()}; {bank.certificate.subject.rfc4514_string()}")

    log = Log()
    logging.getLogger("soapkit.server").addHandler(log)

    step(3, "Host the Bank endpoint with uvicorn: once open, once for signed and encrypted messages only")
    with (
        hosted(soapkit.asgi(MyBank())) as open_address,
        hosted(soapkit.asgi(MyBank(), security=security_of_the_bank(bank, trust))) as secure_address,
    ):
        say(f"open    {open_address}")
        say(f"secure  {secure_address}")

        step(4, "Call it plainly: bank.transfer(source='DE1', target='DE2', amount=Decimal('10.00'))")
        with BankClient(open_address) as client:
            say(repr(client.transfer(source="DE1", target="DE2", amount=Decimal("10.00"))))

            step(5, "Ask for too much: the declared fault is a typed exception")
            try:
                client.transfer(source="DE1", target="DE2", amount=Decimal("1000.00"))
            except InsufficientFunds as fault:
                say(f"except InsufficientFunds as fault: {fault.reason}")
                say(f"fault.detail.available == {fault.detail.available!r}")

        step(6, "Call the secure endpoint: the request signed and encrypted, the reply verified and decrypted")
        with BankClient(secure_address, security=security_of_alice(alice, bank, trust)) as client:
            exchange = client.with_exchange.transfer(source="DE1", target="DE2", amount=Decimal("10.00"))
        say(repr(exchange.value))
        say(f"signed by {exchange.security.signer_name}: {names(exchange.security.signed)}")
        say(f"encrypted: {names(exchange.security.encrypted)}")

        step(7, "The same call without security is refused, without saying why")
        with BankClient(secure_address) as client:
            try:
                client.transfer(source="DE1", target="DE2", amount=Decimal("10.00"))
            except soapkit.Fault as fault:
                say(f"Fault {fault.code.name}: {fault.reason}")
        say(f"(in the bank's own log: {log.lines[-1]})")

    step(8, "The two envelopes, as they went over the wire")
    show("request", exchange.request)
    show("reply", exchange.response)


def security_of_alice(alice: KeyPair, bank: KeyPair, trust: TrustStore) -> Security:
    """What Alice sends, and what she demands of the bank."""
    return Security(
        outbound=[Timestamp(ttl=300), Sign(alice, parts=["Body", "Timestamp"]), Encrypt(to=bank.certificate)],
        inbound=Require(signed=["Body", "Timestamp"], encrypted=["Body"], trust=trust, key=alice),
    )


def security_of_the_bank(bank: KeyPair, trust: TrustStore) -> Security:
    """The same, seen from the bank: it encrypts to whoever signed the request."""
    return Security(
        outbound=[Timestamp(ttl=300), Sign(bank, parts=["Body", "Timestamp"]), Encrypt(to=SIGNER)],
        inbound=Require(signed=["Body", "Timestamp"], encrypted=["Body"], trust=trust, key=bank),
    )


@contextmanager
def hosted(application: Any, port: int = 0) -> Iterator[str]:
    """An ASGI application behind uvicorn, in a thread, on a free port; gives its address."""
    config = uvicorn.Config(application, host="127.0.0.1", port=port, log_level="warning", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        if not thread.is_alive():
            sys.exit(f"the server did not start on port {port}")
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/"
    finally:
        server.should_exit = True
        thread.join(timeout=10)


class Log(logging.Handler):
    """Keeps what the server tells its operator."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


# --- what a person sees -------------------------------------------------------------------------------------------


def step(number: int, sentence: str) -> None:
    print(f"\n{bold(f'{number}. {sentence}')}")


def say(sentence: str) -> None:
    print(f"   {sentence}")


def bold(text: str) -> str:
    return f"\033[1m{text}\033[0m" if sys.stdout.isatty() else text


def names(covered: Any) -> str:
    return ", ".join(part.name for part in covered)


def show(title: str, envelope: bytes) -> None:
    """An envelope, laid out; highlighted on a terminal. Long base64 is shortened."""
    root = etree.fromstring(envelope)
    for element in root.iter():
        if element.text and len(element.text) > 100 and not len(element):
            element.text = f"{element.text[:40]}... ({len(element.text)} characters)"
    etree.indent(root)
    text = etree.tostring(root, encoding="unicode")
    say(title)
    if sys.stdout.isatty():
        from rich.console import Console
        from rich.syntax import Syntax

        Console().print(Syntax(text, "xml", word_wrap=True, background_color="default"))
    else:
        print(text)


if __name__ == "__main__":
    main()
