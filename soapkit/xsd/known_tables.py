"""What the well-known schemas declare, in a short notation, written from their specifications.

One line a component (an indented line continues it):

    element NAME: TYPE                        a global element
    attribute NAME: TYPE                      a global attribute
    simple NAME: TYPE = a b ''                a restriction, with the values allowed, if any are given
    simple NAME: TYPE | TYPE                  a union;  ``list TYPE`` a list
    type NAME: CONTENT                        a complex type;  ``type NAME < BASE:`` an extension of BASE
    attributes NAME: ATTRIBUTES               an attribute group

    CONTENT   Name p:Name                     references to global elements      ? * + as in regular expressions
              Name=TYPE  -Name=TYPE           a local element, qualified; with ``-`` unqualified
              ( a | b c )*                    groups;  any, other: wildcards, processed laxly
              mixed  text=TYPE                mixed content, simple content
    ATTRIBUTES  @Name=TYPE @p:Name            an attribute, a reference to one; ``!`` required
                @p:Name='VALUE'               a reference to one that has this value
              @*  @other  @{NAME}             wildcards, an attribute group

A name without prefix is one of its own namespace; the prefixes are those of `PREFIXES`.
"""

from __future__ import annotations

from typing import Final

from soapkit.xml.names import (
    DS,
    SOAP11,
    SOAP11_ENC,
    SOAP12,
    SOAP12_ENC,
    WSA,
    WSDL11,
    WSSE,
    WSSE11,
    WSU,
    XENC,
    XMIME,
    XML,
    XOP,
    XSD,
    XSI,
)

PREFIXES: Final = {
    "xs": XSD,
    "xml": XML,
    "ds": DS,
    "xenc": XENC,
    "wsse": WSSE,
    "wsu": WSU,
    "soapenc": SOAP11_ENC,
    "soapenc12": SOAP12_ENC,
    "soap": SOAP11,
    "soap12": SOAP12,
}

# XML 1.0, 2.10 and 2.12; XML Base; xml:id.
_XML = """
simple space: xs:NCName = default preserve
simple empty: xs:string = ''
simple language: xs:language | empty
attribute lang: language
attribute space: space
attribute base: xs:anyURI
attribute id: xs:ID
attributes specialAttrs: @xml:base @xml:lang @xml:space @xml:id
"""

# XML Schema part 1, 2.6.
_XSI = """
attribute type: xs:QName
attribute nil: xs:boolean
attribute schemaLocation: locations
attribute noNamespaceSchemaLocation: xs:anyURI
simple locations: list xs:anyURI
"""

# WSDL 1.1, 2.1 and 2.2.
_WSDL11 = """
attribute arrayType: xs:string
attribute required: xs:boolean
"""

# XLink 1.1, appendix A; and, at the end, the groups of the schema that OGC had before it.
_XLINK = """
attribute type: xs:string
attribute href: xs:anyURI
attribute role: xs:anyURI
attribute arcrole: xs:anyURI
attribute title: xs:string
attribute show: xs:string
attribute actuate: xs:string
attribute label: xs:NCName
attribute from: xs:NCName
attribute to: xs:NCName
simple typeType: xs:token = simple extended title resource locator arc
simple hrefType: xs:anyURI
simple roleType: xs:anyURI
simple arcroleType: xs:anyURI
simple titleAttrType: xs:string
simple showType: xs:token = new replace embed other none
simple actuateType: xs:token = onLoad onRequest other none
simple labelType: xs:NCName
simple fromType: xs:NCName
simple toType: xs:NCName
attributes simpleAttrs: @type='simple' @href @role @arcrole @title @show @actuate
attributes extendedAttrs: @type!='extended' @role @title
attributes titleAttrs: @type!='title' @xml:lang
attributes resourceAttrs: @type!='resource' @role @title @label
attributes locatorAttrs: @type!='locator' @href! @role @title @label
attributes arcAttrs: @type!='arc' @arcrole @title @show @actuate @from @to
type simple: mixed any* @{simpleAttrs}
type extended: ( title | resource | locator | arc )* @{extendedAttrs}
type titleEltType: mixed any* @{titleAttrs}
type resourceType: mixed any* @{resourceAttrs}
type locatorType: title* @{locatorAttrs}
type arcType: title* @{arcAttrs}
element title: titleEltType
element resource: resourceType
element locator: locatorType
element arc: arcType
attributes simpleLink: @{simpleAttrs}
attributes extendedLink: @type='extended' @role @title
attributes locatorLink: @type='locator' @href! @role @title @label
attributes arcLink: @type='arc' @arcrole @title @show @actuate @from @to
attributes resourceLink: @type='resource' @role @title @label
attributes titleLink: @type='title'
attributes emptyLink: @type='none'
"""

