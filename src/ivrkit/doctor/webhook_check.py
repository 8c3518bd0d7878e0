"""The check of the webhook: a signed request through the public URL, as Twilio would send it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from ivrkit.doctor.health import check_app_store
from ivrkit.doctor.local_checks import check_clock, results_of_error
from ivrkit.doctor.public_url import PublicUrl, parse_public_url, without_extra_slashes
from ivrkit.doctor.results import CheckResult, warning
from ivrkit.doctor.signature_diagnosis import compare_requests, parse_diagnosis
from ivrkit.doctor.unexpected_responses import explain_failure, explain_response
from ivrkit.errors import IvrkitError
from ivrkit.settings import Settings
from ivrkit.simulator import Failure, HttpTransport, Response, SharedKey
from ivrkit.simulator.wire.messages import make_file_request, make_request
from ivrkit.simulator.wire.overrides import DEFAULT, Overrides
from ivrkit.web.doctor_endpoint import make_proof
from ivrkit.web.early_refusal import DOCTOR_HEADER

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
    if not settings.secrets():
        return [warning("webhook", "skipped: there is no auth token to sign with", "set TWILIO_AUTH_TOKEN")]
    try:
        public_url = parse_public_url(public, settings.url_prefix)
    except IvrkitError as error:
        return results_of_error("webhook", error)
    check = _WebhookCheck(public_url, overrides, settings.secrets()[0])
    return [*_check_slashes(public), *check.run(_signers(settings), settings.url_prefix)]


def _check_slashes(url: str) -> list[CheckResult]:
    """Return a warning if the path of the URL has a slash too many."""
    better = without_extra_slashes(url)
    if better == url:
        return []
    message = f"the path of {url} has a slash too many: ivrkit answers, but some servers and proxies change the path"
    return [warning("webhook", message, f"use {better} in Twilio's console and for --url")]


@dataclass(frozen=True, slots=True)
class _Signer:
    """The parameters of one request, with the auth token or the shared key that signs the request."""

    form: Mapping[str, str]
    token: str = ""
    shared_key: SharedKey | None = None


def _signers(settings: Settings) -> Iterator[_Signer]:
    """Yield a signer for an auth token, if there is one, and a signer for each shared key."""
    if settings.auth_token:
        yield _Signer(_FORM, settings.auth_token[0])
    elif settings.accounts:
        # The app selects the token of a subaccount by the parameter AccountSid.
        account, tokens = next(iter(settings.accounts.items()))
        yield _Signer({**_FORM, "AccountSid": account}, tokens[0])
    for key, secret in settings.shared_keys.items():
        yield _Signer(_FORM, shared_key=SharedKey(key, secret))


class _WebhookCheck:
    """The check of one public URL.

    :param public_url: the public URL.
    :param overrides: the timeouts of each request.
    :param proof_secret: the secret that proves to the app that the sender may read the doctor endpoint.
    """

    def __init__(self, public_url: PublicUrl, overrides: Overrides, proof_secret: str) -> None:
        self._public_url = public_url
        self._overrides = overrides
        self._proof_secret = proof_secret
        self._headers = {"Authorization": public_url.authorization} if public_url.authorization else {}

    def run(self, signers: Iterable[_Signer], prefix: str) -> list[CheckResult]:
        """Request the doctor endpoint with each signer, then the health page, and return the results of the check.

        :param signers: the signers. If a request gets no response from ivrkit, the other signers are not tried.
        :param prefix: the setting ``url_prefix``.
        """
        results: list[CheckResult] = []
        for signer in signers:
            new, is_ivrkit = self._check(signer, prefix)
            # The clock is compared once, and a change that a proxy makes to every request is reported once.
            results += [each for each in new if each not in results and not (results and each.check == "clock")]
            if not is_ivrkit:
                break
        # The health page takes the same way through the proxy, so it is read only if that way works.
        if any(each.status == "failed" for each in results):
            return results
        return [*results, *check_app_store(self._fetch(f"{self._public_url.base}/healthz"))]

    def _check(self, signer: _Signer, prefix: str) -> tuple[list[CheckResult], bool]:
        """Request the doctor endpoint with one signer.

        :returns: the results, and whether the response came from ivrkit.
        """
        began = time.time()
        try:
            response = self._request_page(signer)
        except Failure as failure:
            return [explain_failure(self._public_url, failure)], False
        # The best estimate of the time here at the moment when the server read its clock.
        now = (began + time.time()) / 2
        received = parse_diagnosis(response.body) if response.status == 200 else None
        if received is None:
            return [explain_response(self._public_url, response, prefix, now, self._fetch)], False
        compared = compare_requests(self._public_url, signer.form, received, signer.shared_key)
        return [*check_clock(now, received.time), *compared], True

    def _request_page(self, signer: _Signer) -> Response:
        """Send a request with Twilio's signature, and with the proof that the sender knows a secret of the app."""
        nonce = secrets.token_hex(16)
        request = make_request(
            "POST",
            self._public_url.doctor_page,
            signer.form,
            token=signer.token,
            shared_key=signer.shared_key,
            idempotency=nonce,
        )
        proof = make_proof(self._proof_secret, int(time.time()), nonce)
        headers = {**request.headers, **self._headers, DOCTOR_HEADER: proof}
        return HttpTransport().send(replace(request, headers=headers), self._overrides)

    def _fetch(self, url: str) -> Response | None:
        """Send a GET request. Return the response, or ``None`` if no response arrived."""
        request = make_file_request(url)
        try:
            return HttpTransport().send(replace(request, headers={**request.headers, **self._headers}), self._overrides)
        except Failure:
            return None
