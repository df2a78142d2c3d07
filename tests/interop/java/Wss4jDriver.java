// Secures and verifies messages with Apache WSS4J, one command a line on the standard input:
//
//     verify <TAB> file                      -> ok <TAB> what was found   |   no <TAB> why not
//     make <TAB> file <TAB> to <TAB> steps   -> ok                        |   no <TAB> why not
//
// A last word is a folder with what travels beside the message: for each attachment, by its number, a file of header
// fields and a file of content. What comes of them is written there too.
//
// Steps are separated by semicolons, their settings by commas, as in
//     timestamp;sign,reference=direct,parts=Body|Timestamp;encrypt,algorithm=URI,parts=Body
// The first argument is a folder with ca.pem, alice.p12 and bob.p12 (password changeit), and further keys as NAME.pk8
// and NAME.der, whose kind is the name up to a hyphen.

import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.crypto.SecretKey;
import javax.security.auth.callback.Callback;
import javax.security.auth.callback.CallbackHandler;
import javax.security.auth.callback.UnsupportedCallbackException;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.transform.OutputKeys;
import javax.xml.transform.Transformer;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.dom.DOMSource;
import javax.xml.transform.stream.StreamResult;
import org.apache.wss4j.common.WSEncryptionPart;
import org.apache.wss4j.common.bsp.BSPRule;
import org.apache.wss4j.common.crypto.Merlin;
import org.apache.wss4j.common.ext.Attachment;
import org.apache.wss4j.common.ext.AttachmentRequestCallback;
import org.apache.wss4j.common.ext.AttachmentResultCallback;
import org.apache.wss4j.common.ext.WSPasswordCallback;
import org.apache.wss4j.common.util.KeyUtils;
import org.apache.wss4j.common.util.UsernameTokenUtil;
import org.apache.wss4j.dom.WSConstants;
import org.apache.wss4j.dom.WSDataRef;
import org.apache.wss4j.dom.WSDocInfo;
import org.apache.wss4j.dom.engine.WSSConfig;
import org.apache.wss4j.dom.engine.WSSecurityEngine;
import org.apache.wss4j.dom.engine.WSSecurityEngineResult;
import org.apache.wss4j.dom.handler.RequestData;
import org.apache.wss4j.dom.handler.WSHandlerResult;
import org.apache.wss4j.dom.message.WSSecDKEncrypt;
import org.apache.wss4j.dom.message.WSSecDKSign;
import org.apache.wss4j.dom.message.WSSecEncrypt;
import org.apache.wss4j.dom.message.WSSecEncryptedKey;
import org.apache.wss4j.dom.message.WSSecHeader;
import org.apache.wss4j.dom.message.WSSecSignature;
import org.apache.wss4j.dom.message.WSSecTimestamp;
import org.apache.wss4j.dom.message.WSSecUsernameToken;
import org.w3c.dom.Document;

public final class Wss4jDriver {
    private static final String PASSWORD = "changeit";
    private static final String HMAC_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256";
    private static final Map<String, Integer> REFERENCES = Map.of(
            "direct", WSConstants.BST_DIRECT_REFERENCE,
            "issuer-serial", WSConstants.ISSUER_SERIAL,
            "ski", WSConstants.SKI_KEY_IDENTIFIER,
            "thumbprint", WSConstants.THUMBPRINT_IDENTIFIER,
            "embedded", WSConstants.X509_KEY_IDENTIFIER);
    private static final Map<String, String> NAMESPACES = Map.of(
            "Timestamp", WSConstants.WSU_NS,
            "UsernameToken", WSConstants.WSSE_NS,
            "Signature", WSConstants.SIG_NS,
            "To", "urn:addressing");

    private final Merlin crypto;

