"""Access to the phone numbers of a Twilio account and to the webhooks of these numbers, through the REST API.

https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from dotenv import dotenv_values

from ivrkit.errors import IvrkitError, nearest

#: Variable with another address of the REST API, for tests. Without it, Twilio's own address is used.
API_VARIABLE = "TWILIO_API_URL"
#: The timeout of a request, in seconds.
TIMEOUT = 15.0
#: How many of the account's numbers an error lists.
MAX_LISTED = 10

_HINTS = {
    401: "check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN: both are in Twilio's console",
    403: "the API key may not do this: use the account's auth token",
    429: "too many requests: try again later",
}
_DEFAULT_HINT = "look up the error: https://www.twilio.com/docs/api/errors"


class TwilioAccount:
    """A Twilio account that is read and changed through Twilio's own client.

    :param client: a ``twilio.rest.Client``.
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    @classmethod
    def from_environment(cls) -> TwilioAccount:
        """Return the account whose SID and credentials are in the environment or in ``.env``.

        If the account SID or the credentials are missing, ask for them without showing the typed text.

        :raises IvrkitError: if ``.env`` can't be read.
        """
        from twilio.http.http_client import TwilioHttpClient
        from twilio.rest import Client

        variables = {**_read_dotenv(), **os.environ}
        sid = variables.get("TWILIO_ACCOUNT_SID") or _prompt_hidden("Account SID")
        user, password = variables.get("TWILIO_API_KEY") or "", variables.get("TWILIO_API_SECRET") or ""
        if not (user and password):
            token = variables.get("TWILIO_AUTH_TOKEN") or _prompt_hidden("Auth token")
            user, password = sid, token.partition(",")[0].strip()
        client = Client(user, password, sid, http_client=TwilioHttpClient(timeout=TIMEOUT))
        api = variables.get(API_VARIABLE)
        if api:
            client.api.base_url = api
        return cls(client)

    @property
    def url(self) -> str:
        """The address of the REST API."""
        return str(self._client.api.base_url)

    def number(self, number: str) -> Any:
        """Return a phone number of the account as an ``IncomingPhoneNumberInstance`` of Twilio's client.

        :param number: the phone number, in E.164 format.
        :raises IvrkitError: if the account does not have the number, or if the API can't be reached.
        """
        with _api_errors():
            found = self._client.incoming_phone_numbers.list(phone_number=number, limit=1)
            if found:
                return found[0]
            others = [each.phone_number for each in self._client.incoming_phone_numbers.list(limit=MAX_LISTED)]
        raise IvrkitError(
            f"the account has no number {number}{nearest(number, others)}",
            hint=f"its numbers: {', '.join(others)}" if others else "buy a number in Twilio's console",
        )

    def change(self, number: Any, fields: Mapping[str, str]) -> Any:
        """Set fields of a phone number, and return the changed number.

        :param number: a phone number that :meth:`number` returned.
        :param fields: field -> new value.
        :raises IvrkitError: if the API refuses the change or can't be reached.
        """
        with _api_errors():
            return number.update(**fields)


def _prompt_hidden(text: str) -> str:
    """Ask for a secret, without showing the typed text."""
    typed: str = click.prompt(text, hide_input=True, err=True)
    return typed


@contextmanager
def _api_errors() -> Iterator[None]:
    """Replace each error of Twilio's client in the ``with`` block by an ``IvrkitError`` without secrets."""
    from twilio.base.exceptions import TwilioException

    try:
        yield
    except TwilioException as error:
        raise _api_error(error) from None
    except OSError as error:  # the base class of every connection error
        raise IvrkitError(
            f"Twilio's API can't be reached: {type(error).__name__}",
            hint="check this machine's network and its proxy",
        ) from None
    except (ValueError, AttributeError, TypeError, LookupError):  # from the client, for an unexpected response
        raise _unexpected_response() from None


def _api_error(error: Any) -> IvrkitError:
    """Return the ``IvrkitError`` for an exception of Twilio's client.

    If the response does not have the form of an API error, the message says that another program sent the response.
    """
    try:
        status, code, message = _parse_api_error(error)
    except (ValueError, AttributeError, TypeError):
        return _unexpected_response()
    text = f"Twilio's API responds with {status}{f', error {code}' if code else ''}: {message}"
    return IvrkitError(text, hint=_HINTS.get(status, _DEFAULT_HINT))


def _unexpected_response() -> IvrkitError:
    return IvrkitError(
        "the response does not come from Twilio's API", hint=f"check your network's proxy, and {API_VARIABLE}"
    )


def _parse_api_error(error: Any) -> tuple[int, int | None, str]:
    """Return the HTTP status, the error code and the message of an exception of Twilio's client.

    After a failed request for a list, the exception has only the response, so this function parses the response.
    """
    if hasattr(error, "status"):
        return error.status, error.code, error.msg
    response = error.args[-1]
    body = json.loads(response.text)
    return response.status_code, body.get("code"), body.get("message", "")


def _read_dotenv() -> dict[str, str | None]:
    """Return the variables of ``.env``.

    :raises IvrkitError: if ``.env`` exists and can't be read.
    """
    try:
        return dotenv_values(Path(".env"))
    except (UnicodeDecodeError, OSError) as error:
        raise IvrkitError(f".env can't be read: {error}", hint="write lines NAME=value, in UTF-8") from None
