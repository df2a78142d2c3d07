// Metro as MTOM server and client, driven by tests/interop/test_metro.py: lines in, lines out, fields between tabs.

import jakarta.activation.DataHandler;
import jakarta.jws.WebMethod;
import jakarta.jws.WebParam;
import jakarta.jws.WebService;
import jakarta.mail.util.ByteArrayDataSource;
import jakarta.xml.bind.annotation.XmlAttachmentRef;
import jakarta.xml.bind.annotation.XmlMimeType;
import jakarta.xml.ws.BindingType;
import jakarta.xml.ws.Endpoint;
import jakarta.xml.ws.Service;
import jakarta.xml.ws.soap.MTOM;
import jakarta.xml.ws.soap.MTOMFeature;
import jakarta.xml.ws.soap.SOAPBinding;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.ServerSocket;
import java.net.URL;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import javax.xml.namespace.QName;

public class MetroDriver {
    static final String NAMESPACE = "urn:metro:store";

    @WebService(name = "Store", targetNamespace = NAMESPACE)
    public interface Store {
        @WebMethod
        byte[] echo(@WebParam(name = "data") byte[] data);

        @WebMethod
        @XmlMimeType("application/octet-stream")
        DataHandler typed(@WebParam(name = "file") @XmlMimeType("application/octet-stream") DataHandler file);

        @WebMethod
        @XmlAttachmentRef
        DataHandler referred(@WebParam(name = "file") @XmlAttachmentRef DataHandler file);

        @WebMethod
        String sizes(@WebParam(name = "one") byte[] one, @WebParam(name = "many") byte[][] many);
    }

    public static class Implementation implements Store {
        public byte[] echo(byte[] data) {
            return data;
        }

        public DataHandler typed(DataHandler file) {
            return file;
        }

        public DataHandler referred(DataHandler file) {
            return file;
        }

        public String sizes(byte[] one, byte[][] many) {
            int total = many == null ? 0 : Arrays.stream(many).mapToInt(each -> each.length).sum();
            return one.length + " and " + total;
        }
    }

    @MTOM(threshold = 1024)
    @WebService(serviceName = "Store11", portName = "StorePort", targetNamespace = NAMESPACE,
            endpointInterface = "MetroDriver$Store")
    public static class Store11 extends Implementation {}

    @MTOM(threshold = 1024)
    @BindingType(SOAPBinding.SOAP12HTTP_BINDING)
    @WebService(serviceName = "Store12", portName = "StorePort", targetNamespace = NAMESPACE,
            endpointInterface = "MetroDriver$Store")
    public static class Store12 extends Implementation {}

    public static void main(String[] arguments) throws Exception {
        int port;
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        String address = "http://127.0.0.1:" + port + "/";
        Endpoint.publish(address + "store11", new Store11());
        Endpoint.publish(address + "store12", new Store12());
        System.out.println("ready\t" + address);
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            System.out.println(answer(line.split("\t")).replace("\n", " "));
        }
        System.exit(0);
    }

    // call <wsdl> <service> <size>: what a Metro client with MTOM gets back, and whether it is what it sent.
    static String answer(String[] words) {
        try {
            Service service = Service.create(new URL(words[1]), new QName(NAMESPACE, words[2]));
            Store store = service.getPort(Store.class, new MTOMFeature(1024));
            byte[] data = new byte[Integer.parseInt(words[3])];
            new Random(1).nextBytes(data);
            byte[] back = store.echo(data);
            DataHandler typed = store.typed(new DataHandler(new ByteArrayDataSource(data, "image/x-test")));
            boolean same = Arrays.equals(back, data) && Arrays.equals(typed.getInputStream().readAllBytes(), data);
            DataHandler referred = store.referred(new DataHandler(new ByteArrayDataSource(data, "image/x-test")));
            same &= Arrays.equals(referred.getInputStream().readAllBytes(), data);
            String sizes = store.sizes(data, new byte[][] {data, new byte[3]});
            String digest = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(data));
            return String.join("\t", "ok", String.valueOf(same), sizes, digest);
        } catch (Throwable error) {
            return "error\t" + error;
        }
    }
}
