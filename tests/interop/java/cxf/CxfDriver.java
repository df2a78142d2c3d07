// A service and a client by Apache CXF, told what to secure by the contract alone, one command a line on the standard input:
//
//     serve <TAB> wsdl <TAB> service <TAB> port <TAB> options                      -> ok <TAB> address
//     call <TAB> wsdl <TAB> service <TAB> port <TAB> address <TAB> body <TAB> options -> ok <TAB> the body of the answer
//
// or `no` and why not. A service and a port are `{namespace}name`; a body is one element of XML, on one line. Options are
// `name=value`, separated by tabs: of ws-security; for a service `https=true`, `answer.ELEMENT=`, the body that answers
// one of this local name, and `fault=`, the reason of a fault instead; for a client `saml=` and how its assertion is
// confirmed, which alice issues herself, `sts=`, the contract of the token service that she asks for others, and `attach.ID=`, a type, a bar and the content in base64 of what travels beside
// the message; what came back follows the body, likewise. The first argument is a folder with ca.pem, alice.p12 and bob.p12 (password
// changeit): the client is alice, the service is bob.

import jakarta.activation.DataHandler;
import jakarta.xml.ws.BindingProvider;
import jakarta.xml.ws.Dispatch;
import jakarta.xml.ws.Provider;
import jakarta.xml.ws.Service;
import jakarta.xml.ws.ServiceMode;
import jakarta.xml.ws.WebServiceProvider;
import jakarta.xml.ws.handler.MessageContext;
import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.InputStreamReader;
import java.io.StringReader;
import java.net.ServerSocket;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.Logger;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.TrustManagerFactory;
import javax.security.auth.callback.Callback;
import javax.security.auth.callback.CallbackHandler;
import javax.xml.namespace.QName;
import javax.xml.stream.XMLStreamException;
import javax.xml.transform.Source;
import javax.xml.transform.stream.StreamSource;
import org.apache.cxf.BusFactory;
import org.apache.cxf.attachment.ByteDataSource;
import org.apache.cxf.binding.soap.SoapFault;
import org.apache.cxf.configuration.jsse.TLSClientParameters;
import org.apache.cxf.configuration.jsse.TLSServerParameters;
import org.apache.cxf.configuration.security.ClientAuthentication;
import org.apache.cxf.endpoint.Client;
import org.apache.cxf.interceptor.Fault;
import org.apache.cxf.jaxws.DispatchImpl;
import org.apache.cxf.jaxws.EndpointImpl;
import org.apache.cxf.staxutils.StaxUtils;
import org.apache.cxf.transport.http.HTTPConduit;
import org.apache.cxf.transport.http.HTTPConduitConfigurer;
import org.apache.cxf.transport.http_jetty.JettyHTTPServerEngineFactory;
import org.apache.cxf.ws.security.trust.STSClient;
import org.apache.wss4j.common.crypto.Merlin;
import org.apache.wss4j.common.ext.WSPasswordCallback;
import org.apache.wss4j.common.saml.SAMLCallback;
import org.apache.wss4j.common.saml.bean.AttributeBean;
import org.apache.wss4j.common.saml.bean.AttributeStatementBean;
import org.apache.wss4j.common.saml.bean.AudienceRestrictionBean;
import org.apache.wss4j.common.saml.bean.ConditionsBean;
import org.apache.wss4j.common.saml.bean.KeyInfoBean;
import org.apache.wss4j.common.saml.bean.SubjectBean;
import org.opensaml.saml.common.SAMLVersion;
import org.w3c.dom.Node;

public final class CxfDriver {
    static final char[] PASSWORD = "changeit".toCharArray();

    private final Path folder;
    private final int port;
    private final int securePort;
    private int served;
    private boolean secured;

    private CxfDriver(Path folder) throws Exception {
        this.folder = folder;
        this.port = free();
        this.securePort = free();
    }

    private static int free() throws Exception {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    public static void main(String[] arguments) throws Exception {
        LogManager.getLogManager().reset();
        Logger.getLogger("").setLevel(Level.OFF);
        CxfDriver driver = new CxfDriver(Path.of(arguments[0]));
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = commands.readLine(); line != null; line = commands.readLine()) {
            System.out.println(driver.answer(line.split("\t")));
            System.out.flush();
        }
        System.exit(0);
    }

