"""The three transports: a WSGI app, HTTP, and a table of documents."""

import contextlib
import http.server
import socket
import ssl
import threading

import pytest

from ivrkit.simulator import SimulatorError
from ivrkit.simulator.wire.messages import Failure, Request, Response, make_request
from ivrkit.simulator.wire.overrides import Overrides
from ivrkit.simulator.wire.transports import HttpTransport, TableTransport, WsgiTransport

URL = "https://ivr.example.com/a%20b?c=1"
QUICK = Overrides(connect=0.5, read=0.3, total=0.5)


def post(url=URL, params=None):
    """Return a POST request with a form."""
    return make_request("POST", url, {"Digits": "1"} if params is None else params, token="12345", idempotency="i")


def failing(send, *arguments):
    """Return code, type and message of the failure that a function raises."""
    with pytest.raises(Failure) as failed:
        send(*arguments)
    return failed.value.code, failed.value.failure_type, failed.value.message


# WSGI


def test_an_app_gets_the_environ_of_pep_3333():
    """A WSGI app gets the environ of PEP 3333, its response is returned, and its iterable is closed."""
    seen = {}

    class Body(list):
        def close(self):
            seen["closed"] = True

    def app(environ, start_response):
        seen.update(environ, body=environ["wsgi.input"].read())
        write = start_response("201 Created", [("Content-Type", "text/xml"), ("X-More", "1")])
        write(b"one ")
        return Body([b"two ", b"three"])

    answer = WsgiTransport(app, "https://ivr.example.com").send(post(), Overrides())
    assert (answer.status, answer.body, answer.error) == (201, b"one two three", "")
    assert answer.headers == [("Content-Type", "text/xml"), ("X-More", "1")]
    assert answer.took >= 0
    assert seen["closed"]
    actual = {
        name: seen[name] for name in ("REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "SERVER_NAME")
    }
    assert actual == {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/a b",
        "QUERY_STRING": "c=1",
        "SERVER_NAME": "ivr.example.com",
    }
    assert (seen["SERVER_PORT"], seen["wsgi.url_scheme"], seen["HTTP_HOST"]) == ("443", "https", "ivr.example.com")
    assert (seen["CONTENT_TYPE"], seen["CONTENT_LENGTH"]) == ("application/x-www-form-urlencoded; charset=UTF-8", "8")
    assert (seen["body"], seen["REMOTE_ADDR"]) == (b"Digits=1", "127.0.0.1")
    assert seen["HTTP_I_TWILIO_IDEMPOTENCY_TOKEN"] == "i"


def test_a_get_request_has_no_content_headers():
    """A GET request has neither CONTENT_LENGTH nor CONTENT_TYPE."""
    seen = {}

    def app(environ, start_response):
        seen.update(environ)
        start_response("200 OK", [])
        return []

    WsgiTransport(app, "http://localhost:8000").send(Request("GET", "http://localhost:8000/", {}, {}), Overrides())
    assert "CONTENT_LENGTH" not in seen
    assert (seen["SERVER_PORT"], seen["wsgi.url_scheme"], seen["PATH_INFO"]) == ("8000", "http", "/")


@pytest.mark.parametrize("error", [RuntimeError("no more"), SystemExit("no more")])
def test_an_exception_of_the_app_is_a_500(error):
    """An exception that leaves the app is a response with the status 500 and the text of the exception."""

    def app(environ, start_response):
        raise error

    answer = WsgiTransport(app, "https://ivr.example.com").send(post(), Overrides())
    assert (answer.status, answer.body, answer.error) == (500, b"", f"{type(error).__name__}: no more")


def test_a_keyboard_interrupt_is_raised():
    """A KeyboardInterrupt in the app is raised, so that Ctrl-C stops the tests."""

    def app(environ, start_response):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        WsgiTransport(app, "https://ivr.example.com").send(post(), Overrides())


def test_an_endless_body_is_cut():
    """An endless body of a WSGI app is read up to one MiB."""

    def app(environ, start_response):
        start_response("200 OK", [])
        while True:
            yield b"x" * 100_000

    assert len(WsgiTransport(app, "https://ivr.example.com").send(post(), Overrides()).body) < 1_200_000


def test_a_slow_app_is_a_failure():
    """A response that took longer than the timeout is a failure."""
    times = iter([0.0, 15.5])
    transport = WsgiTransport(
        lambda environ, start: start("200 OK", []) and [], "https://ivr.example.com", timer=lambda: next(times)
    )
    assert failing(transport.send, post(), Overrides()) == (
        11205,
        "rt",
        "the response took 15.5 s, but Twilio waits 15 s",
    )


@pytest.mark.parametrize(
    ("url", "served"),
    [
        ("https://ivr.example.com/x", True),
        ("https://user:secret@ivr.example.com/x", True),
        ("http://ivr.example.com/x", False),
        ("https://ivr.example.com:444/x", False),
        ("https://other.example.com/x", False),
    ],
)
def test_a_wsgi_transport_reaches_its_own_host_only(url, served):
    """A request to another scheme, host or port is a failure, and is not sent over the network."""
    transport = WsgiTransport(lambda environ, start: start("200 OK", []) and [], "https://ivr.example.com")
    assert transport.serves(url) is served
    if not served:
        what = f"{url} can't be reached: the app in this process is at https://ivr.example.com"
        assert failing(transport.send, post(url), Overrides()) == (11210, "other", what)


# A table


def test_a_table_holds_documents_of_all_types():
    """A table holds TwiML as str or bytes, responses, failures, functions, and lists of these."""
    table = TableTransport(
        {
            "/text": "<Response/>",
            "/bytes": b"\xff",
            "/answer": Response(404),
            "/function": lambda request: request.params["Digits"],
            "/list": ["one", "two"],
            "/query": "without",
            "/query?a=1": "with",
            "https://other.example.com/text": "other",
            "/failure": Failure(11205, "ct", "gone"),
            "/slow": Response(took=16.0),
        }
    )

    def get(path, host="https://ivr.example.com"):
        return table.send(post(host + path), Overrides())

    assert (get("/text").status, get("/text").header("Content-Type"), get("/text").body) == (
        200,
        "text/xml",
        b"<Response/>",
    )
    assert get("/bytes").body == b"\xff"
    assert get("/answer").status == 404
    assert get("/function").body == b"1"
    assert [get("/list").body for _ in range(3)] == [b"one", b"two", b"two"]
    assert [get(path).body for path in ("/query", "/query?a=1", "/query?a=2")] == [b"without", b"with", b"without"]
    assert get("/text", "https://other.example.com").body == b"other"
    assert failing(get, "/failure") == (11205, "ct", "gone")
    assert failing(get, "/slow") == (11205, "rt", "the response took 16.0 s, but Twilio waits 15 s")
    missing = get("/missing")
    assert (missing.status, missing.header("Content-Type"), missing.body) == (
        404,
        "text/plain",
        b"There is no such document.",
    )
    assert (table.serves("https://x/text?b=1"), table.serves("https://x/missing")) == (True, False)


@pytest.mark.parametrize(
    ("documents", "message", "hint"),
    [
        ({"menu": ""}, "the key of a document must be a path or a URL, not 'menu'", 'write it as "/path"'),
        (
            {"/": 5},
            "the document '/' must be TwiML, a Response, a Failure or a function, not 5",
            "give the TwiML as a str",
        ),
        (
            {"/": ["", None]},
            "the document '/' must be TwiML, a Response, a Failure or a function, not None",
            "give the TwiML as a str",
        ),
        ({"/": []}, "the documents of '/' must not be an empty list", "give at least one document"),
    ],
)
def test_an_invalid_table_is_refused(documents, message, hint):
    """A table with an invalid key or document is refused when it is made."""
    with pytest.raises(SimulatorError) as refused:
        TableTransport(documents)
    assert (refused.value.message, refused.value.hint) == (message, hint)


# HTTP


class Handler(http.server.BaseHTTPRequestHandler):
    """Responds with the request."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        """Return the path, the form and the User-Agent."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.respond(200, f"{self.path} {body.decode()} {self.headers['User-Agent']}".encode())

    def do_GET(self):
        """Respond as the path says."""
        if self.path == "/redirect":
            self.respond(302, b"", [("Location", "/elsewhere")])
        elif self.path == "/large":
            self.respond(200, b"x" * 2_000_000)
        else:
            self.respond(404, self.path.encode())

    def respond(self, status, body, headers=()):
        """Send a response."""
        self.send_response(status)
        for name, value in [("Content-Length", str(len(body))), *headers]:
            self.send_header(name, value)
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            self.wfile.write(body)

    def log_message(self, *args):
        """Log nothing."""


@contextlib.contextmanager
def serving(certificate=None):
    """Serve on loopback; yield the port."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextlib.contextmanager
def raw(*pieces, wait=0.0):
    """Serve chunks to one connection, each after ``wait`` seconds; yield the port."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            with contextlib.suppress(OSError):
                connection, _ = listener.accept()
                with connection:
                    connection.recv(65536)
                    for piece in pieces:
                        stop.wait(wait)
                        connection.sendall(piece)
                    connection.shutdown(socket.SHUT_WR)
                    while connection.recv(65536):  # unread bytes would cut the response short
                        pass

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            stop.set()
            thread.join()


def test_a_request_is_sent_over_http():
    """A form is sent unchanged over HTTP, and the response has its headers."""
    with serving() as port:
        answer = HttpTransport().send(post(f"http://127.0.0.1:{port}/a?c=1"), Overrides())
    assert (answer.status, answer.body) == (200, b"/a?c=1 Digits=1 TwilioProxy/1.1")
    assert answer.header("content-length") == str(len(answer.body))
    assert answer.took > 0
    assert HttpTransport().serves("https://anywhere.example.com/")


def test_redirects_and_errors_are_returned_unchanged():
    """The HTTP transport returns redirects and errors unchanged, and cuts a large body."""
    with serving() as port:
        answers = [
            HttpTransport().send(Request("GET", f"http://127.0.0.1:{port}{path}", {}, {}), Overrides())
            for path in ("/redirect", "/x?y=1", "/large", "")
        ]
    assert [each.status for each in answers] == [302, 404, 200, 404]
    assert answers[0].header("Location") == "/elsewhere"
    assert [each.body for each in answers[1::2]] == [b"/x?y=1", b"/"]
    assert 1_000_000 < len(answers[2].body) < 1_200_000


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_refused_connection_is_a_failure(host):
    """A refused connection is a failure of the type ct."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    what = f"no connection to {host}: Connection refused"
    assert failing(HttpTransport().send, post(f"http://{host}:{port}/"), Overrides()) == (11205, "ct", what)


def test_an_unknown_host_name_is_a_failure():
    """A host name that does not exist is a failure with code 11210."""
    what = "the host name nowhere.invalid does not exist"
    assert failing(HttpTransport().send, post("http://nowhere.invalid/"), Overrides()) == (11210, "other", what)


def test_an_invalid_host_name_is_a_failure():
    """A host name with a label of more than 63 characters is a failure."""
    code, failure_type, _ = failing(HttpTransport().send, post(f"http://{'x' * 70}.example.com/"), Overrides())
    assert (code, failure_type) in {(11205, "ct"), (11210, "other")}


SLOW = [
    pytest.param([b"HTTP/1.1 200 OK\r\n\r\n"], 2.0, id="no-answer"),
    pytest.param([b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", *[b"x"] * 99], 0.1, id="drop-by-drop"),
    pytest.param([b"HTTP/1.0 200 OK\r\n\r\n", *[b"x"] * 99], 0.1, id="drop-by-drop-to-the-end"),
]


@pytest.mark.parametrize(("pieces", "wait"), SLOW)
def test_a_slow_response_is_a_failure(pieces, wait):
    """A response that is not complete in time is a failure, however slowly it arrives."""
    with raw(*pieces, wait=wait) as port:
        code, failure_type, message = failing(HttpTransport().send, post(f"http://127.0.0.1:{port}/"), QUICK)
    assert (code, failure_type) == (11205, "rt")
    assert message.startswith("no complete response came within ")


def test_the_connection_uses_up_the_total_time():
    """The time for the connection is part of the total time."""
    with raw(b"HTTP/1.1 200 OK\r\n\r\n") as port:
        hurried = Overrides(total=1e-9, connect=5)
        assert failing(HttpTransport().send, post(f"http://127.0.0.1:{port}/"), hurried)[0] == 11205


BROKEN = [
    pytest.param(b"", 11206, "the response violates HTTP: Remote end closed connection without response", id="nothing"),
    pytest.param(b"hello\r\n\r\n", 11206, "the response violates HTTP: hello\r\n", id="no-HTTP"),
    pytest.param(
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        11206,
        "the response violates HTTP: IncompleteRead(0 bytes read, 7 more expected)",
        id="too-short",
    ),
    pytest.param(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        11206,
        "the response violates HTTP: IncompleteRead(0 bytes read)",
        id="no-chunk",
    ),
    pytest.param(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        11770,
        "the response is chunked and has no body",
        id="empty-chunks",
    ),
]


@pytest.mark.parametrize(("piece", "code", "what"), BROKEN)
def test_an_invalid_http_response_is_a_failure(piece, code, what):
    """A response that violates HTTP is a failure with Twilio's code."""
    with raw(piece) as port:
        assert failing(HttpTransport().send, post(f"http://127.0.0.1:{port}/"), Overrides()) == (code, "other", what)


def test_a_host_without_tls_is_a_failure():
    """A host that does not use TLS is a failure with code 11220."""
    with raw(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        code, failure_type, message = failing(HttpTransport().send, post(f"https://127.0.0.1:{port}/"), Overrides())
    assert (code, failure_type) == (11220, "other")
    assert message.startswith("no TLS connection to 127.0.0.1: ")


CERTIFICATES = [
    pytest.param("self-signed.pem", "127.0.0.1", False, 11237, "self-signed certificate", id="nobody-vouches-for-it"),
    pytest.param("expired.pem", "127.0.0.1", True, 11236, "certificate has expired", id="expired"),
    pytest.param(
        "other-host.pem",
        "127.0.0.1",
        True,
        11235,
        "IP address mismatch, certificate is not valid for '127.0.0.1'.",
        id="another-address",
    ),
    pytest.param(
        "other-host.pem",
        "localhost",
        True,
        11235,
        "Hostname mismatch, certificate is not valid for 'localhost'.",
        id="another-host",
    ),
]


@pytest.mark.parametrize(("file", "host", "trusted", "code", "because"), CERTIFICATES)
def test_an_invalid_certificate_is_a_failure(certificates, monkeypatch, file, host, trusted, code, because):
    """Each problem of a certificate is a failure with its own code."""
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificates / file))
    with serving(certificates / file) as port:
        what = f"the certificate of {host} is invalid: {because}"
        assert failing(HttpTransport().send, post(f"https://{host}:{port}/"), Overrides()) == (code, "other", what)


def test_a_trusted_certificate_is_accepted(certificates, monkeypatch):
    """A request to a host with a trusted certificate succeeds."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates / "self-signed.pem"))
    with serving(certificates / "self-signed.pem") as port:
        assert HttpTransport().send(post(f"https://127.0.0.1:{port}/a"), Overrides()).status == 200
