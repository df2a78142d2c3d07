// Makes and verifies messages with SAML assertions, with Apache WSS4J 2.0 and OpenSAML 2. (OpenSAML 4, which WSS4J 3 and 4
// need, is not on Maven Central.)
// One command a line on the standard input:
//
//     verify <TAB> file                         -> ok <TAB> what was found   |   no <TAB> why not
//     make <TAB> file <TAB> to <TAB> settings   -> ok                        |   no <TAB> why not
//
// Settings as in version=2.0,confirmation=bearer,signed=true,sign=assertion. The first argument is a folder with ca.pem,
// alice.p12, bob.p12 and sts.p12 (password changeit): Alice sends, Bob receives, the token service issues.

import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.security.auth.callback.Callback;
import javax.security.auth.callback.CallbackHandler;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.transform.OutputKeys;
import javax.xml.transform.Transformer;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.dom.DOMSource;
import javax.xml.transform.stream.StreamResult;
import org.apache.wss4j.common.WSEncryptionPart;
import org.apache.wss4j.common.crypto.CryptoType;
import org.apache.wss4j.common.crypto.Merlin;
import org.apache.wss4j.common.ext.WSPasswordCallback;
import org.apache.wss4j.common.saml.SAMLCallback;
import org.apache.wss4j.common.saml.SamlAssertionWrapper;
import org.apache.wss4j.common.saml.bean.AttributeBean;
import org.apache.wss4j.common.saml.bean.AttributeStatementBean;
import org.apache.wss4j.common.saml.bean.AudienceRestrictionBean;
import org.apache.wss4j.common.saml.bean.AuthenticationStatementBean;
import org.apache.wss4j.common.saml.bean.ConditionsBean;
import org.apache.wss4j.common.saml.bean.KeyInfoBean;
import org.apache.wss4j.common.saml.bean.SubjectBean;
import org.apache.wss4j.common.saml.bean.Version;
import org.apache.wss4j.dom.WSConstants;
import org.apache.wss4j.dom.WSDataRef;
import org.apache.wss4j.dom.WSSConfig;
import org.apache.wss4j.dom.WSSecurityEngine;
import org.apache.wss4j.dom.WSSecurityEngineResult;
import org.apache.wss4j.dom.handler.RequestData;
import org.apache.wss4j.dom.message.WSSecEncrypt;
import org.apache.wss4j.dom.message.WSSecEncryptedKey;
import org.apache.wss4j.dom.message.WSSecHeader;
import org.apache.wss4j.dom.message.WSSecSAMLToken;
import org.apache.wss4j.dom.message.WSSecSignature;
import org.apache.wss4j.dom.message.WSSecTimestamp;
import org.apache.wss4j.dom.saml.DOMSAMLUtil;
import org.apache.wss4j.dom.saml.WSSecSignatureSAML;
import org.w3c.dom.Document;
import org.w3c.dom.Element;

public final class Wss4jSamlDriver {
    private static final String PASSWORD = "changeit";

    private final Merlin crypto;

    private Wss4jSamlDriver(Path folder) throws Exception {
        KeyStore keys = KeyStore.getInstance("PKCS12");
        keys.load(null, null);
        for (String name : List.of("alice", "bob", "sts")) {
            KeyStore one = KeyStore.getInstance("PKCS12");
            try (var in = new FileInputStream(folder.resolve(name + ".p12").toFile())) {
                one.load(in, PASSWORD.toCharArray());
            }
            keys.setKeyEntry(name, one.getKey(name, PASSWORD.toCharArray()), PASSWORD.toCharArray(),
                    one.getCertificateChain(name));
        }
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        try (var in = new FileInputStream(folder.resolve("ca.pem").toFile())) {
            trusted.setCertificateEntry("ca", CertificateFactory.getInstance("X.509").generateCertificate(in));
        }
        crypto = new Merlin();
        crypto.setKeyStore(keys);
        crypto.setTrustStore(trusted);
    }

