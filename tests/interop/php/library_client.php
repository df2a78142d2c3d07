<?php
// Calls a service of wsdl/rpc-encoded.wsdl and prints what came, as JSON.
[$_, $contract, $address] = $argv;
$client = new SoapClient($contract, ["location" => $address, "cache_wsdl" => WSDL_CACHE_NONE, "exceptions" => true]);
$author = ["name" => "Jane", "born" => 1775];
$book = ["title" => "Emma", "shelf" => "novels", "price" => "7.50", "author" => $author, "words" => ["a", "b"]];
echo json_encode(["total" => $client->add($book, 3), "found" => $client->find(["x", "y"])]);
