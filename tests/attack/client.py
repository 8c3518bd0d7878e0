"""A client that sends what Twilio never sends: odd paths, odd forms, odd headers, raw bytes, forged signatures."""

import http.client
import re
import socket
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode
from xml.etree import ElementTree

from tests.processes import PATIENCE
from tests.web.webhook_calls import sign

FORM = "application/x-www-form-urlencoded; charset=UTF-8"
#: Text of an error of Python. No answer may have it.
EXCEPTION_TEXT = re.compile(
    r"Traceback|File &?\"|site-packages|\b[A-Z]\w*(Error|Exception|Exit|Interrupt)\b|0x[0-9a-f]{8}"
)
Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Answer:
    """The answer to a request.

    :param status: the HTTP status; 0 if the server closed the connection without an answer.
    :param headers: the headers, with names in lower case.
    :param body: the body.
    :param seconds: the time that it took.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float = 0.0

    @property
    def cookie(self) -> str:
        """The cookie that it sets, as a client sends it, or ``""`` without a cookie."""
        return self.headers.get("set-cookie", "").partition(";")[0]

    @property
    def root(self) -> ElementTree.Element:
        """The TwiML document."""
        return ElementTree.fromstring(self.body)

    @property
    def heard(self) -> str:
        """All texts of the document, separated by blanks."""
        return " ".join(say.text or "" for say in self.root.iter("Say"))

    def problem(self) -> str:
        """Return the reason why no server may give this answer, or ``""`` if it is fine.

        A server error, a document that is not well-formed, an error's text, or an answer that Twilio does not wait for.
        """
        if self.status >= 500:
            return f"status {self.status}"
        if self.seconds > PATIENCE / 4:
            return f"answered after {self.seconds:.1f} s"
        if self.headers.get("content-type", "").startswith("text/xml"):
            try:
                root = ElementTree.fromstring(self.body)
            except ElementTree.ParseError as error:
                return f"no XML: {error}"
            if root.tag != "Response":
                return f"no TwiML: {root.tag}"
        found = EXCEPTION_TEXT.search(self.body.decode("utf-8", "replace"))
        return f"an error's text: {found[0]}" if found else ""


class Client:
    """A client with one connection, which it opens again when the server closes it.

    :param port: the port of the server.
    :param timeout: how long it waits for an answer, in seconds.
    :param keeps_connection: whether it keeps the connection. If not, each request is sent once.
    """

    def __init__(self, port: int, *, timeout: float = PATIENCE, keeps_connection: bool = True) -> None:
        self.base = f"http://127.0.0.1:{port}"
        self._keeps_connection = keeps_connection
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)

    def post(
        self,
        path: str,
        pairs: Pairs,
        *,
        body: bytes | None = None,
        headers: Pairs = (),
        cookie: str = "",
        token: str = "",
        signature: str | None = None,
    ) -> Answer:
        """Send a form with the right signature, or with another one.

        :param path: path and query.
        :param pairs: the fields of the form that are signed.
        :param body: another body to send.
        :param headers: more headers.
        :param cookie: the cookie.
        :param token: the idempotency token.
        :param signature: another signature; ``""`` for none.
        """
        sent = [("Content-Type", FORM), *headers]
        signature = sign(f"{self.base}{path}", pairs) if signature is None else signature
        named = {"X-Twilio-Signature": signature, "Cookie": cookie, "I-Twilio-Idempotency-Token": token}
        sent += [(name, value) for name, value in named.items() if value]
        return self.request("POST", path, urlencode(pairs).encode() if body is None else body, sent)

    def request(self, method: str, path: str, body: bytes, headers: Pairs) -> Answer:
        """Send a request and return its answer. Without a header ``Host`` it gets the right one."""
        began = time.monotonic()
        try:
            response = self._send(method, path, body, headers)
        except (http.client.RemoteDisconnected, ConnectionError):
            self._connection.close()
            if not self._keeps_connection:
                raise
            response = self._send(method, path, body, headers)  # the server closed a connection that was kept
        content = response.read()
        if not self._keeps_connection:
            self._connection.close()
        named = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, named, content, time.monotonic() - began)

    def _send(self, method: str, path: str, body: bytes, headers: Pairs) -> http.client.HTTPResponse:
        has_host = any(name == "Host" for name, _ in headers)
        self._connection.putrequest(method, path, skip_host=has_host, skip_accept_encoding=True)
        for name, value in headers:
            self._connection.putheader(name, value)
        self._connection.putheader("Content-Length", str(len(body)))
        self._connection.endheaders(body)
        return self._connection.getresponse()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def send_raw(port: int, data: bytes, *, seconds: float = 1.0) -> list[Answer]:
    """Send bytes to a server, close the sending side, and return all answers.

    :param port: the port of the server.
    :param data: the bytes.
    :param seconds: how long to wait for more of an answer. Then the connection is closed.
    """
    with socket.socket() as connection:
        connection.settimeout(PATIENCE)
        connection.connect(("127.0.0.1", port))
        connection.settimeout(seconds)
        received = b""
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            while chunk := connection.recv(65536):
                received += chunk
        except OSError:  # the server closed the connection, or waits for more
            pass
    return [*_answers(received)]


def _answers(received: bytes) -> Iterable[Answer]:
    """Yield the answers in the bytes of a connection."""
    while found := re.match(rb"HTTP/1\.[01] (\d{3})", received):
        head, _, received = received.partition(b"\r\n\r\n")
        lines = [line.partition(":") for line in head.decode("latin-1").splitlines()[1:]]
        headers = {name.lower(): value.strip() for name, _, value in lines}
        # The answer to a HEAD has the length of a body, but no body.
        length = 0 if received.startswith(b"HTTP/1.") else int(headers.get("content-length", len(received)))
        if found[1] != b"100":
            yield Answer(int(found[1]), headers, received[:length])
        received = received[length:]
