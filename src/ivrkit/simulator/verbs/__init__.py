"""The verbs that the simulator plays. ``CALL_VERBS`` has the verbs that a document for the caller can contain."""

from __future__ import annotations

from collections.abc import Mapping

from ivrkit.simulator.context import Verb
from ivrkit.simulator.verbs.control import hangup, redirect, reject
from ivrkit.simulator.verbs.dial import dial
from ivrkit.simulator.verbs.enqueue import enqueue
from ivrkit.simulator.verbs.gather import gather
from ivrkit.simulator.verbs.record import record
from ivrkit.simulator.verbs.sounds import pause, play, say

#: The verbs of a document that the caller hears.
CALL_VERBS: Mapping[str, Verb] = {
    "Say": say,
    "Play": play,
    "Pause": pause,
    "Gather": gather,
    "Record": record,
    "Dial": dial,
    "Enqueue": enqueue,
    "Redirect": redirect,
    "Reject": reject,
    "Hangup": hangup,
}
