"""What is left of keys in a message whose data was all decrypted: taken out, so that the message can be read on.

A receiver that decrypts needs none of this. Whoever writes a decrypted message down leaves references in it to
encrypted data that is there no more, which the next reader would follow in vain.
"""

from __future__ import annotations

from lxml.etree import _Element

from soapkit.security.ids import IdIndex, id_of
from soapkit.security.markup import (
    DATA_REFERENCE,
    DS_REFERENCE,
    ENCRYPTED_KEY,
    ENCRYPTED_KEY_SHA1,
    KEY_IDENTIFIER,
    REFERENCE,
    REFERENCE_LIST,
)
from soapkit.xml.walk import children


def take_out_spent(root: _Element) -> None:
    """Take the references to data that is there no more out of a decrypted message, and keys that open nothing else.

    What a signature covers stays as it is, as does a key that something else of the message is made with.
    """
    index, signed = IdIndex(root), {each.get("URI", "") for each in root.iter(DS_REFERENCE)}
    for listed in list(root.iter(REFERENCE_LIST)):
        if any(f"#{id_of(node)}" in signed for node in (listed, *listed.iterancestors())):
            continue
        for reference in list(children(listed, DATA_REFERENCE)):
            if reference.get("URI", "")[1:] not in index:
                listed.remove(reference)
        parent = listed.getparent()
        if parent is None or len(listed):
            continue
        if parent.tag == ENCRYPTED_KEY and not _is_referred_to(parent, root):
            listed, parent = parent, parent.getparent()
        if parent is not None:
            parent.remove(listed)


def _is_referred_to(key: _Element, root: _Element) -> bool:
    """Whether something is made with that key besides what it listed."""
    by_id = any(each.get("URI") == f"#{id_of(key)}" for each in root.iter(REFERENCE))
    return by_id or any(each.get("ValueType") == ENCRYPTED_KEY_SHA1 for each in root.iter(KEY_IDENTIFIER))
