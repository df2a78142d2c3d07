<?php
// Calls the demo Bank with PHP's SoapClient: bank_client.php WSDL ADDRESS VERSION, and prints what it got as JSON.
[, $wsdl, $address, $version] = $argv;
$client = new SoapClient($wsdl, [
    'location' => $address,
    'soap_version' => $version === '1.2' ? SOAP_1_2 : SOAP_1_1,
    'cache_wsdl' => WSDL_CACHE_NONE,
    'features' => SOAP_SINGLE_ELEMENT_ARRAYS,
    'exceptions' => true,
]);
$receipt = $client->transfer(['source' => 'DE1', 'target' => 'DE2', 'amount' => '10.00']);
$account = $client->account(['iban' => 'DE1']);
$statement = $client->statement(['iban' => 'DE1']);
$client->notify(['iban' => 'DE1', 'message' => 'hello']);
try {
    $client->transfer(['source' => 'DE1', 'target' => 'DE2', 'amount' => '1000.00']);
    $available = null;
} catch (SoapFault $fault) {
    $available = $fault->detail->insufficientFunds->available;
}
$caller = new SoapHeader('urn:example:bank:types', 'caller', ['user' => 'ada']);
$answered = [];
$client->__soapCall('closeAccount', [['iban' => 'DE1', 'payTo' => 'DE2']], null, [$caller], $answered);
print json_encode([
    'receipt' => $receipt, 'account' => $account, 'statement' => $statement,
    'available' => $available, 'answered' => $answered,
]);
