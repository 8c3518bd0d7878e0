"""Who may ask: X-Twilio-Signature, and for development the loopback interface.

The signature is made over the URL that Twilio requested and the parameters of a form
(https://www.twilio.com/docs/usage/security#validating-requests).
"""

from __future__ import annotations

import hmac
import ipaddress
import re
from collections.abc import Mapping
from urllib.parse import unquote_plus, urlsplit

from twilio.request_validator import RequestValidator
from werkzeug.wrappers import Request

from ivrkit.flow.model.call import HIDDEN_INPUT, INPUT_PARAMETERS
from ivrkit.host.call_log import mask_number
from ivrkit.settings.core import Settings
from ivrkit.settings.types import ACCOUNT_SID
from ivrkit.web.proxies import Proxies, known_front

#: A request that carries one of these, or an ``X-Forwarded-`` header, came through a proxy or a tunnel.
FORWARDING = ("Forwarded", "Via", "X-Real-Ip", "True-Client-Ip", "Cf-Connecting-Ip")

_INPUT = re.compile(rf"\b({'|'.join(INPUT_PARAMETERS)})=[^&]*")
#: The parameters of a query that hold telephone numbers.
_NUMBERS = re.compile(r"\b(From|To|Called|Caller|ForwardedFrom)=([^&]*)")


class _Form(dict[str, list[str]]):
    """A form's names with all their values, as twilio's validator asks for them first: by ``getall``.

    Of werkzeug's form it asks for each value in vain once before it asks otherwise, which takes as long as the rest.
    """

    getall = dict.__getitem__


class RequestVerifier:
    """Decides whether a request may be answered.

    :param settings: with the tokens, the public URL, the number of trusted proxies and ``mask_numbers``.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._public_url = settings.public_url
        self._mask_numbers = settings.mask_numbers
        self._proxies = Proxies(settings.trusted_proxies)
        self._validators = [RequestValidator(token) for token in settings.auth_token]
        self._by_account = {
            sid.lower(): [RequestValidator(token) for token in tokens] for sid, tokens in settings.accounts.items()
        }

    @property
    def has_token(self) -> bool:
        """Whether there is anything to check a signature with."""
        return bool(self._validators or self._by_account)

    def refusal(self, request: Request, params: Mapping[str, str]) -> str | None:
        """Return why a request is refused, in one line with the mend; ``None`` when it may be answered.

        :param request: the request.
        :param params: Twilio's parameters in it.
        """
        asked = self._proxies.asked(request)
        if not self.has_token:
            return _not_from_here(asked)
        try:
            return self._unsigned(request, self._url_of(asked), params.get("AccountSid", ""))
        except ValueError:
            return f"the request names no host that could have been asked: Host is {asked.host!r}"

    def _unsigned(self, request: Request, url: str, account: str) -> str | None:
        signature = request.headers.get("X-Twilio-Signature", "")
        validators = self._by_account.get(account.lower(), self._validators)
        form = _Form(request.form.lists() if request.method == "POST" else ())
        if any(_fits(validator, url, form, signature) for validator in validators):
            return None
        shown = self._shown(url)
        if not signature:
            return f"no X-Twilio-Signature for {shown!r}: only Twilio, or a test that signs, may ask"
        if not validators:
            variable = f"TWILIO_AUTH_TOKEN_{account}" if ACCOUNT_SID.fullmatch(account) else "TWILIO_AUTH_TOKEN_AC..."
            return f"no token for the account {account!r}: set TWILIO_AUTH_TOKEN or {variable}"
        return (
            f"X-Twilio-Signature does not fit {shown!r}: if Twilio requested another URL, set IVRKIT_PUBLIC_URL to its "
            "base (or IVRKIT_TRUSTED_PROXIES behind a proxy); if it is the same, TWILIO_AUTH_TOKEN is another account's"
        )

    def _shown(self, url: str) -> str:
        """Return a URL as it may be told: without what was pressed or said, and without whole numbers."""
        shown = _INPUT.sub(rf"\1={HIDDEN_INPUT}", url)
        if not self._mask_numbers:
            return shown
        return _NUMBERS.sub(lambda found: f"{found[1]}={mask_number(unquote_plus(found[2]))}", shown)

    def asked(self, request: Request) -> Request:
        """Return a request as the outermost trusted proxy was asked it, for its address and its URL alone."""
        return self._proxies.asked(request)

    def signed_url(self, request: Request) -> str:
        """Return the URL that Twilio requested, the query byte for byte.

        The public URL stands for scheme, host and whatever path is in front of the app; a path that both it and the
        app know, because the app is mounted there too, counts once.
        """
        return self._url_of(self.asked(request))

    def _url_of(self, request: Request) -> str:
        base, path = f"{request.scheme}://{request.host}", request.root_path + request.path
        if self._public_url:
            base = self._public_url
            path = path.removeprefix(known_front(urlsplit(base).path, path))
        query = request.query_string.decode("latin-1")
        return f"{base}{path}{'?' * bool(query)}{query}"


def _fits(validator: RequestValidator, url: str, form: _Form, signature: str) -> bool:
    """Return whether a signature is the one that this validator would make.

    The URL as it was requested nearly always fits; only where it does not is the library asked to try it with and
    without its port, because that takes twice as long.
    """
    made: str = validator.compute_signature(url, form)
    return hmac.compare_digest(made.encode(), signature.encode()) or bool(validator.validate(url, form, signature))


def _not_from_here(request: Request) -> str | None:
    """Return why a request is refused where there is no token."""
    mend = "set TWILIO_AUTH_TOKEN to your account's token, so that requests from elsewhere can be checked"
    forwarded = next((name for name, _ in request.headers if _forwards(name)), None)
    if forwarded:
        return f"the request was forwarded (it carries {forwarded}) and there is no token: {mend}"
    if not _loopback(request.environ):
        return f"the request comes from {request.remote_addr or 'an unknown address'} and there is no token: {mend}"
    return None


def _forwards(header: str) -> bool:
    return header.title() in FORWARDING or header.title().startswith("X-Forwarded-")


def _loopback(environ: Mapping[str, object]) -> bool:
    try:
        address = ipaddress.ip_address(str(environ.get("REMOTE_ADDR", "")))
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)
