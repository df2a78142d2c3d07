"""One real contract of each kind goes the whole way: load, generate, import, sample, validate, decode, encode."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

KINDS = {
    "Java, by CXF": ("PackageGenerator--DeliveryService/DeliveryService.wsdl", 33),
    "Java, by Metro": ("gowsdl--chromedata/chromedata.wsdl", 9),
    "WCF, split into ?xsd= parts": ("PackageGenerator--PartnerService.local.scd/PartnerService.local.wsdl", 8),
    "asmx": ("gowsdl--mnb-exchange/mnb-exchange.wsdl", 6),
    "Salesforce partner": ("KDSoap--salesforce-partner/salesforce-partner.wsdl", 32),
    "ONVIF device": ("onvif-specs--analytics/ver10/device/wsdl/devicemgmt.wsdl", 103),
    "Exchange": ("KDSoap--msexchange_wsdl.Services/Services.wsdl", 30),
    "VIES": ("savon--vies/vies.xml", 2),
}


@pytest.fixture(scope="module")
def journeys() -> ModuleType:
    """tests/corpus/journey.py, which is no test module itself."""
    sys.path.insert(0, str(Path(__file__).parent))  # what it imports lies beside it
    spec = importlib.util.spec_from_file_location("journey", Path(__file__).with_name("journey.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["journey"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("kind", KINDS)
def test_a_contract_of_each_kind_goes_the_whole_way(
    kind: str, journeys: ModuleType, corpus: Path, tmp_path: Path
) -> None:
    path, operations = KINDS[kind]
    journey = journeys.travel(corpus, path, tmp_path)
    assert journey.failures == []
    assert (journey.loaded, journey.generated, journey.imported, journey.told) == (True, True, True, 0)
    assert journey.operations >= operations
    assert journey.samples.failures == []
    assert journey.trips.failures == []
    assert journey.trips.good == journey.trips.total == journey.samples.total > 0
