"""One webhook at a time, for tests of the webhook itself: signs, asks, and goes on as the answer tells it.

What Twilio sends and does: https://www.twilio.com/docs/voice/twiml and https://www.twilio.com/docs/usage/security.
"""

import base64
import hmac
import http.client
import secrets
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urldefrag, urlencode, urljoin, urlsplit
from xml.etree import ElementTree

from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.test import Client

TOKEN = "12345"
ACCOUNT = "AC0123456789abcdef0123456789abcdef"
XML = "text/xml; charset=utf-8"
#: The verbs of which a caller hears something and no more.
SOUNDING = ("Say", "Play", "Pause")
#: The verbs that ask for a webhook.
WAITING = ("Gather", "Record", "Dial", "Enqueue")

#: What Twilio sends when a verb came to something: (verb, outcome) -> the parameters of its action.
VERB_RESULTS = {
    ("Gather", "no-input"): {"Digits": "", "FinishedOnKey": "", "msg": "Gather End"},
    ("Record", "recorded"): {
        "RecordingUrl": f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Recordings/RE{'3' * 32}",
        "RecordingSid": f"RE{'3' * 32}",
        "RecordingDuration": "12",
        "Digits": "#",
    },
    ("Dial", "busy"): {"DialCallStatus": "busy", "DialCallSid": f"CA{'d' * 32}", "DialBridged": "false"},
}


def pressed(digits: str) -> dict[str, str]:
    """Return what a ``Gather`` sends for these keys."""
    return {"Digits": digits, "FinishedOnKey": "", "msg": "Gather End"}


@dataclass(frozen=True)
class Response:
    """What the host answered, wherever it was asked."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def root(self) -> ElementTree.Element:
        """The document."""
        return ElementTree.fromstring(self.body)

    @property
    def verbs(self) -> list[str]:
        """The names of its verbs."""
        return [verb.tag for verb in self.root]

    @property
    def heard(self) -> str:
        """All that is said in it."""
        return " ".join(say.text or "" for say in self.root.iter("Say"))

    @property
    def state(self) -> str | None:
        """The state that the host names in development."""
        return self.headers.get("Ivrkit-State")


#: Sends a request: method, URL, body, headers.
Send = Callable[[str, str, bytes, Mapping[str, str]], Response]


def over_http(method: str, url: str, body: bytes, headers: Mapping[str, str]) -> Response:
    """Send a request through a socket."""
    parts = urlsplit(url)
    with closing(http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)) as connection:
        connection.request(method, f"{parts.path}?{parts.query}".rstrip("?"), body, dict(headers))
        response = connection.getresponse()
        return Response(response.status, response.headers, response.read())


def in_process(wsgi: Any) -> Send:
    """Return what sends requests to a WSGI application in this thread."""
    client = Client(wsgi, use_cookies=False)

    def send(method: str, url: str, body: bytes, headers: Mapping[str, str]) -> Response:
        parts = urlsplit(url)
        base_url = f"{parts.scheme}://{parts.netloc}"
        sent = {"data": body, "headers": dict(headers), "query_string": parts.query}
        response = client.open(parts.path, base_url, method=method, **sent)
        return Response(response.status_code, response.headers, response.get_data())

    return send


@contextmanager
def serving(wsgi: Any, store: Any) -> Iterator[str]:
    """Serve a WSGI application on a free port of this machine, each request in a thread of its own.

    :param wsgi: the application.
    :param store: its session store; a thread that ends lets go of it.
    :returns: the base URL.
    """

    def application(environ: Any, start_response: Any) -> list[bytes]:
        try:
            return [b"".join(wsgi(environ, start_response))]
        finally:
            store.close()

    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Quiet(WSGIRequestHandler):
    def log_request(self, *args: Any) -> None:
        pass


def sign(url: str, params: Iterable[tuple[str, str]] = (), token: str = TOKEN) -> str:
    """Return the signature over a URL and a form, in as few lines as Twilio's own page has it."""
    text = url + "".join(name + value for name, value in sorted(set(params)))
    return base64.b64encode(hmac.digest(token.encode(), text.encode(), "sha1")).decode()


def twilio_params(sid: str, status: str = "in-progress", **more: str) -> dict[str, str]:
    """Return the parameters that Twilio sends with every webhook of a call."""
    places = {"City": "SAN FRANCISCO", "State": "CA", "Zip": "", "Country": "US"}
    return {
        "AccountSid": ACCOUNT,
        "ApiVersion": "2010-04-01",
        "CallSid": sid,
        "CallStatus": status,
        "Direction": "inbound",
        **{who: "+15005550006" if who in ("To", "Called") else "+14155550100" for who in _PARTIES},
        **{who + what: place for who in _PARTIES for what, place in places.items()},
        **more,
    }


_PARTIES = ("From", "To", "Caller", "Called")


