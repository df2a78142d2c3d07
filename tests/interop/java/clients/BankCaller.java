// Calls the demo Bank through the classes that wsimport or wsdl2java made of its contract, and prints what it got.
//
//   BankCaller ADDRESS (1.1|1.2)

import example.bank.Bank;
import example.bank.BankService;
import example.bank.InsufficientFunds;
import example.bank.types.Account;
import example.bank.types.AccountKind;
import example.bank.types.Branch;
import example.bank.types.Entry;
import example.bank.types.Everything;
import example.bank.types.Funds;
import example.bank.types.ObjectFactory;
import example.bank.types.Person;
import example.bank.types.Receipt;
import example.bank.types.Scan;
import jakarta.xml.bind.JAXBElement;
import jakarta.xml.ws.Holder;
import jakarta.xml.ws.soap.MTOMFeature;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URI;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Collectors;
import javax.xml.datatype.DatatypeFactory;
import javax.xml.namespace.QName;

public class BankCaller {
    static final String BANK = "urn:example:bank", TYPES = "urn:example:bank:types";
    static final byte[] BYTES = new byte[5000];

    public static void main(String[] arguments) throws Exception {
        BankService service = new BankService(URI.create(arguments[0] + "?wsdl").toURL());
        QName name = new QName(BANK, "BankSoap" + arguments[1].replace(".", ""));
        Bank bank = service.getPort(name, Bank.class, new MTOMFeature(true, 1000));
        Port.address(bank, arguments[0]);

        Receipt receipt = bank.transfer("DE1", "DE2", new BigDecimal("10.00"));
        say("transfer", receipt.getAmount(), receipt.getBooked().getYear() > 2024);

        Account account = bank.account("DE1");
        Person owner = (Person) account.getOwner().get(0);
        say("account", account.getIban(), owner.getName(), owner.getBorn(), owner.getEmail(), account.getBalance(),
            account.getOpened(), account.getKind().value(), account.getCurrency());

        List<Entry> entries = bank.statement("DE1", null, null);
        Entry last = entries.get(entries.size() - 1);
        say("statement", entries.size(), last.getId(), last.getNumber(), last.getBooked(), last.getValueDate(),
            last.getAmount().setScale(2), last.getBalance().setScale(2), last.getCounterparty(), last.getText(),
            last.isCleared());

        try {
            bank.transfer("DE1", "DE2", new BigDecimal("100000.00"));
        } catch (InsufficientFunds fault) {
            Funds funds = fault.getFaultInfo();
            say("fault", funds.getIban(), funds.getAvailable(), funds.getRequested());
        }

        bank.notify("DE1", "hello");
        say("notified");

        List<Scan> scans = List.of(scan());
        Account opened = bank.openAccount(List.of(ada()), AccountKind.SAVINGS, "EUR", new BigDecimal("1.50"), scans);
        say("opened", opened.getKind().value(), opened.getBalance(), opened.getCurrency());

        Port.Block caller = Port.send(bank, new QName(TYPES, "caller", "t"), List.of("user", "ada"), "auditNumber");
        Receipt closed = bank.closeAccount(opened.getIban(), "DE2");
        say("closed", closed.getAmount(), caller.answer == null ? "?" : "audited");
        Port.sendNoMore(bank);

        echo(bank);
    }

    static void echo(Bank bank) throws Exception {
        DatatypeFactory values = DatatypeFactory.newInstance();
        ObjectFactory types = new ObjectFactory();
        Everything sent = new Everything();
        sent.setText("Grüße & <tags>");
        sent.setTruth(true);
        sent.setSmall((short) -7);
        sent.setLarge(new BigInteger("9007199254740991"));
        sent.setExact(new BigDecimal("1234.5678"));
        sent.setReal(0.25);
        sent.setDay(values.newXMLGregorianCalendar("2026-11-30"));
        sent.setMoment(values.newXMLGregorianCalendar("2026-11-30T12:00:00Z"));
        sent.setClock(values.newXMLGregorianCalendar("12:34:56"));
        sent.setSpan(values.newDuration("P1DT2H"));
        sent.setYear(values.newXMLGregorianCalendar("2026"));
        sent.setLink("http://example.org/a?b=c&d");
        sent.setName(new QName("urn:n", "thing"));
        sent.setBytes(BYTES);
        sent.setDigest(HexFormat.of().parseHex("DEADBEEF"));
        sent.setKind(AccountKind.LOAN);
        sent.setLimit("unlimited");
        sent.getLabels().addAll(List.of("a", "b"));
        sent.getNumber().addAll(List.of(1, 2, 3));
        sent.setLeft(5);
        sent.getCashOrCheque().add(types.createEverythingCash(new BigDecimal("1.50")));
        sent.getCashOrCheque().add(types.createEverythingCheque("c1"));
        sent.setParty(ada());
        sent.setScan(scan());
        sent.setBranch(branch("London", "LON"));
        sent.getBranch().getBranch().add(branch("Turin", "TRN"));
        sent.setPriority(new BigInteger("3"));

        Holder<Everything> holder = new Holder<>(sent);
        bank.echo(holder);
        Everything got = holder.value;
        Person party = (Person) got.getParty();
        Scan scan = got.getScan();
        String choices = got.getCashOrCheque().stream()
            .map((JAXBElement<?> each) -> each.getName().getLocalPart() + " " + each.getValue())
            .collect(Collectors.joining("|"));
        System.out.println("echo " + Port.joined("|",
            got.getText(), got.isTruth(), got.getSmall(), got.getLarge(), got.getExact(), got.getReal(), got.getDay(),
            got.getMoment(), got.getClock(), got.getSpan(), got.getYear(), got.getLink(), got.getName().getLocalPart(),
            got.getBytes().length, HexFormat.of().withUpperCase().formatHex(got.getDigest()), got.getKind().value(),
            got.getLimit(), String.join(" ", got.getLabels()), Port.joined(" ", got.getNumber().toArray()),
            got.getNothing() == null ? "nil" : "text", got.getAbsent() == null ? "absent" : "text",
            "left " + got.getLeft(), choices, party.getName() + " " + party.getBorn(),
            scan.getMediaType() + " " + scan.getPages() + " " + scan.getValue().length,
            got.getBranch().getCode() + " " + got.getBranch().getBranch().get(0).getCode(), got.getVersion(),
            got.getPriority()));
    }

    static void say(Object... words) {
        System.out.println(Port.joined(" ", words));
    }

    static Person ada() throws Exception {
        Person made = new Person();
        made.setName("Ada Lovelace");
        made.setBorn(DatatypeFactory.newInstance().newXMLGregorianCalendar("1815-12-10"));
        return made;
    }

    static Scan scan() {
        Scan made = new Scan();
        made.setValue(BYTES);
        made.setMediaType("image/png");
        made.setPages(2);
        return made;
    }

    static Branch branch(String city, String code) {
        Branch made = new Branch();
        made.setCity(city);
        made.setCode(code);
        return made;
    }
}
