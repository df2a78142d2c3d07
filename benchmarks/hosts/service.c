/* The contract of the benchmarks hosted by gSOAP on its own: service PORT. Built from what wsdl2h and soapcpp2 make. */
#include "soapH.h"
#include "RecordsSoap.nsmap"
#include <pthread.h>
#include <stdlib.h>

static void *serve(void *);

int main(int count, char **arguments) {
  struct soap *soap = soap_new1(SOAP_IO_KEEPALIVE);
  soap->max_keep_alive = 1000000;
  soap->accept_timeout = 0;
  soap->send_timeout = soap->recv_timeout = 30;
  soap->bind_flags = SO_REUSEADDR;
  if (count != 2 || !soap_valid_socket(soap_bind(soap, "127.0.0.1", atoi(arguments[1]), 100))) return 1;
  for (;;) {
    if (!soap_valid_socket(soap_accept(soap))) return 1;
    struct soap *own = soap_copy(soap);
    pthread_t thread; /* one a connection */
    pthread_create(&thread, NULL, serve, own);
  }
}

static void *serve(void *given) {
  struct soap *soap = given;
  pthread_detach(pthread_self());
  soap_serve(soap);
  soap_destroy(soap);
  soap_end(soap);
  soap_free(soap);
  return NULL;
}

int __ns1__echo(struct soap *soap, struct _ns1__echo *request, struct _ns1__echoResponse *reply) {
  reply->record = request->record;
  return SOAP_OK;
}

int __ns1__echoAll(struct soap *soap, struct _ns1__echoAll *request, struct _ns1__echoAllResponse *reply) {
  reply->__sizerecord = request->__sizerecord;
  reply->record = request->record;
  return SOAP_OK;
}
