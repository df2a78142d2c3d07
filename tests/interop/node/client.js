// Calls the demo Bank, or the code-first sample, with node-soap, and prints what it got. Run where `soap` is installed.
//
//   node client.js (bank|orders) ADDRESS (1.1|1.2)

const soap = require('soap');

const [name, address, version] = process.argv.slice(2);
const XOP = 'http://www.w3.org/2004/08/xop/include';
const BYTES = Buffer.alloc(5000, 7);

const print = (...words) => console.log(words.join(' '));
const cents = (amount) => Number(amount).toFixed(2);
const moment = (date) => new Date(date).toISOString().replace('.000Z', 'Z');
const day = (date) => moment(date).slice(0, 10);

// How many bytes a value has: in place, or as a part of the reply.
const arrived = (value, parts) => {
  const href = value.Include?.attributes.href;
  const part = href && parts.parts.find(({headers}) => headers['content-id'] === `<${decodeURIComponent(href.slice(4))}>`);
  return part ? part.body.length : Buffer.from(value.$value ?? value, 'base64').length;
};

// A value that travels as a part, and what names it to node-soap.
const include = (id) => ({'xop:Include': {attributes: {'xmlns:xop': XOP, href: `cid:${id}`}}});
const beside = (...ids) => ({
  attachments: ids.map((id) => ({contentId: id, mimetype: 'image/png', name: id, body: BYTES})),
});

// What a declared fault carries.
const refused = (call) => call.then(
  () => { throw new Error('no fault'); },
  (error) => { const fault = error.root.Envelope.Body.Fault; return fault.detail || fault.Detail; },
);

async function bank(client) {
  const [{receipt}] = await client.transferAsync({source: 'DE1', target: 'DE2', amount: '10.00'});
  print('transfer', cents(receipt.amount), new Date(receipt.booked) > new Date('2024-01-01'));

  const [{account}] = await client.accountAsync({iban: 'DE1'});
  const owner = account.owner[0];
  print('account', account.iban, owner.name, day(owner.born), owner.email, cents(account.balance),
    day(account.opened), account.attributes.kind ?? 'current', account.attributes.currency);

  const [{entry}] = await client.statementAsync({iban: 'DE1'});
  const last = entry.at(-1);
  print('statement', entry.length, last.attributes.id, last.number, moment(last.booked), day(last.valueDate),
    cents(last.amount), cents(last.balance), last.counterparty, last.text, last.cleared);

  const {insufficientFunds} = await refused(client.transferAsync({source: 'DE1', target: 'DE2', amount: '100000.00'}));
  print('fault', insufficientFunds.iban, cents(insufficientFunds.available), cents(insufficientFunds.requested));

  await client.notifyAsync({iban: 'DE1', message: 'hello'});
  print('notified');

  const ada = {
    attributes: {xsi_type: {type: 'Person', xmlns: 'urn:example:bank:types', prefix: 'p'}},
    name: 'Ada Lovelace', born: '1815-12-10',
  };
  const scan = {attributes: {mediaType: 'image/png', pages: 2}, ...include('scan')};
  const request = {owner: [ada], kind: 'savings', currency: 'EUR', deposit: '1.50', scan: [scan]};
  const [opened] = await client.openAccountAsync(request, beside('scan'));
  print('opened', opened.account.attributes.kind, cents(opened.account.balance), opened.account.attributes.currency);

  client.addSoapHeader('<t:caller xmlns:t="urn:example:bank:types"><t:user>ada</t:user></t:caller>');
  const [closed, , headers] = await client.closeAccountAsync({iban: opened.account.iban, payTo: 'DE2'});
  print('closed', cents(closed.receipt.amount), headers.auditNumber > 0 ? 'audited' : '?');
  client.clearSoapHeaders();

  const [{value}, , , , parts] = await client.echoAsync({value: {
    attributes: {priority: 3},
    text: 'Grüße & <tags>', truth: true, small: -7, large: '9007199254740991', exact: '1234.5678', real: 0.25,
    day: '2026-11-30', moment: '2026-11-30T12:00:00Z', clock: '12:34:56', span: 'P1DT2H', year: '2026',
    link: 'http://example.org/a?b=c&d', name: {attributes: {'xmlns:n': 'urn:n'}, $value: 'n:thing'},
    bytes: BYTES.toString('base64'), digest: 'DEADBEEF', kind: 'loan', limit: 'unlimited', labels: 'a b',
    number: [1, 2, 3], nothing: {attributes: {'xsi:nil': 'true'}}, left: 5, cash: '1.50', cheque: 'c1', party: ada,
    scan,
    branch: {attributes: {code: 'LON'}, city: 'London', branch: [{attributes: {code: 'TRN'}, city: 'Turin'}]},
  }}, beside('scan'));
  print('echo', [
    value.text, value.truth, value.small, value.large, value.exact, value.real, day(value.day), moment(value.moment),
    value.clock, value.span, value.year, value.link, value.name.split(':').at(-1), arrived(value.bytes, parts),
    value.digest, value.kind, value.limit, value.labels, value.number.join(' '),
    value.nothing === null ? 'nil' : 'text', 'absent' in value ? 'text' : 'absent', `left ${value.left}`,
    `cash ${cents(value.cash)}`, `cheque ${value.cheque}`, `${value.party.name} ${day(value.party.born)}`,
    `${value.scan.attributes.mediaType} ${value.scan.attributes.pages} ${arrived(value.scan, parts)}`,
    `${value.branch.attributes.code} ${value.branch.branch[0].attributes.code}`,
    value.attributes.version, value.attributes.priority,
  ].join('|'));
}

async function orders(client) {
  const placing = (quantity) => client.placeAsync(
    {lines: [{article: 'NU-0001', quantity, price: '0.50'}], Card: {number: '1', expires: '2030'}});
  client.addSoapHeader(
    '<o:Caller xmlns:o="urn:example:orders"><o:name>peer</o:name><o:branch>7</o:branch></o:Caller>');
  const [{result: order}, , {receipt}] = await placing(2);
  const [line] = order.lines;
  print('placed', order.number, order.id.length, line.article, line.quantity, cents(line.price), 'card',
    order.Card.number, order.Card.expires, order.state, new Date(order.placed) > new Date('2024-01-01'),
    order.deliver_within, order.note, 'label' in order ? 'label' : 'absent', receipt === order.id ? 'receipt' : receipt);
  const {OutOfStock} = await refused(placing(1000));
  print('shortage', OutOfStock.article, OutOfStock.left);
  client.clearSoapHeaders();

  const [{result: found}] = await client.findAsync({number: 1});
  print('found', found.number, found.state);
  print('unknown', (await refused(client.findAsync({number: 99}))).UnknownOrder);
  const [{result: page}] = await client.searchAsync({states: ['open', 'paid']});
  print('search', page.total, page.items[0].number);
  await client.viewedAsync({number: 1, at: '2026-11-30T12:00:00Z'});
  print('viewed');

  const sent = {...order, placed: moment(order.placed)};
  print('total', cents((await client.totalAsync({order: sent}))[0].result));
  const labelled = {...sent, label: include('label')};
  print('labelled', cents((await client.totalAsync({order: labelled}, beside('label')))[0].result));
}

soap.createClientAsync(`${address}?wsdl`, {forceSoap12Headers: version === '1.2', handleNilAsNull: true, parseResponseAttachments: true})
  .then((client) => { client.setEndpoint(address); return {bank, orders}[name](client); })
  .catch((error) => { console.error(error.message, error.body || ''); process.exit(1); });