# SOAP 1.1, 4 and SOAP 1.2 part 1, 5.
_SOAP11 = """
attribute mustUnderstand: xs:boolean
attribute actor: xs:anyURI
attribute encodingStyle: encodingStyle
simple encodingStyle: list xs:anyURI
attributes encodingStyle: @soap:encodingStyle
element Envelope: Envelope
type Envelope: Header? Body other* @other
element Header: Header
type Header: other* @other
element Body: Body
type Body: any* @*
element Fault: Fault
type Fault: -faultcode=xs:QName -faultstring=xs:string -faultactor=xs:anyURI? -detail=detail?
type detail: any* @*
"""
_SOAP12 = """
attribute mustUnderstand: xs:boolean
attribute relay: xs:boolean
attribute role: xs:anyURI
attribute encodingStyle: xs:anyURI
element Envelope: Envelope
type Envelope: Header? Body @other
element Header: Header
type Header: any* @other
element Body: Body
type Body: any* @other
element Fault: Fault
type Fault: Code=faultcode Reason=faultreason Node=xs:anyURI? Role=xs:anyURI? Detail=detail?
type faultcode: Value=xs:QName Subcode=subcode?
type subcode: Value=xs:QName Subcode=subcode?
type faultreason: Text=reasontext+
type reasontext: text=xs:string @xml:lang!
type detail: any* @*
element NotUnderstood: NotUnderstoodType
type NotUnderstoodType: @qname!=xs:QName
element Upgrade: UpgradeType
type UpgradeType: SupportedEnvelope=SupportedEnvType+
type SupportedEnvType: @qname!=xs:QName
"""

# SOAP 1.1, 5 and SOAP 1.2 part 2, 3. The types named like those of XSD are added in `known`.
_SOAP11_ENC = """
attribute root: xs:boolean
attribute arrayType: xs:string
attribute offset: xs:string
attribute position: xs:string
attributes commonAttributes: @id=xs:ID @href=xs:anyURI @other
attributes arrayAttributes: @soapenc:arrayType @soapenc:offset
attributes arrayMemberAttributes: @soapenc:position
simple arrayCoordinate: xs:string
simple base64: xs:base64Binary
type Array: any* @{arrayAttributes} @{commonAttributes}
element Array: Array
type Struct: any* @{commonAttributes}
element Struct: Struct
"""
_SOAP12_ENC = """
attribute itemType: xs:QName
attribute arraySize: xs:string
attribute nodeType: xs:NMTOKEN
attribute id: xs:ID
attribute ref: xs:IDREF
attribute arrayType: xs:string
attributes commonAttributes: @soapenc12:id @soapenc12:ref @soapenc12:nodeType @other
attributes arrayAttributes: @soapenc12:itemType @soapenc12:arraySize
simple base64: xs:base64Binary
type Array: any* @{arrayAttributes} @{commonAttributes}
element Array: Array
type Struct: any* @{commonAttributes}
element Struct: Struct
"""

# XML-binary Optimized Packaging, 2.1; Describing Media Content of Binary Data in XML, 2 and 3.
_XOP = """
element Include: Include
type Include: other* @href!=xs:anyURI @other
"""
_XMIME = """
simple mediaType: xs:string
attribute contentType: mediaType
attribute expectedContentTypes: xs:string
type base64Binary: text=xs:base64Binary @contentType
type hexBinary: text=xs:hexBinary @contentType
"""

