"""WS-Trust as values: its versions, RequestSecurityToken, RequestSecurityTokenResponse.

Sources: WS-Trust 1.3 and 1.4 (OASIS, 2007 and 2009; one namespace) and the submission of February 2005, which .NET
speaks by default. What differs between the two is a field of a frozen `TrustVersion`. The elements are written by
trust_write.py and read by trust_read.py; keys are computed by `soapkit.security.context.conversation`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, TypeAlias

from lxml.etree import _Element

from soapkit.xml.names import WSC2005_02, WSC2005_12, clark

WST_1_3: Final = "http://docs.oasis-open.org/ws-sx/ws-trust/200512"
WST_1_4: Final = "http://docs.oasis-open.org/ws-sx/ws-trust/200802"  # of what 1.4 added
WST_2005_02: Final = "http://schemas.xmlsoap.org/ws/2005/02/trust"

Label: TypeAlias = Literal["1.3", "1.4", "2005/02"]
RequestKind: TypeAlias = Literal["issue", "renew", "validate", "cancel"]
KeyType: TypeAlias = Literal["", "symmetric", "public", "bearer"]

KINDS: Final[dict[RequestKind, str]] = {
    "issue": "Issue",
    "renew": "Renew",
    "validate": "Validate",
    "cancel": "Cancel",
}

TARGETS: Final[dict[RequestKind, str]] = {
    "renew": "RenewTarget",
    "validate": "ValidateTarget",
    "cancel": "CancelTarget",
}


@dataclass(frozen=True, slots=True)
class TrustVersion:
    """What one version of WS-Trust says differently.

    `collection`: whether the last answer stands in a RequestSecurityTokenResponseCollection; `final`: the end of the
    action of such an answer; `bearer`: the key type of a token without a key; `conversation`: the namespace of the
    WS-SecureConversation that goes with it.
    """

    label: Label
    namespace: str
    collection: bool
    final: str
    bearer: str
    conversation: str

    def name(self, local: str) -> str:
        """The Clark name of one of its elements."""
        return clark(self.namespace, local)

    def request_action(self, kind: RequestKind, *, context: bool = False) -> str:
        """The Action of a request; `context`: for a security context (WS-SecureConversation 1.4, 4 to 7)."""
        return f"{self.namespace}/RST/{_action_end(kind) if context else KINDS[kind]}"

    def response_action(self, kind: RequestKind, *, context: bool = False) -> str:
        """That of the answer to it."""
        if context:
            return f"{self.namespace}/RSTR/{_action_end(kind)}"
        holder = "RSTRC" if self.collection and kind == "issue" else "RSTR"
        return f"{self.namespace}/{holder}/{KINDS[kind]}{self.final}"

    @property
    def computed_key(self) -> str:
        """The URI of the one way to compute a key that there is: P_SHA-1 (WS-Trust 1.4, 4.4.4)."""
        return f"{self.namespace}/CK/PSHA1"

    @property
    def context_type(self) -> str:
        """The token type of a SecurityContextToken."""
        return f"{self.conversation}/sct"

    @property
    def key_types(self) -> dict[KeyType, str]:
        """The URI of each type of key."""
        return {
            "symmetric": f"{self.namespace}/SymmetricKey",
            "public": f"{self.namespace}/PublicKey",
            "bearer": self.bearer,
        }


def _action_end(kind: RequestKind) -> str:
    return "SCT" if kind == "issue" else f"SCT/{KINDS[kind]}"


TRUST_1_3: Final = TrustVersion(
    "1.3",
    WST_1_3,
    collection=True,
    final="Final",
    bearer=f"{WST_1_3}/Bearer",
    conversation=WSC2005_12,
)
TRUST_2005_02: Final = TrustVersion(
    "2005/02",
    WST_2005_02,
    collection=False,
    final="",
    bearer="http://schemas.xmlsoap.org/ws/2005/05/identity/NoProofKey",
    conversation=WSC2005_02,
)
BY_LABEL: Final[dict[Label, TrustVersion]] = {"1.3": TRUST_1_3, "1.4": TRUST_1_3, "2005/02": TRUST_2005_02}
BY_NAMESPACE: Final = {version.namespace: version for version in BY_LABEL.values()}


def context_request(action: str) -> tuple[TrustVersion, RequestKind] | None:
    """Which request for a security context an Action announces; None for any other."""
    return _CONTEXT_ACTIONS.get(action)


_CONTEXT_ACTIONS: Final[dict[str, tuple[TrustVersion, RequestKind]]] = {
    version.request_action(kind, context=True): (version, kind)
    for version in BY_LABEL.values()
    for kind in ("issue", "renew", "cancel")
}


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A RequestSecurityToken (WS-Trust 1.4, 3.1).

    `token_type`: URI of the kind of token; `applies_to`: address of the service that it is for; `key_type` and
    `key_size` (bits): of its key; `entropy`: our part of a computed key; `created`, `expires`: the lifetime that is
    asked for; `target`: the token, or the reference to it, to renew, validate or cancel; `on_behalf_of`, `act_as`:
    the token of somebody else; `use_key`: what names the key of a token with a public key; `claims`: the Claims
    element; `parameters`: further elements, as a policy's template has them. `renewing`: ask that it can be renewed.
    """

    kind: RequestKind = "issue"
    token_type: str = ""
    applies_to: str = ""
    key_type: KeyType = ""
    key_size: int | None = None
    entropy: bytes | None = field(default=None, repr=False)
    created: datetime | None = None
    expires: datetime | None = None
    target: _Element | None = None
    on_behalf_of: _Element | None = None
    act_as: _Element | None = None
    use_key: _Element | None = None
    claims: _Element | None = None
    parameters: tuple[_Element, ...] = ()
    computed_key: str = ""
    context: str = ""
    renewing: bool = False


@dataclass(frozen=True, slots=True)
class TokenResponse:
    """A RequestSecurityTokenResponse (WS-Trust 1.4, 3.2).

    `token`: the element that was issued; `attached`, `unattached`: references to it, where it is in the message and
    where it is not. `proof`: the secret of its key; `proof_key`: the EncryptedKey that holds it; `computed_key`: how
    it is computed instead, of the request's entropy and `entropy`. `status`: ``valid``, ``invalid`` or another code of
    a validation, with `reason`; `cancelled`: that it was.
    """

    token_type: str = ""
    token: _Element | None = None
    attached: _Element | None = None
    unattached: _Element | None = None
    applies_to: str = ""
    key_type: KeyType = ""
    key_size: int | None = None
    proof: bytes | None = field(default=None, repr=False)
    proof_key: _Element | None = None
    computed_key: str = ""
    entropy: bytes | None = field(default=None, repr=False)
    created: datetime | None = None
    expires: datetime | None = None
    status: str = ""
    reason: str = ""
    cancelled: bool = False
    context: str = ""