    private Wss4jDriver(Path folder) throws Exception {
        KeyStore keys = KeyStore.getInstance("PKCS12");
        keys.load(null, null);
        for (String name : List.of("alice", "bob")) {
            KeyStore one = KeyStore.getInstance("PKCS12");
            try (var in = new FileInputStream(folder.resolve(name + ".p12").toFile())) {
                one.load(in, PASSWORD.toCharArray());
            }
            keys.setKeyEntry(name, one.getKey(name, PASSWORD.toCharArray()), PASSWORD.toCharArray(),
                    one.getCertificateChain(name));
        }
        for (File file : folder.toFile().listFiles((in, name) -> name.endsWith(".pk8"))) {
            String name = file.getName().replace(".pk8", "");
            var key = KeyFactory.getInstance(name.split("-")[0])
                    .generatePrivate(new PKCS8EncodedKeySpec(Files.readAllBytes(file.toPath())));
            try (var in = new FileInputStream(folder.resolve(name + ".der").toFile())) {
                keys.setKeyEntry(name, key, PASSWORD.toCharArray(), new Certificate[] {
                    CertificateFactory.getInstance("X.509").generateCertificate(in)});
            }
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
        Wss4jDriver driver = new Wss4jDriver(Path.of(arguments[0]));
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = commands.readLine(); line != null; line = commands.readLine()) {
            System.out.println(driver.answer(line.split("\t")));
            System.out.flush();
        }
    }

    private String answer(String[] command) {
        try {
            boolean verifies = command[0].startsWith("verify");
            int words = verifies ? 2 : 4;
            Beside beside = new Beside(command.length > words ? Path.of(command[words]) : null);
            Document document = read(command[1]);
            String answer = "ok";
            if (verifies) {
                answer = "ok\t" + verify(document, beside, command[0].equals("verify-inclusive"));
            } else {
                make(document, command[3], beside);
                write(document, command[2]);
            }
            beside.write();
            return answer;
        } catch (Throwable error) {
            StringBuilder told = new StringBuilder("no");
            for (Throwable cause = error; cause != null; cause = cause.getCause()) {
                told.append('\t').append(cause.getClass().getSimpleName()).append(": ")
                        .append(String.valueOf(cause.getMessage()).replaceAll("\\s+", " "));
            }
            return told.toString();
        }
    }

    /** inclusive: whether signatures may be over that canonical form, which the Basic Security Profile does not want. */
    private String verify(Document document, Beside beside, boolean inclusive) throws Exception {
        RequestData data = new RequestData();
        data.setWssConfig(WSSConfig.getNewInstance());
        data.setSigVerCrypto(crypto);
        data.setDecCrypto(crypto);
        data.setCallbackHandler(passwords());
        data.setAttachmentCallbackHandler(beside);
        data.setExpandXopInclude(true);
        data.setDisableBSPEnforcement(false);
        data.setIgnoredBSPRules(inclusive ? List.of(BSPRule.R5404, BSPRule.R5412, BSPRule.R5423) : List.of());
        data.setAllowUsernameTokenNoPassword(true); // a key is derived from it
        WSHandlerResult results = new WSSecurityEngine().processSecurityHeader(document, data);
        if (results == null) {
            throw new IllegalStateException("there is no security header");
        }
        List<String> found = new ArrayList<>();
        for (WSSecurityEngineResult result : results.getResults()) {
            int action = (Integer) result.get(WSSecurityEngineResult.TAG_ACTION);
            StringBuilder told = new StringBuilder(nameOf(action));
            @SuppressWarnings("unchecked")
            List<WSDataRef> references = (List<WSDataRef>) result.get(WSSecurityEngineResult.TAG_DATA_REF_URIS);
            if (references != null) {
                for (WSDataRef reference : references) {
                    told.append(' ').append(reference.isAttachment() ? "attachment" : reference.getName().getLocalPart());
                }
            }
            found.add(told.toString());
        }
        var bodies = document.getElementsByTagNameNS(document.getDocumentElement().getNamespaceURI(), "Body");
        return String.join(";", found) + "\t" + bodies.item(0).getTextContent().replaceAll("\\s+", " ");
    }

    private static String nameOf(int action) {
        return switch (action) {
            case WSConstants.SIGN, WSConstants.UT_SIGN -> "signature";
            case WSConstants.ENCR -> "encryption";
            case WSConstants.TS -> "timestamp";
            case WSConstants.UT, WSConstants.UT_NOPASSWORD -> "username";
            case WSConstants.BST -> "token";
            default -> "action-" + action;
        };
    }

