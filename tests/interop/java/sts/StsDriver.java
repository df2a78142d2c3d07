// The security token service of Apache CXF, told what to secure by a contract, one command a line on the standard input:
//
//     serve <TAB> wsdl           -> ok <TAB> address    |   no <TAB> why not
//
// The first argument is a folder with ca.pem, alice.p12 and bob.p12 (password changeit): clients are alice, the token service
// is bob, who signs assertions; symmetric keys in them are encrypted to bob too, as if he were the service they are for. Of
// whoever asks, or is asked for, it knows one claim: where they come from.

import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.InputStreamReader;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.Logger;
import javax.security.auth.callback.Callback;
import javax.security.auth.callback.CallbackHandler;
import javax.xml.namespace.QName;
import org.apache.cxf.BusFactory;
import org.apache.cxf.jaxws.EndpointImpl;
import org.apache.cxf.rt.security.claims.Claim;
import org.apache.cxf.rt.security.claims.ClaimCollection;
import org.apache.cxf.sts.StaticSTSProperties;
import org.apache.cxf.sts.cache.DefaultInMemoryTokenStore;
import org.apache.cxf.sts.claims.ClaimsHandler;
import org.apache.cxf.sts.claims.ClaimsManager;
import org.apache.cxf.sts.claims.ClaimsParameters;
import org.apache.cxf.sts.claims.ProcessedClaim;
import org.apache.cxf.sts.claims.ProcessedClaimCollection;
import org.apache.cxf.sts.operation.AbstractOperation;
import org.apache.cxf.sts.operation.TokenCancelOperation;
import org.apache.cxf.sts.operation.TokenIssueOperation;
import org.apache.cxf.sts.operation.TokenRenewOperation;
import org.apache.cxf.sts.operation.TokenValidateOperation;
import org.apache.cxf.sts.service.StaticService;
import org.apache.cxf.sts.token.canceller.SCTCanceller;
import org.apache.cxf.sts.token.delegation.SAMLDelegationHandler;
import org.apache.cxf.sts.token.delegation.UsernameTokenDelegationHandler;
import org.apache.cxf.sts.token.provider.SAMLTokenProvider;
import org.apache.cxf.sts.token.provider.SCTProvider;
import org.apache.cxf.sts.token.renewer.SAMLTokenRenewer;
import org.apache.cxf.sts.token.validator.SAMLTokenValidator;
import org.apache.cxf.sts.token.validator.SCTValidator;
import org.apache.cxf.sts.token.validator.UsernameTokenValidator;
import org.apache.cxf.ws.security.sts.provider.SecurityTokenServiceProvider;
import org.apache.cxf.ws.security.tokenstore.TokenStore;
import org.apache.wss4j.common.crypto.Merlin;
import org.apache.wss4j.common.ext.WSPasswordCallback;

public final class StsDriver {
    static final char[] PASSWORD = "changeit".toCharArray();
    static final String NS = "urn:sts";
    static final String COUNTRY = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/country";

    private final Path folder;
    private final int port;
    private int served;

    private StsDriver(Path folder) throws Exception {
        this.folder = folder;
        try (ServerSocket socket = new ServerSocket(0)) {
            this.port = socket.getLocalPort();
        }
    }

