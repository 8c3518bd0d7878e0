"""Odd requests: bytes that are no HTTP, heads and bodies that contradict each other, and forms without a signature."""

import io
import random
import sys
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl, urlencode

from tests.attack.client import FORM, Answer
from tests.web.webhook_calls import sign, twilio_params

_PATHS = [
    *["/webhook"] * 12,
    *["/webhook/status", "/webhook/fallback", "/healthz"] * 4,
    "/webhook/status",
    "/webhook/fallback",
    "/webhook/whisper",
    "/webhook/doctor",
    "/healthz",
    "/",
    "//webhook",
    "/webhook/",
    "/webhook//",
    "/./webhook",
    "/a/../webhook",
    "/WEBHOOK",
    "/webhook%00",
    "/webhook%2f",
    "/%77ebhook",
    "/webhook;a=b",
    "/\xff\xfe",
    "/" + "a" * 3000,
    "http://evil.example/webhook",
    "http://127.0.0.1/webhook",
    "*",
    "",
    "webhook",
]
_QUERIES = [
    "",
    "",
    "?again=1",
    "?again=9",
    "?%ff=%fe",
    "?a=\xff",
    "?" + "a=b&" * 500,
    "?CallSid=CA1&Digits=1",
    "?#",
    "??",
]
_METHODS = [
    *("POST", "POST", "POST", "GET"),
    "HEAD",
    "PUT",
    "DELETE",
    "OPTIONS",
    "TRACE",
    "PATCH",
    "post",
    "P\0ST",
    "X" * 40,
]
_VERSIONS = ["HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/0.9", "HTTP/2.0", "HTTP/9", "", "http/1.1"]
_HEADERS = [
    "Host: ivr.example.com",
    "Host: a\r\nHost: b",
    "Host: [::1",
    "Host: \xff",
    "Cookie: ivrkit=" + "A" * 3000,
    "Cookie: ivrkit=\xff; ivrkit=b",
    "X-Forwarded-For: 1.2.3.4, \xff",
    "X-Forwarded-Host: evil.example",
    "X-Forwarded-Proto: javascript",
    "X-Forwarded-Prefix: /../..",
    'Forwarded: for=1;host="',
    "SCRIPT_NAME: /x",
    "SCRIPT-NAME: /x",
    "Transfer-Encoding: chunked",
    "Transfer-Encoding: gzip, chunked",
    "Transfer-Encoding: identity",
    "Transfer-Encoding : chunked",
    "Content-Length: -1",
    "Content-Length: 99999999999999999999",
    "Content-Length: 5, 6",
    "Content-Length: abc",
    "Expect: 100-continue",
    "Expect: nothing",
    "Connection: Upgrade\r\nUpgrade: websocket",
    "Connection: close",
    "Content-Encoding: gzip",
    "Content-Type: multipart/form-data; boundary=x",
    "Content-Type: multipart/form-data",
    "Content-Type: application/json",
    "Content-Type: text/\xff; charset=utf-7",
    "Content-Type: application/x-www-form-urlencoded; charset=utf-16",
    "X-Twilio-Signature: RSOYDt4T1cUTdK1PDd93/VVr8B8=",
    "X-Twilio-Signature: \xff",
    "X-Twilio-Signature: " + "a" * 3000,
    "X-Twilio-Webhooks-Signature-Settings: key=a,algorithm=HMAC_SHA256",
    "X-Twilio-Webhooks-Signature-Settings: \xff=",
    "I-Twilio-Idempotency-Token: " + "t" * 3000,
    "Accept-Language: \xff",
    "A" * 300 + ": b",
    "no colon",
    ": empty",
    " folded: x",
    "X: a\r\n b",
    "X-Null: a\0b",
    *(f"X-Many-{number}: x" for number in range(3)),
]
_BODIES = [
    b"",
    b"CallSid=CA1",
    b"&&&===",
    b"%",
    b"%ff=%fe&CallSid=%00",
    b"\xff\xfe\x00",
    b"{",
    b'{"CallSid": "CA1"}',
    b"a=b&" * 2000,
    b"x" * 70_000,
    b"0\r\n\r\n",
    b"5\r\nhello\r\n0\r\n\r\n",
    b"zz\r\nhello",
    b"fffffffffffffffff\r\n",
    b'--x\r\nContent-Disposition: form-data; name="CallSid"\r\n\r\nCA1\r\n--x--\r\n',
    b"--x\r\nContent-Disposition: form-data\r\n\r\n",
    b"--x" * 500,
]


