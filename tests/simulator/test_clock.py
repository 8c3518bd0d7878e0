"""The clock of a call: whole milliseconds, and their whole seconds in Twilio's parameters."""

import math

import pytest
from tests.simulator.cases import play, requests

from ivrkit.simulator import Assumptions, HangUp, PickUp, Press, Refuse, Silence, SimulatorError, Speak
from ivrkit.simulator.clock import FOREVER, milliseconds, seconds, whole_seconds


def test_seconds_are_counted_in_milliseconds():
    """A duration is rounded to the nearest millisecond, and an endless one is longer than any call."""
    assert [milliseconds(each) for each in (0, 0.1, 0.2994, 0.2996, 7)] == [0, 100, 299, 300, 7000]
    assert milliseconds(math.inf) == FOREVER
    assert seconds(milliseconds(0.1) * 3) == 0.3


@pytest.mark.parametrize(
    ("duration", "up", "down", "nearest"),
    [(0, 0, 0, 0), (1, 1, 0, 0), (1000, 1, 1, 1), (1499, 2, 1, 1), (1500, 2, 1, 2)],
)
def test_a_duration_has_whole_seconds(duration, up, down, nearest):
    """Whole seconds are rounded up, down or to the nearest second."""
    assert [whole_seconds(duration, each) for each in ("up", "down", "nearest")] == [up, down, nearest]


def test_all_durations_are_rounded_in_the_same_way():
    """CallDuration, DialCallDuration, QueueTime and the duration of a recorded call follow the same assumption."""
    for rounding, (talked, waited, called) in {"up": ("2", "3", "6"), "down": ("1", "2", "5")}.items():
        number = {"assumptions": Assumptions(rounding=rounding), "status_callback": "/status"}
        dial = "<Dial action='/queue' record='true' recordingStatusCallback='/rec'>+15550100</Dial>"
        queue = "<Response><Enqueue action='/next' waitUrl=''>a</Enqueue></Response>"
        script = [
            PickUp(after=1.5),
            HangUp(1.2, "callee"),
            Silence(2.5),
            PickUp(after=0, who="agent"),
            HangUp(who="agent"),
        ]
        documents = {"/queue": queue, "/next": "<Response/>", "/status": "<Response/>", "/rec": "<Response/>"}
        call = play(dial, *script, documents=documents, number=number)
        dialled, queued = requests(call, "action")
        (recorded,), (status,) = requests(call, "recording-status"), requests(call, "status")
        assert dialled.params["DialCallDuration"] == recorded.params["RecordingDuration"] == talked
        assert (queued.params["QueueTime"], status.params["CallDuration"]) == (waited, called)
        assert call.ended.seconds == 5.2


def test_the_rounding_is_checked():
    """An unknown rounding is refused with the three that exist."""
    with pytest.raises(SimulatorError) as refused:
        Assumptions(rounding="truncate")
    assert refused.value.message == "Assumptions: rounding must be up, down or nearest, not 'truncate'"
    assert refused.value.hint == "leave it out to round up"


@pytest.mark.parametrize(
    "action",
    [
        Silence(math.inf),
        HangUp(math.inf),
        Press("1", after=math.inf),
        Speak("x", after=math.inf),
        Refuse("busy", after=1e30),
    ],
)
def test_an_endless_wait_ends_with_the_call(action):
    """An action after an endless time does not stop the clock: the verb times out, or the call reaches its end."""
    twiml = "<Dial>+15550100</Dial>" if isinstance(action, Refuse) else "<Gather input='dtmf speech'/>"
    assert play(twiml, action).ended
