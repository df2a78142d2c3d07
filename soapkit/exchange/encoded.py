"""What reading and writing SOAP encoding share: its names, arrays, the accessors of a structure.

Encoding (SOAP 1.1, section 5; SOAP 1.2 part 2, section 3) says in a message what a schema says beside it: the type of
each value, the size of each array. `encoded_read` makes the literal form that the codecs know of what came,
`encoded_write` encodes a literal form that is to be sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from soapkit.databinding.shape import ChoiceField, ElementField, Record, Type
from soapkit.xml.names import SOAP11_ENC, SOAP12_ENC, clark

RPC: Final = "http://www.w3.org/2003/05/soap-rpc"
RPC_RESULT: Final = clark(RPC, "result")
ARRAY_TYPE: Final = clark(SOAP11_ENC, "arrayType")
MISSING_ID, DUPLICATE_ID = clark(SOAP12_ENC, "MissingID"), clark(SOAP12_ENC, "DuplicateID")  # part 2, 3.2
ARRAYS: Final = frozenset({clark(SOAP11_ENC, "Array"), clark(SOAP12_ENC, "Array")})

_OF_ARRAYS: Final = frozenset({ARRAY_TYPE, clark(SOAP12_ENC, "itemType"), clark(SOAP12_ENC, "arraySize")})


def is_array(record: Record) -> bool:
    """Whether a record is an array of SOAP encoding: it has an attribute that says of what."""
    return any(attribute.tag in _OF_ARRAYS for attribute in record.attributes)


def declared_type(record: Record) -> str | None:
    """What the contract says of an array: ``{...}int[]``."""
    return next((one.default for one in record.attributes if one.tag == ARRAY_TYPE), None)


def accessors(record: Record) -> Iterator[tuple[str, Type, bool, bool]]:
    """The accessors of a structure: tag, type, whether there may be several, whether it is nil where it is left out."""
    for leaf in record.elements:
        if isinstance(leaf, ElementField):
            yield leaf.tag, leaf.type, leaf.many, leaf.nillable and leaf.minimum > 0 and not leaf.many
        elif isinstance(leaf, ChoiceField):
            for one in leaf.alternatives:
                if one.tag is not None:
                    yield one.tag, one.type, leaf.many, False