# WS-Addressing 1.0 Core, 2 and 3; SOAP binding, 6; and its member submission of August 2004.
_WSA = """
element EndpointReference: EndpointReferenceType
type EndpointReferenceType: Address=AttributedURIType ReferenceParameters? Metadata? other* @other
element ReferenceParameters: ReferenceParametersType
type ReferenceParametersType: any* @other
element Metadata: MetadataType
type MetadataType: any* @other
element MessageID: AttributedURIType
element RelatesTo: RelatesToType
simple RelationshipTypeOpenEnum: xs:anyURI
simple RelationshipType: xs:anyURI = http://www.w3.org/2005/08/addressing/reply
type RelatesToType: text=xs:anyURI @RelationshipType=xs:anyURI @other
element ReplyTo: EndpointReferenceType
element From: EndpointReferenceType
element FaultTo: EndpointReferenceType
element To: AttributedURIType
element Action: AttributedURIType
type AttributedURIType: text=xs:anyURI @other
attribute IsReferenceParameter: xs:boolean
simple FaultCodesOpenEnumType: xs:QName
simple FaultCodesType: xs:QName
element RetryAfter: AttributedUnsignedLongType
type AttributedUnsignedLongType: text=xs:unsignedLong @other
element ProblemHeaderQName: AttributedQNameType
type AttributedQNameType: text=xs:QName @other
element ProblemIRI: AttributedURIType
element ProblemAction: ProblemActionType
type ProblemActionType: Action? SoapAction=xs:anyURI? @other
"""
_WSA_2004 = """
element EndpointReference: EndpointReferenceType
type EndpointReferenceType: Address=AttributedURI ReferenceProperties=ReferencePropertiesType?
    ReferenceParameters=ReferenceParametersType? PortType=AttributedQName? ServiceName=ServiceNameType? other* @other
type ReferencePropertiesType: any*
type ReferenceParametersType: any*
type ServiceNameType: text=xs:QName @PortName=xs:NCName @other
type Relationship: text=xs:anyURI @RelationshipType=xs:QName @other
element MessageID: AttributedURI
element RelatesTo: Relationship
element To: AttributedURI
element Action: AttributedURI
element From: EndpointReferenceType
element ReplyTo: EndpointReferenceType
element FaultTo: EndpointReferenceType
element ReplyAfter: ReplyAfterType
type ReplyAfterType: text=xs:nonNegativeInteger @other
element RetryAfter: ReplyAfterType
type AttributedQName: text=xs:QName @other
type AttributedURI: text=xs:anyURI @other
simple FaultSubcodeValues: xs:QName
attribute Action: xs:anyURI
"""

# OASIS Web Services Security: utility and SOAP Message Security 1.1.
_WSU = """
attribute Id: xs:ID
attributes commonAtts: @wsu:Id @other
type AttributedDateTime: text=xs:string @{commonAtts}
type AttributedURI: text=xs:anyURI @{commonAtts}
element Timestamp: TimestampType
type TimestampType: Created? Expires? other* @{commonAtts}
element Created: AttributedDateTime
element Expires: AttributedDateTime
simple tTimestampFault: xs:QName
"""
_WSSE = """
type AttributedString: text=xs:string @wsu:Id @other
type PasswordString < AttributedString: @Type=xs:anyURI
type EncodedString < AttributedString: @EncodingType=xs:anyURI
type UsernameTokenType: Username=AttributedString any* @wsu:Id @other
type BinarySecurityTokenType < EncodedString: @ValueType=xs:anyURI
type KeyIdentifierType < EncodedString: @ValueType=xs:anyURI
simple tUsage: list xs:anyURI
attribute Usage: tUsage
type ReferenceType: @URI=xs:anyURI @ValueType=xs:anyURI @other
type EmbeddedType: any* @ValueType=xs:anyURI @other
type SecurityTokenReferenceType: any* @wsu:Id @wsse:Usage @other
type SecurityHeaderType: any* @other
type TransformationParametersType: any* @other
element UsernameToken: UsernameTokenType
element BinarySecurityToken: BinarySecurityTokenType
element Reference: ReferenceType
element Embedded: EmbeddedType
element KeyIdentifier: KeyIdentifierType
element SecurityTokenReference: SecurityTokenReferenceType
element Security: SecurityHeaderType
element TransformationParameters: TransformationParametersType
element Password: PasswordString
element Nonce: EncodedString
simple FaultcodeEnum: xs:QName
"""
_WSSE11 = """
element EncryptedHeader: EncryptedHeaderType
type EncryptedHeaderType: xenc:EncryptedData @wsu:Id @other
element SignatureConfirmation: SignatureConfirmationType
type SignatureConfirmationType: @Value=xs:base64Binary @wsu:Id
element Salt: xs:base64Binary
element Iteration: xs:unsignedInt
attribute TokenType: xs:anyURI
"""

