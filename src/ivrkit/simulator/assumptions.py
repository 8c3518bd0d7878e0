"""What is assumed of Twilio where its pages disagree, are silent, or are known only from memory: each is a switch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumptions:
    """How the simulator acts where nobody can be sure how Twilio does. The defaults are the documented readings.

    :param skip_unknown_verbs: an unknown verb is skipped; else the document ends there.
    :param empty_digits: an empty ``Gather`` or a ``Record`` that no key ended sends ``Digits=``; else it sends none.
    :param finished_on_key: a ``Gather`` sends ``FinishedOnKey`` and ``msg``, as real ones do though no page says so.
    :param gather_action_after_hangup: who hangs up after some keys leaves a request with these keys behind.
    :param silent_recording_goes_on: an empty recording makes no request and the next verb is played, as of old.
    :param dial_action_after_hangup: the action of a ``Dial`` is requested when it was the caller who hung up.
    :param enqueue_action_after_hangup: the action of an ``Enqueue`` is requested when it was the caller who hung up.
    :param empty_redirect_is_same: a ``Redirect`` without a URL requests the current document; else it is a fault.
    :param redirect_as_get: what an HTTP redirect leads to is requested by GET; else by the same method.
    :param cookies: cookies are kept for as long as the call lasts.
    :param failed_status_code: Twilio's error for an answer of 400 or above: 11200, or the newer 11217.
    :param ring_longer: seconds that a telephone rings beyond the ``timeout`` of a ``Dial``.
    """

    skip_unknown_verbs: bool = True
    empty_digits: bool = True
    finished_on_key: bool = True
    gather_action_after_hangup: bool = True
    silent_recording_goes_on: bool = False
    dial_action_after_hangup: bool = True
    enqueue_action_after_hangup: bool = True
    empty_redirect_is_same: bool = True
    redirect_as_get: bool = True
    cookies: bool = True
    failed_status_code: int = 11200
    ring_longer: float = 5.0
