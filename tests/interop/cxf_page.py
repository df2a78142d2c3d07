"""Which policies were tried against Apache CXF, and in which direction: ``python -m tests.interop.cxf_page`` writes
docs/cxf.rst. A test holds the page against what is run.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.interop.cxf_shapes import OURS_ALONE
from tests.interop.test_cxf import POLICIES
from tests.interop.test_cxf_https import ASKS
from tests.interop.test_cxf_published import PUBLISHED
from tests.interop.test_cxf_saml import ALL as SAML
from tests.interop.test_cxf_saml import NEVER_ENDORSED
from tests.interop.test_cxf_sts import ISSUED, NOT_BY_CXF
from tests.interop.test_cxf_variations import VARIATIONS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "cxf.rst"
HEAD = """\
Policies tried against Apache CXF
=================================

.. written by tests/interop/cxf_page.py

Both sides are told what to secure by the contract alone: ours by ``Security.from_contract``, CXF 4.0 by the same WSDL.
``make interop`` makes each of these calls over real sockets: our client calls a service by CXF, and a client by CXF
calls our service. What a policy does not name is Basic256Sha256, Lax, and Body signed and encrypted both ways.

The last rows are policies that our code-first services write of their settings, for CXF's client.

Faults are tried too, signed and unsigned, in both SOAP versions; and contracts that either side publishes at ``?wsdl``.
Suites of 192 bits are refused by CXF, since the Basic Security Profile has none; suites with RSA 1.5 by us, unless
``allow_rsa_1_5=True`` takes the risk: then they pass both ways. CXF derives no implied keys, has no certificate as
PKCS#7, reads no encrypted address, and wants a request to renew a context secured as one for a new context is: none of
this is below. Tokens come from CXF's own token service, which is also asked for others (OnBehalfOf, ActAs), for claims,
and to validate, renew and cancel.

"""


NO_ANSWER = "CXF's client reads no such answer"


def rows() -> Iterator[tuple[str, str, str]]:
    """Policy, whether our client calls CXF, whether a client by CXF calls us."""
    yield from ((name, "yes", "yes") for name in POLICIES)
    yield from ((f"https, {shown}", "yes", "yes") for shown in ASKS)
    yield "https, endorsed by a conversation", "yes", "yes"
    yield from ((name, "yes", "yes") for name in VARIATIONS)
    yield from ((name, "yes", f"no: {varied.not_by_cxf or NO_ANSWER}") for name, varied in OURS_ALONE.items())
    for name in SAML:
        yield f"SAML: {name}", "yes", "no: CXF's client writes no such signature" if name in NEVER_ENDORSED else "yes"
    for name in ISSUED:
        yield f"issued token: {name}", "yes", f"no: {NOT_BY_CXF[name]}" if name in NOT_BY_CXF else "yes"
    yield from ((f"published by us: {name}", "", "yes") for name in PUBLISHED)


def page() -> str:
    """docs/cxf.rst."""
    head = ("policy", "our client, CXF's service", "CXF's client, our service")
    found = list(rows())
    widths = [max(len(row[column]) for row in [head, *found]) for column in range(3)]
    bar = "  ".join("=" * width for width in widths)
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in [head, *found]
    ]
    return HEAD + "\n".join([bar, lines[0], bar, *lines[1:], bar]) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
