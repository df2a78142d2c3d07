<?php
// The contract of the benchmarks hosted by PHP's own SoapServer: php -S 127.0.0.1:PORT service.php; CONTRACT is set.
class Records {
    public function echo($parameters) { return $parameters; }
    public function echoAll($parameters) { return $parameters; }
}
$server = new SoapServer(getenv('CONTRACT'), ['cache_wsdl' => WSDL_CACHE_BOTH]);
$server->setClass('Records');
$server->handle();
