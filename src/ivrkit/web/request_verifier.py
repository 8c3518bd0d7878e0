"""The request verifier, which checks the header X-Twilio-Signature.

Twilio signs the URL of the request and the parameters of the form
(https://www.twilio.com/docs/usage/security#validating-requests). The secret of the signature is the account's auth
token, or a shared key that another header names. If the settings have no secret, the request verifier accepts only
requests from this machine.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import parse_qs, unquote_plus, urlsplit

from twilio.request_validator import RequestValidator
from werkzeug.wrappers import Request

from ivrkit.flow.model.call import HIDDEN_INPUT, INPUT_PARAMETERS
from ivrkit.host.call_log import mask_number
from ivrkit.settings import Settings
from ivrkit.settings.types import ACCOUNT_SID
from ivrkit.web.early_refusal import SIGNATURE_HEADER, SIGNATURE_SETTINGS_HEADER, signature_problem
from ivrkit.web.local_requests import foreign_reason
from ivrkit.web.proxies import TrustedProxies, has_empty_query, requested_path, shared_path
from ivrkit.web.shared_keys import Candidates, SharedKeys

#: The content types of bodies that are parsed as forms.
_FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")
_FIX = "set TWILIO_AUTH_TOKEN to your account's auth token, to verify requests from other machines"
_INPUT = re.compile(rf"\b({'|'.join(INPUT_PARAMETERS)})=[^&]*")
#: The parameters of a query that hold telephone numbers.
_NUMBERS = re.compile(r"\b(From|To|Called|Caller|ForwardedFrom)=([^&]*)")


class _Form(dict[str, list[str]]):
    """A form with the method ``getall``, which Twilio's validator calls.

    werkzeug's own form has no ``getall``. The validator accepts that form too, but then the check takes twice as long.
    """

    getall = dict.__getitem__


class RequestVerifier:
    """Decides whether a request may be answered.

    :param settings: the settings. The auth tokens, the shared keys, ``public_url``, ``hosts``, ``trusted_proxies`` and
        ``mask_numbers`` are used.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._public_url = settings.public_url
        self._hosts = [each.lower() for each in settings.hosts]
        self._mask_numbers = settings.mask_numbers
        self._proxies = TrustedProxies(settings.trusted_proxies)
        self._validators = [RequestValidator(token) for token in settings.auth_token]
        self._validators_by_account = {
            sid.lower(): [RequestValidator(token) for token in tokens] for sid, tokens in settings.accounts.items()
        }
        self._shared_keys = SharedKeys(settings.shared_keys)

    @property
    def has_secret(self) -> bool:
        """Whether the settings have an auth token or a shared key, so that signatures can be checked."""
        return bool(self._validators or self._validators_by_account or self._shared_keys)

    def refusal_reason(self, request: Request, params: Mapping[str, str]) -> str | None:
        """Return the reason to refuse a request, or ``None`` if the request may be answered.

        :param request: the request as it arrived at the app.
        :param params: Twilio's parameters in the request.
        :returns: the reason and the fix as one line for the log, or ``None``.
        """
        return self.early_refusal(request) or self.signature_refusal(request, params)

    def early_refusal(self, request: Request) -> str | None:
        """Return the reason to refuse a request before its body is read, or ``None`` if the body must be read first.

        :param request: the request as it arrived at the app.
        :returns: the reason and the fix as one line for the log, or ``None``.
        """
        if not self.has_secret:
            reason = foreign_reason(self.external_request(request))
            return f"{reason} and no auth token is set: {_FIX}" if reason else None
        problem = signature_problem(request.headers)
        if problem is None:
            return self._host_refusal(request)
        if problem:
            return problem
        return self._with_url(request, self._no_signature)

    def _host_refusal(self, request: Request) -> str | None:
        """Return the reason to refuse a request for a host that the setting ``hosts`` does not have, or ``None``."""
        if not self._hosts or self._public_url:
            return None
        host = self.external_request(request).host
        if host.rpartition(":")[0].lower() in self._hosts or host.lower() in self._hosts:
            return None
        return f"the setting hosts must have the host {host!r}, not only {', '.join(self._hosts)}: add it to hosts"

    def _no_signature(self, url: str) -> str:
        return f"no {SIGNATURE_HEADER} for {self._redacted(url)!r}: only requests that Twilio signed are answered"

    def signature_refusal(self, request: Request, params: Mapping[str, str]) -> str | None:
        """Return the reason to refuse a request that :meth:`early_refusal` did not refuse.

        :param request: the request as it arrived at the app.
        :param params: Twilio's parameters in the request.
        :returns: the reason and the fix as one line for the log, or ``None`` if the request may be answered.
        """
        if not self.has_secret:
            return None
        account = params.get("AccountSid", "")
        return self._with_url(request, lambda url: self._signature_refusal(request, url, account))

    def may_see_details(self, request: Request) -> bool:
        """Return whether a request may see the details of the health check.

        The details are for users of this machine, and for a monitoring that sends the auth token in the header
        ``Authorization``. A proxy on this machine that adds no header looks like a user. So a request without the token
        sees no details if the settings have a public URL, unless dev mode is on.

        :param request: the request as it arrived at the app.
        """
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        given = token.strip().encode()
        secrets = self.settings.secrets() if scheme.lower() == "bearer" else ()
        if any(hmac.compare_digest(given, each.encode()) for each in secrets):
            return True
        return (self.settings.dev or not self._public_url) and foreign_reason(request) is None

    def _with_url(self, request: Request, refusal: Callable[[str], str | None]) -> str | None:
        """Call a function with the URL that Twilio signed, and return its result.

        :param refusal: a function that returns the reason to refuse the request, or ``None``.
        """
        external = self.external_request(request)
        try:
            return refusal(self._signed_url(external))
        except ValueError:  # of urllib, while the URL is put together or the validator takes it apart
            return f"the Host header must name a host, not {external.host!r}"

    def _signature_refusal(self, request: Request, url: str, account: str) -> str | None:
        signature = request.headers.get(SIGNATURE_HEADER, "")
        settings = request.headers.get(SIGNATURE_SETTINGS_HEADER, "").strip()
        candidates = self._shared_keys.candidates(settings) if settings else self._tokens_of(account)
        # With GET, Twilio signs the URL alone. A body that came with it is not part of the signature.
        form = _Form(request.form.lists() if request.method == "POST" else ())
        body_fits = _body_fits_its_hash(request)
        urls = [url, f"{url}?"] if has_empty_query(request.environ) else [url]
        if body_fits and _matches(candidates.validators, urls, form, signature):
            return None
        shown = self._redacted(url)
        if not candidates.validators:
            return candidates.problem
        if not body_fits:
            return f"the body does not match bodySHA256 in {shown!r}: check that no proxy changes the body"
        secret = f" with {candidates.secret}" if candidates.secret else ""
        return (
            f"X-Twilio-Signature does not match {shown!r}{secret}: if Twilio requested another URL, set "
            "IVRKIT_PUBLIC_URL to its base URL (or IVRKIT_TRUSTED_PROXIES behind a proxy); "
            f"if the URL is right, {candidates.hint}"
        )

    def _tokens_of(self, account: str) -> Candidates:
        """Return the validators with the auth tokens of an account.

        :param account: the account SID in the request. For an unknown SID, the tokens of the main account are used.
        """
        of_account = self._validators_by_account.get(account.lower())
        if of_account:
            return Candidates(of_account, hint=f"TWILIO_AUTH_TOKEN_{account} belongs to another account")
        if self._validators:
            return Candidates(self._validators, hint="TWILIO_AUTH_TOKEN belongs to another account")
        # The account comes from the request: only a real SID may appear in the name of a variable.
        variable = f"TWILIO_AUTH_TOKEN_{account}" if ACCOUNT_SID.fullmatch(account) else "TWILIO_AUTH_TOKEN_AC..."
        reason = f" and no {SIGNATURE_SETTINGS_HEADER} in the request" if self._shared_keys else ""
        return Candidates(problem=f"no auth token for account {account!r}{reason}: set TWILIO_AUTH_TOKEN or {variable}")

    def _redacted(self, url: str) -> str:
        """Return a URL for the log, without the caller's input. Phone numbers are masked if ``mask_numbers`` is on."""
        redacted = _INPUT.sub(rf"\1={HIDDEN_INPUT}", url)
        if not self._mask_numbers:
            return redacted
        return _NUMBERS.sub(lambda match: f"{match[1]}={mask_number(unquote_plus(match[2]))}", redacted)

    def external_request(self, request: Request) -> Request:
        """Return a request with the client address and the URL that the outermost trusted proxy received."""
        return self._proxies.external_request(request)

    def is_secure(self, request: Request) -> bool:
        """Return whether Twilio requested an ``https`` URL, also if a proxy passed the request on as ``http``.

        :param request: the request as it arrived at the app.
        """
        if self._public_url:
            return self._public_url.startswith("https:")
        return self.external_request(request).is_secure

    def signed_url(self, request: Request) -> str:
        """Return the URL that Twilio requested and signed.

        :param request: the request as it arrived at the app.
        """
        return self._signed_url(self.external_request(request))

    def _signed_url(self, request: Request) -> str:
        base, path = f"{request.scheme}://{request.host}", requested_path(request.environ)
        if self._public_url:
            # The public URL replaces scheme, host and the path in front of the app. If the app is mounted below that
            # path as well, the path would stand in the URL twice.
            base = self._public_url
            path = path.removeprefix(shared_path(urlsplit(base).path, path))
        # The query byte for byte: decoding and encoding it again could change the signature.
        query = request.query_string.decode("latin-1")
        return f"{base}{path}{'?' * bool(query)}{query}"


