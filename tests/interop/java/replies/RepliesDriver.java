// A service of Apache CXF that keeps to WS-Addressing: its answers go where requests say. Prints its port; it ends with
// its input.

import jakarta.jws.WebMethod;
import jakarta.jws.WebParam;
import jakarta.jws.WebService;
import jakarta.xml.ws.Endpoint;
import jakarta.xml.ws.WebFault;
import jakarta.xml.ws.soap.Addressing;
import jakarta.xml.ws.soap.SOAPBinding;
import java.net.ServerSocket;
import org.apache.cxf.jaxws.EndpointImpl;

public class RepliesDriver {
    @WebService(targetNamespace = "urn:example:oracle", serviceName = "Oracle", portName = "OraclePort")
    @Addressing
    public static class Oracle {
        @WebMethod
        public String ask(@WebParam(name = "question") String question) throws Unanswerable {
            if (question.isEmpty()) throw new Unanswerable("nothing was asked", "silence");
            return question + "? yes";
        }
    }

    @WebFault(name = "unanswerable", targetNamespace = "urn:example:oracle")
    public static class Unanswerable extends Exception {
        private final String detail;

        public Unanswerable(String message, String detail) {
            super(message);
            this.detail = detail;
        }

        public String getFaultInfo() {
            return detail;
        }
    }

    public static void main(String[] arguments) throws Exception {
        int port;
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        String binding = arguments[0].equals("1.2") ? SOAPBinding.SOAP12HTTP_BINDING : SOAPBinding.SOAP11HTTP_BINDING;
        EndpointImpl endpoint = (EndpointImpl) Endpoint.create(binding, new Oracle());
        endpoint.publish("http://127.0.0.1:" + port + "/oracle");
        System.out.println(port);
        while (System.in.read() >= 0) {}
        System.exit(0);
    }
}