    public static void main(String[] arguments) throws Exception {
        LogManager.getLogManager().reset();
        Logger.getLogger("").setLevel(Level.OFF);
        StsDriver driver = new StsDriver(Path.of(arguments[0]));
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = commands.readLine(); line != null; line = commands.readLine()) {
            System.out.println(driver.answer(line.split("\t")));
            System.out.flush();
        }
        System.exit(0);
    }

    private String answer(String[] command) {
        try {
            return "ok\t" + serve(command[1]);
        } catch (Throwable error) {
            StringBuilder told = new StringBuilder("no");
            for (Throwable cause = error; cause != null; cause = cause.getCause()) {
                told.append('\t').append(cause.getClass().getSimpleName()).append(": ")
                        .append(String.valueOf(cause.getMessage()).replaceAll("\\s+", " "));
            }
            return told.toString();
        }
    }

    private KeyStore store(String name) throws Exception {
        KeyStore one = KeyStore.getInstance("PKCS12");
        try (var in = new FileInputStream(folder.resolve(name + ".p12").toFile())) {
            one.load(in, PASSWORD);
        }
        return one;
    }

    private Merlin crypto() throws Exception {
        KeyStore keys = KeyStore.getInstance("PKCS12");
        keys.load(null, null);
        KeyStore own = store("bob");
        keys.setKeyEntry("bob", own.getKey("bob", PASSWORD), PASSWORD, own.getCertificateChain("bob"));
        keys.setCertificateEntry("alice", store("alice").getCertificate("alice"));
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        try (var in = new FileInputStream(folder.resolve("ca.pem").toFile())) {
            trusted.setCertificateEntry("ca", CertificateFactory.getInstance("X.509").generateCertificate(in));
        }
        Merlin crypto = new Merlin();
        crypto.setKeyStore(keys);
        crypto.setTrustStore(trusted);
        return crypto;
    }

    private String serve(String wsdl) throws Exception {
        Merlin crypto = crypto();
        CallbackHandler passwords = callbacks -> {
            for (Callback callback : callbacks) {
                ((WSPasswordCallback) callback).setPassword("changeit");
            }
        };
        StaticSTSProperties settings = new StaticSTSProperties();
        settings.setIssuer("CXF");
        settings.setSignatureCrypto(crypto);
        settings.setSignatureUsername("bob");
        settings.setEncryptionCrypto(crypto);
        settings.setEncryptionUsername("bob");
        settings.setCallbackHandler(passwords);
        TokenStore tokens = new DefaultInMemoryTokenStore();
        TokenIssueOperation issue = with(new TokenIssueOperation(), settings, tokens);
        issue.setTokenProviders(List.of(new SAMLTokenProvider(), new SCTProvider()));
        issue.setTokenValidators(List.of(new SAMLTokenValidator(), new UsernameTokenValidator()));
        issue.setDelegationHandlers(List.of(new SAMLDelegationHandler(), new UsernameTokenDelegationHandler()));
        ClaimsManager claims = new ClaimsManager();
        claims.setClaimHandlers(List.of(new Countries()));
        issue.setClaimsManager(claims);
        TokenValidateOperation validate = with(new TokenValidateOperation(), settings, tokens);
        validate.setTokenValidators(List.of(new SAMLTokenValidator(), new SCTValidator()));
        TokenRenewOperation renew = with(new TokenRenewOperation(), settings, tokens);
        SAMLTokenRenewer renewer = new SAMLTokenRenewer();
        renewer.setVerifyProofOfPossession(false);
        renew.setTokenRenewers(List.of(renewer));
        renew.setTokenValidators(List.of(new SAMLTokenValidator()));
        TokenCancelOperation cancel = with(new TokenCancelOperation(), settings, tokens);
        SCTCanceller canceller = new SCTCanceller();
        canceller.setVerifyProofOfPossession(false);
        cancel.setTokenCancellers(List.of(canceller));

        SecurityTokenServiceProvider provider = new SecurityTokenServiceProvider();
        provider.setIssueOperation(issue);
        provider.setValidateOperation(validate);
        provider.setRenewOperation(renew);
        provider.setCancelOperation(cancel);

        Map<String, Object> properties = new HashMap<>();
        properties.put("ws-security.signature.crypto", crypto);
        properties.put("ws-security.encryption.crypto", crypto);
        properties.put("ws-security.callback-handler", passwords);
        properties.put("ws-security.signature.username", "bob");
        properties.put("ws-security.encryption.username", "useReqSigCert");
        EndpointImpl endpoint = new EndpointImpl(BusFactory.getDefaultBus(), provider);
        endpoint.setWsdlLocation(wsdl);
        endpoint.setServiceName(new QName(NS, "TokenService"));
        endpoint.setEndpointName(new QName(NS, "TokenService"));
        endpoint.setProperties(properties);
        String address = "http://127.0.0.1:" + port + "/" + served++;
        endpoint.publish(address);
        return address;
    }

    private static <T extends AbstractOperation> T with(T operation, StaticSTSProperties settings, TokenStore tokens) {
        StaticService anybody = new StaticService();
        anybody.setEndpoints(List.of(".*"));
        operation.setServices(List.of(anybody));
        operation.setStsProperties(settings);
        operation.setTokenStore(tokens);
        return operation;
    }

    private static final class Countries implements ClaimsHandler {
        @Override
        public List<String> getSupportedClaimTypes() {
            return List.of(COUNTRY);
        }

        @Override
        public ProcessedClaimCollection retrieveClaimValues(ClaimCollection asked, ClaimsParameters parameters) {
            ProcessedClaimCollection found = new ProcessedClaimCollection();
            for (Claim claim : asked) {
                if (COUNTRY.equals(claim.getClaimType())) {
                    ProcessedClaim country = new ProcessedClaim();
                    country.setClaimType(claim.getClaimType());
                    country.setPrincipal(parameters.getPrincipal());
                    country.addValue("Wonderland");
                    found.add(country);
                }
            }
            return found;
        }
    }
}
