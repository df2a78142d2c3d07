// Asks the demo Bank for a balance with messages that node-soap's WSSecurityCert signs, and prints its currency.
//
//   node signed.js WSDL ADDRESS KEY.pem CERTIFICATE.pem PASSPHRASE [OPTIONS of WSSecurityCert, as JSON]

const fs = require('fs');
const soap = require('soap');

const [wsdl, endpoint, key, certificate, passphrase, options] = process.argv.slice(2);

const run = async () => {
  const client = await soap.createClientAsync(wsdl, {endpoint});
  client.setSecurity(
    new soap.WSSecurityCert(fs.readFileSync(key), fs.readFileSync(certificate), passphrase, JSON.parse(options || '{}')),
  );
  const [answer] = await client.balanceAsync({iban: 'DE1'});
  console.log(answer.currency);
};

run().catch((error) => {
  console.log(error.root?.Envelope?.Body?.Fault?.faultstring ?? String(error));
  process.exit(1);
});
