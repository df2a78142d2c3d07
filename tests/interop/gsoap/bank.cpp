// Calls the demo Bank through what wsdl2h and soapcpp2 made of its contract, and prints what it got.
//
//   bank ADDRESS (1.1|1.2)

#include "soapH.h"
#include "BankSoap11.nsmap"
#include "told.h"

static soap_context said;

static ns2__Person *ada() {
  auto person = soap_new_ns2__Person(said);
  person->name = "Ada Lovelace";
  person->born = "1815-12-10";
  return person;
}

static ns2__Scan *scan() {
  auto made = soap_new_ns2__Scan(said);
  said.fill(made->__item, 5000);
  made->mediaType = "image/png";
  made->pages = said.kept<unsigned short>(2);
  return made;
}

static ns2__Branch *branch(const char *city, const char *code) {
  auto made = soap_new_ns2__Branch(said);
  made->city = city;
  made->code = code;
  return made;
}

static void echo() {
  _ns1__echo request;
  _ns1__echoResponse reply;
  auto sent = request.value = soap_new_ns2__Everything(said);
  unsigned char digest[] = {0xde, 0xad, 0xbe, 0xef};
  sent->text = "Gr\xc3\xbc\xc3\x9f" "e & <tags>";
  sent->truth = true;
  sent->small = -7;
  sent->large = "9007199254740991";
  sent->exact = "1234.5678";
  sent->real = 0.25;
  sent->day = "2026-11-30";
  sent->moment = 1796040000;
  sent->clock = "12:34:56";
  sent->span = "P1DT2H";
  sent->year = "2026";
  sent->link = "http://example.org/a?b=c&d";
  sent->name = "ns2:thing";
  said.fill(sent->bytes, 5000);
  sent->digest.__ptr = digest;
  sent->digest.__size = 4;
  sent->kind = ns2__AccountKind__loan;
  sent->limit = "unlimited";
  sent->labels = "a b";
  sent->number = {1, 2, 3};
  sent->__union_Everything = SOAP_UNION__ns2__union_Everything_left;
  sent->union_Everything.left = 5;
  ns2__Amount cash = "1.50";
  xsd__token cheque = "c1";
  sent->__union_Everything_.resize(2);
  sent->__union_Everything_[0].__union_Everything_ = SOAP_UNION__ns2__union_Everything__cash;
  sent->__union_Everything_[0].union_Everything_.cash = &cash;
  sent->__union_Everything_[1].__union_Everything_ = SOAP_UNION__ns2__union_Everything__cheque;
  sent->__union_Everything_[1].union_Everything_.cheque = &cheque;
  sent->party = ada();
  sent->scan = scan();
  sent->branch = branch("London", "LON");
  sent->branch->branch.push_back(branch("Turin", "TRN"));
  sent->priority = said.kept<std::string>("3");
  said.must(soap_call___ns1__echo(said, said.address, "urn:example:bank/echo", &request, reply));

  auto got = reply.value;
  auto person = static_cast<ns2__Person *>(got->party);
  auto &choices = got->__union_Everything_;
  std::string numbers;
  for (int number : got->number) numbers += (numbers.empty() ? "" : " ") + std::to_string(number);
  std::cout << "echo " << got->text << "|" << (got->truth ? "true" : "false") << "|" << got->small << "|" << got->large
            << "|" << got->exact << "|" << got->real << "|" << got->day << "|" << moment(got->moment) << "|"
            << got->clock << "|" << got->span << "|" << got->year << "|" << got->link << "|"
            << got->name.substr(got->name.find(':') + 1) << "|" << got->bytes.__size << "|"
            << hexadecimal(got->digest.__ptr, got->digest.__size) << "|"
            << soap_ns2__AccountKind2s(said, got->kind) << "|" << got->limit << "|" << got->labels << "|" << numbers << "|"
            << (got->nothing ? "text" : "nil") << "|" << (got->absent ? "text" : "absent") << "|left "
            << got->union_Everything.left << "|cash " << *choices[0].union_Everything_.cash << "|cheque "
            << *choices[1].union_Everything_.cheque << "|" << person->name << " " << person->born << "|"
            << got->scan->mediaType << " " << *got->scan->pages << " " << got->scan->__item.__size << "|"
            << got->branch->code << " " << got->branch->branch[0]->code << "|" << got->version << "|" << *got->priority
            << std::endl;
}