    private String answer(String[] command) {
        try {
            if (command[0].equals("serve")) {
                return "ok\t" + serve(command[1], command[2], command[3], options(command, 4));
            }
            return "ok\t" + call(command, options(command, 6));
        } catch (Throwable error) {
            StringBuilder told = new StringBuilder("no");
            for (Throwable cause = error; cause != null; cause = cause.getCause()) {
                told.append('\t').append(cause.getClass().getSimpleName()).append(": ")
                        .append(String.valueOf(cause.getMessage()).replaceAll("\\s+", " "));
            }
            return told.toString();
        }
    }

    private static Map<String, Object> options(String[] command, int from) {
        Map<String, Object> found = new HashMap<>();
        for (String option : Arrays.asList(command).subList(from, command.length)) {
            int at = option.indexOf('=');
            found.put(option.substring(0, at), option.substring(at + 1));
        }
        return found;
    }

    // --- keys ---------------------------------------------------------------------------------------------------

    /** The key of one side, the certificate of the other, and the authority that is believed. */
    private Merlin crypto(String own, String other) throws Exception {
        KeyStore keys = KeyStore.getInstance("PKCS12");
        keys.load(null, null);
        for (String name : List.of(own, other)) {
            KeyStore one = store(name);
            if (name.equals(own)) {
                keys.setKeyEntry(name, one.getKey(name, PASSWORD), PASSWORD, one.getCertificateChain(name));
            } else {
                keys.setCertificateEntry(name, one.getCertificate(name));
            }
        }
        Merlin crypto = new Merlin();
        crypto.setKeyStore(keys);
        crypto.setTrustStore(trusted());
        return crypto;
    }

    private KeyStore store(String name) throws Exception {
        KeyStore one = KeyStore.getInstance("PKCS12");
        try (var in = new FileInputStream(folder.resolve(name + ".p12").toFile())) {
            one.load(in, PASSWORD);
        }
        return one;
    }

    private KeyStore trusted() throws Exception {
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        try (var in = new FileInputStream(folder.resolve("ca.pem").toFile())) {
            trusted.setCertificateEntry("ca", CertificateFactory.getInstance("X.509").generateCertificate(in));
        }
        return trusted;
    }

    private void secure(Map<String, Object> properties, String own, String other) throws Exception {
        Merlin crypto = crypto(own, other);
        CallbackHandler passwords = callbacks -> {
            for (Callback callback : callbacks) {
                ((WSPasswordCallback) callback).setPassword("changeit");
            }
        };
        for (String tail : List.of("", ".sct")) {
            properties.put("ws-security.signature.crypto" + tail, crypto);
            properties.put("ws-security.encryption.crypto" + tail, crypto);
            properties.put("ws-security.callback-handler" + tail, passwords);
            properties.put("ws-security.signature.username" + tail, own);
        }
        properties.put("allowUsernameTokenNoPassword", "true"); // a key is derived from it
        properties.put("ws-security.username", "alice");
        properties.put("ws-security.username.sct", "alice");
        boolean server = own.equals("bob");
        properties.put("ws-security.encryption.username", server ? "useReqSigCert" : other);
        properties.put("ws-security.encryption.username.sct", server ? "useReqSigCert" : other);
    }

    // --- service ------------------------------------------------------------------------------------------------

