// What both callers do with a port of JAX-WS: say where it is, send a header block with its calls.

import jakarta.xml.soap.SOAPElement;
import jakarta.xml.soap.SOAPEnvelope;
import jakarta.xml.soap.SOAPHeader;
import jakarta.xml.ws.BindingProvider;
import jakarta.xml.ws.handler.Handler;
import jakarta.xml.ws.handler.MessageContext;
import jakarta.xml.ws.handler.soap.SOAPHandler;
import jakarta.xml.ws.handler.soap.SOAPMessageContext;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.xml.namespace.QName;
import org.w3c.dom.NodeList;

class Port {
    static void address(Object port, String address) {
        Map<String, Object> context = ((BindingProvider) port).getRequestContext();
        context.put(BindingProvider.ENDPOINT_ADDRESS_PROPERTY, address);
        // CXF 4 asks to go on in HTTP/2; uvicorn with httptools then loses the body: docs/howto/host.rst
        context.put("org.apache.cxf.transport.http.forceVersion", "1.1");
    }

    /** A block of names and their texts goes with every call from now on; in replies another is looked for. */
    static Block send(Object port, QName name, List<String> content, String expected) {
        Block block = new Block(name, content, expected);
        ((BindingProvider) port).getBinding().setHandlerChain(List.<Handler>of(block));
        return block;
    }

    static void sendNoMore(Object port) {
        ((BindingProvider) port).getBinding().setHandlerChain(List.<Handler>of());
    }

    static String joined(String with, Object... words) {
        return Stream.of(words).map(String::valueOf).collect(Collectors.joining(with));
    }

    static class Block implements SOAPHandler<SOAPMessageContext> {
        final QName name;
        final List<String> content;
        final String expected;
        String answer;

        Block(QName name, List<String> content, String expected) {
            this.name = name;
            this.content = content;
            this.expected = expected;
        }

        public boolean handleMessage(SOAPMessageContext context) {
            try {
                SOAPEnvelope envelope = context.getMessage().getSOAPPart().getEnvelope();
                SOAPHeader header = envelope.getHeader() != null ? envelope.getHeader() : envelope.addHeader();
                if ((Boolean) context.get(MessageContext.MESSAGE_OUTBOUND_PROPERTY)) {
                    SOAPElement block = header.addChildElement(name);
                    for (int at = 0; at < content.size(); at += 2) {
                        QName child = new QName(name.getNamespaceURI(), content.get(at), name.getPrefix());
                        block.addChildElement(child).addTextNode(content.get(at + 1));
                    }
                } else {
                    NodeList found = header.getElementsByTagNameNS("*", expected);
                    answer = found.getLength() == 1 ? found.item(0).getTextContent() : null;
                }
            } catch (Exception problem) {
                throw new RuntimeException(problem);
            }
            return true;
        }

        public boolean handleFault(SOAPMessageContext context) {
            return true;
        }

        public void close(MessageContext context) {}

        public Set<QName> getHeaders() {
            return Set.of();
        }
    }
}