    private void make(Document document, String steps, Beside beside) throws Exception {
        WSSecHeader header = new WSSecHeader(document);
        header.insertSecurityHeader();
        for (String step : steps.split(";")) {
            String[] words = step.split(",");
            Map<String, String> settings = new HashMap<>();
            for (int i = 1; i < words.length; i++) {
                String[] pair = words[i].split("=", 2);
                settings.put(pair[0], pair[1]);
            }
            switch (words[0]) {
                case "timestamp" -> timestamp(header);
                case "username" -> username(header, settings);
                case "sign" -> sign(header, settings, beside);
                case "encrypt" -> encrypt(header, settings, beside);
                case "mac" -> mac(header);
                case "password-key" -> passwordKey(header, settings);
                default -> throw new IllegalArgumentException(words[0]);
            }
        }
    }

    private static void timestamp(WSSecHeader header) throws Exception {
        WSSecTimestamp timestamp = new WSSecTimestamp(header);
        timestamp.setTimeToLive(300);
        timestamp.build();
    }

    private static void username(WSSecHeader header, Map<String, String> settings) throws Exception {
        WSSecUsernameToken token = new WSSecUsernameToken(header);
        boolean digest = "digest".equals(settings.get("type"));
        token.setPasswordType(digest ? WSConstants.PASSWORD_DIGEST : WSConstants.PASSWORD_TEXT);
        token.setUserInfo("alice", PASSWORD);
        token.build();
    }

    private void sign(WSSecHeader header, Map<String, String> settings, Beside beside) throws Exception {
        WSSecSignature signature = new WSSecSignature(header);
        signature.setAttachmentCallbackHandler(beside);
        signature.setExpandXopInclude(settings.containsKey("expand"));
        signature.setUserInfo("alice", PASSWORD);
        signature.setKeyIdentifierType(REFERENCES.get(settings.getOrDefault("reference", "direct")));
        signature.setSignatureAlgorithm(settings.getOrDefault("algorithm", WSConstants.RSA_SHA256));
        signature.setDigestAlgo(settings.getOrDefault("digest", WSConstants.SHA256));
        signature.setSigCanonicalization(settings.getOrDefault("canonical", WSConstants.C14N_EXCL_OMIT_COMMENTS));
        for (String part : settings.getOrDefault("parts", "Body").split("\\|")) {
            signature.getParts().add(part.equals("STRTransform")
                    ? new WSEncryptionPart("STRTransform", "", "Content")
                    : partOf(header, part, "Content"));
        }
        signature.build(crypto);
    }

    private void encrypt(WSSecHeader header, Map<String, String> settings, Beside beside) throws Exception {
        WSSecEncrypt encrypt = new WSSecEncrypt(header);
        encrypt.setAttachmentCallbackHandler(beside);
        encrypt.setExpandXopInclude(settings.containsKey("expand"));
        encrypt.setWsDocInfo(new WSDocInfo(header.getSecurityHeaderElement().getOwnerDocument()));
        encrypt.setStoreBytesInAttachment(settings.containsKey("store"));
        String algorithm = settings.getOrDefault("algorithm", WSConstants.AES_256_GCM);
        encrypt.setUserInfo(settings.getOrDefault("to", "bob"));
        if (settings.containsKey("agreement")) {
            encrypt.setKeyAgreementMethod(settings.get("agreement"));
            encrypt.setKeyDerivationMethod(settings.get("derivation"));
        }
        encrypt.setKeyIdentifierType(REFERENCES.get(settings.getOrDefault("reference", "issuer-serial")));
        encrypt.setSymmetricEncAlgorithm(algorithm);
        encrypt.setKeyEncAlgo(settings.getOrDefault("transport", WSConstants.KEYTRANSPORT_RSAOAEP));
        if (settings.containsKey("digest")) {
            encrypt.setDigestAlgorithm(settings.get("digest"));
        }
        if (settings.containsKey("mgf")) {
            encrypt.setMGFAlgorithm(settings.get("mgf"));
        }
        for (String part : settings.getOrDefault("parts", "Body").split("\\|")) {
            encrypt.getParts().add(partOf(header, part,
                    part.equals("Body") ? "Content" : part.equals("To") ? "Header" : "Element"));
        }
        SecretKey key = KeyUtils.getKeyGenerator(algorithm).generateKey();
        encrypt.build(crypto, key);
    }

