"""gunicorn in place of ``ivrkit serve``: ``gunicorn --config gunicorn.conf.py``, in the folder of ``ivrkit.toml``.

Change: ``bind`` and ``workers``. A proxy with TLS stands in front, and IVRKIT_TRUSTED_PROXIES=1 says so.
"""

import os

wsgi_app = "ivrkit.web:create_server_app()"
bind = "127.0.0.1:5000"

# Threads, because what takes long in a webhook is a plugin that asks somebody else. Each process opens the session
# store by itself, so the app is not loaded before they part (`preload_app`); a reload then takes new code as well.
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
worker_class = "gthread"
threads = 8

# A process that shows no sign of life for so many seconds is replaced; one that is told to end has as many seconds for
# the webhooks that it has begun as Twilio waits for them.
timeout = 30
graceful_timeout = 15

# The proxies of this folder open a connection for each webhook. For one that keeps them: longer than it does, so that
# it is never gunicorn that closes one.
keepalive = 30

# A process is replaced after so many webhooks, and not all of them at once. Calls are in the file and go on.
max_requests = 10_000
max_requests_jitter = 1_000

# Whose X-Forwarded-Proto is believed: the proxy's on this machine.
forwarded_allow_ips = "127.0.0.1,::1"

# A socket to steer gunicorn by would be in the home of a user who may have none.
control_socket_disable = True
