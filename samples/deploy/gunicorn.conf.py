"""gunicorn, behind nginx on the same machine: gunicorn --config gunicorn.conf.py"""

import os

wsgi_app = "app:application"
bind = "127.0.0.1:8000"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))  # processes: one or two for each core
worker_class = "gthread"
threads = 16  # of a process: how many handlers may wait for a database at once
preload_app = True  # contracts and classes are loaded once, and shared

timeout = 60  # a worker that stands still for so long is ended
graceful_timeout = 30  # for calls in flight when it is told to stop; Kubernetes: terminationGracePeriodSeconds above it
keepalive = 75  # longer than nginx keeps its connections to us

forwarded_allow_ips = "127.0.0.1"  # who may say X-Forwarded-Proto: the address in the contract is then https
accesslog = "-"
