#!/bin/sh
# PHP as it is hosted in production: php-fpm behind nginx, over a socket kept open; ends both when it is told to end.
# php-fpm.sh FPM FOLDER PORT SCRIPT; CONTRACT is set.
set -eu
fpm=$1 folder=$2 port=$3 script=$4

cat > "$folder/fpm.conf" <<EOF
[global]
error_log = $folder/fpm.log
[www]
listen = $folder/php.sock
pm = static
pm.max_children = 4
clear_env = no
php_admin_value[soap.wsdl_cache_dir] = $folder
EOF
cat > "$folder/nginx.conf" <<EOF
worker_processes 1;
pid $folder/nginx.pid;
error_log $folder/nginx.log crit;
events {}
http {
    access_log off;
    keepalive_requests 1000000;
    client_body_temp_path $folder/body;
    fastcgi_temp_path $folder/fastcgi;
    proxy_temp_path $folder/proxy;
    scgi_temp_path $folder/scgi;
    uwsgi_temp_path $folder/uwsgi;
    upstream php { server unix:$folder/php.sock; keepalive 4; }
    server {
        listen 127.0.0.1:$port;
        location / {
            include /etc/nginx/fastcgi_params;
            fastcgi_param SCRIPT_FILENAME $script;
            fastcgi_pass php;
            fastcgi_keep_conn on;
        }
    }
}
EOF
if [ "$(id -u)" = 0 ]; then
    echo "user = root" >> "$folder/fpm.conf"
    sed -i "1i user root;" "$folder/nginx.conf"
    set -- --allow-to-run-as-root
else
    set --
fi
"$fpm" --nodaemonize --fpm-config "$folder/fpm.conf" "$@" &
first=$!
nginx -e "$folder/nginx.log" -c "$folder/nginx.conf" -g "daemon off;" &
trap 'kill $first $!' TERM
wait || wait || true  # the first ends when it is told to end
