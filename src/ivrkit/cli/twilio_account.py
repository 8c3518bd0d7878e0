"""Access to the phone numbers and the webhook rules of a Twilio account through the REST API.

https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource and
https://www.twilio.com/docs/usage/webhooks/webhook-configuration
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from dotenv import dotenv_values

from ivrkit.errors import IvrkitError, nearest

if TYPE_CHECKING:
    from ivrkit.doctor.webhook_rules import WebhookRule

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

        variables = _variables()
        sid = variables.get("TWILIO_ACCOUNT_SID") or _prompt_hidden("Account SID")
        user, password = variables.get("TWILIO_API_KEY") or "", variables.get("TWILIO_API_SECRET") or ""
        if not (user and password):
            token = variables.get("TWILIO_AUTH_TOKEN") or _prompt_hidden("Auth token")
            user, password = sid, token.partition(",")[0].strip()
        client = Client(user, password, sid, http_client=TwilioHttpClient(timeout=TIMEOUT))
        api = variables.get(API_VARIABLE)
        if api:
            client.api.base_url = api
            if hasattr(client, "webhooks"):
                client.webhooks.base_url = api
        return cls(client)

    @classmethod
    def if_set(cls) -> TwilioAccount | None:
        """Return the account as :meth:`from_environment` does, or ``None`` if a value would have to be asked for.

        :raises IvrkitError: if ``.env`` can't be read.
        """
        variables = _variables()
        has_key = variables.get("TWILIO_API_KEY") and variables.get("TWILIO_API_SECRET")
        is_set = variables.get("TWILIO_ACCOUNT_SID") and (has_key or variables.get("TWILIO_AUTH_TOKEN"))
        return cls.from_environment() if is_set else None

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

    def can_read_rules(self) -> bool:
        """Return whether the installed version of twilio can read webhook rules."""
        return hasattr(self._client, "webhooks")

    def webhook_rules(self) -> list[WebhookRule]:
        """Return the webhook rules of the account with their settings.

        :raises IvrkitError: if the rules can't be read.
        """
        with _api_errors():
            api = self._client.webhooks.v1
            settings = {each.id: vars(each) for each in api.settings.list()}
            return [_parse_rule(each, settings) for each in api.rules.list()]

    def change(self, number: Any, fields: Mapping[str, str]) -> Any:
        """Set fields of a phone number, and return the changed number.

        :param number: a phone number that :meth:`number` returned.
        :param fields: field -> new value.
        :raises IvrkitError: if the API refuses the change or can't be reached.
        """
        with _api_errors():
            return number.update(**fields)


def _parse_rule(rule: Any, settings: Mapping[str, Mapping[str, Any]]) -> WebhookRule:
    """Return a rule of Twilio's client with its settings.

    :param settings: id -> fields of the settings of the account.
    """
    from ivrkit.doctor.webhook_rules import WebhookRule, parse_setting

    applied = [
        parse_setting(settings.get(each["settingId"], {"id": each["settingId"]}), each.get("percentage", 100))
        for each in rule.settings
    ]
    return WebhookRule(rule.friendly_name or rule.id, rule.match_type, rule.value or rule.prefix or "", tuple(applied))


def _variables() -> dict[str, str | None]:
    return {**_read_dotenv(), **os.environ}


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
    # The older parts of the API have a message; the newer ones have a title and details (RFC 9457).
    message = body.get("message") or body.get("detail") or body.get("title") or ""
    return response.status_code, body.get("code"), message


def _read_dotenv() -> dict[str, str | None]:
    """Return the variables of ``.env``.

    :raises IvrkitError: if ``.env`` exists and can't be read.
    """
    try:
        return dotenv_values(Path(".env"))
    except (UnicodeDecodeError, OSError) as error:
        raise IvrkitError(f".env can't be read: {error}", hint="write lines NAME=value, in UTF-8") from None
