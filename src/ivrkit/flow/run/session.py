"""The session of one call: everything that is stored between its webhooks."""

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
    """The response to one webhook, kept in case the same request comes again.

    :param turn: the number of the webhook in its call.
    :param token: the request's ``I-Twilio-Idempotency-Token``, ``""`` for none. Where ``twiml`` is left out, only its
        first :data:`TOKEN_PREFIX_LENGTH` characters are kept.
    :param request_hash: a hash of the request's parameters.
    :param twiml: the whole document. A cookie has no room for it: there it is left out, and is ``""``.
    """

    turn: int
    token: str
    request_hash: str
    twiml: str


@dataclass(slots=True)
class Session:
    """The session of one call.

    :param sid: the CallSid. A session belongs to one call.
    :param turn: the number of webhooks that were answered.
    :param state: the state that the caller is in, or ``None`` before the first one.
    :param start: the state that the call started in.
    :param waiting_verb: the verb that the call waits with, or ``None`` when it does not wait.
    :param secret: whether the current state's input is secret. This flag is kept because a deploy may remove the state.
    :param needs_encryption: whether the call was ever in a secret state. From then on its stored session is encrypted.
    :param routes_hash: the hash of the current state's routes when it was entered.
    :param came_from: state -> the state that sent the caller there.
    :param visited_menus: the menus that the caller was in, the latest last.
    :param failure_counts: state -> ``no-input`` or ``no-match`` -> number of failures.
    :param failures_in_row: failures in a row, across states.
    :param operator_tried: whether the call was sent to the operator. A call is sent there only once.
    :param language: the call's language.
    :param ended: why the call ended: ``finished`` or Twilio's CallStatus. ``None`` while the call goes on.
    :param path: every state that was entered, each with the outcome that led out of it.
    :param data: the handlers' own data.
    :param responses: the latest responses, for webhooks that Twilio sends twice.
    :param expires: the time after which a store may remove the session, in seconds since 1970.
    """

    sid: str
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
    language: str = ""
    ended: str | None = None
    path: list[list[str | None]] = field(default_factory=list)
    data: dict[str, Any] = field(default_factory=dict)
    responses: list[SentResponse] = field(default_factory=list)
    expires: float = 0.0

    def to_json(self, *, lean: bool = False) -> str:
        """Return the session as JSON.

        :param lean: leave out the documents of past responses, so that the session fits in a cookie. A repeated
            request is still recognised by its token.
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
        """Return the session that :meth:`to_json` wrote. Unknown fields are ignored.

        Another version of ivrkit may have written the session.

        :raises SessionError: if the text is not a session.
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

        :param token: the request's idempotency token, ``""`` for none.
        :param request_hash: the hash of the request's parameters.
        :param since_turn: the turn at which this request first read the session, if another request has saved the
            session since then; otherwise ``None``. A request without a token is recognised by its parameters, and only
            in the responses after this turn.
        :returns: the response. Its ``twiml`` is ``""`` if the document was left out.
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
        """Keep a response, and drop all but the latest ``MAX_RESPONSES``."""
        self.responses = [*self.responses, response][-MAX_RESPONSES:]


_encode = json.JSONEncoder(separators=(",", ":")).encode
#: The fields that are JSON as they are: all but the responses.
_PLAIN_FIELDS = tuple(each.name for each in fields(Session) if each.name != "responses")
