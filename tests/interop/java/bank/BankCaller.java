// Calls the demo Bank through the classes that wsimport or wsdl2java made of its contract, and prints what it got.
//
//   BankCaller ADDRESS (1.1|1.2)

import example.bank.Bank;
import example.bank.BankService;
import example.bank.InsufficientFunds;
import example.bank.types.Account;
import example.bank.types.AccountKind;
import example.bank.types.Entry;
import example.bank.types.Person;
import example.bank.types.Receipt;
import example.bank.types.Scan;
import jakarta.xml.soap.SOAPEnvelope;
import jakarta.xml.soap.SOAPHeader;
import jakarta.xml.ws.Binding;
import jakarta.xml.ws.BindingProvider;
import jakarta.xml.ws.handler.Handler;
import jakarta.xml.ws.handler.MessageContext;
import jakarta.xml.ws.handler.soap.SOAPHandler;
import jakarta.xml.ws.handler.soap.SOAPMessageContext;
import jakarta.xml.ws.soap.MTOMFeature;
import java.math.BigDecimal;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.xml.namespace.QName;

public class BankCaller {
    static final String BANK = "urn:example:bank", TYPES = "urn:example:bank:types";

    public static void main(String[] arguments) throws Exception {
        BankService service = new BankService(URI.create(arguments[0] + "?wsdl").toURL());
        QName name = new QName(BANK, arguments[1].equals("1.2") ? "BankSoap12" : "BankSoap11");
        Bank bank = service.getPort(name, Bank.class, new MTOMFeature(true, 1000));
        Map<String, Object> context = ((BindingProvider) bank).getRequestContext();
        context.put(BindingProvider.ENDPOINT_ADDRESS_PROPERTY, arguments[0]);
        // CXF 4 asks to go on in HTTP/2; uvicorn with httptools then loses the body: docs/howto/host.rst
        context.put("org.apache.cxf.transport.http.forceVersion", "1.1");

        Receipt receipt = bank.transfer("DE1", "DE2", new BigDecimal("10.00"));
        System.out.println("amount " + receipt.getAmount() + " " + (receipt.getBooked().getTimezone() == 0));
        Account account = bank.account("DE1");
        Person owner = (Person) account.getOwner().get(0);
        System.out.println("owner " + owner.getName() + " " + owner.getBorn() + " " + account.getCurrency());
        List<Entry> entries = bank.statement("DE1", null, null);
        System.out.println("entries " + entries.size() + " " + entries.get(99).getNumber());
        try {
            bank.transfer("DE1", "DE2", new BigDecimal("100000.00"));
        } catch (InsufficientFunds fault) {
            System.out.println("fault " + fault.getFaultInfo().getIban() + " " + fault.getFaultInfo().getRequested());
        }
        bank.notify("DE1", "hello");
        Scan scan = new Scan();
        scan.setValue(new byte[5000]);
        scan.setMediaType("image/png");
        Account opened = bank.openAccount(List.of(owner), AccountKind.SAVINGS, "EUR", new BigDecimal("1.50"), List.of(scan));
        System.out.println("opened " + opened.getKind() + " " + opened.getBalance());

        Binding binding = ((BindingProvider) bank).getBinding();
        binding.setHandlerChain(List.<Handler>of(new Caller()));
        System.out.println("closed " + bank.closeAccount(opened.getIban(), "DE2").getAmount() + " " + Caller.audited);
    }

    /** Says who calls, and reads the number of the audit. */
    static class Caller implements SOAPHandler<SOAPMessageContext> {
        static boolean audited = false;

        public boolean handleMessage(SOAPMessageContext context) {
            try {
                SOAPEnvelope envelope = context.getMessage().getSOAPPart().getEnvelope();
                SOAPHeader header = envelope.getHeader() != null ? envelope.getHeader() : envelope.addHeader();
                if ((Boolean) context.get(MessageContext.MESSAGE_OUTBOUND_PROPERTY)) {
                    header.addChildElement(new QName(TYPES, "caller", "t"))
                        .addChildElement(new QName(TYPES, "user", "t")).addTextNode("ada");
                } else {
                    audited = header.getElementsByTagNameNS("*", "auditNumber").getLength() == 1;
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