def _body_fits_its_hash(request: Request) -> bool:
    """Return whether the body of a request has the SHA-256 hash that the query contains.

    A request without this hash, or with a form as its body, is accepted. Twilio signs the parameters of a form. For any
    other body, Twilio signs only the hash in the query of the URL.
    """
    if request.method != "POST" or b"bodySHA256=" not in request.query_string or request.mimetype in _FORM_TYPES:
        return True
    expected = parse_qs(request.query_string.decode("latin-1")).get("bodySHA256")
    actual = hashlib.sha256(request.get_data()).hexdigest()
    return not expected or hmac.compare_digest(actual.encode(), expected[0].encode())


def _matches(validators: Sequence[RequestValidator], urls: Sequence[str], form: _Form, signature: str) -> bool:
    """Return whether a signature was made with the secret of one of the validators.

    A validator checks two URLs, one with a port and one without a port. To save time, this function first checks the
    unchanged URLs alone: one of them nearly always matches.

    :param urls: the URL of the request. If the URL may have an empty query, also the URL with a question mark.
    """
    expected = (each.compute_signature(url, form) for url in urls for each in validators)
    if any(hmac.compare_digest(each.encode(), signature.encode()) for each in expected):
        return True
    return any(each.validate(urls[0], form, signature) for each in validators)
