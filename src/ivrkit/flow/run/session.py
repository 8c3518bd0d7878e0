"""The session of one call: the data that is stored between the webhooks of the call."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from typing import Any

from ivrkit.errors import SessionError

#: How many responses a session keeps, for webhooks that Twilio sends twice.
MAX_RESPONSES = 8
#: How many characters of an idempotency token are kept when the document is left out.
TOKEN_PREFIX_LENGTH = 8


@dataclass(slots=True)
class SentResponse:
    """The response to one webhook, which is kept in case Twilio sends the same request again.

    :param turn: the number of the webhook in its call.
    :param token: the header ``I-Twilio-Idempotency-Token`` of the request, or ``""`` without this header. In a cookie,
        only the first 8 characters of the token are kept.
    :param request_hash: a hash of the request's parameters, or ``""`` in a cookie.
    :param twiml: the whole TwiML document, or ``""`` in a cookie, which has no room for documents.
    """

    turn: int
    token: str
    request_hash: str
    twiml: str


@dataclass(slots=True)
class Session:
    """The session of one call.

    :param sid: the CallSid.
    :param account: the AccountSid of the Twilio account that the call belongs to, in lower case. It is ``""`` before a
        webhook with an AccountSid.
    :param started: the time of the first webhook of the call, in seconds since 1970. It is 0 before this webhook.
    :param turn: the number of webhooks of the call that were answered.
    :param state: the name of the state that the caller is in, or ``None`` before the call enters its first state.
    :param start: the name of the state in which the call started, or ``None`` before the start.
    :param waiting_verb: the name of the verb that the call waits with, or ``None`` if the call does not wait.
    :param secret: whether the input in the current state is secret, even if a deploy has removed this state.
    :param needs_encryption: whether the call was ever in a secret state. A store must then encrypt the session.
    :param routes_hash: the hash that the routes of the current state had when the caller entered the state.
    :param came_from: name of a state -> name of the state from which the caller came to it.
    :param visited_menus: the names of the menus that the caller visited, the latest menu last.
    :param failure_counts: name of a state -> ``no-input`` or ``no-match`` -> number of failures.
    :param failures_in_row: the number of silences and invalid keys in a row, in all states together.
    :param operator_tried: whether the call was sent to the operator. A call goes to the operator only once.
    :param dials: the number of verbs ``Dial`` that the call has entered.
    :param language: the language of the call.
    :param ended: the reason of the call's end: ``finished`` or Twilio's CallStatus. ``None`` while the call goes on.
    :param path: a list ``[state, outcome]`` for each state that was entered. The outcome is ``None`` if the state did
        not wait, or still waits.
    :param data: the dict ``call.data``, in which handlers store values.
    :param responses: the latest responses. Twilio gets the same response again if it sends a request twice.
    :param expires: the time after which a store may remove the session, in seconds since 1970.
    """

    sid: str
    account: str = ""
    started: float = 0.0
    turn: int = 0
    state: str | None = None
    start: str | None = None
    waiting_verb: str | None = None
    secret: bool = False
    needs_encryption: bool = False
    routes_hash: str = ""
    came_from: dict[str, str] = field(default_factory=dict)
    visited_menus: list[str] = field(default_factory=list)
    failure_counts: dict[str, dict[str, int]] = field(default_factory=dict)
    failures_in_row: int = 0
    operator_tried: bool = False
    dials: int = 0
    language: str = ""
    ended: str | None = None
    path: list[list[str | None]] = field(default_factory=list)
    data: dict[str, Any] = field(default_factory=dict)
    responses: list[SentResponse] = field(default_factory=list)
    expires: float = 0.0

    def to_json(self, *, lean: bool = False) -> str:
        """Return the session as JSON.

        :param lean: whether to leave out the TwiML documents of past responses, so that the session fits in a cookie.
            The tokens of the requests are kept, so that a repeated request is still recognised.
        """
        values = {name: getattr(self, name) for name in _PLAIN_FIELDS}
        if lean:
            values["responses"] = [
                [each.turn, each.token[:TOKEN_PREFIX_LENGTH], "", ""] for each in self.responses if each.token
            ]
        else:
            values["responses"] = [[each.turn, each.token, each.request_hash, each.twiml] for each in self.responses]
        return _encode(values)

    @classmethod
    def from_json(cls, text: str) -> Session:
        """Return the session from the JSON that :meth:`to_json` returned.

        Another version of ivrkit may have stored the session. Fields that this version does not know are ignored.

        :raises SessionError: if the text is not the JSON of a session.
        """
        try:
            values = json.loads(text)
            responses = [SentResponse(*each) for each in values["responses"]]
            return cls(**{name: values[name] for name in _PLAIN_FIELDS if name in values}, responses=responses)
        except (ValueError, TypeError, LookupError) as error:
            raise SessionError(
                f"a stored session cannot be read: {error!r}",
                hint="another program wrote to this store; give ivrkit a store of its own",
            ) from error

    def find_response(self, token: str, request_hash: str, since_turn: int | None) -> SentResponse | None:
        """Return the response that the same request already got, or ``None`` for a new request.

        A request is recognised by its token. A request without a token is recognised by its parameters, but only if
        another request has saved the session while this request was handled.

        :param token: the idempotency token of the request, or ``""`` without a token.
        :param request_hash: the hash of the request's parameters.
        :param since_turn: the value of ``turn`` when this request read the session, if another request has saved the
            session since then; otherwise ``None``.
        :returns: the response. Its ``twiml`` is ``""`` if the session was loaded from a cookie.
        """
        for response in self.responses:
            if token and response.token == (token if response.twiml else token[:TOKEN_PREFIX_LENGTH]):
                return response
            # Without a token, a caller who presses the same key twice sends equal parameters.
            if token or since_turn is None:
                continue
            if response.turn > since_turn and response.request_hash == request_hash:
                return response
        return None

    def add_response(self, response: SentResponse) -> None:
        """Add a response to ``responses``, and remove the oldest responses beyond ``MAX_RESPONSES``."""
        self.responses = [*self.responses, response][-MAX_RESPONSES:]


_encode = json.JSONEncoder(separators=(",", ":")).encode
#: The fields that are JSON as they are: all but the responses.
_PLAIN_FIELDS = tuple(each.name for each in fields(Session) if each.name != "responses")