def raw_request(rng: random.Random, base: str) -> bytes:
    """Return the bytes of one odd request.

    :param rng: makes the choices.
    :param base: the URL of the server, for the signature of the requests that have a right one.
    """
    choice = rng.random()
    if choice < 0.1:
        return rng.randbytes(rng.randint(1, 400))
    valid = signed_request(rng, base)
    if choice < 0.4:
        return _damage(rng, valid)
    if choice < 0.5:
        return valid * rng.randint(2, 4)  # pipelined
    return _assembled(rng)


def signed_request(rng: random.Random, base: str) -> bytes:
    """Return the bytes of a valid webhook."""
    params = twilio_params(f"CA{rng.getrandbits(128):032x}", "ringing")
    body = urlencode(params)
    head = [
        "POST /webhook HTTP/1.1",
        f"Host: {base.partition('//')[2]}",
        "Content-Type: application/x-www-form-urlencoded; charset=UTF-8",
        f"X-Twilio-Signature: {sign(f'{base}/webhook', params.items())}",
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join([*head, "", body]).encode()


def _damage(rng: random.Random, request: bytes) -> bytes:
    """Return a request with some bytes changed, cut out, doubled or put in."""
    data = bytearray(request)
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(data))
        match rng.randrange(5):
            case 0:
                data[at] = rng.randrange(256)
            case 1:
                del data[at : at + rng.randint(1, 20)]
            case 2:
                data[at:at] = data[at : at + rng.randint(1, 60)]
            case 3:
                data[at:at] = rng.choice([b"\r\n", b"\0", b"\r\n\r\n", b":", b"%", b"\xff", b" ", b"&CallSid=CA1&"])
            case 4:
                del data[at:]
        data = data or bytearray(b"x")
    return bytes(data)


def _assembled(rng: random.Random) -> bytes:
    """Return a request of odd parts."""
    body = rng.choice(_BODIES)
    line = f"{rng.choice(_METHODS)} {rng.choice(_PATHS)}{rng.choice(_QUERIES)} {rng.choice(_VERSIONS)}"
    headers = rng.sample(_HEADERS, rng.randint(0, 6))
    if rng.random() < 0.7:
        headers.append(f"Content-Length: {max(0, len(body) + rng.choice([0, 0, 0, 0, 10, -5]))}")
    if rng.random() < 0.5:
        headers.append("Content-Type: application/x-www-form-urlencoded")
    head = "\r\n".join([line, *headers, "", ""])
    return head.encode("latin-1") + body


def odd_environ(rng: random.Random, host: str, tokens: Iterable[str]) -> dict[str, Any]:
    """Return the WSGI environ of an odd request, as a server could make it that lets everything through.

    :param host: the host in the request.
    :param tokens: the auth tokens, one of which signs every second request.
    """
    path, query = rng.choice(_PATHS), rng.choice(_QUERIES)[1:]
    params = [*twilio_params(f"CA{rng.getrandbits(128):032x}", "ringing").items()]
    body = rng.choice([*_BODIES, urlencode(params).encode(), urlencode(params).encode(), urlencode(params).encode()])
    headers = [line.split(": ", 1) for line in rng.sample(_HEADERS, rng.randint(0, 4)) if ": " in line]
    environ = {
        "REQUEST_METHOD": rng.choice(_METHODS),
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "5000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": rng.choice(["127.0.0.1", "127.0.0.1", "203.0.113.7", "::1", "", "unix:"]),
        "HTTP_HOST": host,
        "CONTENT_LENGTH": str(len(body)),
        "CONTENT_TYPE": FORM,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.input_terminated": rng.random() < 0.3,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    if rng.random() < 0.5:
        form = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
        url = f"http://{host}{path}{'?' * bool(query)}{query}"
        environ["HTTP_X_TWILIO_SIGNATURE"] = sign(url, form, rng.choice([*tokens]))
    for name, value in headers:
        key = name.strip().upper().replace("-", "_")
        environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
    return environ


def call_app(app: Any, environ: dict[str, Any]) -> Answer:
    """Send a request to a WSGI application, and return its answer. Errors of the application are raised.

    The answer to a HEAD has no document, so its type is left out.
    """
    started: dict[str, Any] = {}

    def start_response(status: str, headers: list[tuple[str, str]], _: Any = None) -> None:
        started.update(status=int(status[:3]), headers={name.lower(): value for name, value in headers})

    chunks = app(environ, start_response)
    try:
        body = b"".join(chunks)
    finally:
        if hasattr(chunks, "close"):
            chunks.close()
    headers = {} if environ["REQUEST_METHOD"] == "HEAD" else started["headers"]
    return Answer(started["status"], headers, body)
