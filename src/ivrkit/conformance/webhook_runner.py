"""Single webhooks that the engine answers directly, without a host and an HTTP request.

The checks repeat such webhooks, and use them to test the TwiML verbs that the simulator does not play.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ivrkit.flow.model.call import make_call
from ivrkit.flow.run.engine import advance
from ivrkit.flow.run.session import Session
from ivrkit.simulator.simulator import FROM, TO
from ivrkit.testing import Phone

_CALL = {"CallSid": "CA" + "0" * 32, "From": FROM, "To": TO}


class WebhookResult(NamedTuple):
    """The result of one webhook.

    :param twiml: the TwiML of the response.
    :param session: the session of the call after the webhook, as JSON.
    """

    twiml: bytes
    session: str

    @property
    def waiting_verb(self) -> str | None:
        """The TwiML verb that Twilio runs after the webhook, such as ``Gather``, or ``None`` if the call has ended."""
        return Session.from_json(self.session).waiting_verb

    @property
    def data(self) -> Mapping[str, object]:
        """The content of ``call.data`` after the webhook."""
        return Session.from_json(self.session).data


def first_difference(one: WebhookResult, other: WebhookResult) -> tuple[str, str] | None:
    """Return the texts in which two results differ: the two responses, or the two sessions if the responses are equal.

    :returns: a pair of texts, or ``None`` if the results are equal.
    """
    if one == other:
        return None
    if one.twiml != other.twiml:
        return one.twiml.decode(), other.twiml.decode()
    return one.session, other.session


def describe_webhook(params: Mapping[str, str]) -> str:
    """Return a webhook as text for error messages, such as ``a webhook with Digits='7'``."""
    given = ", ".join(f"{name}={value!r}" for name, value in params.items())
    return f"a webhook with {given}" if given else "a webhook without parameters"


class WebhookRunner:
    """A runner for the webhooks of one call. All webhooks have the same ``call.now``, so that results can be compared.

    Each webhook runs in a request of the phone's app, so handlers can use ``current_app``, ``request`` and extensions.

    :param phone: a phone that calls the phone tree.
    """

    def __init__(self, phone: Phone) -> None:
        self._app = phone.app
        self._path = f"{phone.host.settings.url_prefix}/webhook"
        self._flow = phone.host.loaded.flow
        self._now = datetime.now(ZoneInfo(phone.host.settings.timezone))
        self._new_session = Session(_CALL["CallSid"], language=self._flow.config.language).to_json()

    def start_call(self) -> WebhookResult:
        """Run the first webhook of the call."""
        return self.run(self._new_session, {"CallStatus": "ringing"})

    def run(self, session_json: str, params: Mapping[str, str]) -> WebhookResult:
        """Run a webhook.

        :param session_json: the session of the call before the webhook, as JSON.
        :param params: the parameters of the webhook, such as ``Digits``. ``CallSid``, ``From`` and ``To`` are
            added.
        """
        session = Session.from_json(session_json)
        all_params = {**_CALL, "CallStatus": "in-progress", **params}
        call = make_call(
            all_params,
            now=self._now,
            language=session.language,
            turn=session.turn + 1,
            data=session.data,
            path=session.path,
        )
        with self._app.test_request_context(self._path, method="POST", data=all_params):
            turn = advance(self._flow, call, session)
        session.turn += 1
        return WebhookResult(turn.twiml, session.to_json())
