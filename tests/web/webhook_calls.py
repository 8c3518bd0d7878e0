"""Calls that a test makes webhook by webhook: it signs each request and follows the addresses in the response.

Twilio's requests are described at https://www.twilio.com/docs/voice/twiml and
https://www.twilio.com/docs/usage/security.
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
#: A signature with another token.
FORGED_SIGNATURE = "RSOYDt4T1cUTdK1PDd93/VVr8B8="
ACCOUNT = "AC0123456789abcdef0123456789abcdef"
#: A CallSid.
SID = "CA" + "1" * 32
XML = "text/xml; charset=utf-8"
#: The verbs that play something and need no webhook.
PLAYING_VERBS = ("Say", "Play", "Pause")
#: The verbs that end with a webhook.
WAITING_VERBS = ("Gather", "Record", "Dial", "Enqueue")

#: (verb, outcome) -> the parameters that Twilio sends to the action of the verb.
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
    """Return the parameters that a ``Gather`` sends for pressed keys."""
    return {"Digits": digits, "FinishedOnKey": "", "msg": "Gather End"}


@dataclass(frozen=True)
class Response:
    """A response of the host."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def root(self) -> ElementTree.Element:
        """The document."""
        return ElementTree.fromstring(self.body)

    @property
    def verbs(self) -> list[str]:
        """The names of the document's verbs."""
        return [verb.tag for verb in self.root]

    @property
    def heard(self) -> str:
        """All texts of the document, separated by blanks."""
        return " ".join(say.text or "" for say in self.root.iter("Say"))

    @property
    def state(self) -> str | None:
        """The state in the header of dev mode."""
        return self.headers.get("Ivrkit-State")


#: A function that sends a request: method, URL, body, headers.
Send = Callable[[str, str, bytes, Mapping[str, str]], Response]


def over_http(method: str, url: str, body: bytes, headers: Mapping[str, str]) -> Response:
    """Send a request over HTTP."""
    parts = urlsplit(url)
    with closing(http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)) as connection:
        connection.request(method, f"{parts.path}?{parts.query}".rstrip("?"), body, dict(headers))
        response = connection.getresponse()
        return Response(response.status, response.headers, response.read())


def in_process(wsgi: Any) -> Send:
    """Return a function that sends requests to a WSGI application in this thread."""
    client = Client(wsgi, use_cookies=False)

    def send(method: str, url: str, body: bytes, headers: Mapping[str, str]) -> Response:
        parts = urlsplit(url)
        base_url = f"{parts.scheme}://{parts.netloc}"
        options = {"data": body, "headers": dict(headers), "query_string": parts.query}
        response = client.open(parts.path, base_url, method=method, **options)
        return Response(response.status_code, response.headers, response.get_data())

    return send


@contextmanager
def serving(wsgi: Any, store: Any) -> Iterator[str]:
    """Serve a WSGI application on a free port of this machine, each request in its own thread.

    :param wsgi: the application.
    :param store: its session store, which is closed at the end of each thread.
    :returns: the base URL.
    """

    def application(environ: Any, start_response: Any) -> list[bytes]:
        try:
            return [b"".join(wsgi(environ, start_response))]
        finally:
            store.close()

    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=_QuietHandler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _QuietHandler(WSGIRequestHandler):
    def log_request(self, *args: Any) -> None:
        pass


def sign(url: str, params: Iterable[tuple[str, str]] = (), token: str = TOKEN, algorithm: str = "sha1") -> str:
    """Return the signature of a URL and a form, computed as Twilio's documentation describes it.

    :param token: the auth token, or the secret of a shared key.
    :param algorithm: ``sha1`` or ``sha256``.
    """
    text = url + "".join(name + value for name, value in sorted(set(params)))
    return base64.b64encode(hmac.digest(token.encode(), text.encode(), algorithm)).decode()


def twilio_params(sid: str, status: str = "in-progress", **more: str) -> dict[str, str]:
    """Return the parameters that Twilio sends with every webhook of a call."""
    location = {"City": "SAN FRANCISCO", "State": "CA", "Zip": "", "Country": "US"}
    return {
        "AccountSid": ACCOUNT,
        "ApiVersion": "2010-04-01",
        "CallSid": sid,
        "CallStatus": status,
        "Direction": "inbound",
        **{party: "+15005550006" if party in ("To", "Called") else "+14155550100" for party in _PARTIES},
        **{party + field: value for party in _PARTIES for field, value in location.items()},
        **more,
    }


_PARTIES = ("From", "To", "Caller", "Called")


def new_sid() -> str:
    """Return a new CallSid."""
    return f"CA{secrets.token_hex(16)}"


