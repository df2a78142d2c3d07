"""Signature wrapping: the signed element is moved away and a forged one takes its place. None is believed.

Each message is tried with a fixed sample of its variants; ``make attacks`` tries them all. The generator's own page,
`wrapping.py`, has the papers.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from lxml import etree

from soapkit.errors import SoapkitError

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "vectors"))
from catalog import signed_bodies
from signed_messages import ASSERTIONS, FORGERIES, SHAPES, body_by, find, make
from wrapping import Wrapping, believed

SAMPLE = 250


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.label)
def test_no_forged_element_is_believed(shape, keys, now):
    message, verify = make(shape, keys, now)
    assert verify(message)  # as it is, it is believed
    wrapping = Wrapping(message, find(shape.part))
    assert len(wrapping.variants) > 1_000
    tried, fooled = believed(wrapping.sample(SAMPLE), verify, SoapkitError)
    assert (tried, fooled) == (SAMPLE, [])


def test_a_variant_may_be_believed_when_the_signed_element_is_back_in_its_place(keys, now):
    """The control of the control: it is the place that a forged message fails for, not the generator's clumsiness."""
    message, verify = make(SHAPES[0], keys, now)
    wrapping = Wrapping(message, find("Body"))
    root = etree.fromstring(wrapping.forge(wrapping.variants[0]))
    signed, forged = root.findall("{*}Body")
    root.remove(forged)
    root.append(signed)
    assert verify(etree.tostring(root))


def test_the_same_generator_fools_zeep(keys, now, tmp_path, capsys):
    """The control: these are attacks. zeep 4.3.3 checks the digests, and never where the signed elements stand."""
    from cryptography.hazmat.primitives.serialization import Encoding
    from zeep.wsse.signature import verify_envelope

    certificate = tmp_path / "alice.pem"
    certificate.write_bytes(keys.alice.certificate.public_bytes(Encoding.PEM))
    message, _ = make(SHAPES[0], keys, now)

    def verify(data):
        root = etree.fromstring(data)
        verify_envelope(root, str(certificate))
        return etree.tostring(root.find("{*}Body"))

    assert verify(message)
    tried, fooled = believed(Wrapping(message, find("Body")).sample(SAMPLE), verify, Exception)
    with capsys.disabled():
        print(f"\nzeep believes {len(fooled)} of {tried} forged bodies")
    assert len(fooled) > 15


@pytest.mark.parametrize("how", FORGERIES)
@pytest.mark.parametrize("asserted", ASSERTIONS, ids=str)
def test_no_forged_assertion_is_believed(asserted, how, keys, now):
    """SAML wrapping: the true assertion somewhere else, one of somebody else in its place."""
    message, verify = asserted.make(keys, now)
    assert verify(message) == b"alice"
    wrapping = Wrapping(message, find("Assertion"), FORGERIES[how])
    tried, fooled = believed(wrapping.sample(60), verify, SoapkitError)
    assert (tried, fooled) == (60, [])


def test_the_same_forgeries_fool_who_verifies_and_then_looks_for_the_assertion(keys, now):
    """The control: a signature that is right (libxmlsec), and the assertion that stands where it should."""
    import xmlsec
    from cryptography.hazmat.primitives.serialization import Encoding

    message, _ = ASSERTIONS[0].make(keys, now)
    certificate = keys.bob.certificate.public_bytes(Encoding.PEM)

    def verify(data):
        root = etree.fromstring(data)
        xmlsec.tree.add_ids(root, ["ID"])
        context = xmlsec.SignatureContext()
        context.key = xmlsec.Key.from_memory(certificate, xmlsec.constants.KeyDataFormatCertPem)
        context.verify(next(root.iter("{http://www.w3.org/2000/09/xmldsig#}Signature")))
        return etree.tostring(root.find("{*}Header/{*}Security/{*}Assertion"))

    fooled = {}
    for how, forgery in FORGERIES.items():
        wrapping = Wrapping(message, find("Assertion"), forgery)
        fooled[how] = len(believed(wrapping.sample(SAMPLE), verify, Exception)[1])
    assert min(fooled.values()) > 5, fooled


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
def test_no_forged_body_is_believed_in_messages_of_other_stacks(vectors):
    """Every recorded message whose Body is signed: believed as it is, and not when it is wrapped."""
    messages = list(signed_bodies(vectors))
    assert len(messages) >= 10
    for vector, verify in messages:
        wrapping = Wrapping(vector.data, find("Body"))
        assert len(wrapping.variants) > 1_000
        tried, fooled = believed(wrapping.sample(40), body_by(verify), SoapkitError)
        assert (str(vector), tried, fooled) == (str(vector), 40, [])
