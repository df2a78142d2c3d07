<?php
// Calls the demo Bank, or the code-first sample, with PHP's own client, and prints what it got.
//
//   php client.php (bank|orders) ADDRESS (1.1|1.2)

const TYPES = 'urn:example:bank:types', ORDERS = 'urn:example:orders';
[$_, $name, $address, $version] = $argv;
$client = new SoapClient("$address?wsdl", [
    'location' => $address,
    'soap_version' => $version === '1.2' ? SOAP_1_2 : SOAP_1_1,
    'cache_wsdl' => WSDL_CACHE_NONE,
    'features' => SOAP_SINGLE_ELEMENT_ARRAYS,
]);
$name($client);

function say(...$words) {
    print implode(' ', $words) . "\n";
}

function cents($amount) {
    return sprintf('%.2f', $amount);
}

function said($truth) {
    return $truth ? 'true' : 'false';
}

/** What a declared fault carries. */
function refused($call) {
    try {
        $call();
    } catch (SoapFault $fault) {
        return $fault->detail;
    }
    exit(1);
}

function bank($client) {
    $receipt = $client->transfer(['source' => 'DE1', 'target' => 'DE2', 'amount' => '10.00'])->receipt;
    say('transfer', $receipt->amount, said(strtotime($receipt->booked) > 1700000000));

    $account = $client->account(['iban' => 'DE1'])->account;
    $owner = $account->owner[0];
    say('account', $account->iban, $owner->name, $owner->born, $owner->email, $account->balance, $account->opened,
        $account->kind, $account->currency);

    $entries = $client->statement(['iban' => 'DE1'])->entry;
    $last = end($entries);
    say('statement', count($entries), $last->id, $last->number, $last->booked, $last->valueDate, cents($last->amount),
        cents($last->balance), $last->counterparty, $last->text, said($last->cleared));

    $funds = refused(fn() => $client->transfer(['source' => 'DE1', 'target' => 'DE2', 'amount' => '100000.00']));
    $funds = $funds->insufficientFunds;
    say('fault', $funds->iban, $funds->available, $funds->requested);

    $client->notify(['iban' => 'DE1', 'message' => 'hello']);
    say('notified');

    $ada = new SoapVar(['name' => 'Ada Lovelace', 'born' => '1815-12-10'], SOAP_ENC_OBJECT, 'Person', TYPES);
    $bytes = str_repeat("\x07", 5000);
    $scan = ['_' => $bytes, 'mediaType' => 'image/png', 'pages' => 2];
    $opened = $client->openAccount(
        ['owner' => [$ada], 'kind' => 'savings', 'currency' => 'EUR', 'deposit' => '1.50', 'scan' => [$scan]])->account;
    say('opened', $opened->kind, $opened->balance, $opened->currency);

    $caller = new SoapHeader(TYPES, 'caller', ['user' => 'ada']);
    $headers = [];
    $closed = $client->__soapCall(
        'closeAccount', [['iban' => $opened->iban, 'payTo' => 'DE2']], null, [$caller], $headers);
    say('closed', $closed->receipt->amount, $headers['auditNumber'] > 0 ? 'audited' : '?');

    $value = $client->echo(['value' => [
        'priority' => 3, 'text' => 'Grüße & <tags>', 'truth' => true, 'small' => -7, 'large' => '9007199254740991',
        'exact' => '1234.5678', 'real' => 0.25, 'day' => '2026-11-30', 'moment' => '2026-11-30T12:00:00Z',
        'clock' => '12:34:56', 'span' => 'P1DT2H', 'year' => '2026', 'link' => 'http://example.org/a?b=c&d',
        'name' => 'thing', 'bytes' => $bytes, 'digest' => "\xDE\xAD\xBE\xEF", 'kind' => 'loan', 'limit' => 'unlimited',
        'labels' => 'a b', 'number' => [1, 2, 3], 'nothing' => null, 'left' => 5, 'cash' => '1.50', 'cheque' => 'c1',
        'party' => $ada, 'scan' => $scan,
        'branch' => ['code' => 'LON', 'city' => 'London', 'branch' => [['code' => 'TRN', 'city' => 'Turin']]],
    ]])->value;
    say('echo', implode('|', [
        $value->text, said($value->truth), $value->small, $value->large, $value->exact, $value->real, $value->day,
        $value->moment, $value->clock, $value->span, $value->year, $value->link, $value->name, strlen($value->bytes),
        strtoupper(bin2hex($value->digest)), $value->kind, $value->limit, $value->labels, implode(' ', $value->number),
        $value->nothing ?? 'nil', $value->absent ?? 'absent', "left $value->left", 'cash ' . end($value->cash),
        'cheque ' . end($value->cheque), "{$value->party->name} {$value->party->born}",
        "{$value->scan->mediaType} {$value->scan->pages} " . strlen($value->scan->_),
        "{$value->branch->code} {$value->branch->branch[0]->code}", $value->version, $value->priority,
    ]));
}

function orders($client) {
    $header = '<o:Caller xmlns:o="urn:example:orders"><o:name>peer</o:name><o:branch>7</o:branch></o:Caller>';
    $caller = new SoapHeader(ORDERS, 'Caller', new SoapVar($header, XSD_ANYXML));
    $headers = [];
    $place = function ($quantity) use ($client, $caller, &$headers) {
        $lines = [['article' => 'NU-0001', 'quantity' => $quantity, 'price' => '0.50']];
        $card = ['number' => '1', 'expires' => '2030'];
        return $client->__soapCall('place', [['lines' => $lines, 'Card' => $card]], null, $caller, $headers)->result;
    };
    $order = $place(2);
    $line = $order->lines[0];
    say('placed', $order->number, strlen($order->id), $line->article, $line->quantity, $line->price, 'card',
        $order->Card->number, $order->Card->expires, $order->state, said(strtotime($order->placed) > 1700000000),
        $order->deliver_within, $order->note, $order->label ?? 'absent',
        $headers['receipt'] === $order->id ? 'receipt' : '?');
    $shortage = refused(fn() => $place(1000))->OutOfStock;
    say('shortage', $shortage->article, $shortage->left);

    $found = $client->find(['number' => 1])->result;
    say('found', $found->number, $found->state);
    say('unknown', refused(fn() => $client->find(['number' => 99]))->UnknownOrder);
    $page = $client->search(['states' => ['open', 'paid']])->result;
    say('search', $page->total, $page->items[0]->number);
    $client->viewed(['number' => 1, 'at' => '2026-11-30T12:00:00Z']);
    say('viewed');

    say('total', $client->total(['order' => $order])->result);
    $order->label = str_repeat("\x07", 5000);
    say('labelled', $client->total(['order' => $order])->result);
}