# XML Signature Syntax and Processing, 4; wildcards are processed laxly.
_DS = """
simple CryptoBinary: xs:base64Binary
element Signature: SignatureType
type SignatureType: SignedInfo SignatureValue KeyInfo? Object* @Id=xs:ID
element SignatureValue: SignatureValueType
type SignatureValueType: text=xs:base64Binary @Id=xs:ID
element SignedInfo: SignedInfoType
type SignedInfoType: CanonicalizationMethod SignatureMethod Reference+ @Id=xs:ID
element CanonicalizationMethod: CanonicalizationMethodType
type CanonicalizationMethodType: mixed any* @Algorithm!=xs:anyURI
element SignatureMethod: SignatureMethodType
type SignatureMethodType: mixed HMACOutputLength=HMACOutputLengthType? other* @Algorithm!=xs:anyURI
simple HMACOutputLengthType: xs:integer
element Reference: ReferenceType
type ReferenceType: Transforms? DigestMethod DigestValue @Id=xs:ID @URI=xs:anyURI @Type=xs:anyURI
element Transforms: TransformsType
type TransformsType: Transform+
element Transform: TransformType
type TransformType: mixed ( other | XPath=xs:string )* @Algorithm!=xs:anyURI
element DigestMethod: DigestMethodType
type DigestMethodType: mixed other* @Algorithm!=xs:anyURI
element DigestValue: DigestValueType
simple DigestValueType: xs:base64Binary
element KeyInfo: KeyInfoType
type KeyInfoType: mixed ( KeyName | KeyValue | RetrievalMethod | X509Data | PGPData | SPKIData | MgmtData | other )+
    @Id=xs:ID
element KeyName: xs:string
element MgmtData: xs:string
element KeyValue: KeyValueType
type KeyValueType: mixed ( DSAKeyValue | RSAKeyValue | other )
element RetrievalMethod: RetrievalMethodType
type RetrievalMethodType: Transforms? @URI=xs:anyURI @Type=xs:anyURI
element X509Data: X509DataType
type X509DataType: ( X509IssuerSerial=X509IssuerSerialType | X509SKI=xs:base64Binary | X509SubjectName=xs:string
    | X509Certificate=xs:base64Binary | X509CRL=xs:base64Binary | other )+
type X509IssuerSerialType: X509IssuerName=xs:string X509SerialNumber=xs:integer
element PGPData: PGPDataType
type PGPDataType: ( PGPKeyID=xs:base64Binary PGPKeyPacket=xs:base64Binary? other*
    | PGPKeyPacket=xs:base64Binary other* )
element SPKIData: SPKIDataType
type SPKIDataType: ( SPKISexp=xs:base64Binary other? )+
element Object: ObjectType
type ObjectType: mixed any* @Id=xs:ID @MimeType=xs:string @Encoding=xs:anyURI
element Manifest: ManifestType
type ManifestType: Reference+ @Id=xs:ID
element SignatureProperties: SignaturePropertiesType
type SignaturePropertiesType: SignatureProperty+ @Id=xs:ID
element SignatureProperty: SignaturePropertyType
type SignaturePropertyType: mixed other+ @Target!=xs:anyURI @Id=xs:ID
element DSAKeyValue: DSAKeyValueType
type DSAKeyValueType: ( P=CryptoBinary Q=CryptoBinary )? G=CryptoBinary? Y=CryptoBinary J=CryptoBinary?
    ( Seed=CryptoBinary PgenCounter=CryptoBinary )?
element RSAKeyValue: RSAKeyValueType
type RSAKeyValueType: Modulus=CryptoBinary Exponent=CryptoBinary
"""

