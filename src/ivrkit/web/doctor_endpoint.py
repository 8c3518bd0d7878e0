"""The doctor endpoint: it reports to ``ivrkit doctor`` how a request arrived at the app.

The header :data:`DOCTOR_HEADER` proves that ``ivrkit doctor`` knows the auth token or a shared key. A request without
the proof gets a 404. The proof does not depend on the URL, because the doctor looks for proxies that change the URL.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlencode

import importlib_metadata
from flask import Blueprint, Response, abort, jsonify, request
from werkzeug.wrappers import Request

from ivrkit.web.early_refusal import DOCTOR_HEADER, SIGNATURE_HEADER, SIGNATURE_SETTINGS_HEADER
from ivrkit.web.forwarding_headers import is_forwarding_header
from ivrkit.web.request_verifier import RequestVerifier

#: How far the time of a proof may be from the server's clock, in seconds, in both directions.
MAX_PROOF_AGE = 300

#: All methods, because a page that does not exist answers every method in the same way.
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")


def make_proof(secret: str, seconds: int, nonce: str) -> str:
    """Return the value of the header :data:`DOCTOR_HEADER`, which proves that the sender knows a secret of the app.

    :param secret: the auth token, or the secret of a shared key.
    :param seconds: the time of the request, in seconds since 1970.
    :param nonce: a text without blanks. Each request needs a new nonce.
    """
    digest = hmac.new(secret.encode(), f"doctor:{seconds}:{nonce}".encode(), hashlib.sha256).hexdigest()
    return f"{seconds} {digest} {nonce}"


def is_valid_proof(value: str, secrets: Iterable[str], now: float) -> bool:
    """Return whether a header proves that the sender of the request knows a secret of the settings.

    :param value: the value of the header :data:`DOCTOR_HEADER`, or ``""`` if the header is missing.
    :param secrets: the auth tokens and the secrets of the shared keys in the settings.
    :param now: the time, in seconds since 1970.
    """
    parts = value.split(" ")
    # Twelve digits last for 30,000 years. Python refuses to convert more than 4,300 with an exception.
    if len(parts) != 3 or not (parts[0].isascii() and parts[0].isdigit() and len(parts[0]) <= 12):
        return False
    seconds, actual = int(parts[0]), value.encode()
    if abs(now - seconds) > MAX_PROOF_AGE:
        return False
    return any(hmac.compare_digest(make_proof(secret, seconds, parts[2]).encode(), actual) for secret in secrets)


def describe_request(request: Request, verifier: RequestVerifier, now: float) -> dict[str, Any]:
    """Return a description of a request as it arrived at the app, without secrets.

    :param request: the request.
    :param verifier: the request verifier, which reads the headers of the trusted proxies and checks the signature.
    :param now: the time, in seconds since 1970.
    :returns: the fields that ``docs/reference/web.md`` lists.
    """
    settings, form, external = verifier.settings, request.form, verifier.external_request(request)
    return {
        "ivrkit": importlib_metadata.version("ivrkit"),
        "time": now,
        "method": request.method,
        "scheme": external.scheme,
        "host": external.host,
        "root_path": external.root_path,
        "path": external.path,
        "query": request.query_string.decode("latin-1"),
        "headers": [[name, value] for name, value in request.headers if is_forwarding_header(name)],
        "remote_address": external.remote_addr,
        "content_type": request.content_type,
        "parameters": sorted(form),
        # A hash shows whether the form arrived unchanged, and reveals none of its values.
        "form": hash_form(form.items(multi=True)),
        "signed": SIGNATURE_HEADER in request.headers,
        "signature_settings": request.headers.get(SIGNATURE_SETTINGS_HEADER),
        "signed_url": verifier.signed_url(request),
        "refusal": verifier.refusal_reason(request, form.to_dict()),
        "settings": {
            "public_url": settings.public_url,
            "trusted_proxies": settings.trusted_proxies,
            "url_prefix": settings.url_prefix,
            "shared_keys": sorted(settings.shared_keys),
        },
    }


def hash_form(items: Iterable[tuple[str, str]]) -> str:
    """Return a hash of the parameters of a form. The order of the parameters does not change the hash."""
    return hashlib.sha256(urlencode(sorted(items)).encode()).hexdigest()


def add_doctor_endpoint(
    blueprint: Blueprint, path: str, verifier: RequestVerifier, refuse_body: Callable[[], Response | None]
) -> None:
    """Add the doctor endpoint to a blueprint.

    :param blueprint: the blueprint of a phone tree.
    :param path: the path of the endpoint.
    :param verifier: the request verifier of the phone tree. If the settings of the phone tree have no auth token,
        the endpoint responds with 404 to every request.
    :param refuse_body: a function that returns a response if the body of the current request cannot be parsed.
    """

    def doctor() -> Response:
        now = time.time()
        if not is_valid_proof(request.headers.get(DOCTOR_HEADER, ""), verifier.settings.secrets(), now):
            abort(404)  # not 403, which would show that the endpoint exists
        refusal = refuse_body()
        if refusal is not None:
            return refusal
        response = jsonify(describe_request(request, verifier, now))
        response.headers["Cache-Control"] = "no-store"
        return response

    blueprint.add_url_rule(path, "doctor", doctor, methods=_METHODS, provide_automatic_options=False)
