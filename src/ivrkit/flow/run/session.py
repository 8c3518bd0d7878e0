"""What is kept of one call between its webhooks."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from typing import Any

from ivrkit.errors import SessionError

#: How many answers of a call are kept, for requests that come twice.
KEPT_ANSWERS = 8
#: How much of a token is kept of an answer that is not kept whole.
KEPT_OF_TOKEN = 8


@dataclass(slots=True)
class Answer:
    """What one webhook was answered, kept for the same request coming again.

    :param turn: the number of the webhook in its call.
    :param token: its ``I-Twilio-Idempotency-Token``, ``""`` when it had none; of an answer that is not kept whole, the
        beginning of it.
    :param body: a hash of its parameters.
    :param twiml: the whole document; ``""`` where only the token is kept.
    """

    turn: int
    token: str
    body: str
    twiml: str


@dataclass(slots=True)
class Session:
    """What is kept of one call between its webhooks.

    :param sid: the CallSid that the session belongs to, and to no other call.
    :param turn: how many webhooks of the call were answered.
    :param state: the state that the caller is in, ``None`` before the first.
    :param start: the state that the call began with.
    :param waits: the verb that the call waits with, ``None`` when it waits for nothing.
    :param secret: whether what the caller presses there is secret; kept, for a deploy may remove the state.
    :param private: whether the call was in a secret state: from then on a store has it sealed.
    :param routes_hash: the hash of that state's exits when it was entered.
    :param senders: for each state, the state that sent the caller there.
    :param menus: the menus that the caller stood in, the last one last.
    :param counts: for each state, how often it met ``no-input`` and ``no-match``.
    :param streak: failures in a row, whatever the state.
    :param operator_tried: whether the operator was taken; it is taken once a call.
    :param language: the call's language.
    :param ended: why the call ended, ``None`` while it goes on: ``finished``, or Twilio's CallStatus.
    :param path: each state that was entered, with the outcome that led out of it.
    :param data: what the handlers keep.
    :param answers: the last answers, for requests that come twice.
    :param expires: when the session may be removed, in seconds since 1970.
    """

    sid: str
    turn: int = 0
    state: str | None = None
    start: str | None = None
    waits: str | None = None
    secret: bool = False
    private: bool = False
    routes_hash: str = ""
    senders: dict[str, str] = field(default_factory=dict)
    menus: list[str] = field(default_factory=list)
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    streak: int = 0
    operator_tried: bool = False
    language: str = ""
    ended: str | None = None
    path: list[list[str | None]] = field(default_factory=list)
    data: dict[str, Any] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)
    expires: float = 0.0

    def to_json(self, *, lean: bool = False) -> str:
        """Return the session as JSON, for a store.

        :param lean: whether to leave the documents out that were answered; whether they were can still be told.
        """
        kept = {name: getattr(self, name) for name in _PLAIN}
        if lean:
            kept["answers"] = [[each.turn, each.token[:KEPT_OF_TOKEN], "", ""] for each in self.answers if each.token]
        else:
            kept["answers"] = [[each.turn, each.token, each.body, each.twiml] for each in self.answers]
        return _encode(kept)

    @classmethod
    def from_json(cls, text: str) -> Session:
        """Return the session that :meth:`to_json` wrote; a field that this version does not know is left out.

        :raises SessionError: when the text is not a session.
        """
        try:
            kept = json.loads(text)
            answers = [Answer(*each) for each in kept["answers"]]
            return cls(**{name: kept[name] for name in _PLAIN if name in kept}, answers=answers)
        except (ValueError, TypeError, LookupError) as error:
            raise SessionError(
                f"a stored session cannot be read: {error!r}",
                hint="the store was written by something else; give this host a store of its own",
            ) from error

    def answer_again(self, token: str, body: str, since: int | None) -> Answer | None:
        """Return the answer that the same request already got, or ``None`` for a new request.

        Of one that is not kept whole the document is ``""``.

        :param token: the request's idempotency token, ``""`` for none.
        :param body: the hash of its parameters.
        :param since: the turn at which this request first read the session, when it has lost a race since;
            only then do the same parameters without a token mean the same request.
        """
        for answer in self.answers:
            if token and answer.token == (token if answer.twiml else token[:KEPT_OF_TOKEN]):
                return answer
            if not token and since is not None and answer.turn > since and answer.body == body:
                return answer
        return None

    def remember(self, answer: Answer) -> None:
        """Keep an answer, and drop those that are older than the last few."""
        self.answers = [*self.answers, answer][-KEPT_ANSWERS:]


_encode = json.JSONEncoder(separators=(",", ":")).encode
_PLAIN = tuple(each.name for each in fields(Session) if each.name != "answers")