int main(int count, char **arguments) {
  said.begin(arguments[1], arguments[2]);

  _ns1__transfer transfer;
  _ns1__transferResponse transferred;
  transfer.source = "DE1";
  transfer.target = "DE2";
  transfer.amount = "10.00";
  said.must(soap_call___ns1__transfer(said, said.address, "urn:example:bank/transfer", &transfer, transferred));
  auto receipt = transferred.receipt;
  std::cout << "transfer " << receipt->amount << " " << (receipt->booked > 1700000000 ? "true" : "false") << std::endl;

  _ns1__account account;
  _ns1__accountResponse told;
  account.iban = "DE1";
  said.must(soap_call___ns1__account(said, said.address, "urn:example:bank/account", &account, told));
  auto owner = static_cast<ns2__Person *>(told.account->owner[0]);
  std::cout << "account " << told.account->iban << " " << owner->name << " " << owner->born << " "
            << *owner->union_Party.email << " " << told.account->balance << " " << told.account->opened << " "
            << soap_ns2__AccountKind2s(said, told.account->kind) << " " << told.account->currency << std::endl;

  _ns1__statement statement;
  _ns1__statementResponse entries;
  statement.iban = "DE1";
  said.must(soap_call___ns1__statement(said, said.address, "urn:example:bank/statement", &statement, entries));
  auto last = entries.entry.back();
  std::cout << "statement " << entries.entry.size() << " " << last->id << " " << last->number << " "
            << moment(last->booked) << " " << last->valueDate << " " << cents(last->amount) << " "
            << cents(last->balance) << " " << *last->counterparty << " " << last->text << " "
            << (last->cleared ? "true" : "false") << std::endl;

  transfer.amount = "100000.00";
  if (soap_call___ns1__transfer(said, said.address, "urn:example:bank/transfer", &transfer, transferred)) {
    auto detail = said.detail()->ns2__insufficientFunds;
    std::cout << "fault " << detail->iban << " " << detail->available << " " << detail->requested << std::endl;
  }

  _ns1__notify notify;
  notify.iban = "DE1";
  notify.message = "hello";
  said.must(soap_send___ns1__notify(said, said.address, "urn:example:bank/notify", &notify));
  said.must(said.accepted());
  std::cout << "notified" << std::endl;

  _ns1__openAccount open;
  _ns1__openAccountResponse opened;
  open.owner.push_back(ada());
  open.kind = ns2__AccountKind__savings;
  open.currency = "EUR";
  open.deposit = said.kept<std::string>("1.50");
  open.scan.push_back(scan());
  said.must(soap_call___ns1__openAccount(said, said.address, "urn:example:bank/openAccount", &open, opened));
  std::cout << "opened " << soap_ns2__AccountKind2s(said, opened.account->kind) << " " << opened.account->balance << " "
            << opened.account->currency << std::endl;

  _ns1__closeAccount close;
  _ns1__closeAccountResponse closed;
  close.iban = opened.account->iban;
  close.payTo = said.kept<std::string>("DE2");
  soap_header(said);
  said.context->header->ns2__caller = soap_new_ns2__Caller(said);
  said.context->header->ns2__caller->user = "ada";
  said.must(soap_call___ns1__closeAccount(said, said.address, "urn:example:bank/closeAccount", &close, closed));
  auto audited = said.context->header && said.context->header->ns2__auditNumber;
  std::cout << "closed " << closed.receipt->amount << " " << (audited ? "audited" : "?") << std::endl;
  said.context->header = nullptr;

  echo();
}
