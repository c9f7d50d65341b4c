"""The web server: two processes of forty threads, since the results page waits on the server for suppliers' answers."""

import os

bind = os.environ.get("BIND", "127.0.0.1:8000")
workers = int(os.environ.get("WEB_WORKERS", "2"))
threads = int(os.environ.get("WEB_THREADS", "40"))
worker_class = "gthread"
timeout = 30
# Workers are stopped hard after three seconds: what was in flight is `unknown`, and asked for.
graceful_timeout = 3
limit_request_line = 4094
limit_request_fields = 60
limit_request_field_size = 8190
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108, PTH112  heartbeat file in memory
control_socket_disable = True
accesslog = None