    private String serve(String wsdl, String service, String port, Map<String, Object> options) throws Exception {
        boolean https = "true".equals(options.remove("https"));
        String address = (https ? "https://localhost:" + securePort : "http://127.0.0.1:" + this.port) + "/" + served++;
        if (https && !secured) {
            secured = true;
            JettyHTTPServerEngineFactory factory =
                    BusFactory.getDefaultBus().getExtension(JettyHTTPServerEngineFactory.class);
            TLSServerParameters tls = new TLSServerParameters();
            KeyManagerFactory managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            managers.init(store("localhost"), PASSWORD);
            tls.setKeyManagers(managers.getKeyManagers());
            TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(trusted());
            tls.setTrustManagers(trust.getTrustManagers());
            ClientAuthentication wanted = new ClientAuthentication();
            wanted.setWant(true);
            tls.setClientAuthentication(wanted);
            factory.setTLSServerParametersForPort(securePort, tls);
        }
        Map<String, String> answers = new HashMap<>();
        for (String name : List.copyOf(options.keySet())) {
            if (name.startsWith("answer.")) {
                answers.put(name.substring("answer.".length()), (String) options.remove(name));
            }
        }
        Answering answering = new Answering(answers, (String) options.remove("fault"));
        EndpointImpl endpoint = new EndpointImpl(BusFactory.getDefaultBus(), answering);
        endpoint.setWsdlLocation(wsdl);
        endpoint.setServiceName(QName.valueOf(service));
        endpoint.setEndpointName(QName.valueOf(port));
        Map<String, Object> properties = new HashMap<>();
        secure(properties, "bob", "alice");
        properties.putAll(options);
        endpoint.setProperties(properties);
        endpoint.publish(address);
        return address;
    }

    // --- client -------------------------------------------------------------------------------------------------

    private String call(String[] command, Map<String, Object> options) throws Exception {
        String wsdl = command[1];
        URL location = wsdl.contains("://") ? new URL(wsdl) : Path.of(wsdl).toUri().toURL();
        Dispatch<Source> port = Service.create(location, QName.valueOf(command[2]))
                .createDispatch(QName.valueOf(command[3]), Source.class, Service.Mode.PAYLOAD);
        Map<String, Object> context = port.getRequestContext();
        context.put("find.dispatch.operation", Boolean.TRUE);
        context.put(BindingProvider.ENDPOINT_ADDRESS_PROPERTY, command[4]);
        secure(context, "alice", "bob");
        Object saml = options.remove("saml");
        if (saml != null) {
            context.put("ws-security.saml-callback-handler", new Assertions((String) saml, crypto("alice", "bob")));
            context.put("ws-security.self-sign-saml-assertion", "true");
        }
        Object tokens = options.remove("sts");
        if (tokens != null) {
            context.put("ws-security.sts.client", asking((String) tokens));
        }
        Map<String, DataHandler> beside = new LinkedHashMap<>();
        for (String name : List.copyOf(options.keySet())) {
            if (name.startsWith("attach.")) {
                String[] said = ((String) options.remove(name)).split("\\|");
                byte[] content = Base64.getDecoder().decode(said[1]);
                beside.put(name.substring("attach.".length()), new DataHandler(new ByteDataSource(content, said[0])));
            }
        }
        context.put(MessageContext.OUTBOUND_MESSAGE_ATTACHMENTS, beside);
        String shown = (String) options.remove("tls-key");
        context.putAll(options);
        Client client = ((DispatchImpl<?>) port).getClient();
        TLSClientParameters tls = new TLSClientParameters();
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(trusted());
        tls.setTrustManagers(trust.getTrustManagers());
        tls.setDisableCNCheck(true);
        if (shown != null) {
            KeyManagerFactory managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            managers.init(store(shown), PASSWORD);
            tls.setKeyManagers(managers.getKeyManagers());
        }
        ((HTTPConduit) client.getConduit()).setTlsClientParameters(tls);
        HTTPConduitConfigurer everywhere = (name, url, conduit) -> conduit.setTlsClientParameters(tls); // of contexts too
        BusFactory.getDefaultBus().setExtension(everywhere, HTTPConduitConfigurer.class);
        try {
            Source answer = port.invoke(new StreamSource(new StringReader(command[5])));
            StringBuilder told = new StringBuilder(answer == null ? "" : StaxUtils.toString(answer).replaceAll("\\s+", " "));
            for (var one : attachments(port.getResponseContext()).entrySet()) {
                byte[] content = one.getValue().getInputStream().readAllBytes();
                told.append('\t').append(one.getKey()).append('=').append(one.getValue().getContentType()).append('|')
                        .append(Base64.getEncoder().encodeToString(content));
            }
            return told.toString();
        } finally {
            client.destroy();
        }
    }

