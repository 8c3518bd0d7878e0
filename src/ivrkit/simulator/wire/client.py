"""Twilio as an HTTP client: attempts, redirects, cookies and passwords of one call."""

from __future__ import annotations

import base64
import urllib.request
from collections.abc import Callable, Mapping
from email.message import Message
from http.client import HTTPResponse
from http.cookiejar import CookieJar
from typing import cast
from urllib.parse import unquote, urlsplit

from ivrkit.simulator.wire.messages import Failure, Request, Response, absolute, bare, make_request, plain_request
from ivrkit.simulator.wire.overrides import Overrides, overrides_of
from ivrkit.simulator.wire.transports import Transport

#: https://www.twilio.com/docs/api/errors/11215 and /11216
MOST_REDIRECTS = 10
_FOLLOWED = (301, 302, 303, 307)

#: Is told of each request that was sent, and of what came of it.
Told = Callable[[Request, Response | Failure], None]


class Client:
    """Twilio as an HTTP client, for the time of one call.

    :param transport: reaches the app.
    :param token: signs; ``""`` for nobody.
    :param redirect_as_get: whether what a redirect leads to is requested by GET.
    :param cookies: whether cookies are kept.
    :param new_token: makes the idempotency token of a request.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        token: str,
        redirect_as_get: bool = True,
        cookies: bool = True,
        new_token: Callable[[], str],
    ) -> None:
        self.transport = transport
        self._token = token
        self._redirect_as_get = redirect_as_get
        self._new_token = new_token
        self._jar = CookieJar() if cookies else None
        #: Host -> user, password and the header they made, once a host asked for them.
        self._passwords: dict[str, str] = {}

    def ask(
        self, method: str, url: str, params: Mapping[str, str], told: Told, complain: Callable[[str], None]
    ) -> tuple[str, Response]:
        """Send one request of Twilio's, with all attempts and redirects.

        :param url: absolute, with the connection overrides in its fragment.
        :param complain: is told of overrides that can't be.
        :returns: the URL that answered in the end, and its answer, whatever its status.
        :raises Failure: when nothing answered that Twilio can use.
        """
        overrides, complaints = overrides_of(url)
        for complaint in complaints:
            complain(complaint)
        token = self._new_token()
        for _ in range(MOST_REDIRECTS + 1):
            answer = self._try(method, url, params, token, overrides, told)
            if not 300 <= answer.status < 400:
                return bare(url), answer
            url = _target(url, answer)
            method = "GET" if self._redirect_as_get else method
            params = {name: value for name, value in params.items() if name != "Digits"}
        raise Failure(11215, "other", f"the answer redirects more than {MOST_REDIRECTS} times, at last to {bare(url)}")

    def fetch(self, url: str, told: Told) -> Response:
        """Fetch a file.

        :raises Failure: when nothing answered.
        """
        for _ in range(MOST_REDIRECTS + 1):
            answer = self._send(plain_request(url), overrides_of(url)[0], told)
            if not 300 <= answer.status < 400:
                return answer
            url = _target(url, answer)
        raise Failure(11215, "other", f"the file redirects more than {MOST_REDIRECTS} times, at last to {bare(url)}")

    def _try(
        self, method: str, url: str, params: Mapping[str, str], token: str, overrides: Overrides, told: Told
    ) -> Response:
        """Send a request as often as its failures allow."""
        left = overrides.retries
        while True:
            request = make_request(
                method, url, params, token=self._token, idempotency=token, cookies=self._cookies_for(url)
            )
            try:
                answer = self._with_password(url, request, overrides, told)
            except Failure as failure:
                if not left or failure.failure_type not in overrides.retry_on:
                    raise
            else:
                if not left or f"{answer.status // 100}xx" not in overrides.retry_on:
                    return answer
            left -= 1

    def _send(self, request: Request, overrides: Overrides, told: Told) -> Response:
        try:
            answer = self.transport.send(request, overrides)
        except Failure as failure:
            told(request, failure)
            raise
        told(request, answer)
        return answer

    # Passwords: the first request goes without one; who asks for it gets it for the rest of the call.

    def _with_password(self, url: str, request: Request, overrides: Overrides, told: Told) -> Response:
        parts = urlsplit(url)
        known = self._passwords.get(parts.netloc, "")
        if known.startswith("Basic"):
            request.headers["Authorization"] = known  # type: ignore[index]  # it was made just now, and is nobody else's
        answer = self._keep_cookies(request, self._send(request, overrides, told))
        if answer.status != 401 or parts.username is None or known:
            return answer
        header = _authorization(request, answer, unquote(parts.username), unquote(parts.password or ""))
        if not header:
            return answer
        self._passwords[parts.netloc] = header
        again = Request(
            request.method, request.url, request.params, {**request.headers, "Authorization": header}, request.body
        )
        return self._keep_cookies(again, self._send(again, overrides, told))

    # Cookies: the standard library's, which works on its own kind of requests. A call without any has none of the work.

    def _cookies_for(self, url: str) -> str:
        if self._jar is None or not len(self._jar):
            return ""
        asked = urllib.request.Request(bare(url))  # noqa: S310  it is never opened
        self._jar.add_cookie_header(asked)
        return str(asked.get_header("Cookie", ""))

    def _keep_cookies(self, request: Request, answer: Response) -> Response:
        set_cookies = answer.headers_of("Set-Cookie")
        if self._jar is not None and set_cookies:
            asked = urllib.request.Request(request.url)  # noqa: S310  it is never opened
            self._jar.extract_cookies(cast(HTTPResponse, _Headers(set_cookies)), asked)
        return answer


class _Headers:
    """As much of a response as a cookie jar looks at."""

    def __init__(self, set_cookies: list[str]) -> None:
        self._message = Message()
        for each in set_cookies:
            self._message["Set-Cookie"] = each

    def info(self) -> Message:
        return self._message


def _target(url: str, answer: Response) -> str:
    """Return where a redirect leads.

    :raises Failure: when it leads nowhere that Twilio follows.
    """
    location = answer.header("Location")
    if answer.status not in _FOLLOWED or not location:
        what = "without a Location" if not location else f"to {location[:200]}"
        raise Failure(11216, "other", f"the answer redirects with {answer.status} {what}")
    return absolute(url, location)


def _authorization(request: Request, answer: Response, user: str, password: str) -> str:
    """Return the header that answers a 401, ``""`` for a scheme that there is none for."""
    scheme, _, challenge = answer.header("WWW-Authenticate").partition(" ")
    if scheme.lower() == "basic":
        return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    if scheme.lower() == "digest":
        passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
        passwords.add_password(None, request.url, user, password)
        handler = urllib.request.HTTPDigestAuthHandler(passwords)
        asked = urllib.request.Request(request.url, data=request.body or None, method=request.method)  # noqa: S310  as above
        told = urllib.request.parse_keqv_list(urllib.request.parse_http_list(challenge))
        authorization = handler.get_authorization(asked, told)
        return f"Digest {authorization}" if authorization else ""
    return ""
