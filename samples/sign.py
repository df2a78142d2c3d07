"""Sign and encrypt a message by hand, and verify it again."""

from __future__ import annotations

from soapkit.security import Encrypt, Require, Security, Sign, Timestamp, TrustStore
from soapkit.security.throwaway import make_authority, make_keypair
from soapkit.soap.envelope import Envelope
from soapkit.xml.parse import parse_message

MESSAGE = b"""<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/">
<soap:Body><pay xmlns="urn:example:bank">10.00</pay></soap:Body></soap:Envelope>"""


def main() -> None:
    authority = make_authority("Example authority")
    alice, bank = make_keypair("alice", authority), make_keypair("bank", authority)
    sender = Security(outbound=[Timestamp(), Sign(alice, parts=["Body", "Timestamp"]), Encrypt(to=bank.certificate)])
    receiver = Security(
        inbound=Require(
            signed=["Body", "Timestamp"], encrypted=["Body"], trust=TrustStore.of(authority.certificate), key=bank
        )
    )
    secured = sender.apply(Envelope.read(parse_message(MESSAGE)))
    result = receiver.verify(secured)
    print("signed by", result.signer_name, "parts:", *(part.name for part in result.signed))
    print(result.envelope.content[0].text)


if __name__ == "__main__":
    main()
