"""Bytes: 1 MB as base64 in a message, and a file of 64 MB beside one (MTOM), both ways, in fresh processes.

python benchmarks/binary.py TASK FOLDER      what one such process does
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from bars import FOUND
from large import peak
from tables import Table, duration, ratio
from timing import measure

CONTRACT = Path(__file__).with_name("blob.wsdl")
NAMESPACE = "urn:example:blob"
MEGABYTE = 1024 * 1024
PART = 64 * MEGABYTE
PIECE = 64 * 1024
TASKS = ("copy", "send", "receive", "receive, save")


def binary_tables(rounds: int) -> list[Table]:
    """Two tables: base64 in the message, a part beside it."""
    return [_base64_table(rounds), *_part_tables(max(3, rounds // 3))]


# --- in the message -----------------------------------------------------------------------------------------------


def _base64_table(rounds: int) -> Table:
    data = bytes(range(256)) * (MEGABYTE // 256)
    tasks = {("soapkit", verb): task for verb, task in _soapkit(data).items()}
    tasks |= {("zeep", verb): task for verb, task in _zeep(data).items()}
    times = measure(tasks, rounds)
    rows = [[stack, *(duration(times[stack, verb]) for verb in ("encode", "decode"))] for stack in ("soapkit", "zeep")]
    return Table("Base64", "One value of 1 MB, as base64 in the message.", ["stack", "encode", "decode"], rows)


def _reply(data: bytes) -> bytes:
    import binascii

    text = binascii.b2a_base64(data, newline=False).decode()
    return (
        '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
        f'<keepResponse xmlns="{NAMESPACE}"><data>{text}</data></keepResponse></soap:Body></soap:Envelope>'
    ).encode()


def _soapkit(data: bytes) -> dict[str, Callable[[], Any]]:
    import soapkit
    from soapkit.testing import FakeTransport
    from soapkit.transport.values import Headers, Response

    response = Response(200, Headers({"Content-Type": "text/xml; charset=utf-8"}), _reply(data))
    client = soapkit.Client.from_wsdl(CONTRACT, transport=FakeTransport(response))
    from soapkit.client.call import receive

    operation = client.service.operation("keep")
    assert client.keep(data=data) == data

    def decode() -> Any:
        received = receive(client._route, operation, response)
        assert received is not None
        return received.value

    return {"encode": lambda: client.preview.keep(data=data).request, "decode": decode}


def _zeep(data: bytes) -> dict[str, Callable[[], Any]]:
    import zeep
    from lxml import etree

    client = zeep.Client(str(CONTRACT))
    binding = client.service._binding
    response = SimpleNamespace(
        status_code=200, content=_reply(data), encoding="utf-8", headers={"Content-Type": "text/xml; charset=utf-8"}
    )
    return {
        "encode": lambda: etree.tostring(client.create_message(client.service, "keep", data=data)),
        "decode": lambda: binding.process_reply(client, binding.get("keep"), response),
    }


# --- beside the message -------------------------------------------------------------------------------------------


def _part_tables(rounds: int) -> list[Table]:
    if not Path("/proc/self/status").exists():
        print("parts are not measured: there is no /proc here")
        return []
    with tempfile.TemporaryDirectory(prefix="soapkit-bench-") as folder:
        (Path(folder) / "part").write_bytes(bytes(range(256)) * (PART // 256))
        found: dict[str, list[tuple[float, float]]] = {
            task: [] for task in ("copy", "send", "receive", "receive, save")
        }
        for _ in range(rounds):
            for task, results in found.items():
                done = subprocess.run(
                    [sys.executable, "-W", "ignore", __file__, task, folder], capture_output=True, text=True, check=True
                )
                results.append(tuple(json.loads(done.stdout)))
    seconds = {task: min(one for one, _ in results) for task, results in found.items()}
    memory = {task: statistics.median(one for _, one in results) for task, results in found.items()}
    for task in ("send", "receive"):
        FOUND[f"{task} a part of 64 MB, in copies of a file"] = seconds[task] / seconds["copy"]
        FOUND[f"{task} a part of 64 MB, MB of memory"] = memory[task]
    rows = [
        [task, duration(seconds[task]), ratio(seconds[task] / seconds["copy"]), f"{memory[task]:.1f}"] for task in found
    ]
    note = (
        "A file of 64 MB goes out beside a message, to a file in place of a socket, and comes in again, to the file "
        "where an attachment is kept; then it is saved to another. CPU time, in multiples of a copy in "
        "pieces of 64 kB, and MB of memory beyond those of the start."
    )
    return [Table("MTOM", note, ["step", "CPU", "ratio", "MB"], rows)]


ENVELOPE = b'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><a/></e:Body></e:Envelope>'
MEDIA_TYPE = 'multipart/related; boundary="soapkit-bench"; type="application/xop+xml"; start-info="text/xml"'


def main() -> None:
    """Measure one thing, in this process, and print it."""
    from soapkit.attachment import Attachment
    from soapkit.soap.attachments import Unpacker, pack_package
    from soapkit.soap.version import SOAP_1_1

    task, folder = sys.argv[1], Path(sys.argv[2])
    part, wire, kept = folder / "part", folder / "wire", folder / "kept"

    def copy() -> None:
        with part.open("rb") as source, kept.open("wb") as target:
            while piece := source.read(PIECE):
                target.write(piece)

    def send() -> None:
        body, _ = pack_package(ENVELOPE, SOAP_1_1, None, [Attachment.from_path(part)], boundary="soapkit-bench")
        with wire.open("wb") as target:
            for piece in body:
                target.write(piece)

    def receive() -> None:
        unpacker = Unpacker(MEDIA_TYPE, source="request")
        with wire.open("rb") as source:
            while piece := source.read(PIECE):
                unpacker.feed(piece)
        attachment = unpacker.finish().attachments[0]
        assert attachment.size == PART
        if task == "receive, save":
            attachment.save(kept)

    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before, started = peak(), time.process_time()
    {"copy": copy, "send": send}.get(task, receive)()
    print(json.dumps([time.process_time() - started, (peak() - before) / MEGABYTE]))


if __name__ == "__main__":
    main()
