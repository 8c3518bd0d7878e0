"""Clients that send the head of a webhook and the beginning of its body, and nothing more."""

import contextlib
import socket
import ssl
import urllib.parse
from collections.abc import Iterator

from tests.processes import PATIENCE
from twilio.request_validator import RequestValidator

#: How many clients hold a connection open. A server of the tests has at most 16 threads.
HELD = 200


@contextlib.contextmanager
def slow_clients(url: str, count: int) -> Iterator[list[socket.socket]]:
    """Send the head and the beginning of the body of many webhooks, and nothing more.

    Half of the webhooks have a header with an invented signature, so that the server cannot refuse them at once.
    """
    parts = urllib.parse.urlsplit(url)
    forged = RequestValidator("54321").compute_signature(url, {})
    head = f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Length: 1000\r\n"
    head += "Content-Type: application/x-www-form-urlencoded\r\n"
    with contextlib.ExitStack() as stack:
        held = []
        for number in range(count):
            signature = f"X-Twilio-Signature: {forged}\r\n" * (number % 2)
            plain = stack.enter_context(socket.create_connection((parts.hostname or "", parts.port or 0), PATIENCE))
            client = plain
            if parts.scheme == "https":
                context = ssl.create_default_context()
                client = stack.enter_context(context.wrap_socket(plain, server_hostname=parts.hostname))
            client.sendall(f"{head}{signature}\r\nCallSid=CA".encode())
            held.append(client)
        yield held
