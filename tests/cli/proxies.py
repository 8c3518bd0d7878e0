"""Reverse proxies between the doctor and an app: a small one that a test controls, and nginx."""

import http.client
import http.server
import os
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.processes import start

NGINX = shutil.which("nginx", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"]))
#: How long a program may take to start on a busy machine, in seconds.
PATIENCE = 60.0

#: The configuration of nginx. A test adds directives to the server.
NGINX_CONF = """
daemon off; master_process off; pid {folder}/pid; error_log {folder}/log;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {folder}/certificate.pem;
    ssl_certificate_key {folder}/key.pem;
    {server}
  }}
}}
"""


@dataclass
class Passed:
    """A request that passes the proxy. A test may change it."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


#: Changes a request, or returns a response to it: status, headers, body.
Change = Callable[[Passed], tuple[int, dict[str, str], bytes] | None]


@contextmanager
def proxy_to(app: str, change: Change, context: ssl.SSLContext | None = None) -> Iterator[str]:
    """Run a proxy in front of an app. It sets all headers of a correct proxy, and then lets a test change the request.

    :param app: the app's base URL.
    :param change: changes a request, or returns a response to it.
    :param context: the TLS context, ``None`` for no TLS.
    :returns: host and port of the proxy.
    """

    class Handler(http.server.BaseHTTPRequestHandler):
        def pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            passed = Passed(self.command, self.path, dict(self.headers.items()), body)
            passed.headers["X-Forwarded-For"] = self.client_address[0]
            passed.headers["X-Forwarded-Proto"] = "https" if context else "http"
            status, headers, body = change(passed) or _forward(app, passed)
            self.send_response_only(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            self.pass_on()

        def do_POST(self) -> None:
            self.pass_on()

        def log_message(self, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        port = server.server_address[1]
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"localhost:{port}"
        finally:
            server.shutdown()
            thread.join()


def _forward(app: str, passed: Passed) -> tuple[int, dict[str, str], bytes]:
    parts = urlsplit(app)
    passed.headers.pop("Content-Length", None)
    with closing(http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=PATIENCE)) as connection:
        connection.request(passed.method, passed.path, passed.body or None, passed.headers)
        with connection.getresponse() as answer:
            kept = {name: value for name, value in answer.getheaders() if name in ("Content-Type", "Date")}
            return answer.status, kept, answer.read()


@contextmanager
def nginx(folder: Path, server: str) -> Iterator[str]:
    """Run nginx on a free port.

    :param folder: a folder with ``certificate.pem`` and ``key.pem``.
    :param server: directives for its server, besides address and certificate.
    :returns: host and port of nginx.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    conf = folder / "nginx.conf"
    conf.write_text(NGINX_CONF.format(folder=folder, port=port, server=server), encoding="utf-8")
    process = start([str(NGINX), "-p", str(folder), "-c", str(conf)], stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + PATIENCE
        while not _listens(port):
            assert process.poll() is None, (folder / "log").read_text(encoding="utf-8")
            assert time.monotonic() < end, "nginx did not start"
            time.sleep(0.02)
        yield f"localhost:{port}"
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
