"""The check of the webhook: a signed request through the public URL, as Twilio would send it."""

from __future__ import annotations

import secrets
import time
from dataclasses import replace

from ivrkit.doctor.local_checks import check_clock, results_of_error
from ivrkit.doctor.public_url import PublicUrl, parse_public_url
from ivrkit.doctor.results import CheckResult, warning
from ivrkit.doctor.signature_diagnosis import compare_requests, parse_diagnosis
from ivrkit.doctor.unexpected_responses import explain_failure, explain_response
from ivrkit.errors import IvrkitError
from ivrkit.settings import Settings
from ivrkit.simulator import Failure, HttpTransport, Response
from ivrkit.simulator.wire.messages import make_file_request, make_request
from ivrkit.simulator.wire.overrides import DEFAULT, Overrides
from ivrkit.web.doctor_endpoint import DOCTOR_HEADER, make_proof

#: The parameters of the request: some that Twilio always sends, and a text that a proxy changes if it rewrites bodies.
_FORM = {"CallSid": f"CA{'0' * 32}", "CallStatus": "ringing", "From": "+14155550100", "Text": "a b+c&d=\u00e9"}


def check_webhook(settings: Settings, url: str | None, overrides: Overrides = DEFAULT) -> list[CheckResult]:
    """Check that a signed request arrives as it was sent, and that the server's clock is right.

    :param settings: the settings, with the auth token and the public URL.
    :param url: the public URL of the app or of its webhook, or ``None`` to use the setting ``public_url``.
    :param overrides: the timeouts of the request. The default values are Twilio's timeouts.
    """
    public = url or settings.public_url
    if not public:
        hint = "run ivrkit doctor --url https://ivr.example.com, or set IVRKIT_PUBLIC_URL"
        return [warning("webhook", "skipped: the public URL of the app is not known", hint)]
    form, token = _form_and_token(settings)
    if not token:
        return [warning("webhook", "skipped: there is no auth token to sign with", "set TWILIO_AUTH_TOKEN")]
    try:
        public_url = parse_public_url(public, settings.url_prefix)
    except IvrkitError as error:
        return results_of_error("webhook", error)
    return _WebhookCheck(public_url, overrides).run(form, token, settings.url_prefix)


def _form_and_token(settings: Settings) -> tuple[dict[str, str], str]:
    """Return the parameters to send, and the auth token for the signature. A missing token is returned as ``""``."""
    if settings.auth_token:
        return _FORM, settings.auth_token[0]
    # The app selects the token of a subaccount by the parameter AccountSid.
    account, tokens = next(iter(settings.accounts.items()), ("", ("",)))
    return {**_FORM, "AccountSid": account}, tokens[0]


class _WebhookCheck:
    """The check of one public URL."""

    def __init__(self, public_url: PublicUrl, overrides: Overrides) -> None:
        self._public_url = public_url
        self._overrides = overrides
        self._headers = {"Authorization": public_url.authorization} if public_url.authorization else {}

    def run(self, form: dict[str, str], token: str, prefix: str) -> list[CheckResult]:
        """Request the doctor endpoint, and return the results of the check.

        :param form: the parameters to send.
        :param token: the auth token that signs the request.
        :param prefix: the setting ``url_prefix``.
        """
        began = time.time()
        try:
            response = self._request_page(form, token)
        except Failure as failure:
            return [explain_failure(self._public_url, failure)]
        # The best estimate of the time here at the moment when the server read its clock.
        now = (began + time.time()) / 2
        received = parse_diagnosis(response.body) if response.status == 200 else None
        if received is None:
            return [explain_response(self._public_url, response, prefix, now, self._fetch)]
        return [*check_clock(now, received.time), *compare_requests(self._public_url, form, received)]

    def _request_page(self, form: dict[str, str], token: str) -> Response:
        """Send a request with Twilio's signature, and with the proof that the sender knows the auth token."""
        nonce = secrets.token_hex(16)
        request = make_request("POST", self._public_url.doctor_page, form, token=token, idempotency=nonce)
        headers = {**request.headers, **self._headers, DOCTOR_HEADER: make_proof(token, int(time.time()), nonce)}
        return HttpTransport().send(replace(request, headers=headers), self._overrides)

    def _fetch(self, url: str) -> Response | None:
        """Send a GET request. Return the response, or ``None`` if no response arrived."""
        request = make_file_request(url)
        try:
            return HttpTransport().send(replace(request, headers={**request.headers, **self._headers}), self._overrides)
        except Failure:
            return None