# XML Encryption Syntax and Processing, 3.
_XENC = """
type EncryptedType: EncryptionMethod=EncryptionMethodType? ds:KeyInfo? CipherData EncryptionProperties?
    @Id=xs:ID @Type=xs:anyURI @MimeType=xs:string @Encoding=xs:anyURI
type EncryptionMethodType: mixed KeySize=KeySizeType? OAEPparams=xs:base64Binary? other* @Algorithm!=xs:anyURI
simple KeySizeType: xs:integer
element CipherData: CipherDataType
type CipherDataType: ( CipherValue=xs:base64Binary | CipherReference )
element CipherReference: CipherReferenceType
type CipherReferenceType: Transforms=TransformsType? @URI!=xs:anyURI
type TransformsType: ds:Transform+
element EncryptedData: EncryptedDataType
type EncryptedDataType < EncryptedType:
element EncryptedKey: EncryptedKeyType
type EncryptedKeyType < EncryptedType: ReferenceList? CarriedKeyName=xs:string? @Recipient=xs:string
element AgreementMethod: AgreementMethodType
type AgreementMethodType: mixed KA-Nonce=xs:base64Binary? other* OriginatorKeyInfo=ds:KeyInfoType?
    RecipientKeyInfo=ds:KeyInfoType? @Algorithm!=xs:anyURI
element ReferenceList: ReferenceListType
type ReferenceListType: ( DataReference=ReferenceType | KeyReference=ReferenceType )+
type ReferenceType: other* @URI!=xs:anyURI
element EncryptionProperties: EncryptionPropertiesType
type EncryptionPropertiesType: EncryptionProperty+ @Id=xs:ID
element EncryptionProperty: EncryptionPropertyType
type EncryptionPropertyType: mixed other+ @Target=xs:anyURI @Id=xs:ID @*
"""

# WS-I Attachments Profile 1.0, 4.4; the types that Axis adds to SOAP encoding.
_SWA_REF = """
simple swaRef: xs:anyURI
"""
_APACHE = """
type mapItem: -key=xs:anyType -value=xs:anyType
type Map: -item=mapItem*
type Vector: -item=xs:anyType*
type Document: any*
type Element: any
simple DataHandler: xs:base64Binary
simple Image: xs:base64Binary
simple PlainText: xs:string
type MimeMultipart: any*
type Source: any*
"""

TABLES: Final[dict[str, str]] = {
    XML: _XML,
    XSI: _XSI,
    WSDL11: _WSDL11,
    "http://www.w3.org/1999/xlink": _XLINK,
    SOAP11: _SOAP11,
    SOAP12: _SOAP12,
    SOAP11_ENC: _SOAP11_ENC,
    SOAP12_ENC: _SOAP12_ENC,
    XOP: _XOP,
    XMIME: _XMIME,
    "http://www.w3.org/2004/11/xmlmime": _XMIME,
    "http://www.w3.org/2004/06/xmlmime": _XMIME,
    WSA: _WSA,
    "http://schemas.xmlsoap.org/ws/2004/08/addressing": _WSA_2004,
    "http://schemas.xmlsoap.org/ws/2004/03/addressing": _WSA_2004,
    WSU: _WSU,
    WSSE: _WSSE,
    WSSE11: _WSSE11,
    DS: _DS,
    XENC: _XENC,
    "http://ws-i.org/profiles/basic/1.1/xsd": _SWA_REF,
    "http://xml.apache.org/xml-soap": _APACHE,
}
"""The notation of each well-known namespace."""
