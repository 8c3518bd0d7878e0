"""A running host that ``ivrkit phone URL`` calls: its status callback, and hints about refused requests."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from urllib.parse import urlsplit, urlunsplit

from ivrkit.simulator import Event
from ivrkit.simulator.events import Responded

_WEBHOOK = "/webhook"


def status_callback_of(url: str) -> str:
    """Return the URL of the status callback that ``ivrkit connect`` sets for a webhook.

    :param url: the URL of a webhook.
    :returns: the URL, or ``""`` if the path of the webhook is not that of a phone tree of ivrkit.
    """
    parts = urlsplit(url)
    if not parts.path.endswith(_WEBHOOK):
        return ""
    return urlunsplit((parts.scheme, parts.netloc, f"{parts.path}/status", "", ""))


def hint_about(url: str, is_signed: bool) -> Callable[[Event], str]:
    """Return a function that explains why a host refuses the first request of a call.

    The function returns the hint for an event, or ``""`` if the event needs none.

    :param url: the URL of the webhook.
    :param is_signed: whether requests are signed.
    """

    def hint(event: Event) -> str:
        if not (isinstance(event, Responded) and event.purpose == "webhook"):
            return ""
        if event.status == 403:
            return _hint_about_signature(url, is_signed)
        return _hint_about_path(url) if event.status == 404 else ""

    return hint


def _hint_about_signature(url: str, is_signed: bool) -> str:
    if not is_signed:
        return "hint: the request was not signed; set TWILIO_AUTH_TOKEN to the auth token of the host"
    return (
        "hint: the host refused the signature; TWILIO_AUTH_TOKEN or the shared key must be the same as on the host. "
        f"To find the cause, run ivrkit doctor --url {url} with the settings of the host"
    )


def _hint_about_path(url: str) -> str:
    parts = urlsplit(url)
    if parts.path.endswith(_WEBHOOK):
        return f"hint: the host has no page {parts.path}; a url_prefix of the host comes before {_WEBHOOK}"
    folder, _, page = parts.path.rstrip("/").rpartition("/")
    # The last part of the path may be a misspelled webhook. Otherwise the path may be the url_prefix of the host.
    is_misspelled = bool(get_close_matches(page.lower(), [_WEBHOOK[1:]]))
    prefix = folder if is_misspelled else parts.path.rstrip("/")
    webhook = urlunsplit((parts.scheme, parts.netloc, f"{prefix}{_WEBHOOK}", "", ""))
    return f"hint: the host has no page {parts.path or '/'}; ivrkit answers calls at {_WEBHOOK}: {webhook}"
