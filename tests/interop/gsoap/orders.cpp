// Calls the code-first sample through what wsdl2h and soapcpp2 made of its contract, and prints what it got.
//
//   orders ADDRESS (1.1|1.2)

#include "soapH.h"
#include "OrdersSoap11.nsmap"
#include "told.h"

static soap_context said;

static void place(_ns1__place *request, _ns1__placeResponse &reply, int quantity) {
  auto line = soap_new_ns1__Line(said);
  line->article = "NU-0001";
  line->quantity = quantity;
  line->price = "0.50";
  request->lines.push_back(line);
  request->__union_place = SOAP_UNION__ns1__union_place_Card;
  request->union_place.Card = soap_new_ns1__Card(said);
  request->union_place.Card->number = "1";
  request->union_place.Card->expires = "2030";
  soap_header(said);
  said.context->header->ns1__receipt = nullptr;
  said.context->header->ns1__Caller_ = soap_new_ns1__Caller(said);
  said.context->header->ns1__Caller_->name = "peer";
  said.context->header->ns1__Caller_->branch = said.kept<LONG64>(7);
  soap_call___ns1__place(said, said.address, "urn:example:orders/place", request, reply);
}

static void total(const char *told, ns1__Order *order) {
  _ns1__total request;
  _ns1__totalResponse reply;
  request.order = order;
  said.must(soap_call___ns1__total(said, said.address, "urn:example:orders/total", &request, reply));
  std::cout << told << " " << reply.result << std::endl;
}

int main(int count, char **arguments) {
  said.begin(arguments[1], arguments[2]);

  _ns1__place small, large;
  _ns1__placeResponse placed, refused;
  place(&small, placed, 2);
  said.must(said.context->error);
  auto order = placed.result;
  auto card = order->union_Order.Card;
  auto receipt = said.context->header->ns1__receipt;
  std::cout << "placed " << order->number << " " << order->id.size() << " " << order->lines[0]->article << " "
            << order->lines[0]->quantity << " " << order->lines[0]->price << " card " << card->number << " "
            << card->expires << " " << soap_ns1__State2s(said, *order->state) << " "
            << (order->placed > 1700000000 ? "true" : "false") << " " << *order->deliver_USCOREwithin << " " << *order->note
            << " " << (order->label ? "label" : "absent") << " " << (receipt && *receipt == order->id ? "receipt" : "?")
            << std::endl;

  place(&large, refused, 1000);
  auto shortage = said.detail()->ns1__OutOfStock;
  std::cout << "shortage " << shortage->article << " " << shortage->left << std::endl;
  said.context->header = nullptr;

  _ns1__find find;
  _ns1__findResponse found;
  find.number = 1;
  said.must(soap_call___ns1__find(said, said.address, "urn:example:orders/find", &find, found));
  std::cout << "found " << found.result->number << " " << soap_ns1__State2s(said, *found.result->state) << std::endl;
  find.number = 99;
  if (soap_call___ns1__find(said, said.address, "urn:example:orders/find", &find, found))
    std::cout << "unknown " << *said.detail()->ns1__UnknownOrder << std::endl;

  _ns1__search search;
  _ns1__searchResponse page;
  search.states = {ns1__State__open, ns1__State__paid};
  said.must(soap_call___ns1__search(said, said.address, "urn:example:orders/search", &search, page));
  std::cout << "search " << page.result->total << " " << page.result->items[0]->number << std::endl;

  _ns1__viewed viewed;
  viewed.number = 1;
  viewed.at = 1796040000;
  said.must(soap_send___ns1__viewed(said, said.address, "urn:example:orders/viewed", &viewed));
  said.must(said.accepted());
  std::cout << "viewed" << std::endl;

  total("total", order);
  order->label = soap_new_xsd__base64Binary(said);
  said.fill(*order->label, 5000);
  total("labelled", order);
}
