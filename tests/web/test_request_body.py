"""The bodies of requests: the limit, bodies in chunks, and bodies that cannot be read."""

import http.client
import io
import time
from contextlib import closing, suppress
from urllib.parse import urlencode, urlsplit

import pytest
from tests.web.sample_trees import sessions_of
from tests.web.webhook_calls import FORGED_SIGNATURE, in_process, new_sid, serving, sign, twilio_params

from ivrkit import Settings

FORM = {"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": FORGED_SIGNATURE}


class BrokenBody(io.BytesIO):
    """A body that cannot be read."""

    def read(self, *args):
        """Fail as the servers do if a client closes the connection."""
        raise ConnectionResetError

    readline = readinto = read


def request_with(app, environ):
    """Return the status and the text of a POST to the webhook with an environ of its own."""
    started = []
    base = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/webhook",
        "REMOTE_ADDR": "192.0.2.1",
        "SERVER_NAME": "a.example",
        "SERVER_PORT": "80",
        "wsgi.url_scheme": "http",
        "CONTENT_TYPE": FORM["Content-Type"],
        "HTTP_X_TWILIO_SIGNATURE": FORGED_SIGNATURE,
    }
    body = app({**base, **environ}, lambda status, headers, *_: started.append(status))
    return started[0], b"".join(body)


@pytest.mark.parametrize("encoding", ["chunked", "gzip, chunked"])
def test_a_body_of_unknown_length_is_not_read(make_app, logged, encoding):
    """If the server does not mark the end of a body in chunks, the body is not read, and the log has two fixes."""
    app = make_app()
    logged()
    environ = {"HTTP_TRANSFER_ENCODING": encoding, "CONTENT_LENGTH": "11", "wsgi.input": BrokenBody(b"CallSid=CA1")}
    assert request_with(app, environ) == (
        "411 LENGTH REQUIRED",
        b"The request must have a Content-Length, because this server does not read a body in chunks.\n",
    )
    (line,) = logged()
    assert line == (
        "WARNING 411 POST /webhook from 192.0.2.1: the body arrives in chunks, and this WSGI server does not set "
        "wsgi.input_terminated: use a server that reads chunks (ivrkit serve, gunicorn), or let the proxy send the "
        "length (nginx: proxy_request_buffering on;)"
    )


def test_a_request_without_length_and_chunks_has_no_body(make_app):
    """Without a length and without chunks a request has no body: nothing is read, and the signature is checked."""
    app = make_app()
    assert request_with(app, {"wsgi.input": BrokenBody()}) == ("403 FORBIDDEN", b"Forbidden\n")


