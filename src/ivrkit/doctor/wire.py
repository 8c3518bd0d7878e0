"""What lies between Twilio and the app: a signed request through the public URL, and what the app saw of it."""

from __future__ import annotations

import secrets
import time
from dataclasses import replace

from ivrkit.doctor.address import Address, address_of
from ivrkit.doctor.findings import Finding, warning
from ivrkit.doctor.local import check_clock, failures
from ivrkit.doctor.signature_diagnosis import compare, seen_in
from ivrkit.doctor.unexpected_responses import explain, unreachable
from ivrkit.errors import IvrkitError
from ivrkit.settings.core import Settings
from ivrkit.simulator import Failure, HttpTransport, Response
from ivrkit.simulator.wire.messages import make_file_request, make_request
from ivrkit.simulator.wire.overrides import DEFAULT, Overrides
from ivrkit.web.doctor_endpoint import HEADER, proof

#: What is sent: what Twilio always sends, and a text that a proxy that reads bodies would write otherwise.
_FORM = {"CallSid": f"CA{'0' * 32}", "CallStatus": "ringing", "From": "+14155550100", "Text": "a b+c&d=\u00e9"}


def check_wire(settings: Settings, url: str | None, overrides: Overrides = DEFAULT) -> list[Finding]:
    """Return whether what Twilio signs fits when it arrives, and how far the server's clock is off.

    :param settings: with the token, and the public URL.
    :param url: the public URL to ask in place of the settings' own: a base, or one that ends in ``/webhook``.
    :param overrides: how long to wait; as Twilio does, when left out.
    """
    public = url or settings.public_url
    if not public:
        told = "it was skipped: nobody said under which URL Twilio reaches the app"
        return [warning("wire", told, "ivrkit doctor --url https://ivr.example.com, or set IVRKIT_PUBLIC_URL")]
    form, token = _signer(settings)
    if not token:
        return [warning("wire", "it was skipped: there is no token to sign with", "set TWILIO_AUTH_TOKEN")]
    try:
        address = address_of(public, settings.url_prefix)
    except IvrkitError as error:
        return failures("wire", error)
    return _Wire(address, overrides).check(form, token, settings.url_prefix)


def _signer(settings: Settings) -> tuple[dict[str, str], str]:
    """Return what is sent, and the token that signs it, ``""`` where there is none."""
    if settings.auth_token:
        return _FORM, settings.auth_token[0]
    account, tokens = next(iter(settings.accounts.items()), ("", ("",)))
    return {**_FORM, "AccountSid": account}, tokens[0]


class _Wire:
    """One host, asked through its public URL."""

    def __init__(self, address: Address, overrides: Overrides) -> None:
        self._address = address
        self._overrides = overrides
        self._headers = {"Authorization": address.authorization} if address.authorization else {}

    def check(self, form: dict[str, str], token: str, prefix: str) -> list[Finding]:
        """Ask the page, and return what that shows."""
        began = time.time()
        try:
            answer = self._ask(form, token)
        except Failure as failure:
            return [unreachable(self._address, failure)]
        now = (began + time.time()) / 2
        seen = seen_in(answer.body) if answer.status == 200 else None
        if seen is None:
            return [explain(self._address, answer, prefix, now, self._fetch)]
        return [*check_clock(now, seen.time), *compare(self._address, form, seen)]

    def _ask(self, form: dict[str, str], token: str) -> Response:
        nonce = secrets.token_hex(16)
        request = make_request("POST", self._address.page, form, token=token, idempotency=nonce)
        proved = {**self._headers, HEADER: proof(token, int(time.time()), nonce)}
        return HttpTransport().send(replace(request, headers={**request.headers, **proved}), self._overrides)

    def _fetch(self, url: str) -> Response | None:
        """Return a page beside the webhook, ``None`` when it can't be reached."""
        request = make_file_request(url)
        try:
            return HttpTransport().send(replace(request, headers={**request.headers, **self._headers}), self._overrides)
        except Failure:
            return None
