"""The state kind ``question``: ask for digits, or for yes or no."""

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
from ivrkit.flow.model.text import Text, Texts, spoken_keys
from ivrkit.states.ready.argument_errors import named_errors
from ivrkit.states.ready.common import NO, YES, StateArguments, prompts_or_default, spaced_digits

_LENGTHS = re.compile(r"([1-9]\d?)(?:-([1-9]\d?))?")
#: The substate that asks whether the digits are right.
CONFIRM = "confirm"
_YES_AND_NO = {"yes": spoken_keys(YES), "no": spoken_keys(NO)}


@named_errors
def question(
    *texts: Prompt,
    yes: Target | EllipsisType = ...,
    no: Target | EllipsisType = ...,
    digits: int | str | None = None,
    minimum: int | None = None,
    maximum: int | None = None,
    check: Callable[[Call], bool] | None = None,
    attempts: str | None = None,
    wrong: Prompt | Sequence[Prompt] = (),
    confirm: bool = False,
    keep: str | None = None,
    then: Target | EllipsisType = ...,
    secret: bool = False,
    tries: int | None = None,
    give_up: Target = None,
    **state_arguments: Unpack[StateArguments],
) -> State:
    """Return a state that asks a question. The caller answers yes or no, or enters digits.

    With ``yes`` or ``no``, the question is for yes or no. Without both arguments, the question is for digits.

    :param texts: the prompts of the question.
    :param yes: the target for yes, which is key 1; by default HOME. The last prompt names the keys for yes and no.
    :param no: the target for no, which is key 2; by default HOME.
    :param digits: the number of digits, such as ``4`` or ``"4-8"``; by default any number. With ``"4-8"`` the caller
        presses ``#`` after fewer than 8 digits.
    :param minimum: the smallest number that the caller may enter; by default there is no limit.
    :param maximum: the largest number that the caller may enter; by default there is no limit.
    :param check: a function ``(call) -> bool`` that returns whether ``call.digits`` are right. The function runs after
        all other checks.
    :param attempts: the name under which wrong digits are counted over all calls of a number, such as
        ``my-plugin.pin``. After too many, right digits are wrong as well for a while: see :meth:`ivrkit.Call.attempts`.
        By default, wrong digits are counted only within a call. A question with ``attempts`` must have ``check``.
    :param wrong: the prompts for wrong digits; by default the core's text ``wrong_digits``.
    :param confirm: whether to say the digits and ask the caller whether the digits are right. This happens in the
        substate ``confirm``.
    :param keep: the name in ``call.data`` under which the digits are stored; by default the digits are not stored.
    :param then: the target for right digits; by default HOME.
    :param secret: whether to keep the digits out of every log, record and store. A secret question must have ``check``,
        and must not have ``keep`` or ``confirm``.
    :param tries: the number of silences, or of wrong answers, at which the call goes to ``give_up``; by default the
        setting ``tries``.
    :param give_up: the target for a caller who has used up the tries; by default the operator.
    :param state_arguments: ``options``, ``on_error``, ``voice`` and ``language`` of :class:`~ivrkit.State`.
    :raises FlowError: if an argument is invalid, or if two arguments exclude each other.
    """
    if not texts:
        raise FlowError("question must have a text", hint="add a text, a Say, a Play or a Pause")
    limits = Routes({}, tries=tries, give_up=give_up)  # carries the two arguments to all routes of the state
    if yes is not ... or no is not ...:
        _refuse_digits(
            {"digits": digits, "minimum": minimum, "maximum": maximum, "check": check, "keep": keep},
            {"attempts": attempts, "wrong": wrong, "confirm": confirm, "secret": secret, "then": then is not ...},
        )
        return _yes_or_no(texts, yes, no, limits, state_arguments)
    if secret:
        _check_secret(check, keep, confirm=confirm)
    if attempts and check is None:
        raise FlowError(
            "question with attempts must have check",
            hint="check the digits with check, a function (call) -> bool, or remove attempts",
        )
    if confirm and keep is None:
        raise FlowError("question with confirm must have keep", hint='name the digits: keep = "account"')
    target = HOME if then is ... else then
    wrong_prompts = prompts_or_default(wrong, Texts.wrong_digits)
    expected = _ExpectedDigits(*_parse_lengths(digits), minimum, maximum, check, attempts, keep, wrong_prompts)
    return State(
        # With num_digits Twilio goes on after the last digit, so the caller need not press the finish key.
        ask(*texts, **({"finish_on_key": "#"} if expected.longest is None else {"num_digits": expected.longest})),
        expected.exit(f".{CONFIRM}" if confirm else target, limits),
        secret=secret,
        substates={CONFIRM: _confirmation(str(keep), target, limits)} if confirm else {},
        **state_arguments,
    )


def _refuse_digits(values: dict[str, object], flags: dict[str, object]) -> None:
    """Raise an error if a question for yes or no has an argument that belongs to a question for digits.

    :param values: name -> value, for arguments that must be ``None``.
    :param flags: name -> value, for arguments that must be false or empty.
    :raises FlowError: if one of the arguments has another value.
    """
    given = [name for name, value in values.items() if value is not None]
    given += [name for name, value in flags.items() if value]
    if given:
        raise FlowError(
            f"question with yes or no must not have {', '.join(given)}", hint="use a second question for the digits"
        )


