<?php
// A PHP service for wsdl/rpc-encoded.wsdl: add() counts, find() gives a book for each word.
class Library {
    function add($book, $copies) {
        return $copies + strlen($book->title) + count($book->words ?? []);
    }
    function find($words) {
        $books = [];
        foreach ($words as $word) {
            $books[] = ["title" => $word, "shelf" => "science", "price" => "1.50", "author" => ["name" => "A $word", "born" => 1900], "words" => [$word, null]];
        }
        return $books;
    }
}
$server = new SoapServer(getenv("CONTRACT"), ["cache_wsdl" => WSDL_CACHE_NONE]);
$server->setClass("Library");
$server->handle();
