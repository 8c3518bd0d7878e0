"""A server that imitates the phone numbers and the webhook rules of Twilio's REST API.

https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource
https://www.twilio.com/docs/usage/webhooks/webhook-configuration
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

from twilio.rest import Client

#: Whether the installed version of twilio can read webhook rules.
KNOWS_RULES = hasattr(Client, "webhooks")
ACCOUNT = "AC" + "1" * 32
TOKEN = "the-token-of-the-account"
#: When the rules and settings were made.
CREATED = "2026-11-01T08:00:00Z"
#: How many numbers a page of a list has.
PAGE = 2
FIELDS = {
    "VoiceUrl": "voice_url",
    "VoiceMethod": "voice_method",
    "VoiceFallbackUrl": "voice_fallback_url",
    "VoiceFallbackMethod": "voice_fallback_method",
    "StatusCallback": "status_callback",
    "StatusCallbackMethod": "status_callback_method",
    "VoiceApplicationSid": "voice_application_sid",
    "TrunkSid": "trunk_sid",
}


class TwilioApi:
    """An account with numbers.

    :ivar numbers: PhoneNumber -> its fields.
    :ivar users: user -> password.
    :ivar rules: the webhook rules, in the form of the API.
    :ivar settings: the webhook settings, in the form of the API.
    :ivar rules_failure: status and problem of every response about webhook rules; ``None`` for no failure.
    :ivar changes: the form of each requested change.
    :ivar failure: status, code and message of every response; ``None`` for no failure.
    """

    def __init__(self) -> None:
        self.numbers: dict[str, dict[str, str]] = {}
        self.users = {ACCOUNT: TOKEN}
        self.rules: list[dict[str, object]] = []
        self.settings: list[dict[str, object]] = []
        self.rules_failure: tuple[int, dict[str, object]] | None = None
        self.changes: list[dict[str, str]] = []
        self.failure: tuple[int, int | None, str] | None = None
        self.only_changes_fail = False
        self.instead: tuple[int, bytes] | None = None
        self.url = ""

    def add(self, number: str, **fields: str) -> None:
        """Add a number to the account."""
        plain = dict.fromkeys(FIELDS.values(), "")
        sid = f"PN{len(self.numbers):032d}"
        self.numbers[number] = {"sid": sid, "account_sid": ACCOUNT, "phone_number": number, **plain, **fields}

    def add_setting(self, name: str, **fields: object) -> str:
        """Add a webhook setting to the account, and return its id."""
        setting = f"webhooks_setting_{len(self.settings):026d}"
        plain = {"id": setting, "type": "CUSTOMER", "friendlyName": name, "auth": None, "createdAt": CREATED}
        self.settings.append({**plain, "connection": None, "signature": None, **fields})
        return setting

    def add_rule(self, name: str, match_type: str, pattern: str = "", **shares: int) -> None:
        """Add a webhook rule to the account.

        :param shares: id of a setting -> percentage of the requests.
        """
        field = {"EXACT_MATCH": {"value": pattern}, "PREFIX_MATCH": {"prefix": pattern}}.get(match_type, {})
        settings = [{"settingId": each, "percentage": share} for each, share in shares.items()]
        rule = f"webhooks_rule_{len(self.rules):026d}"
        plain = {"id": rule, "friendlyName": name, "matchType": match_type, "createdAt": CREATED}
        self.rules.append({**plain, **field, "settings": settings})

    @contextmanager
    def serving(self) -> Iterator[TwilioApi]:
        """Serve the API on a free port."""
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.answer({name: values[-1] for name, values in parse_qs(urlsplit(self.path).query).items()})

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                form = parse_qs(body, keep_blank_values=True)
                self.answer({name: values[-1] for name, values in form.items()})

            def answer(self, given: dict[str, str]) -> None:
                path, authorization = urlsplit(self.path).path, self.headers["Authorization"]
                status, content = api.instead or api.answer(self.command, path, given, authorization)
                body = content if isinstance(content, bytes) else json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        self.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield self
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def answer(self, method: str, path: str, given: dict[str, str], authorization: str) -> tuple[int, object]:
        """Return the status and the JSON of a response."""
        user, _, password = base64.b64decode(authorization.partition(" ")[2]).decode().partition(":")
        if self.users.get(user) != password:
            return 401, {"code": 20003, "message": "Authenticate", "status": 401}
        if self.failure and (method == "POST" or not self.only_changes_fail):
            status, code, message = self.failure
            return status, {"code": code, "message": message, "status": status}
        if method == "GET" and path.startswith("/v1/Webhooks/"):
            return self.rules_failure or (200, self._webhook_page(path.rpartition("/")[2], given))
        numbers = f"/2010-04-01/Accounts/{ACCOUNT}/IncomingPhoneNumbers"
        if method == "GET" and path == f"{numbers}.json":
            return 200, self._page(numbers, given)
        for number in self.numbers.values():
            if method == "POST" and path == f"{numbers}/{number['sid']}.json":
                self.changes.append(given)
                number |= {FIELDS[name]: value for name, value in given.items()}
                return 200, number
        return 404, {"code": 20404, "message": f"The requested resource {path} was not found", "status": 404}

    def _webhook_page(self, name: str, given: dict[str, str]) -> dict[str, object]:
        """Return a page of a list. Each page but the last has the token of the next page."""
        found = {"Rules": self.rules, "Settings": self.settings}[name]
        first = int(given.get("pageToken", "from-0").removeprefix("from-"))
        more = f"from-{first + PAGE}" if len(found) > first + PAGE else None
        meta = {"key": name.lower(), "pageSize": PAGE, "nextToken": more, "previousToken": None}
        return {"meta": meta, name.lower(): found[first : first + PAGE]}

    def _page(self, path: str, given: dict[str, str]) -> dict[str, object]:
        found = [each for each in self.numbers.values() if given.get("PhoneNumber") in (None, each["phone_number"])]
        page = int(given.get("Page", 0))
        next_page = f"{path}.json?Page={page + 1}" if len(found) > (page + 1) * PAGE else None
        shown = found[page * PAGE : (page + 1) * PAGE]
        return {"incoming_phone_numbers": shown, "next_page_uri": next_page, "page": page, "uri": path}