def new_sid() -> str:
    """Return a CallSid that no other call has."""
    return f"CA{secrets.token_hex(16)}"


class WebhookCall:
    """One call, from Twilio's side.

    :param send: reaches the host.
    :param webhook: the URL that the number is configured with.
    :param token: signs the requests.
    :param sid: the CallSid; a new one when left out.
    """

    def __init__(self, send: Send, webhook: str, *, token: str = TOKEN, sid: str | None = None) -> None:
        self._send = send
        self._token = token
        self.webhook = self.url = webhook
        self.sid = sid or new_sid()
        self.webhooks = 0
        self.answer = Response(0, {}, b"")

    def send(
        self,
        url: str,
        more: Mapping[str, str] | None = None,
        *,
        status: str = "in-progress",
        method: str = "POST",
        signature: str | None = None,
        token: str | None = "",
    ) -> Response:
        """Send one signed request and return what came; nothing of the call changes on this side.

        :param url: the URL.
        :param more: parameters besides the usual ones, or in their place.
        :param status: the call's status.
        :param method: ``GET`` puts the parameters into the URL.
        :param signature: in place of the right one.
        :param token: the idempotency token, ``""`` for a new one, ``None`` for none.
        """
        params = {**twilio_params(self.sid, status), **(more or {})}
        body = urlencode(params).encode() if method == "POST" else b""
        if method == "GET":
            url = f"{url}{'&' if '?' in url else '?'}{urlencode(params)}"
        known = sign(url, params.items() if body else (), self._token) if signature is None else signature
        sent = {
            "Accept": "*/*",
            "User-Agent": "TwilioProxy/1.1",
            "I-Twilio-Idempotency-Token": secrets.token_hex(16) if token == "" else token,
            "X-Twilio-Signature": known,
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8" if body else None,
        }
        return self._send(method, url, body, {name: value for name, value in sent.items() if value is not None})

    def request_document(
        self, url: str, more: Mapping[str, str] | None = None, *, status: str = "in-progress"
    ) -> Response:
        """Ask a URL for the next document, and hold it against what Twilio can use."""
        self.webhooks += 1
        self.url, self.answer = url, self.send(url, more, status=status)
        check_document(self.answer, self.url, self.webhook)
        return self.answer

    def dial(self) -> Response:
        """Call the number."""
        return self.request_document(self.webhook, status="ringing")

    def finish_verb(self, more: Mapping[str, str]) -> Response:
        """Ask the action of the verb that waits, with what it came to."""
        verb = self.waiting
        assert verb is not None, f"nothing waits in {self.answer.body!r}"
        return self.request_document(leads_to(self.url, verb.get("action")), more)

    def press(self, digits: str) -> Response:
        """Press keys."""
        return self.finish_verb(pressed(digits))

    def follow_redirect(self) -> Response:
        """Follow the document's ``Redirect``."""
        redirect = self.answer.root.find("Redirect")
        assert redirect is not None, f"there is no Redirect in {self.answer.body!r}"
        return self.request_document(leads_to(self.url, redirect.text))

    @property
    def waiting(self) -> ElementTree.Element | None:
        """The verb that waits, if any."""
        return next((verb for verb in self.answer.root if verb.tag in WAITING), None)

    @property
    def over(self) -> bool:
        """Whether the document hangs up."""
        return self.answer.verbs[-1:] == ["Hangup"]


def leads_to(url: str, written: str | None) -> str:
    """Return the URL that is asked for an address in a document; its fragment is neither sent nor signed."""
    return urldefrag(urljoin(url, written or "")).url


def check_document(answer: Response, url: str, webhook: str) -> None:
    """Hold an answer against what Twilio can use: status, type, root, verbs, and where it is asked to ask next.

    :param answer: the answer.
    :param url: the URL that gave it, against which the addresses in it are read.
    :param webhook: the URL that everything has to lead back to.
    """
    assert answer.status == 200, answer
    assert answer.headers["Content-Type"] == XML
    assert answer.body.startswith(b'<?xml version="1.0" encoding="UTF-8"?>')
    root = answer.root
    assert root.tag == "Response"
    for verb in root:
        assert verb.tag in (*SOUNDING, *WAITING, "Hangup", "Redirect"), f"{verb.tag} is no verb of these"
        if verb.tag in WAITING:
            assert leads_to(url, verb.get("action")) == webhook
        if verb.tag == "Redirect":
            assert leads_to(url, verb.text).partition("?")[0] == webhook
        held = {noun.tag for noun in verb} if verb.tag == "Dial" else set()
        assert verb.tag == "Gather" or held == {"Number"} or not len(verb), f"{verb.tag} holds something"
    for say in root.iter("Say"):
        assert (say.text or "").strip(), "a Say says nothing"
        assert say.get("language") in ("en-US", "es-MX")
