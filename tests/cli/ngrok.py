"""A replacement for the ngrok agent, which pyngrok starts.

It prints the lines that pyngrok waits for, answers the agent's API, and forwards requests to the port of the tunnel,
with the scheme and host that ngrok sets. Its public address is ``https://tree.ngrok.example``; a test sends requests to
the address in the file NGROK_ADDRESS_FILE.
"""

import http.client
import json
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

PUBLIC = "tree.ngrok.example"


class Tunnel(BaseHTTPRequestHandler):
    """Forwards a request, with the public scheme and host."""

    upstream = ""

    def do_POST(self):
        """Forward the request, and send the response back."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        kept = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
        added = {
            "Host": PUBLIC,
            "X-Forwarded-Proto": "https",
            "X-Forwarded-Host": PUBLIC,
            "X-Forwarded-For": "192.0.2.7",
        }
        connection = http.client.HTTPConnection(self.upstream, timeout=30)
        try:
            connection.request("POST", self.path, body, {**kept, **added})
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.headers["Content-Type"])
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        """Print nothing."""


class Api(BaseHTTPRequestHandler):
    """The part of the agent's API that pyngrok uses."""

    def do_GET(self):
        """Respond that there are no tunnels yet."""
        self.answer(200, {"tunnels": [], "endpoints": []})

    def do_POST(self):
        """Open a tunnel."""
        given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if os.environ.get("NGROK_REFUSES"):
            self.answer(502, {"msg": "failed to start tunnel", "details": {"err": os.environ["NGROK_REFUSES"]}})
            return
        Tunnel.upstream = given["upstream"]["url"].rpartition("//")[2]
        public = ThreadingHTTPServer(("127.0.0.1", 0), Tunnel)
        Thread(target=public.serve_forever, daemon=True).start()
        with open(os.environ["NGROK_ADDRESS_FILE"], "w", encoding="utf-8") as file:
            file.write(f"127.0.0.1:{public.server_port}")
        self.answer(201, {"name": given["name"], "url": f"https://{PUBLIC}", "proto": "https"})

    def answer(self, status, body):
        """Respond with JSON."""
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        """Print nothing."""


def main():
    """Run the agent, if the command line starts one."""
    if "start" not in sys.argv:
        return
    api = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    Thread(target=api.serve_forever, daemon=True).start()
    for line in (
        f'lvl=info msg="starting web service" obj=web addr=127.0.0.1:{api.server_port}',
        'lvl=info msg="tunnel session started" obj=tunnels.session',
        'lvl=info msg="client session established" obj=csess',
    ):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
    signal.pause()


main()
