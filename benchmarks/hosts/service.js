// The contract of the benchmarks hosted by node-soap: node service.js CONTRACT PORT. Run where `soap` is installed.
const fs = require('fs');
const http = require('http');
const soap = require('soap');

const [contract, port] = process.argv.slice(2);

// node-soap reads dates into objects that it does not write; a service has to.
const written = (record) => ({
  ...record,
  booked: record.booked.toISOString(),
  due: record.due.toISOString().slice(0, 10),
});
const service = {
  RecordsService: {
    RecordsSoap: {
      echo: ({record}) => ({record: written(record)}),
      echoAll: ({record}) => ({record: record.map(written)}),
    },
  },
};
const server = http.createServer((request, response) => response.writeHead(404).end());
soap.listen(server, '/', service, fs.readFileSync(contract, 'utf8'));
server.listen(Number(port), '127.0.0.1');