    public static void main(String[] arguments) throws Exception {
        WSSConfig.init();
        Wss4jSamlDriver driver = new Wss4jSamlDriver(Path.of(arguments[0]));
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = commands.readLine(); line != null; line = commands.readLine()) {
            System.out.println(driver.answer(line.split("\t")));
            System.out.flush();
        }
    }

    private String answer(String[] command) {
        try {
            if (command[0].equals("verify")) {
                return "ok\t" + verify(read(command[1]));
            }
            Document document = read(command[1]);
            Map<String, String> settings = new HashMap<>();
            for (String word : command[3].split(",")) {
                String[] pair = word.split("=", 2);
                settings.put(pair[0], pair[1]);
            }
            make(document, settings);
            write(document, command[2]);
            return "ok";
        } catch (Throwable error) {
            StringBuilder told = new StringBuilder("no");
            for (Throwable cause = error; cause != null; cause = cause.getCause()) {
                told.append('\t').append(cause.getClass().getSimpleName()).append(": ")
                        .append(String.valueOf(cause.getMessage()).replaceAll("\\s+", " "));
            }
            return told.toString();
        }
    }

    /** All that WSS4J checks of an assertion: its signature, conditions, audience, and who confirms it. */
    private String verify(Document document) throws Exception {
        RequestData data = new RequestData();
        data.setWssConfig(WSSConfig.getNewInstance());
        data.setSigVerCrypto(crypto);
        data.setDecCrypto(crypto);
        data.setCallbackHandler(passwords());
        data.setDisableBSPEnforcement(false);
        data.setAudienceRestrictions(List.of("https://bank.example"));
        List<WSSecurityEngineResult> results = new WSSecurityEngine().processSecurityHeader(document, "", data);
        if (results == null) {
            throw new IllegalStateException("there is no security header");
        }
        DOMSAMLUtil.validateSAMLResults(results, null, body(document));
        List<String> found = new ArrayList<>();
        for (WSSecurityEngineResult result : results) {
            found.add(told(result));
        }
        return String.join(";", found) + "\t" + body(document).getTextContent().replaceAll("\\s+", " ");
    }

    private static String told(WSSecurityEngineResult result) {
        int action = (Integer) result.get(WSSecurityEngineResult.TAG_ACTION);
        Object assertion = result.get(WSSecurityEngineResult.TAG_SAML_ASSERTION);
        if (assertion instanceof SamlAssertionWrapper saml) {
            return "saml " + (saml.isSigned() ? "signed " : "unsigned ") + saml.getIssuerString() + " "
                    + saml.getSubjectName() + " " + String.join(" ", saml.getConfirmationMethods());
        }
        StringBuilder words = new StringBuilder(action == WSConstants.SIGN ? "signature" : "action-" + action);
        @SuppressWarnings("unchecked")
        List<WSDataRef> references = (List<WSDataRef>) result.get(WSSecurityEngineResult.TAG_DATA_REF_URIS);
        if (references != null) {
            for (WSDataRef reference : references) {
                words.append(' ').append(reference.getName().getLocalPart());
            }
        }
        return words.toString();
    }

    private void make(Document document, Map<String, String> settings) throws Exception {
        WSSecHeader header = new WSSecHeader();
        header.insertSecurityHeader(document);
        WSSecTimestamp timestamp = new WSSecTimestamp();
        timestamp.build(document, header);
        WSSecEncryptedKey secret = settings.containsKey("secret") ? secret(document) : null;
        SamlAssertionWrapper assertion = assertion(document, settings, secret);
        String sign = settings.getOrDefault("sign", "nothing");
        if (secret != null) {
            new WSSecSAMLToken().build(document, assertion, header);
            mac(document, header, assertion, secret.getEphemeralKey());
        } else if (sign.equals("nothing")) {
            new WSSecSAMLToken().build(document, assertion, header);
        } else {
            sign(document, header, assertion, sign.equals("holder"), settings);
        }
        if (settings.containsKey("encrypt")) {
            WSSecEncrypt encrypt = new WSSecEncrypt();
            encrypt.setUserInfo("bob");
            encrypt.setKeyIdentifierType(WSConstants.ISSUER_SERIAL);
            encrypt.setSymmetricEncAlgorithm(WSConstants.AES_128_GCM);
            encrypt.setKeyEncAlgo(WSConstants.KEYTRANSPORT_RSAOEP);
            String namespace = settings.get("version").equals("2.0") ? WSConstants.SAML2_NS : WSConstants.SAML_NS;
            encrypt.setParts(List.of(new WSEncryptionPart("Assertion", namespace, "Element"), body()));
            encrypt.build(document, crypto, header);
        }
    }

    /** With Alice's key: as the holder that the assertion names, or as one that vouches. */
    private void sign(Document document, WSSecHeader header, SamlAssertionWrapper assertion, boolean holder,
            Map<String, String> settings) throws Exception {
        WSSecSignatureSAML signature = new WSSecSignatureSAML();
        signature.setUserInfo("alice", PASSWORD);
        signature.setKeyIdentifierType(WSConstants.BST_DIRECT_REFERENCE);
        signature.setDigestAlgo(WSConstants.SHA256);
        signature.setSignatureAlgorithm("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256");
        signature.setUseDirectReferenceToAssertion(settings.containsKey("direct"));
        signature.setParts(new ArrayList<>(List.of(body())));
        if (holder) {
            signature.build(document, crypto, assertion, null, null, null, header);
        } else {
            signature.build(document, null, assertion, crypto, "alice", PASSWORD, header);
        }
    }

    /** A key that the assertion names, encrypted to Bob. */
    private WSSecEncryptedKey secret(Document document) throws Exception {
        WSSecEncryptedKey key = new WSSecEncryptedKey();
        key.setUserInfo("bob");
        key.setKeyIdentifierType(WSConstants.ISSUER_SERIAL);
        key.setKeyEncAlgo(WSConstants.KEYTRANSPORT_RSAOEP);
        key.prepare(document, crypto);
        return key;
    }

    private void mac(Document document, WSSecHeader header, SamlAssertionWrapper assertion, byte[] secret)
            throws Exception {
        boolean second = assertion.getSaml2() != null;
        WSSecSignature signature = new WSSecSignature();
        signature.setKeyIdentifierType(WSConstants.CUSTOM_KEY_IDENTIFIER);
        signature.setCustomTokenId(assertion.getId());
        signature.setCustomTokenValueType(
                second ? WSConstants.WSS_SAML2_KI_VALUE_TYPE : WSConstants.WSS_SAML_KI_VALUE_TYPE);
        signature.setSecretKey(secret);
        signature.setSignatureAlgorithm("http://www.w3.org/2001/04/xmldsig-more#hmac-sha256");
        signature.setDigestAlgo(WSConstants.SHA256);
        signature.setParts(new ArrayList<>(List.of(body())));
        signature.build(document, crypto, header);
    }

    private SamlAssertionWrapper assertion(Document document, Map<String, String> settings, WSSecEncryptedKey secret)
            throws Exception {
        boolean second = settings.get("version").equals("2.0");
        String methods = "urn:oasis:names:tc:SAML:" + (second ? "2.0" : "1.0") + ":cm:";
        SAMLCallback callback = new SAMLCallback();
        callback.setSamlVersion(second ? Version.SAML_20 : Version.SAML_11);
        callback.setIssuer("https://sts.example");
        SubjectBean subject = new SubjectBean("alice", "https://sts.example", methods + settings.get("confirmation"));
        if (settings.get("confirmation").equals("holder-of-key")) {
            subject.setKeyInfo(keyInfo(document, settings, secret));
        }
        callback.setSubject(subject);
        ConditionsBean conditions = new ConditionsBean(5);
        conditions.setAudienceRestrictions(List.of(new AudienceRestrictionBean(List.of("https://bank.example"))));
        conditions.setOneTimeUse(settings.containsKey("once"));
        callback.setConditions(conditions);
        AuthenticationStatementBean authentication = new AuthenticationStatementBean();
        authentication.setSubject(subject);
        authentication.setAuthenticationMethod("Password");
        callback.setAuthenticationStatementData(List.of(authentication));
        AttributeBean attribute = new AttributeBean();
        attribute.setSimpleName("role");
        attribute.setQualifiedName(second ? "urn:bank/role" : "urn:bank");
        attribute.addAttributeValue("clerk");
        attribute.addAttributeValue("auditor");
        callback.setAttributeStatementData(List.of(new AttributeStatementBean(subject, List.of(attribute))));
        SamlAssertionWrapper made = new SamlAssertionWrapper(callback);
        if (settings.getOrDefault("signed", "false").equals("true")) {
            made.signAssertion("sts", PASSWORD, crypto, false, WSConstants.C14N_EXCL_OMIT_COMMENTS,
                    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", WSConstants.SHA256);
        }
        return made;
    }

    private KeyInfoBean keyInfo(Document document, Map<String, String> settings, WSSecEncryptedKey secret)
            throws Exception {
        KeyInfoBean info = new KeyInfoBean();
        if (secret != null) {
            Element element = document.createElementNS(WSConstants.SIG_NS, "ds:KeyInfo");
            element.setAttributeNS(WSConstants.XMLNS_NS, "xmlns:ds", WSConstants.SIG_NS);
            element.appendChild(secret.getEncryptedKeyElement());
            info.setElement(element);
            return info;
        }
        CryptoType alias = new CryptoType(CryptoType.TYPE.ALIAS);
        alias.setAlias("alice");
        X509Certificate certificate = crypto.getX509Certificates(alias)[0];
        info.setCertificate(certificate);
        info.setPublicKey(certificate.getPublicKey());
        info.setCertIdentifer(KeyInfoBean.CERT_IDENTIFIER.valueOf(settings.getOrDefault("key", "X509_CERT")));
        return info;
    }

    private static WSEncryptionPart body() {
        return new WSEncryptionPart("Body", WSConstants.URI_SOAP11_ENV, "Content");
    }

    private static Element body(Document document) {
        return (Element) document.getElementsByTagNameNS(WSConstants.URI_SOAP11_ENV, "Body").item(0);
    }

    private static CallbackHandler passwords() {
        return callbacks -> {
            for (Callback callback : callbacks) {
                if (callback instanceof WSPasswordCallback password) {
                    password.setPassword(PASSWORD);
                }
            }
        };
    }

    private static Document read(String file) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setNamespaceAware(true);
        return factory.newDocumentBuilder().parse(Path.of(file).toFile());
    }

    private static void write(Document document, String file) throws Exception {
        Transformer transformer = TransformerFactory.newInstance().newTransformer();
        transformer.setOutputProperty(OutputKeys.OMIT_XML_DECLARATION, "yes");
        try (var out = new FileOutputStream(file)) {
            transformer.transform(new DOMSource(document), new StreamResult(out));
        }
    }
}
