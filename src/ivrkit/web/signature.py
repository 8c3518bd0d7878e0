"""Who may ask: X-Twilio-Signature, and for development the loopback interface.

The signature is made over the URL that Twilio requested and the parameters of a form
(https://www.twilio.com/docs/usage/security#validating-requests).
"""

from __future__ import annotations

import hmac
import ipaddress
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from flask import Request
from twilio.request_validator import RequestValidator

from ivrkit.flow.call import HIDDEN, INPUT_PARAMETERS
from ivrkit.settings import ACCOUNT_SID, Settings

#: A request that carries one of these, or an ``X-Forwarded-`` header, came through a proxy or a tunnel.
FORWARDING = ("Forwarded", "Via", "X-Real-Ip", "True-Client-Ip", "Cf-Connecting-Ip")

_INPUT = re.compile(rf"\b({'|'.join(INPUT_PARAMETERS)})=[^&]*")


class _Form(dict[str, list[str]]):
    """A form's names with all their values, as twilio's validator asks for them first: by ``getall``.

    Of werkzeug's form it asks for each value in vain once before it asks otherwise, which takes as long as the rest.
    """

    getall = dict.__getitem__


class Gatekeeper:
    """Decides whether a request may be answered.

    :param settings: with the tokens, the public URL and ``dev``.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._public_url = settings.public_url
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
        if not self.has_token:
            return _not_from_here(request)
        try:
            return self._unsigned(request, params.get("AccountSid", ""))
        except ValueError:
            return f"the request names no host that could have been asked: Host is {request.host!r}"

    def _unsigned(self, request: Request, account: str) -> str | None:
        url = self.signed_url(request)
        signature = request.headers.get("X-Twilio-Signature", "")
        validators = self._by_account.get(account.lower(), self._validators)
        form = _Form(request.form.lists())
        if any(_fits(validator, url, form, signature) for validator in validators):
            return None
        shown = _INPUT.sub(rf"\1={HIDDEN}", url)
        if not signature:
            return f"no X-Twilio-Signature for {shown!r}: only Twilio, or a test that signs, may ask"
        if not validators:
            variable = f"TWILIO_AUTH_TOKEN_{account}" if ACCOUNT_SID.fullmatch(account) else "TWILIO_AUTH_TOKEN_AC..."
            return f"no token for the account {account!r}: set TWILIO_AUTH_TOKEN or {variable}"
        return (
            f"X-Twilio-Signature does not fit {shown!r}: if Twilio requested another URL, set IVRKIT_PUBLIC_URL to its "
            "base (or IVRKIT_TRUSTED_PROXIES behind a proxy); if it is the same, TWILIO_AUTH_TOKEN is another account's"
        )

    def signed_url(self, request: Request) -> str:
        """Return the URL that Twilio requested, the query byte for byte.

        The public URL stands for scheme, host and whatever path is in front of the app; a path that both it and the
        app know, because the app is mounted there too, counts once.
        """
        base, path = f"{request.scheme}://{request.host}", request.root_path + request.path
        if self._public_url:
            base = self._public_url
            front = urlsplit(base).path.split("/")[1:]
            while front and not path.startswith("/" + "/".join(front) + "/"):
                front = front[1:]
            path = path[len("/".join(["", *front])) :]
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
