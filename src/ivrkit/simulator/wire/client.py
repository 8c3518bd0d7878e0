"""Twilio as an HTTP client for one call: retries, redirects, cookies and passwords."""

from __future__ import annotations

import itertools
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from email.message import Message
from http.client import HTTPResponse
from http.cookiejar import CookieJar
from typing import cast
from urllib.parse import urlsplit

from ivrkit.simulator.wire.messages import (
    Failure,
    Request,
    Response,
    absolute_url,
    make_file_request,
    make_request,
    requested_url,
)
from ivrkit.simulator.wire.overrides import Overrides, overrides_of
from ivrkit.simulator.wire.passwords import Password, password_for
from ivrkit.simulator.wire.signature import SharedKey
from ivrkit.simulator.wire.transports import Transport

#: https://www.twilio.com/docs/api/errors/11215 and /11216
MAX_REDIRECTS = 10
_REDIRECT_STATUSES = (301, 302, 303, 307)

#: A function that is called with each request that was sent, and with its response or failure.
OnExchange = Callable[[Request, Response | Failure], None]


class Client:
    """Twilio as an HTTP client, for one call.

    :param transport: the connection to the app: a WSGI app in this process, HTTP, or a table of documents.
    :param token: the auth token that signs requests, or ``""`` for no signature.
    :param shared_keys: the shared keys that sign requests in place of the token. Several keys sign in turn.
    :param redirect_as_get: whether a redirect is followed with GET. If this is false, the request after the redirect
        has the method of the first request.
    :param cookies: whether the client keeps the cookies that the app sets, and sends them back.
    :param new_token: a function that returns a new idempotency token.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        token: str,
        shared_keys: Sequence[SharedKey] = (),
        redirect_as_get: bool = True,
        cookies: bool = True,
        new_token: Callable[[], str],
    ) -> None:
        self.transport = transport
        self._token = token
        self._shared_keys = itertools.cycle(shared_keys)
        self._redirect_as_get = redirect_as_get
        self._new_token = new_token
        self._jar = CookieJar() if cookies else None
        #: User, password and host -> the password, after the host has asked for one.
        self._passwords: dict[str, Password] = {}

    def send(
        self,
        method: str,
        url: str,
        params: Mapping[str, str],
        *,
        on_exchange: OnExchange,
        on_invalid_override: Callable[[str], None],
    ) -> tuple[str, Response]:
        """Send a webhook request, and follow redirects. The connection overrides of the URL decide about retries.

        :param url: an absolute URL. The fragment of the URL can contain connection overrides, which set timeouts and
            retries.
        :param on_exchange: a function that is called with each request, and with the response or the failure.
        :param on_invalid_override: a function that is called with a message for each invalid connection override.
        :returns: the URL that responded last, and the response, which may have an error status.
        :raises Failure: if there was no response that Twilio can use.
        """
        # The overrides and the idempotency token of the first URL hold for all attempts and redirects.
        overrides, messages = overrides_of(url)
        for message in messages:
            on_invalid_override(message)
        token = self._new_token()
        for _ in range(MAX_REDIRECTS + 1):
            response = self._send_with_retries(method, url, params, token, overrides, on_exchange)
            if not 300 <= response.status < 400:
                return requested_url(url), response
            url = _redirect_target(url, response)
            method = "GET" if self._redirect_as_get else method
            # Twilio sends the keys to the first URL only.
            params = {name: value for name, value in params.items() if name != "Digits"}
        message = f"the response was redirected more than {MAX_REDIRECTS} times, last to {requested_url(url)}"
        raise Failure(11215, "other", message)

    def fetch_file(self, url: str, *, on_exchange: OnExchange) -> Response:
        """Fetch a file, and follow redirects.

        :param on_exchange: a function that is called with each request, and with the response or the failure.
        :returns: the response, which may have an error status.
        :raises Failure: if there was no response that Twilio can use.
        """
        for _ in range(MAX_REDIRECTS + 1):
            # A file is not retried: a failure is a warning, and the caller hears the next verb.
            response = self._send_once(make_file_request(url), overrides_of(url)[0], on_exchange)
            if not 300 <= response.status < 400:
                return response
            url = _redirect_target(url, response)
        message = f"the file was redirected more than {MAX_REDIRECTS} times, last to {requested_url(url)}"
        raise Failure(11215, "other", message)

    def _send_with_retries(
        self,
        method: str,
        url: str,
        params: Mapping[str, str],
        token: str,
        overrides: Overrides,
        on_exchange: OnExchange,
    ) -> Response:
        """Send a request. Repeat the request after a failure or an error status, as often as the overrides allow.

        :param token: the idempotency token, which all attempts have in common.
        :returns: the last response, which may have an error status.
        :raises Failure: if the last attempt had no response that Twilio can use.
        """
        retries_left = overrides.retries
        while True:
            # Made for each attempt, because an attempt may have set a cookie.
            request = make_request(
                method,
                url,
                params,
                token=self._token,
                shared_key=next(self._shared_keys, None),
                idempotency=token,
                cookies=self._cookies_for(url),
            )
            try:
                response = self._send_with_password(url, request, overrides, on_exchange)
            except Failure as failure:
                if not retries_left or failure.failure_type not in overrides.retry_on:
                    raise
            else:
                if not retries_left or f"{response.status // 100}xx" not in overrides.retry_on:
                    return response
            retries_left -= 1

    def _send_once(self, request: Request, overrides: Overrides, on_exchange: OnExchange) -> Response:
        try:
            response = self.transport.send(request, overrides)
        except Failure as failure:
            on_exchange(request, failure)
            raise
        on_exchange(request, response)
        return response

    # Passwords: the first request has none. After a 401, the password is sent at once for the rest of the call.

    def _send_with_password(
        self, url: str, request: Request, overrides: Overrides, on_exchange: OnExchange
    ) -> Response:
        parts = urlsplit(url)
        known = self._passwords.get(parts.netloc)
        first = known.add_to(request) if known else request
        response = self._keep_cookies(first, self._send_once(first, overrides, on_exchange))
        if response.status != 401 or (known and not known.may_be_repeated):
            return response
        password = password_for(parts, response)
        second = password.add_to(request) if password else request
        if password is None or second is request:
            return response
        self._passwords[parts.netloc] = password
        return self._keep_cookies(second, self._send_once(second, overrides, on_exchange))

    # Cookies: the jar of the standard library works on its own type of request. A call without cookies skips this.

    def _cookies_for(self, url: str) -> str:
        if self._jar is None or not len(self._jar):
            return ""
        jar_request = urllib.request.Request(requested_url(url))  # noqa: S310  it is never opened
        self._jar.add_cookie_header(jar_request)
        return str(jar_request.get_header("Cookie", ""))

    def _keep_cookies(self, request: Request, response: Response) -> Response:
        set_cookies = response.headers_of("Set-Cookie")
        if self._jar is not None and set_cookies:
            jar_request = urllib.request.Request(request.url)  # noqa: S310  it is never opened
            self._jar.extract_cookies(cast(HTTPResponse, _CookieHeaders(set_cookies)), jar_request)
        return response


class _CookieHeaders:
    """The ``Set-Cookie`` headers of a response, in the form that Python's cookie jar can read."""

    def __init__(self, set_cookies: list[str]) -> None:
        self._message = Message()
        for each in set_cookies:
            self._message["Set-Cookie"] = each

    def info(self) -> Message:
        return self._message


def _redirect_target(url: str, response: Response) -> str:
    """Return the URL to which a response redirects.

    :raises Failure: if Twilio does not follow the redirect.
    """
    location = response.header("Location")
    if response.status not in _REDIRECT_STATUSES or not location:
        problem = f"to {location[:200]}, which Twilio does not follow" if location else "without a Location"
        raise Failure(11216, "other", f"the response redirects with {response.status} {problem}")
    return absolute_url(url, location)
