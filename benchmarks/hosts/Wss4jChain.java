// Apache WSS4J in a warm JVM, measured: signs and encrypts a message, decrypts and verifies it, one command a line on the
// standard input.
//
//     secure <TAB> file <TAB> rounds     -> ok <TAB> nanoseconds of CPU a round
//     believe <TAB> file <TAB> rounds    -> ok <TAB> nanoseconds of CPU a round, of what was secured last of that file
//     write <TAB> file <TAB> to          -> ok, and what was secured last of that file is in the other
//
// Each round takes bytes to bytes, or bytes to a tree that is believed. The first argument is a folder with ca.pem and
// alice.p12 (password changeit). What is counted is the CPU time of the thread that does the work, as on the other side.

import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.FileInputStream;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.security.auth.callback.Callback;
import javax.xml.parsers.DocumentBuilder;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.transform.OutputKeys;
import javax.xml.transform.Transformer;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.dom.DOMSource;
import javax.xml.transform.stream.StreamResult;
import org.apache.wss4j.common.WSEncryptionPart;
import org.apache.wss4j.common.crypto.Merlin;
import org.apache.wss4j.common.ext.WSPasswordCallback;
import org.apache.wss4j.common.util.KeyUtils;
import org.apache.wss4j.dom.WSConstants;
import org.apache.wss4j.dom.engine.WSSConfig;
import org.apache.wss4j.dom.engine.WSSecurityEngine;
import org.apache.wss4j.dom.handler.RequestData;
import org.apache.wss4j.dom.message.WSSecEncrypt;
import org.apache.wss4j.dom.message.WSSecHeader;
import org.apache.wss4j.dom.message.WSSecSignature;
import org.apache.wss4j.dom.message.WSSecTimestamp;
import org.w3c.dom.Document;

public final class Wss4jChain {
    private static final String PASSWORD = "changeit";
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private final Merlin crypto;
    private final DocumentBuilder builder;
    private final Transformer transformer;
    private final WSSecurityEngine engine = new WSSecurityEngine();
    private final Map<String, byte[]> plain = new HashMap<>();
    private final Map<String, byte[]> secured = new HashMap<>();

    private Wss4jChain(Path folder) throws Exception {
        KeyStore keys = quick(folder.resolve("alice.p12"));
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        try (var in = new FileInputStream(folder.resolve("ca.pem").toFile())) {
            trusted.setCertificateEntry("ca", CertificateFactory.getInstance("X.509").generateCertificate(in));
        }
        crypto = new Merlin();
        crypto.setKeyStore(keys);
        crypto.setTrustStore(trusted);
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setNamespaceAware(true);
        builder = factory.newDocumentBuilder();
        transformer = TransformerFactory.newInstance().newTransformer();
        transformer.setOutputProperty(OutputKeys.OMIT_XML_DECLARATION, "yes");
    }

    // Merlin takes a private key out of its store for each message. Out of PKCS#12 the JDK derives the key of the key anew
    // each time, some 10 ms, so who is in a hurry keeps the store in JKS.
    private static KeyStore quick(Path file) throws Exception {
        KeyStore read = KeyStore.getInstance("PKCS12");
        try (var in = new FileInputStream(file.toFile())) {
            read.load(in, PASSWORD.toCharArray());
        }
        KeyStore keys = KeyStore.getInstance("JKS");
        keys.load(null, null);
        for (String alias : Collections.list(read.aliases())) {
            keys.setKeyEntry(
                alias, read.getKey(alias, PASSWORD.toCharArray()), PASSWORD.toCharArray(), read.getCertificateChain(alias));
        }
        return keys;
    }

    public static void main(String[] arguments) throws Exception {
        WSSConfig.init();
        Wss4jChain chain = new Wss4jChain(Path.of(arguments[0]));
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = commands.readLine(); line != null; line = commands.readLine()) {
            System.out.println(chain.answer(line.split("\t")));
            System.out.flush();
        }
    }

    private String answer(String[] command) {
        try {
            String file = command[1];
            if (command[0].equals("write")) {
                Files.write(Path.of(command[2]), secured.get(file));
                return "ok";
            }
            if (!plain.containsKey(file)) {
                plain.put(file, Files.readAllBytes(Path.of(file)));
            }
            int rounds = Integer.parseInt(command[2]);
            long began = THREADS.getCurrentThreadCpuTime();
            for (int round = 0; round < rounds; round++) {
                if (command[0].equals("secure")) {
                    secured.put(file, secure(plain.get(file)));
                } else {
                    believe(secured.get(file));
                }
            }
            return "ok\t" + (THREADS.getCurrentThreadCpuTime() - began) / rounds;
        } catch (Exception error) {
            return "no\t" + String.valueOf(error).replaceAll("\\s+", " ");
        }
    }

    private byte[] secure(byte[] message) throws Exception {
        Document document = builder.parse(new ByteArrayInputStream(message));
        String soap = document.getDocumentElement().getNamespaceURI();
        WSSecHeader header = new WSSecHeader(document);
        header.insertSecurityHeader();
        WSSecTimestamp timestamp = new WSSecTimestamp(header);
        timestamp.setTimeToLive(3600);
        timestamp.build();
        WSSecSignature signature = new WSSecSignature(header);
        signature.setUserInfo("alice", PASSWORD);
        signature.setKeyIdentifierType(WSConstants.BST_DIRECT_REFERENCE);
        signature.setSignatureAlgorithm(WSConstants.RSA_SHA256);
        signature.setDigestAlgo(WSConstants.SHA256);
        signature.getParts().add(new WSEncryptionPart("Body", soap, "Content"));
        signature.getParts().add(new WSEncryptionPart("Timestamp", WSConstants.WSU_NS, "Content"));
        signature.build(crypto);
        WSSecEncrypt encrypt = new WSSecEncrypt(header);
        encrypt.setUserInfo("alice");
        encrypt.setKeyIdentifierType(WSConstants.ISSUER_SERIAL);
        encrypt.setSymmetricEncAlgorithm(WSConstants.AES_256_GCM);
        encrypt.setKeyEncAlgo(WSConstants.KEYTRANSPORT_RSAOAEP);
        encrypt.setDigestAlgorithm(WSConstants.SHA256);
        encrypt.getParts().add(new WSEncryptionPart("Body", soap, "Content"));
        encrypt.build(crypto, KeyUtils.getKeyGenerator(WSConstants.AES_256_GCM).generateKey());
        ByteArrayOutputStream out = new ByteArrayOutputStream(2 * message.length);
        transformer.transform(new DOMSource(document), new StreamResult(out));
        return out.toByteArray();
    }

    private Document believe(byte[] message) throws Exception {
        Document document = builder.parse(new ByteArrayInputStream(message));
        RequestData data = new RequestData();
        data.setWssConfig(WSSConfig.getNewInstance());
        data.setSigVerCrypto(crypto);
        data.setDecCrypto(crypto);
        data.setCallbackHandler(callbacks -> {
            for (Callback callback : callbacks) {
                ((WSPasswordCallback) callback).setPassword(PASSWORD);
            }
        });
        if (engine.processSecurityHeader(document, data).getActionResults().isEmpty()) {
            throw new IllegalStateException("nothing was verified");
        }
        return document;
    }
}
