"""soapkit's security in a client of zeep: signatures, encryption, several steps at once, verification that holds."""

from __future__ import annotations

import logging
from typing import Any

from lxml import etree
from lxml.etree import _Element

from soapkit.errors import SecurityError, SoapkitError, UsageError, XmlError
from soapkit.exchange.message_security import MessageSecurity, goes_by_text, hears_unsigned_faults
from soapkit.soap.envelope import Envelope
from soapkit.soap.fault import read_fault

logger = logging.getLogger("soapkit.security")


class SoapkitSecurity:
    """What ``zeep.Client(..., wsse=...)`` and ``zeep.AsyncClient`` take, done by a `soapkit.security.Security`.

    `security`: the settings, for any number of clients and threads. `https`: say True where the settings leave
    protection to HTTPS (``Security.from_contract`` of a transport binding) and the address is one: zeep does not tell
    where it sends. A certificate or a login that the policy has the connection show is for zeep's own session to show.

    What zeep reads of a reply is what was verified: the tree that came is replaced by it. A reply that cannot be
    believed is a `soapkit.errors.SecurityError` out of the call; a fault that cannot is raised as the fault it is,
    since peers commonly send faults in the clear, unless the settings say ``unsigned_faults=False``.

    >>> from soapkit.security import Security, UsernameToken
    >>> wsse = SoapkitSecurity(Security(outbound=[UsernameToken("ada", "secret")]))
    """

    def __init__(self, security: MessageSecurity, *, https: bool = False) -> None:
        if getattr(security, "https", False) and not https:
            raise UsageError(
                "these settings leave protection to HTTPS, and zeep does not tell where it sends: say https=True where "
                "the address is one"
            )
        self.security = security

    def apply(self, envelope: _Element, headers: Any) -> tuple[_Element, Any]:
        """The secured envelope, and the HTTP header fields as they were. Raises `SecurityError`."""
        return self.security.apply(Envelope.read(envelope)).root, headers

    def verify(self, envelope: _Element) -> _Element:
        """Make of the envelope what may be believed of it. Raises `SecurityError`, and `XmlError` or `MessageError` for
        what soapkit would not have parsed: a DOCTYPE, more than its limits, no envelope."""
        # zeep's parser is not ours: what it took is read again, with all that ours refuses
        if envelope.getroottree().docinfo.internalDTD is not None:
            raise XmlError("DOCTYPE is not allowed in a message (SOAP 1.1, 3; SOAP 1.2 part 1, 5)")
        data = etree.tostring(envelope.getroottree(), encoding="utf-8")
        message = Envelope.parse(data, source="reply", hold=goes_by_text(self.security))
        try:
            result = self.security.verify(message)
        except SecurityError as error:
            if hears_unsigned_faults(self.security) and _is_fault(message):
                logger.warning("this fault is not secured, anyone may have sent it: %s", error.for_log)
                return envelope
            raise
        _replace(envelope, result.envelope.root)
        return envelope


def _is_fault(message: Envelope) -> bool:
    try:
        return read_fault(message) is not None
    except SoapkitError:
        return False


def _replace(envelope: _Element, believed: _Element) -> None:
    """Put the children of one envelope in place of another's. Both roots declare the same prefixes."""
    envelope.clear()
    envelope.text = believed.text
    envelope.attrib.update(believed.attrib)
    envelope.extend(list(believed))