def test_a_body_that_breaks_off_is_refused(make_app, logged):
    """A body that cannot be read to its end, with or without its length, gets status 400 and a line in the log."""
    app = make_app()
    logged()
    for environ in ({"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}, {"CONTENT_LENGTH": "12"}):
        environ["wsgi.input"] = BrokenBody(b"CallSid=CA1") if len(environ) == 2 else io.BytesIO(b"CallSid=CA1")
        assert request_with(app, environ) == ("400 BAD REQUEST", b"The request body could not be read.\n")
        (line,) = logged()
        assert line == (
            "WARNING 400 POST /webhook from 192.0.2.1: the body ended too early or has invalid chunks: check the "
            "proxy or tunnel in front of the app"
        )


def test_a_form_over_a_limit_of_the_app_is_refused(make_app, logged):
    """If the app has a lower limit for all of its pages, a larger form is refused by ivrkit, with a line in the log."""
    app = make_app()
    app.config["MAX_CONTENT_LENGTH"] = 100
    logged()
    answer = in_process(app)("POST", "https://ivr.example.com/webhook", b"x" * 101, FORM)
    assert (answer.status, answer.body) == (413, b"The request body must have at most 65536 bytes.\n")
    (line,) = logged()
    assert line.startswith("WARNING 413 POST /webhook from an unknown address: ")


@pytest.mark.parametrize(("size", "status"), [(0, 200), (60_000, 200), (70_000, 413)])
def test_a_chunked_body_is_read_up_to_the_limit(make_app, logged, size, status):
    """A real server passes a body in chunks on: it is answered like any other, and refused above the limit."""
    app = make_app()
    logged()
    with serving(app, sessions_of(app)) as base:
        url, address = f"{base}/webhook", urlsplit(base)
        params = twilio_params(new_sid(), SpeechResult="x" * size)
        body = urlencode(params).encode()
        headers = {**FORM, "X-Twilio-Signature": sign(url, params.items())}
        chunks = [body[start : start + 1000] for start in range(0, len(body), 1000)]
        with closing(http.client.HTTPConnection(address.hostname, address.port, timeout=20)) as connection:
            with suppress(OSError):  # the server may refuse a body before all of it is sent
                connection.request("POST", "/webhook", iter(chunks), headers, encode_chunked=True)
            assert connection.getresponse().status == status
    lines = logged()
    assert [line.partition(" from ")[0] for line in lines] == ["WARNING 413 POST /webhook"] * (status == 413)


@pytest.mark.parametrize(
    ("method", "count", "status"), [("POST", 1000, 403), ("POST", 1001, 413), ("GET", 1000, 403), ("GET", 1001, 413)]
)
def test_a_request_has_at_most_1000_parameters(make_app, logged, method, count, status):
    """A form or a query with more than 1,000 parameters is refused before its signature is computed."""
    app = make_app()
    logged()
    parameters = urlencode([(f"a{number}", "") for number in range(count)])
    query, body = (parameters, b"") if method == "GET" else ("", parameters.encode())
    answer = in_process(app)(method, f"https://ivr.example.com/webhook?{query}", body, FORM)
    assert answer.status == status
    (line,) = logged()
    if status == 413:
        assert answer.body == b"The request must have at most 1000 parameters.\n"
        assert line == (
            f"WARNING 413 {method} /webhook from an unknown address: the request has more than 1,000 parameters: "
            "Twilio sends fewer than 100, so find out which program sends this request"
        )


def test_the_limits_are_settings(make_app):
    """The settings ``max_body_bytes`` and ``max_parameters`` change the limits."""
    send = in_process(make_app(max_body_bytes=2_000, max_parameters=20))
    url = "https://ivr.example.com/webhook"
    assert [send("POST", url, b"x" * size, FORM).status for size in (2_000, 2_001)] == [403, 413]
    assert [send("POST", url, b"&" * count, FORM).status for count in (19, 20)] == [403, 413]


def test_a_body_that_is_no_form_has_no_parameters(make_app):
    """The number of ``&`` in a body that is not a form is not limited."""
    headers = {**FORM, "Content-Type": "application/json"}
    assert in_process(make_app())("POST", "https://ivr.example.com/webhook", b"&" * 5_000, headers).status == 403


@pytest.mark.parametrize("more", [{"wsgi.input_terminated": True}, {}])
def test_a_body_that_is_too_short_is_refused(make_app, more):
    """A body with fewer bytes than its Content-Length gets status 400, whether or not the server marks its end."""
    environ = {"CONTENT_LENGTH": "12", "wsgi.input": io.BytesIO(b"CallSid=CA1"), **more}
    assert request_with(make_app(), environ) == ("400 BAD REQUEST", b"The request body could not be read.\n")


#: The most costly bodies of an attack, each cut to the largest size.
COSTLY_BODIES = {
    "many names": b"&".join(b"%x=" % number for number in range(20_000)),
    "1,000 names with long values": b"&".join(b"%d=%s" % (number, b"x" * 60) for number in range(1000)),
    "one long value": b"CallSid=" + b"a" * 65_000,
    "empty pairs": b"&" * 65_536,
    "one name many times": b"&".join([b"a="] * 20_000),
    "one name, many values": b"&".join(b"a=%x" % number for number in range(10_000)),
    "percent signs": b"a=" + b"%41" * 20_000,
}
MULTIPART = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n'
COSTLY_PARTS = {
    "one part": MULTIPART + b"a" * 60_000 + b"\r\n--x--\r\n",
    "999 parts": (MULTIPART.replace(b'"a"', b"a") + b"b\r\n") * 999 + b"--x--\r\n",
    "wrong boundaries": MULTIPART + b"\r\n--y" * 10_000,
    "line breaks": MULTIPART + b"\r\n" * 30_000,
    "a long head": MULTIPART.partition(b'a"')[0] + b'\\"' * 30_000,
}


@pytest.mark.parametrize("tokens", [("12345",), ("12345", "another")])
@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("kind", [*COSTLY_BODIES, *COSTLY_PARTS])
def test_a_forged_request_costs_little(make_app, kind, signed, tokens):
    """No body of a forged request needs 60 ms of a processor, with a plausible signature or without one.

    The worst body was measured at 9 ms. Without the limits of bytes and parameters it was 180 ms.
    """
    app = make_app(auth_token=tokens)
    body = {**COSTLY_BODIES, **COSTLY_PARTS}[kind][: Settings.max_body_bytes]
    headers = dict(FORM) if signed else {"Content-Type": FORM["Content-Type"]}
    if kind in COSTLY_PARTS:
        headers["Content-Type"] = "multipart/form-data; boundary=x"
    client, seconds = in_process(app), []
    for _ in range(3):  # the best of three, because another thread may collect garbage
        start = time.thread_time()
        assert client("POST", "https://ivr.example.com/webhook", body, headers).status in (403, 413)
        seconds.append(time.thread_time() - start)
    assert min(seconds) < 0.06


@pytest.mark.parametrize("page", ["", "/status", "/fallback", "/whisper", "/wait"])
@pytest.mark.parametrize("query", ["CallSid=\xff", "\xe4=1&b=%ff", "CallSid=CA1&a=\xff\xfe&b"])
def test_a_query_that_is_no_utf_8_is_refused_for_its_signature(make_app, page, query):
    """Bytes that are not UTF-8 in a query are no error of the server: the signature of the request is checked."""
    app = make_app()
    for method in ("GET", "POST"):
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": f"/webhook{page}",
            "QUERY_STRING": query,
            "wsgi.input": io.BytesIO(),
        }
        assert request_with(app, environ)[0] == "403 FORBIDDEN"


def test_a_signed_query_that_is_no_utf_8_is_answered(make_app):
    """The bytes become replacement characters. An empty value is kept."""
    app = make_app()
    query = f"{urlencode(twilio_params(new_sid(), 'ringing'))}&a=\xff&b="
    url = f"http://a.example/webhook?{query}"
    environ = {"REQUEST_METHOD": "GET", "QUERY_STRING": query, "HTTP_X_TWILIO_SIGNATURE": sign(url)}
    status, body = request_with(app, environ)
    assert status == "200 OK"
    assert b"<Say" in body
