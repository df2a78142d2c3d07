"""soapkit's decoder with validation on agrees with xmlschema about what is valid: features, and real contracts."""

from __future__ import annotations

import importlib.util
import random
import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from soapkit.wsdl.load import load_contract

HERE = Path(__file__).resolve().parent
REAL = (
    "savon--vies/vies.xml",
    "bet365-soap--europepmc/europepmc.wsdl",
    "carbon-mediation--ProxyServiceAdmin/ProxyServiceAdmin.wsdl",
    "cxf--wsn/brw-2.wsdl",
    "gowsdl--mnb-exchange/mnb-exchange.wsdl",
)
WSDL = """\
<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
    xmlns:t="urn:x" targetNamespace="urn:x"><types>{schemas}</types>
  <message name="in"><part name="body" element="t:a"/></message>
  <portType name="P"><operation name="do"><input message="t:in"/></operation></portType>
  <binding name="B" type="t:P"><soap:binding transport="http://schemas.xmlsoap.org/soap/http"/>
    <operation name="do"><soap:operation soapAction=""/><input><soap:body use="literal"/></input></operation></binding>
  <service name="S"><port name="Q" binding="t:B"><soap:address location="http://x.example/"/></port></service>
</definitions>"""


HEAD = (
    '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="urn:x" xmlns:o="urn:other" targetNamespace="urn:x"'
    ' elementFormDefault="qualified"'
)


def schema_text(text: str) -> str:
    """A whole schema, from the text of one or of its children."""
    return text if text.startswith("<xs:schema") else f"{HEAD}>{text}</xs:schema>"


def loaded(path: Path) -> ModuleType:
    """A module that stands beside the tests, or is one."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def differential() -> Iterator[ModuleType]:
    """tests/corpus/differential.py."""
    sys.path.insert(0, str(HERE))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield loaded(HERE / "differential.py")
    sys.path.remove(str(HERE))


def unexplained(differential: Any, contract: Any, mutations: int) -> list[str]:
    tally: Counter[str] = Counter()
    told = list(differential.Contest(contract).disagreements(random.Random(7), mutations, tally))
    if not tally["valid"] or not tally["invalid"]:
        return [f"judged were only {dict(tally)}"]
    return [sentence for sentence in told if not differential.is_explained(sentence)]


@pytest.mark.parametrize("path", REAL)
def test_on_a_real_contract(differential: ModuleType, corpus: Path, path: str) -> None:
    journey: Any = sys.modules["journey"]
    contract = load_contract(corpus / path, documents=journey.documents_of(corpus))
    assert unexplained(differential, contract, 11) == []


def test_on_the_thirty_features(differential: ModuleType, tmp_path: Path) -> None:
    features: Any = loaded(HERE.parent / "xsd" / "test_thirty_features.py")
    found = {}
    for feature in features.FEATURES:
        for name, text in feature.others.items():
            (tmp_path / f"{name}.xsd").write_text(schema_text(text), encoding="utf-8")
        path = tmp_path / "contract.wsdl"
        path.write_text(WSDL.format(schemas=schema_text(feature.schema)), encoding="utf-8")
        told = unexplained(differential, load_contract(path), 33)
        if told:
            found[feature.name] = told
    assert found == {}