class WebhookCall:
    """One call, from Twilio's side.

    :param send: sends a request to the host.
    :param webhook: the URL that is configured for the number.
    :param token: the auth token that signs the requests.
    :param sid: the CallSid; if omitted, a new one.
    """

    def __init__(self, send: Send, webhook: str, *, token: str = TOKEN, sid: str | None = None) -> None:
        self._send = send
        self._token = token
        self.webhook = self.url = webhook
        self.sid = sid or new_sid()
        self.response = Response(0, {}, b"")

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
        """Send one signed request and return the response. The state of this object does not change.

        :param url: the URL.
        :param more: parameters that are added to the usual ones or replace them.
        :param status: the status of the call.
        :param method: ``POST``, or ``GET`` to send the parameters in the query.
        :param signature: a signature to send in place of the right one.
        :param token: the idempotency token, ``""`` for a new one, ``None`` for none.
        """
        params = {**twilio_params(self.sid, status), **(more or {})}
        body = urlencode(params).encode() if method == "POST" else b""
        if method == "GET":
            url = f"{url}{'&' if '?' in url else '?'}{urlencode(params)}"
        right = sign(url, params.items() if body else (), self._token) if signature is None else signature
        signed = {
            "Accept": "*/*",
            "User-Agent": "TwilioProxy/1.1",
            "I-Twilio-Idempotency-Token": secrets.token_hex(16) if token == "" else token,
            "X-Twilio-Signature": right,
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8" if body else None,
        }
        return self._send(method, url, body, {name: value for name, value in signed.items() if value is not None})

    def request_document(
        self, url: str, more: Mapping[str, str] | None = None, *, status: str = "in-progress"
    ) -> Response:
        """Request the next document of the call, and check that Twilio can use it."""
        self.url, self.response = url, self.send(url, more, status=status)
        check_document(self.response, self.url, self.webhook)
        return self.response

    def dial(self) -> Response:
        """Call the number."""
        return self.request_document(self.webhook, status="ringing")

    def finish_verb(self, more: Mapping[str, str]) -> Response:
        """Send the result of the waiting verb to its action."""
        verb = self.waiting
        assert verb is not None, f"no verb waits in {self.response.body!r}"
        return self.request_document(resolve(self.url, verb.get("action")), more)

    def press(self, digits: str) -> Response:
        """Press keys."""
        return self.finish_verb(pressed(digits))

    def follow_redirect(self) -> Response:
        """Request the address of the document's ``Redirect``."""
        redirect = self.response.root.find("Redirect")
        assert redirect is not None, f"no Redirect in {self.response.body!r}"
        return self.request_document(resolve(self.url, redirect.text))

    @property
    def waiting(self) -> ElementTree.Element | None:
        """The waiting verb of the document, or ``None``."""
        return next((verb for verb in self.response.root if verb.tag in WAITING_VERBS), None)

    @property
    def over(self) -> bool:
        """Whether the document ends with ``Hangup``."""
        return self.response.verbs[-1:] == ["Hangup"]


def resolve(url: str, written: str | None) -> str:
    """Return the URL that Twilio requests for an address in a document, without the fragment."""
    return urldefrag(urljoin(url, written or "")).url


def check_query(address: str) -> None:
    """Check that the query of an address is sorted by name, because signers differ about the order of a query."""
    query = urlsplit(address).query
    assert query.split("&") == sorted(query.split("&")), f"the query of {address} is not sorted"


def check_document(response: Response, url: str, webhook: str) -> None:
    """Check that Twilio can use a response: status, type, verbs, and the addresses in it.

    :param response: the response.
    :param url: the URL that the response came from, the base of its relative addresses.
    :param webhook: the URL that every address must lead back to.
    """
    assert response.status == 200, response
    assert response.headers["Content-Type"] == XML
    assert response.body.startswith(b'<?xml version="1.0" encoding="UTF-8"?>')
    root = response.root
    assert root.tag == "Response"
    for verb in root:
        assert verb.tag in (*PLAYING_VERBS, *WAITING_VERBS, "Hangup", "Redirect"), f"unexpected verb {verb.tag}"
        if verb.tag in WAITING_VERBS:
            assert resolve(url, verb.get("action")) == webhook
        if verb.tag == "Redirect":
            assert resolve(url, verb.text).partition("?")[0] == webhook
        for element in verb.iter():
            check_query(element.get("action") or element.get("url") or "")
        if verb.tag == "Redirect":
            check_query(verb.text or "")
        nouns = {noun.tag for noun in verb} if verb.tag == "Dial" else set()
        assert verb.tag == "Gather" or nouns == {"Number"} or not len(verb), f"{verb.tag} has unexpected nouns"
    for say in root.iter("Say"):
        assert (say.text or "").strip(), "a Say is empty"
        assert say.get("language") in ("en-US", "es-MX")