    /** A client of the token service of StsDriver, as alice. */
    private STSClient asking(String wsdl) throws Exception {
        STSClient asking = new STSClient(BusFactory.getDefaultBus());
        asking.setWsdlLocation(Path.of(wsdl).toUri().toString());
        asking.setServiceName("{urn:sts}TokenService");
        asking.setEndpointName("{urn:sts}TokenService");
        Map<String, Object> own = new HashMap<>();
        secure(own, "alice", "bob");
        own.put("ws-security.sts.token.usecert", "true");
        own.put("ws-security.sts.token.username", "alice");
        own.put("ws-security.sts.token.crypto", crypto("alice", "bob"));
        asking.setProperties(own);
        return asking;
    }

    @SuppressWarnings("unchecked")
    private static Map<String, DataHandler> attachments(Map<String, Object> context) {
        Object found = context.get(MessageContext.INBOUND_MESSAGE_ATTACHMENTS);
        return found == null ? Map.of() : (Map<String, DataHandler>) found;
    }

    /** What alice says of herself in a SAML assertion. */
    private static final class Assertions implements CallbackHandler {
        private final String confirmation;
        private final Merlin crypto;

        Assertions(String confirmation, Merlin crypto) {
            this.confirmation = confirmation;
            this.crypto = crypto;
        }

        @Override
        public void handle(Callback[] callbacks) {
            for (Callback callback : callbacks) {
                if (callback instanceof SAMLCallback) {
                    say((SAMLCallback) callback);
                }
            }
        }

        private void say(SAMLCallback callback) {
            boolean second = callback.getSamlVersion() == null || callback.getSamlVersion() == SAMLVersion.VERSION_20;
            String methods = "urn:oasis:names:tc:SAML:" + (second ? "2.0" : "1.0") + ":cm:";
            callback.setIssuer("https://sts.example");
            SubjectBean subject = new SubjectBean("alice", "https://sts.example", methods + confirmation);
            if (confirmation.equals("holder-of-key")) {
                KeyInfoBean key = new KeyInfoBean();
                try {
                    key.setCertificate((X509Certificate) crypto.getKeyStore().getCertificate("alice"));
                } catch (java.security.KeyStoreException error) {
                    throw new IllegalStateException(error);
                }
                subject.setKeyInfo(key);
            }
            callback.setSubject(subject);
            AttributeBean attribute = new AttributeBean();
            attribute.setSimpleName("role");
            attribute.setQualifiedName(second ? "urn:bank/role" : "urn:bank");
            attribute.addAttributeValue("clerk");
            AttributeStatementBean statement = new AttributeStatementBean();
            statement.setSubject(subject);
            statement.setSamlAttributes(List.of(attribute));
            callback.setAttributeStatementData(List.of(statement));
            ConditionsBean conditions = new ConditionsBean(5);
            AudienceRestrictionBean audience = new AudienceRestrictionBean();
            audience.setAudienceURIs(List.of("https://bank.example"));
            conditions.setAudienceRestrictions(List.of(audience));
            callback.setConditions(conditions);
            callback.setIssuerCrypto(crypto);
            callback.setIssuerKeyName("alice");
            callback.setIssuerKeyPassword("changeit");
            callback.setSignAssertion(true);
            callback.setSignatureAlgorithm("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256");
            callback.setSignatureDigestAlgorithm("http://www.w3.org/2001/04/xmlenc#sha256");
        }
    }

    // --- any contract -------------------------------------------------------------------------------------------

    /** Answers with the body that it was told for the element that came, or with a fault. */
    @WebServiceProvider
    @ServiceMode(jakarta.xml.ws.Service.Mode.PAYLOAD)
    public static class Answering implements Provider<Source> {
        private final Map<String, String> answers;
        private final String fault;

        Answering(Map<String, String> answers, String fault) {
            this.answers = answers;
            this.fault = fault;
        }

        @Override
        public Source invoke(Source request) {
            try {
                Node came = StaxUtils.read(request).getDocumentElement();
                if (fault != null) {
                    throw new SoapFault(fault, Fault.FAULT_CODE_SERVER);
                }
                String answer = answers.get(came.getLocalName());
                return answer == null ? null : new StreamSource(new StringReader(answer));
            } catch (XMLStreamException error) {
                throw new IllegalStateException(error);
            }
        }
    }
}
