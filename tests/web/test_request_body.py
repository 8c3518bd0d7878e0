"""The bodies of requests: the limit, bodies in chunks, and bodies that cannot be read."""

import http.client
import io
from contextlib import closing, suppress
from urllib.parse import urlencode, urlsplit

import pytest
from tests.web.sample_trees import sessions_of
from tests.web.webhook_calls import FORGED_SIGNATURE, in_process, new_sid, serving, sign, twilio_params

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
    assert (answer.status, answer.body) == (413, b"The request body must have at most 256000 bytes.\n")
    (line,) = logged()
    assert line.startswith("WARNING 413 POST /webhook from an unknown address: ")


@pytest.mark.parametrize(("size", "status"), [(0, 200), (200_000, 200), (300_000, 413)])
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
