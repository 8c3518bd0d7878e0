"""The page that ``ivrkit doctor`` asks: what the app saw of a request, so that the asker can compare.

To everybody else it is not there. Who asks proves by :data:`HEADER` that they know the token, in a way that does not
depend on the URL, because the URL is what may have been changed on the way.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

import importlib_metadata
from flask import Blueprint, Response, abort, jsonify, request
from werkzeug.wrappers import Request

from ivrkit.settings.core import Settings
from ivrkit.web.request_verifier import FORWARDING, RequestVerifier

#: The header that proves who asks: the time, a keyed hash, and a nonce.
HEADER = "Ivrkit-Doctor"
#: How old a proof may be, in seconds, and how far in the future the asker's clock.
FRESH = 300
#: Where the page is, below the prefix of a tree.
PATH = "/webhook/doctor"

#: A page that is not there answers every method alike.
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")


def proof(token: str, seconds: int, nonce: str) -> str:
    """Return the value of :data:`HEADER`.

    :param token: the account's auth token.
    :param seconds: the time, in seconds since 1970.
    :param nonce: a text without blanks, another each time.
    """
    made = hmac.new(token.encode(), f"doctor:{seconds}:{nonce}".encode(), hashlib.sha256)
    return f"{seconds} {made.hexdigest()} {nonce}"


def is_proof(value: str, tokens: Iterable[str], now: float) -> bool:
    """Return whether a header proves that its sender knows one of the tokens.

    :param value: the header, ``""`` for none.
    :param now: the time, in seconds since 1970.
    """
    parts = value.split(" ")
    if len(parts) != 3 or not (parts[0].isascii() and parts[0].isdigit() and len(parts[0]) <= 12):
        return False
    seconds, given = int(parts[0]), value.encode()
    if abs(now - seconds) > FRESH:
        return False
    return any(hmac.compare_digest(proof(token, seconds, parts[2]).encode(), given) for token in tokens)


def diagnosis(request: Request, verifier: RequestVerifier, now: float) -> dict[str, Any]:
    """Return what the app saw of a request, with nothing secret.

    :param request: the request as it came.
    :param verifier: hears the trusted proxies, and checks the signature.
    :param now: the time, in seconds since 1970.
    """
    settings, form, asked = verifier.settings, request.form, verifier.asked(request)
    return {
        "ivrkit": importlib_metadata.version("ivrkit"),
        "time": now,
        "method": request.method,
        "scheme": asked.scheme,
        "host": asked.host,
        "root_path": asked.root_path,
        "path": asked.path,
        "query": request.query_string.decode("latin-1"),
        "headers": [[name, value] for name, value in request.headers if _tells_of_a_proxy(name)],
        "remote_address": asked.remote_addr,
        "content_type": request.content_type,
        "parameters": sorted(form),
        "form": hash_of_form(form.items(multi=True)),
        "signed": "X-Twilio-Signature" in request.headers,
        "signed_url": verifier.signed_url(request),
        "refusal": verifier.refusal(request, form.to_dict()),
        "settings": {
            "public_url": settings.public_url,
            "trusted_proxies": settings.trusted_proxies,
            "url_prefix": settings.url_prefix,
        },
    }


def hash_of_form(items: Iterable[tuple[str, str]]) -> str:
    """Return a hash of the parameters of a form, whatever their order."""
    return hashlib.sha256(urlencode(sorted(items)).encode()).hexdigest()


def tokens_of(settings: Settings) -> list[str]:
    """Return every token that the settings know, the main ones first."""
    return [*settings.auth_token, *(token for tokens in settings.accounts.values() for token in tokens)]


def add_diagnosis(blueprint: Blueprint, path: str, verifier: RequestVerifier) -> None:
    """Put the page into a blueprint.

    :param path: where it is.
    :param verifier: knows the tokens; where there is none, nobody can prove anything, and nobody is answered.
    """

    def doctor() -> Response:
        now = time.time()
        if not is_proof(request.headers.get(HEADER, ""), tokens_of(verifier.settings), now):
            abort(404)
        answer = jsonify(diagnosis(request, verifier, now))
        answer.headers["Cache-Control"] = "no-store"
        return answer

    blueprint.add_url_rule(path, "doctor", doctor, methods=_METHODS, provide_automatic_options=False)


def _tells_of_a_proxy(header: str) -> bool:
    return header.title() in FORWARDING or header.title().startswith("X-Forwarded-")
