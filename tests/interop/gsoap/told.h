// What both callers share: the context of gSOAP, set up for a SOAP version with MTOM, and how values are printed.

#include <ctime>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <string>

struct soap_context {
  struct soap *context = soap_new1(SOAP_C_UTFSTRING | SOAP_ENC_MTOM | SOAP_XML_STRICT);
  const char *address = nullptr;

  operator struct soap *() { return context; }

  void begin(const char *where, const char *version) {
    address = where;
    if (!strcmp(version, "1.1")) {  // the table is of 1.2, whose binding the contract has too
      namespaces[0].ns = "http://schemas.xmlsoap.org/soap/envelope/";
      namespaces[1].ns = "http://schemas.xmlsoap.org/soap/encoding/";
    }
    soap_set_namespaces(context, namespaces);
  }

  // Ends the program, in words, where a call went wrong.
  void must(int status) {
    if (status == SOAP_OK) return;
    soap_print_fault(context, stderr);
    exit(1);
  }

  // The reply to a one-way message has no envelope.
  int accepted() {
    int status = soap_recv_empty_response(context);
    soap_closesock(context);
    return status;
  }

  SOAP_ENV__Detail *detail() {
    return context->version == 2 ? context->fault->SOAP_ENV__Detail : context->fault->detail;
  }

  // A value that an optional member points to, until the program ends.
  template <class Value> Value *kept(Value value) { return new Value(value); }

  // Bytes that travel as a part of their own.
  void fill(xsd__base64Binary &binary, int size) {
    binary.__ptr = static_cast<unsigned char *>(soap_malloc(context, size));
    binary.__size = size;
    memset(binary.__ptr, 7, size);
    binary.type = soap_strdup(context, "image/png");
  }
};

inline std::string moment(time_t at) {
  char text[32];
  strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", gmtime(&at));
  return text;
}

inline std::string cents(const std::string &amount) {
  char text[32];
  snprintf(text, sizeof text, "%.2f", atof(amount.c_str()));
  return text;
}

inline std::string hexadecimal(const unsigned char *bytes, int size) {
  char text[3];
  std::string all;
  for (int at = 0; at < size; at++) {
    snprintf(text, sizeof text, "%02X", bytes[at]);
    all += text;
  }
  return all;
}
