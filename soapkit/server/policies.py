"""Which policies the contract of a service says, by the address that it is asked for."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Literal, TypeAlias

from soapkit.databinding.shape import Shapes
from soapkit.errors import SecurityError
from soapkit.exchange.message_security import MessageSecurity
from soapkit.operations import Service
from soapkit.wsdl.policies import NO_POLICIES, WrittenPolicies

logger = logging.getLogger("soapkit.server")

PolicyUse: TypeAlias = Literal["published", "required", "off"]
PoliciesAt: TypeAlias = Callable[[str], WrittenPolicies]


def policies_of(
    service: Service, shapes: Shapes, security: MessageSecurity | None, *, use: PolicyUse, addressing: bool
) -> PoliciesAt:
    """The policies of a service, by its address. What they would have to say and cannot is logged, by name.

    Raises `SecurityError` with that where they are required.
    """
    if use == "off" or (security is None and not addressing):
        return lambda _address: NO_POLICIES
    from soapkit.policy.published import policies_for  # it knows of cryptography: only where it is used
    from soapkit.security.security import Security

    if security is not None and not isinstance(security, Security):
        return lambda _address: NO_POLICIES  # somebody else's, of which nothing is known

    found: dict[bool, WrittenPolicies] = {}
    refused: dict[bool, SecurityError] = {}
    for https in (False, True):
        try:
            policies = policies_for(service, shapes, security, https=https, addressing=addressing)
            found[https] = policies or NO_POLICIES
        except SecurityError as error:
            refused[https] = error
    if not found:
        if use == "required":
            raise refused[False]
        logger.warning("the contract of %s says nothing of its security: %s", service.name, refused[False])
    elif refused:
        ((https, why),) = refused.items()
        scheme = "HTTPS" if https else "HTTP"
        logger.info("over %s the contract of %s says nothing of its security: %s", scheme, service.name, why)
    return lambda address: found.get(address.startswith("https:"), NO_POLICIES)