def _check_secret(check: object, keep: str | None, *, confirm: bool) -> None:
    """Raise an error if a secret question stores the digits, says the digits, or has no ``check``.

    Secret digits must not be in ``call.data``, because the handlers and hooks of other plugins can read ``call.data``.

    :param check: the argument ``check`` of :func:`question`.
    :param keep: the argument ``keep``.
    :param confirm: the argument ``confirm``.
    :raises FlowError: if ``keep`` or ``confirm`` is set, or ``check`` is not set.
    """
    hint = "check the digits with check, a function (call) -> bool, and remove keep and confirm"
    if keep is not None or confirm:
        raise FlowError(f"question with secret must not have {'keep' if keep else 'confirm'}", hint=hint)
    if check is None:
        raise FlowError("question with secret must have check", hint=hint)


def _yes_or_no(
    texts: Sequence[Prompt],
    yes: Target | EllipsisType,
    no: Target | EllipsisType,
    limits: Routes,
    state_arguments: StateArguments,
) -> State:
    rows = {YES: HOME if yes is ... else yes, NO: HOME if no is ... else no}
    routes = Routes(rows, tries=limits.tries, give_up=limits.give_up)
    return State(ask(*texts, Text(Texts.yes_or_no, **_YES_AND_NO)), routes, **state_arguments)


def _parse_lengths(digits: int | str | None) -> tuple[int, int | None]:
    """Return the smallest and the largest number of digits that the caller may enter.

    :param digits: the argument ``digits`` of :func:`question`.
    :returns: two numbers. The second number is ``None`` if there is no limit.
    :raises FlowError: if the argument is invalid.
    """
    if digits is None:
        return 1, None
    match = _LENGTHS.fullmatch(str(digits))
    shortest, longest = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
    if shortest > longest:
        raise FlowError(
            f"question: digits must be a number from 1 to 99 or a range, not {digits!r}",
            hint='write digits = 4 or digits = "4-8"',
        )
    return shortest, longest


@dataclass(frozen=True, slots=True)
class _ExpectedDigits:
    """The conditions that the digits of a caller must meet, from the arguments of :func:`question`."""

    shortest: int
    longest: int | None
    minimum: int | None
    maximum: int | None
    check: Callable[[Call], bool] | None
    attempts: str | None
    keep: str | None
    wrong: tuple[Prompt, ...]

    def __post_init__(self) -> None:
        """Raise an error if no digits could meet all conditions.

        :raises FlowError: if two conditions contradict each other, such as a minimum above the maximum.
        """
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise FlowError(
                f"question: minimum must be at most the maximum, {self.maximum}, not {self.minimum}",
                hint="exchange minimum and maximum",
            )
        if self.maximum is not None and self.maximum < 0:
            raise FlowError(
                f"question: maximum must be at least 0, not {self.maximum}", hint="digits make no negative number"
            )
        # 10**n is the smallest number with more than n digits.
        if self.minimum is not None and self.longest is not None and self.minimum >= 10**self.longest:
            raise FlowError(
                f"question: minimum must have at most {self.longest} digits, not be {self.minimum}",
                hint="allow more digits, or lower the minimum",
            )

    def exit(self, target: Target, limits: Routes) -> LeadsTo:
        """Return a function exit that checks the caller's digits, and stores right digits in ``call.data``.

        :param target: the target for right digits.
        :param limits: routes whose ``tries`` and ``give_up`` the function exit gets.
        """
        wrong = Goto(SAME, say=self.wrong)

        @leads_to(wrong, target, tries=limits.tries, give_up=limits.give_up)
        def check_digits(call: Call) -> Target:
            # For the finish key alone Twilio sends neither digits nor speech: like silence, it is not a wrong answer.
            if not (call.digits or call.speech):
                return SAME
            if not self.are_right(call):
                return wrong
            if self.keep is not None:
                call.data[self.keep] = call.digits
            return target

        return check_digits

    def are_right(self, call: Call) -> bool:
        """Return whether the caller's digits meet all conditions. With ``attempts``, count wrong digits."""
        right = self._meet_conditions(call)
        if self.attempts is None:
            return right
        return call.attempts(self.attempts, call.from_).check(right)

    def _meet_conditions(self, call: Call) -> bool:
        digits = call.digits
        if not (digits.isdecimal() and self.shortest <= len(digits) <= (self.longest or len(digits))):
            return False
        if self.minimum is not None and int(digits) < self.minimum:
            return False
        if self.maximum is not None and int(digits) > self.maximum:
            return False
        return self.check is None or bool(self.check(call))


def _confirmation(keep: str, target: Target, limits: Routes) -> State:
    """Return the substate that says the digits to the caller and asks whether the digits are right.

    :param keep: the name in ``call.data`` under which the digits are stored.
    :param target: the target for yes.
    :param limits: routes whose ``tries`` and ``give_up`` the substate gets.
    """

    def read_out(call: Call) -> Gather:
        entered = Text(Texts.entered, digits=spaced_digits(str(call.data.get(keep, ""))))
        return ask(entered, Text(Texts.confirm, **_YES_AND_NO))

    return State(read_out, Routes({YES: target, NO: "."}, ..., limits.tries, limits.give_up))
