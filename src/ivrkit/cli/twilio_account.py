"""The account at Twilio, by the REST API: its numbers, and where each sends its calls.

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

#: Where Twilio's REST API answers, for tests and stand-ins; left out: at Twilio.
API_VARIABLE = "TWILIO_API_URL"
#: How long one request may take, in seconds.
PATIENCE = 15.0
#: How many numbers an error names at the most.
MOST_TOLD = 10


class Account:
    """An account, asked by twilio's own client.

    :param client: the client.
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    @classmethod
    def open(cls) -> Account:
        """Return the account of the environment, or ``.env``; what is missing is asked for and never echoed."""
        from twilio.http.http_client import TwilioHttpClient
        from twilio.rest import Client

        known = {**_kept(), **os.environ}
        sid = known.get("TWILIO_ACCOUNT_SID") or _asked("Account SID")
        user, password = known.get("TWILIO_API_KEY") or "", known.get("TWILIO_API_SECRET") or ""
        if not (user and password):
            token = known.get("TWILIO_AUTH_TOKEN") or _asked("Auth token")
            user, password = sid, token.partition(",")[0].strip()
        client = Client(user, password, sid, http_client=TwilioHttpClient(timeout=PATIENCE))
        api = known.get(API_VARIABLE)
        if api:
            client.api.base_url = api
        return cls(client)

    @property
    def url(self) -> str:
        """Where the API answers."""
        return str(self._client.api.base_url)

    def number(self, number: str) -> Any:
        """Return a number of the account, as twilio's client has it.

        :param number: E.164.
        :raises IvrkitError: when the account has no such number, and when the API can't be asked.
        """
        with _told():
            found = self._client.incoming_phone_numbers.list(phone_number=number, limit=1)
            if found:
                return found[0]
            others = [each.phone_number for each in self._client.incoming_phone_numbers.list(limit=MOST_TOLD)]
        raise IvrkitError(
            f"the account has no number {number}{nearest(number, others)}",
            hint=f"it has: {', '.join(others)}" if others else "it has none: buy one in Twilio's console",
        )

    def change(self, number: Any, fields: Mapping[str, str]) -> Any:
        """Set fields of a number, and return it as it is then.

        :raises IvrkitError: when the API refuses, or can't be asked.
        """
        with _told():
            return number.update(**fields)


def _asked(what: str) -> str:
    """Return what somebody types, without showing it."""
    typed: str = click.prompt(what, hide_input=True, err=True)
    return typed


@contextmanager
def _told() -> Iterator[None]:
    """Tell what the API says as one message, with the mend and without a secret."""
    from twilio.base.exceptions import TwilioException

    try:
        yield
    except TwilioException as error:
        raise _refusal(error) from None
    except OSError as error:  # whatever keeps a request from being made is one
        raise IvrkitError(
            f"Twilio's API can't be reached: {type(error).__name__}",
            hint="look at this machine's connection, and at a proxy in between",
        ) from None
    except (
        ValueError,
        AttributeError,
        TypeError,
        LookupError,
    ):  # what the client raises over an answer of another form
        raise _not_twilio() from None


def _refusal(error: Any) -> IvrkitError:
    """Return what the API said as an error; what is not of its form was not said by it."""
    try:
        status, code, message = _answer_of(error)
    except (ValueError, AttributeError, TypeError):
        return _not_twilio()
    told = f"Twilio's API answers {status}{f', error {code}' if code else ''}: {message}"
    return IvrkitError(told, hint=_MENDS.get(status, _ANY_MEND))


def _not_twilio() -> IvrkitError:
    return IvrkitError("what answers is not Twilio's API", hint=f"look at a proxy in between, and at {API_VARIABLE}")


_MENDS = {
    401: "look at TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN: both are in Twilio's console",
    403: "the API key may not do this: use the account's own token",
    429: "too many requests: wait a little",
}
_ANY_MEND = "Twilio's page of the error has more: https://www.twilio.com/docs/api/errors"


def _answer_of(error: Any) -> tuple[int, int | None, str]:
    """Return status, code and words of an answer that twilio's client raised: a list keeps the answer itself."""
    if hasattr(error, "status"):
        return error.status, error.code, error.msg
    answer = error.args[-1]
    told = json.loads(answer.text)
    return answer.status_code, told.get("code"), told.get("message", "")


def _kept() -> dict[str, str | None]:
    """Return the variables of ``.env``.

    :raises IvrkitError: for a file that is none.
    """
    try:
        return dotenv_values(Path(".env"))
    except (UnicodeDecodeError, OSError) as error:
        raise IvrkitError(f".env cannot be read: {error}", hint="it has lines NAME=value, in UTF-8") from None
