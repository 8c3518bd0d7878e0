"""The public URL of a host, and the URLs of the webhook and of the doctor endpoint below the public URL."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from ivrkit.errors import IvrkitError
from ivrkit.web.paths import DOCTOR_PATH

#: The query of the doctor's request. A proxy that decodes and encodes queries changes it.
QUERY = "a=1&b=%20x"
WEBHOOK = "/webhook"


class UrlParts(NamedTuple):
    """The parts of a URL, without decoding of ``%20`` and similar escapes."""

    scheme: str
    host: str
    path: str
    query: str


def split_url(url: str) -> UrlParts:
    """Split a URL into parts without decoding the parts.

    Unlike :func:`urllib.parse.urlsplit`, this function never raises an error. The parts of an invalid URL never equal
    the parts of a valid URL.
    """
    base, _, query = url.partition("?")
    scheme, _, rest = base.partition("://")
    host, _, path = rest.partition("/")
    return UrlParts(scheme, host.lower(), f"/{path}", query)


@dataclass(frozen=True, slots=True)
class PublicUrl:
    """The public URL of a host.

    :param base: the part of the URL before ``/webhook``, without user and password.
    :param authorization: the value of the header ``Authorization``, or ``""`` if the URL has no user and password.
    """

    base: str
    authorization: str = ""

    @property
    def origin(self) -> str:
        """The scheme and the host of the URL, such as ``https://ivr.example.com``."""
        parts = split_url(self.base)
        return f"{parts.scheme}://{parts.host}"

    @property
    def webhook(self) -> str:
        """The URL of the webhook, as the user enters it in Twilio's console."""
        return self.base + WEBHOOK

    @property
    def doctor_page(self) -> str:
        """The URL of the doctor endpoint, with the query :data:`QUERY`."""
        return f"{self.base}{DOCTOR_PATH}?{QUERY}"


def parse_public_url(url: str, prefix: str) -> PublicUrl:
    """Parse a public URL.

    :param url: the public URL of the app or of its webhook.
    :param prefix: the setting ``url_prefix``. The prefix is appended to the URL of an app. If the URL already ends
        with segments of the prefix, these segments are not repeated.
    :raises IvrkitError: if the URL is invalid.
    """
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1) > 0
    except ValueError:
        valid = False
    if not valid or not re.fullmatch(r"[!-~]+", url):
        raise IvrkitError(
            f"the public URL must be an http or https URL in ASCII, not {url!r}",
            hint="give a base URL such as https://ivr.example.com",
        )
    # Twilio sends user and password of a URL in a header, and signs the URL without them.
    user, at, host = parts.netloc.rpartition("@")
    credentials = base64.b64encode(unquote(user).encode()).decode()
    base, path = f"{parts.scheme}://{host.lower()}", parts.path.rstrip("/")
    path = path.removesuffix(WEBHOOK) if path.endswith(WEBHOOK) else join_paths(path, prefix)
    return PublicUrl(base + path, f"Basic {credentials}" if at else "")


def without_extra_slashes(url: str) -> str:
    """Return a URL without repeated slashes in its path, and without a slash behind ``/webhook``."""
    parts = urlsplit(url)
    path = re.sub("/{2,}", "/", parts.path)
    return parts._replace(path=path.rstrip("/") if path.endswith(f"{WEBHOOK}/") else path).geturl()


def join_paths(front: str, prefix: str) -> str:
    """Join two paths without repeating the segments that both have: ``/a/b`` and ``/b/c`` give ``/a/b/c``."""
    # Drop leading segments of the first path until the rest is a beginning of the second one.
    segments = front.split("/")[1:]
    while segments and not f"{prefix}/".startswith(f"/{'/'.join(segments)}/"):
        segments = segments[1:]
    return front + prefix[len("/".join(["", *segments])) :]
