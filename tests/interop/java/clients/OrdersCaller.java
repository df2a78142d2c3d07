// Calls the code-first sample through the classes that wsimport or wsdl2java made of its contract, and prints what it
// got.
//
//   OrdersCaller ADDRESS (1.1|1.2)

import example.orders.Card;
import example.orders.Line;
import example.orders.Order;
import example.orders.Orders;
import example.orders.Orders_Service;
import example.orders.OutOfStock;
import example.orders.PageOfOrder;
import example.orders.Place;
import example.orders.State;
import example.orders.UnknownOrder;
import jakarta.xml.ws.soap.MTOMFeature;
import java.math.BigDecimal;
import java.net.URI;
import java.util.List;
import javax.xml.datatype.DatatypeFactory;
import javax.xml.namespace.QName;

public class OrdersCaller {
    static final String ORDERS = "urn:example:orders";

    public static void main(String[] arguments) throws Exception {
        Orders_Service service = new Orders_Service(URI.create(arguments[0] + "?wsdl").toURL());
        QName name = new QName(ORDERS, "OrdersSoap" + arguments[1].replace(".", ""));
        Orders shop = service.getPort(name, Orders.class, new MTOMFeature(true, 1000));
        Port.address(shop, arguments[0]);

        Port.Block caller = Port.send(
            shop, new QName(ORDERS, "Caller", "o"), List.of("name", "peer", "branch", "7"), "receipt");
        Order order = shop.place(request(2)).getResult();
        Line sent = order.getLines().get(0);
        say("placed", order.getNumber(), order.getId().length(), sent.getArticle(), sent.getQuantity(), sent.getPrice(),
            "card", order.getCard().getNumber(), order.getCard().getExpires(), order.getState().value(),
            order.getPlaced().getYear() > 2024, order.getDeliverWithin(), order.getNote(),
            order.getLabel() == null ? "absent" : "label", order.getId().equals(caller.answer) ? "receipt" : "?");
        try {
            shop.place(request(1000));
        } catch (OutOfStock fault) {
            say("shortage", fault.getFaultInfo().getArticle(), fault.getFaultInfo().getLeft());
        }
        Port.sendNoMore(shop);

        Order found = shop.find(1);
        say("found", found.getNumber(), found.getState().value());
        try {
            shop.find(99);
        } catch (UnknownOrder fault) {
            say("unknown", fault.getFaultInfo());
        }
        PageOfOrder page = shop.search(List.of(State.OPEN, State.PAID), null, null);
        say("search", page.getTotal(), page.getItems().get(0).getNumber());
        shop.viewed(1, DatatypeFactory.newInstance().newXMLGregorianCalendar("2026-11-30T12:00:00Z"));
        say("viewed");

        say("total", shop.total(order));
        order.setLabel(new byte[5000]);
        say("labelled", shop.total(order));
    }

    static Place request(int quantity) {
        Line line = new Line();
        line.setArticle("NU-0001");
        line.setQuantity(quantity);
        line.setPrice(new BigDecimal("0.50"));
        Card card = new Card();
        card.setNumber("1");
        card.setExpires("2030");
        Place made = new Place();
        made.getLines().add(line);
        made.setCard(card);
        return made;
    }

    static void say(Object... words) {
        System.out.println(Port.joined(" ", words));
    }
}
