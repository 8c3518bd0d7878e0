"""Settings for gunicorn, in place of ``ivrkit serve``.

Run ``gunicorn --config gunicorn.conf.py`` in the folder of ``ivrkit.toml``. Change: ``bind`` and ``workers``.
Put a proxy with TLS in front, and set IVRKIT_TRUSTED_PROXIES=1 in the environment.
"""

import importlib.util
import os
import runpy

wsgi_app = "ivrkit.web:create_server_app()"
bind = "127.0.0.1:5000"

# Threads, because a slow webhook mostly waits for a database or another service. A thread waits while the code of a
# plugin hangs, until its deadline. At most 8 calls are in a state that hangs (the setting `max_calls_in_state`), so 32
# threads leave some for other callers. `preload_app` stays off: each worker opens the session store itself, and a
# reload loads new code.
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
worker_class = "gthread"
threads = 32

# gunicorn replaces a worker that hangs for `timeout` seconds. At a reload or shutdown, a worker has `graceful_timeout`
# seconds to finish its webhooks, as long as Twilio waits for a response.
timeout = 30
graceful_timeout = 15

# The proxies in this folder open a connection for each webhook. A proxy that keeps connections open must close them
# sooner than this, because a webhook on a connection that gunicorn just closed fails.
keepalive = 30

# Replace a worker after this many webhooks, against memory leaks in plugins. The jitter keeps the workers from being
# replaced at the same time. Calls go on, because their sessions are in the store.
max_requests = 10_000
max_requests_jitter = 1_000

# The proxies whose X-Forwarded-Proto gunicorn trusts. Change: the address, if your proxy is on another machine.
forwarded_allow_ips = "127.0.0.1,::1"

# No header sets a value of the server itself. A request with the header SCRIPT_NAME would fail otherwise.
forwarder_headers = ""

# No control socket: gunicorn would create it in the home folder, and the service's user may have none.
control_socket_disable = True

# If a worker dies, these hooks log the state, the plugin and the call, and the state is not run again for this call.
# gunicorn goes on, even if the worker ended with the exit code 3 or 4. The hooks are loaded by their path, because
# gunicorn's main process must not import ivrkit: a reload would go on with the old code of ivrkit.
_package = importlib.util.find_spec("ivrkit").submodule_search_locations[0]
_path = os.path.join(_package, "host", "workers", "gunicorn_hooks.py")
_hooks = runpy.run_path(_path, run_name="ivrkit.host.workers.gunicorn_hooks")
on_starting = _hooks["on_starting"]
post_fork = _hooks["post_fork"]
post_worker_init = _hooks["post_worker_init"]
child_exit = _hooks["child_exit"]
on_exit = _hooks["on_exit"]
