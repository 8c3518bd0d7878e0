"""Stands for the agent of ngrok: what pyngrok starts, and a proxy that rewrites scheme and host as ngrok's does.

It says on its standard output what pyngrok waits for, answers the agent's own API, and passes requests on to the port
that the tunnel is opened for. Its public address is ``https://tree.ngrok.example``; a test asks it at the one that it
writes into the file NGROK_STANDS.
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
    """Passes a request on, as the outside asked it."""

    upstream = ""

    def do_POST(self):
        """Pass it on, and the answer back."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        kept = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
        told = {
            "Host": PUBLIC,
            "X-Forwarded-Proto": "https",
            "X-Forwarded-Host": PUBLIC,
            "X-Forwarded-For": "192.0.2.7",
        }
        connection = http.client.HTTPConnection(self.upstream, timeout=30)
        try:
            connection.request("POST", self.path, body, {**kept, **told})
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
        """Say nothing."""


class Api(BaseHTTPRequestHandler):
    """The agent's own API, as far as pyngrok asks it."""

    def do_GET(self):
        """Answer that there are no tunnels yet."""
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
        with open(os.environ["NGROK_STANDS"], "w", encoding="utf-8") as file:
            file.write(f"127.0.0.1:{public.server_port}")
        self.answer(201, {"name": given["name"], "url": f"https://{PUBLIC}", "proto": "https"})

    def answer(self, status, told):
        """Answer with JSON."""
        content = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        """Say nothing."""


def main():
    """Do what the command line asks for."""
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
