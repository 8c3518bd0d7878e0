"""The development server of one process. Several processes can answer requests on the same listening socket."""

from __future__ import annotations

import socket
from typing import Any

from flask import Flask
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler


class DevServer(ThreadedWSGIServer):
    """An HTTP server on a listening socket that another process has made.

    The socket stays open when this server ends, so a successor answers the connections that wait in its queue. These
    rules make sure that a reload loses no request:

    1. The socket does not block. Two servers see the same new connection, and only one of them gets it.
    2. Each response closes its connection, so no client sends another request on the connection of an ended server.
    3. The end of the server waits for the threads that still answer a request.

    :param app: the Flask app.
    :param listener: the listening socket.
    """

    daemon_threads = False
    block_on_close = True

    def __init__(self, app: Flask, listener: socket.socket) -> None:
        host, port, *_ = listener.getsockname()
        super().__init__(host, port, app, _RequestHandler, fd=listener.fileno())
        self.socket.setblocking(False)

    def get_request(self) -> tuple[Any, Any]:
        """Accept a connection.

        :raises OSError: if another process got the connection. The server then waits for the next one.
        """
        connection, address = super().get_request()
        connection.setblocking(True)  # some systems pass the mode of the listening socket on
        return connection, address


class _RequestHandler(WSGIRequestHandler):
    """A request handler that closes the connection after each response, and logs errors only."""

    protocol_version = "HTTP/1.0"
    #: How long a client may take to send a request, in seconds. Twilio waits 15 seconds for a response.
    timeout = 15

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing: the call log has a line for each webhook."""
