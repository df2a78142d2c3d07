"""Keys: what a policy may ask us for, by the roles that it names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from cryptography import x509

from soapkit.security.context.context import Contexts
from soapkit.security.crypto.keys import KeyPair
from soapkit.security.issued import IssuedTokens
from soapkit.security.replay import MemoryReplayStore, ReplayStore
from soapkit.security.saml.settings import SamlRequirement, SamlToken
from soapkit.security.steps import PasswordOf
from soapkit.security.trust.truststore import TrustStore


@dataclass(frozen=True, slots=True)
class Keys:
    """What is at hand to satisfy a policy. Give what the policy asks for; what is missing is told by name.

    `own`: what we sign with and decrypt with. `endorsing`: what endorsing tokens sign with, where that is another key.
    `peer`: whom we encrypt to; a server may leave it out, and answers whoever signed the request. `trust`: whose
    signatures are believed. `username`, `password`: who a client says it is. `passwords`: what a server checks a
    UsernameToken against; `logins`: what it checks HTTP logins against, ``host`` where the web server before it does,
    and says so (`soapkit.security.ConnectionRules`). `certificates`: where a signer's certificate is looked up that a
    message only names. `contexts`: security contexts that both sides know; those that are agreed on are held there too.
    `assertion`: the SAML assertion that a client carries; where the policy has it sign, `own` is the key that it names.
    `saml`: what a service demands of one, issued ones too. `sts`: a `soapkit.client.sts.StsClient` that a client asks
    for the tokens of a token service. `replay`: where a server remembers what it has seen.
    """

    own: KeyPair | None = None
    endorsing: KeyPair | None = None
    peer: x509.Certificate | KeyPair | None = None
    trust: TrustStore | None = None
    username: str = ""
    password: str | None = field(default=None, repr=False)
    passwords: PasswordOf | None = field(default=None, repr=False)
    logins: PasswordOf | Literal["host"] | None = field(default=None, repr=False)
    certificates: Sequence[x509.Certificate] = ()
    contexts: Contexts | None = None
    assertion: SamlToken | None = None
    saml: SamlRequirement | None = None
    sts: Any = field(default=None, repr=False)  # of a higher floor
    tokens: IssuedTokens | None = field(default=None, repr=False)
    replay: ReplayStore | None = field(default_factory=MemoryReplayStore, repr=False)
