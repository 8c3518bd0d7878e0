"""The simulator's assumptions about the behaviour of Twilio where Twilio's documentation is unclear."""

from __future__ import annotations

from dataclasses import dataclass

from ivrkit.simulator.actions import SimulatorError
from ivrkit.simulator.clock import ROUNDINGS


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumptions:
    """Settings for the behaviour of Twilio where Twilio's documentation is unclear.

    If the documentation says anything about a behaviour, the default follows the documentation.

    :param skip_unknown_verbs: skip an unknown verb; if false, end the document at an unknown verb.
    :param ignore_letter_case_of_values: accept words in any letter case, such as ``method="post"`` and
        ``transcribe="TRUE"``; if false, such a value is invalid, and the default is used.
    :param empty_digits: send ``Digits=`` for a ``Gather`` without input and for a ``Record`` that no key ended; if
        false, send no ``Digits``.
    :param finished_on_key: send ``FinishedOnKey`` and ``msg`` with the request for the ``action`` of a ``Gather``.
        Twilio sends both parameters, but does not document them.
    :param gather_action_after_hangup: request the action of a ``Gather`` if the caller pressed keys and then hung up.
    :param continue_after_empty_recording: skip the action of an empty recording and play the next verb, as Twilio once
        did.
    :param dial_action_after_hangup: request the action of a ``Dial`` even if the caller hung up.
    :param enqueue_action_after_hangup: request the action of an ``Enqueue`` even if the caller hung up.
    :param empty_redirect_repeats_document: request the current document again for a ``Redirect`` without a URL; if
        false, end the call with an error.
    :param redirect_as_get: follow an HTTP redirect with GET; if false, use the method of the first request.
    :param cookies: keep the cookies that the app sets, and send them back until the end of the call; if false, send no
        cookies.
    :param status_error_code: Twilio's error code for a response status of 400 or above: 11200, or the newer 11217.
    :param extra_ring_seconds: how many seconds longer than the ``timeout`` of a ``Dial`` a phone rings.
    :param rounding: how durations become whole seconds in ``RecordingDuration``, ``DialCallDuration``,
        ``CallDuration`` and ``QueueTime``: ``up``, ``down`` or ``nearest``.
    :raises SimulatorError: if the rounding is not ``up``, ``down`` or ``nearest``.
    """

    skip_unknown_verbs: bool = True
    ignore_letter_case_of_values: bool = False
    empty_digits: bool = True
    finished_on_key: bool = True
    gather_action_after_hangup: bool = True
    continue_after_empty_recording: bool = False
    dial_action_after_hangup: bool = True
    enqueue_action_after_hangup: bool = True
    empty_redirect_repeats_document: bool = True
    redirect_as_get: bool = True
    cookies: bool = True
    status_error_code: int = 11200
    extra_ring_seconds: float = 5.0
    rounding: str = "up"

    def __post_init__(self) -> None:
        """Raise an error if ``rounding`` has an invalid value."""
        if self.rounding not in ROUNDINGS:
            raise SimulatorError(
                f"Assumptions: rounding must be up, down or nearest, not {self.rounding!r}",
                hint="leave it out to round up",
            )