    /** A key encrypted to Bob, and a MAC over the Body under it. */
    private void mac(WSSecHeader header) throws Exception {
        SecretKey secret = KeyUtils.getKeyGenerator(WSConstants.AES_256).generateKey();
        WSSecEncryptedKey key = new WSSecEncryptedKey(header);
        key.setUserInfo("bob");
        key.setKeyIdentifierType(WSConstants.ISSUER_SERIAL);
        key.prepare(crypto, secret);
        WSSecSignature signature = new WSSecSignature(header);
        signature.setKeyIdentifierType(WSConstants.CUSTOM_SYMM_SIGNING);
        signature.setCustomTokenId(key.getId());
        signature.setCustomTokenValueType(WSConstants.WSS_ENC_KEY_VALUE_TYPE);
        signature.setSecretKey(secret.getEncoded());
        signature.setSignatureAlgorithm(HMAC_SHA256);
        signature.setDigestAlgo(WSConstants.SHA256);
        signature.getParts().add(partOf(header, "Body", "Content"));
        signature.build(crypto);
        key.prependToHeader();
    }

    /** The Body signed and encrypted under keys of a password; with derived=true, through DerivedKeyTokens. */
    private void passwordKey(WSSecHeader header, Map<String, String> settings) throws Exception {
        boolean derived = "true".equals(settings.get("derived"));
        WSEncryptionPart body = partOf(header, "Body", "Content");
        WSSecUsernameToken signing = new WSSecUsernameToken(header);
        byte[] salt = passwordToken(signing, true);
        WSSecUsernameToken hiding = derived ? signing : new WSSecUsernameToken(header);
        byte[] other = derived ? salt : passwordToken(hiding, false);
        if (derived) {
            WSSecDKSign sign = new WSSecDKSign(header);
            sign.setTokenIdentifier(signing.getId());
            sign.setCustomValueType(WSConstants.WSS_USERNAME_TOKEN_VALUE_TYPE);
            sign.setSignatureAlgorithm(HMAC_SHA256);
            sign.setDigestAlgorithm(WSConstants.SHA256);
            sign.getParts().add(body);
            sign.build(signing.getDerivedKey(salt));
            WSSecDKEncrypt encrypt = new WSSecDKEncrypt(header);
            encrypt.setTokenIdentifier(signing.getId());
            encrypt.setCustomValueType(WSConstants.WSS_USERNAME_TOKEN_VALUE_TYPE);
            encrypt.setSymmetricEncAlgorithm(WSConstants.AES_256_GCM);
            encrypt.setDerivedKeyLength(32);
            encrypt.getParts().add(body);
            encrypt.build(signing.getDerivedKey(salt));
        } else {
            WSSecSignature signature = new WSSecSignature(header);
            signature.setKeyIdentifierType(WSConstants.CUSTOM_SYMM_SIGNING);
            signature.setCustomTokenId(signing.getId());
            signature.setCustomTokenValueType(WSConstants.WSS_USERNAME_TOKEN_VALUE_TYPE);
            signature.setSecretKey(signing.getDerivedKey(salt));
            signature.setSignatureAlgorithm(HMAC_SHA256);
            signature.setDigestAlgo(WSConstants.SHA256);
            signature.getParts().add(body);
            signature.build(crypto);
            WSSecEncrypt encrypt = new WSSecEncrypt(header);
            encrypt.setSymmetricEncAlgorithm(WSConstants.AES_128);
            encrypt.setEncryptSymmKey(false);
            encrypt.setEncKeyId(hiding.getId());
            encrypt.setCustomReferenceValue(WSConstants.WSS_USERNAME_TOKEN_VALUE_TYPE);
            encrypt.getParts().add(body);
            encrypt.build(crypto, KeyUtils.prepareSecretKey(WSConstants.AES_128, hiding.getDerivedKey(other)));
            hiding.prependToHeader();
        }
        signing.prependToHeader();
    }

