"""Where a host is asked: the addresses that follow from a public URL."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from ivrkit.errors import IvrkitError
from ivrkit.web.doctor_endpoint import PATH

#: What a proxy that rewrites queries would write otherwise.
QUERY = "a=1&b=%20x"
WEBHOOK = "/webhook"


class Parts(NamedTuple):
    """What a URL is made of, as it is written."""

    scheme: str
    host: str
    path: str
    query: str


def parts_of(url: str) -> Parts:
    """Return what a URL is made of; of one that is none, something that no other URL is made of."""
    base, _, query = url.partition("?")
    scheme, _, rest = base.partition("://")
    host, _, path = rest.partition("/")
    return Parts(scheme, host.lower(), f"/{path}", query)


@dataclass(frozen=True, slots=True)
class Address:
    """A host as the world reaches it.

    :param base: what is in front of ``/webhook``, without user and password.
    :param authorization: the header that user and password of the URL make, ``""`` for none.
    """

    base: str
    authorization: str = ""

    @property
    def origin(self) -> str:
        """Scheme and host alone."""
        parts = parts_of(self.base)
        return f"{parts.scheme}://{parts.host}"

    @property
    def webhook(self) -> str:
        """What Twilio's console is given."""
        return self.base + WEBHOOK

    @property
    def page(self) -> str:
        """What the doctor asks."""
        return f"{self.base}{PATH}?{QUERY}"


def address_of(url: str, prefix: str) -> Address:
    """Return the address of a public URL.

    :param url: a base, or one that ends in ``/webhook``.
    :param prefix: the setting ``url_prefix``; the part of it that the base ends with counts once.
    :raises IvrkitError: when it is none.
    """
    try:
        parts = urlsplit(url)
        fits = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1) > 0
    except ValueError:
        fits = False
    if not fits or not re.fullmatch(r"[!-~]+", url):
        raise IvrkitError(
            f"{url!r} is no URL that Twilio could ask", hint="give a base such as https://ivr.example.com, in ASCII"
        )
    user, at, host = parts.netloc.rpartition("@")
    word = base64.b64encode(unquote(user).encode()).decode()
    base, path = f"{parts.scheme}://{host.lower()}", parts.path.rstrip("/")
    path = path.removesuffix(WEBHOOK) if path.endswith(WEBHOOK) else joined(path, prefix)
    return Address(base + path, f"Basic {word}" if at else "")


def joined(front: str, prefix: str) -> str:
    """Return two paths one behind the other; what the first ends with and the second begins with counts once."""
    segments = front.split("/")[1:]
    while segments and not f"{prefix}/".startswith(f"/{'/'.join(segments)}/"):
        segments = segments[1:]
    return front + prefix[len("/".join(["", *segments])) :]
