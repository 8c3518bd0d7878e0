"""A question: for digits, which are checked, read out and kept, or for yes or no."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import EllipsisType
from typing import Unpack

from twilio.twiml.voice_response import Gather

from ivrkit.errors import FlowError
from ivrkit.flow.model.call import Call
from ivrkit.flow.model.prompts import Prompt, ask
from ivrkit.flow.model.routes import HOME, SAME, Goto, LeadsTo, Routes, Target, leads_to
from ivrkit.flow.model.state import State
from ivrkit.flow.model.text import Text, Texts
from ivrkit.states.ready.common import NO, YES, Common, key_in_words, one_by_one, words_or

_LENGTHS = re.compile(r"([1-9]\d?)(?:-([1-9]\d?))?")
#: The part that asks whether the digits are right.
CONFIRM = "confirm"
_YES_AND_NO = {"yes": key_in_words(YES), "no": key_in_words(NO)}


def question(
    *texts: Prompt,
    yes: Target | EllipsisType = ...,
    no: Target | EllipsisType = ...,
    digits: int | str | None = None,
    least: int | None = None,
    most: int | None = None,
    check: Callable[[Call], bool] | None = None,
    wrong: Prompt | Sequence[Prompt] = (),
    confirm: bool = False,
    keep: str | None = None,
    then: Target | EllipsisType = ...,
    secret: bool = False,
    tries: int | None = None,
    give_up: Target = None,
    **common: Unpack[Common],
) -> State:
    """Return a state that asks: for yes or no, where ``yes`` or ``no`` is given, else for digits.

    :param texts: what is asked.
    :param yes: where the call goes with yes, key 1; HOME when only ``no`` is given. The sentence that names the keys
        follows the texts.
    :param no: where it goes with no, key 2; HOME when only ``yes`` is given.
    :param digits: how many digits are asked for: ``4``, or ``"4-8"``; the caller ends fewer than the most with ``#``.
        Any number of them when left out.
    :param least: the least number that they may make.
    :param most: the greatest.
    :param check: a function ``(call) -> bool`` that says whether ``call.digits`` are right, after all other checks.
    :param wrong: what is said when they are not; the core's words when left out.
    :param confirm: whether they are read out, and the caller is asked whether they are right: the part ``confirm``.
    :param keep: the name in ``call.data`` under which they are kept.
    :param then: where the call goes on with the right digits; HOME when left out.
    :param secret: whether the digits are kept out of every log, record and store; they can only be checked then.
    :param tries: how many silences, or wrong answers, it takes; the setting ``tries`` when left out.
    :param give_up: where the call goes after them; the operator when left out.
    :param common: ``options``, ``on_error``, ``voice`` and ``language`` of the state.
    :raises FlowError: for what does not go together, with the mend.
    """
    if not texts:
        raise FlowError("question asks nothing", hint="give it words: a text, a Say, a Play or a Pause")
    of_digits = {"digits": digits, "least": least, "most": most, "check": check, "keep": keep}
    if yes is not ... or no is not ...:
        more = [
            *(name for name, value in of_digits.items() if value is not None),
            *_flags(wrong, confirm, secret, then),
        ]
        if more:
            hint = "ask for digits in a question of its own"
            raise FlowError(f"question asks for yes or no, and is given {', '.join(more)}", hint=hint)
        return _yes_or_no(texts, yes, no, Routes({}, tries=tries, give_up=give_up), common)
    if secret:
        _refuse_to_tell(check, keep, confirm=confirm)
    if confirm and keep is None:
        raise FlowError("question is confirmed, and its digits are not kept", hint='name them: keep="account"')
    goal = HOME if then is ... else then
    asked = _Digits(*_lengths(digits), least, most, check, keep, words_or(wrong, Texts.wrong_digits))
    return State(
        ask(*texts, **({} if asked.longest is None else {"num_digits": asked.longest})),
        asked.exit(f".{CONFIRM}" if confirm else goal, tries, give_up),
        secret=secret,
        substates={CONFIRM: _confirmation(str(keep), Routes({YES: goal, NO: "."}, ..., tries, give_up))}
        if confirm
        else {},
        **common,
    )


def _flags(wrong: object, confirm: bool, secret: bool, then: Target | EllipsisType) -> list[str]:
    """Return which of these were given."""
    given = {"wrong": wrong, "confirm": confirm, "secret": secret, "then": then is not ...}
    return [name for name, value in given.items() if value]


def _refuse_to_tell(check: object, keep: str | None, *, confirm: bool) -> None:
    """Refuse to keep or read out what is secret: what is kept of a call stands in the store as it is.

    :raises FlowError: with the mend.
    """
    hint = "give it check, a function (call) -> bool, and neither keep nor confirm"
    if keep is not None or confirm:
        raise FlowError(f"question is secret, and would {'keep' if keep else 'read out'} its digits", hint=hint)
    if check is None:
        raise FlowError("question is secret, and nothing checks its digits", hint=hint)


def _yes_or_no(
    texts: Sequence[Prompt], yes: Target | EllipsisType, no: Target | EllipsisType, limits: Routes, common: Common
) -> State:
    rows = {YES: HOME if yes is ... else yes, NO: HOME if no is ... else no}
    table = Routes(rows, tries=limits.tries, give_up=limits.give_up)
    return State(ask(*texts, Text(Texts.yes_or_no, **_YES_AND_NO)), table, **common)


def _lengths(digits: int | str | None) -> tuple[int, int | None]:
    """Return the least and the greatest number of digits.

    :raises FlowError: for what is no number of digits.
    """
    if digits is None:
        return 1, None
    found = _LENGTHS.fullmatch(str(digits))
    shortest, longest = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
    if shortest > longest:
        raise FlowError(f"question has digits={digits!r}", hint='it is a number from 1 to 99, or two such as "4-8"')
    return shortest, longest


@dataclass(frozen=True, slots=True)
class _Digits:
    """The digits that are asked for: what they have to be, and what becomes of them."""

    shortest: int
    longest: int | None
    least: int | None
    most: int | None
    check: Callable[[Call], bool] | None
    keep: str | None
    wrong: tuple[Prompt, ...]

    def __post_init__(self) -> None:
        """Refuse limits that no number of so many digits keeps: nobody could ever answer.

        :raises FlowError: with the limits.
        """
        if self.least is not None and self.most is not None and self.least > self.most:
            raise FlowError(
                f"question has least={self.least} and most={self.most}", hint="no number is both: exchange them"
            )
        if self.most is not None and self.most < 0:
            raise FlowError(f"question has most={self.most}", hint="no digits make less than 0")
        if self.least is not None and self.longest is not None and self.least >= 10**self.longest:
            raise FlowError(
                f"question has least={self.least}, and {self.longest} digits make no such number",
                hint="ask for more digits, or let it be less",
            )

    def exit(self, goal: Target, tries: int | None, give_up: Target) -> LeadsTo:
        """Return the function that checks the digits, and goes on with the right ones."""
        again = Goto(SAME, say=self.wrong)

        @leads_to(again, goal, tries=tries, give_up=give_up)
        def answered(call: Call) -> Target:
            if not (call.digits or call.speech):
                return SAME
            if not self.are_right(call):
                return again
            if self.keep is not None:
                call.data[self.keep] = call.digits
            return goal

        return answered

    def are_right(self, call: Call) -> bool:
        """Return whether a caller's digits are what was asked for."""
        digits = call.digits
        if not (digits.isdecimal() and self.shortest <= len(digits) <= (self.longest or len(digits))):
            return False
        if self.least is not None and int(digits) < self.least:
            return False
        if self.most is not None and int(digits) > self.most:
            return False
        return self.check is None or bool(self.check(call))


def _confirmation(keep: str, table: Routes) -> State:
    """Return the part that reads digits out, and asks whether they are right."""

    def read_out(call: Call) -> Gather:
        entered = Text(Texts.entered, digits=one_by_one(str(call.data.get(keep, ""))))
        return ask(entered, Text(Texts.confirm, **_YES_AND_NO))

    return State(read_out, table)