    private static byte[] passwordToken(WSSecUsernameToken token, boolean mac) throws Exception {
        byte[] salt = UsernameTokenUtil.generateSalt(mac);
        token.setUserInfo("alice", PASSWORD);
        token.addDerivedKey(1000);
        token.prepare(salt);
        return salt;
    }

    private static WSEncryptionPart partOf(WSSecHeader header, String name, String modifier) {
        if (name.startsWith("Attachment")) {
            return new WSEncryptionPart("cid:Attachments", name.equals("Attachments") ? "Element" : "Content");
        }
        String soap = header.getSecurityHeaderElement().getOwnerDocument().getDocumentElement().getNamespaceURI();
        return new WSEncryptionPart(name, NAMESPACES.getOrDefault(name, soap), modifier);
    }

    private static CallbackHandler passwords() {
        return callbacks -> {
            for (Callback callback : callbacks) {
                ((WSPasswordCallback) callback).setPassword(PASSWORD);
            }
        };
    }

    /** What travels beside a message. */
    private static final class Beside implements CallbackHandler {
        private final Path folder;
        private final Map<String, Attachment> attachments = new LinkedHashMap<>();
        private final Map<String, byte[]> contents = new HashMap<>();

        Beside(Path folder) throws IOException {
            this.folder = folder;
            for (int i = 0; folder != null && Files.exists(folder.resolve(i + ".headers")); i++) {
                Attachment attachment = new Attachment();
                for (String line : Files.readAllLines(folder.resolve(i + ".headers"))) {
                    String[] pair = line.split(": ", 2);
                    attachment.addHeader(pair[0], pair[1]);
                }
                attachment.setId(attachment.getHeaders().get("Content-ID").replaceAll("[<>]", ""));
                attachment.setMimeType(attachment.getHeaders().get("Content-Type"));
                keep(attachment, Files.readAllBytes(folder.resolve(i + ".content")));
            }
        }

        private void keep(Attachment attachment, byte[] content) {
            attachments.put(attachment.getId(), attachment);
            contents.put(attachment.getId(), content);
        }

        @Override
        public void handle(Callback[] callbacks) throws IOException, UnsupportedCallbackException {
            for (Callback callback : callbacks) {
                if (callback instanceof AttachmentRequestCallback asked) {
                    String id = asked.getAttachmentId();
                    List<Attachment> found = new ArrayList<>(
                            id.equals("Attachments") ? attachments.values() : List.of(attachments.get(id)));
                    for (Attachment one : found) {
                        one.setSourceStream(new ByteArrayInputStream(contents.get(one.getId())));
                    }
                    asked.setAttachments(found);
                    if (asked.isRemoveAttachments()) {
                        found.forEach(one -> attachments.remove(one.getId()));
                    }
                } else if (callback instanceof AttachmentResultCallback result) {
                    Attachment made = result.getAttachment();
                    keep(made, made.getSourceStream().readAllBytes());
                } else {
                    throw new UnsupportedCallbackException(callback);
                }
            }
        }

        void write() throws IOException {
            int i = 0;
            for (Attachment one : attachments.values()) {
                Map<String, String> headers = new HashMap<>(one.getHeaders());
                headers.put("Content-ID", "<" + one.getId() + ">");
                headers.put("Content-Type", one.getMimeType());
                StringBuilder lines = new StringBuilder();
                headers.forEach((name, value) -> lines.append(name + ": " + value + "\n"));
                Files.writeString(folder.resolve(i + ".headers"), lines);
                Files.write(folder.resolve(i++ + ".content"), contents.get(one.getId()));
            }
            if (folder != null) {
                Files.deleteIfExists(folder.resolve(i + ".headers"));
            }
        }
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
