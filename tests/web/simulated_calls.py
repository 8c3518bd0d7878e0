"""Callers who do what a test asks of them, over the simulator's telephone."""

import itertools

from ivrkit.simulator import EndVerb, HangUp, PickUp, Press, Refuse, Silence, Simulator

TOKEN = "12345"

#: What has to happen for a verb to come to an outcome; a queue's own results come from Twilio itself.
ACTIONS_FOR_OUTCOME = {
    ("Gather", "no-input"): [Silence()],
    ("Record", "recorded"): [Press("#")],
    ("Dial", "answered"): [PickUp(), HangUp(after=42, who="callee")],
    ("Dial", "declined"): [EndVerb({"DialCallStatus": "completed", "DialBridged": "false"})],
    ("Dial", "busy"): [Refuse("busy")],
    ("Dial", "no-answer"): [Refuse("no-answer")],
    ("Dial", "failed"): [Refuse("failed")],
    ("Dial", "canceled"): [Refuse("canceled")],
    ("Enqueue", "bridged"): [PickUp(who="agent"), HangUp(after=30, who="agent")],
    ("Enqueue", "leave"): [EndVerb({"QueueResult": "leave", "QueueSid": "QU1", "QueueTime": "7"})],
    ("Enqueue", "hangup"): [EndVerb({"QueueResult": "hangup", "QueueSid": "QU1", "QueueTime": "9"})],
    ("Enqueue", "queue-full"): [EndVerb({"QueueResult": "queue-full"})],
    ("Enqueue", "failed"): [EndVerb({"QueueResult": "system-error"})],
}


def simulator_for_app(app, path="/webhook", **number):
    """Return a number whose webhook is an app in this process, with everything that can be set up beside it."""
    told = {"fallback_url": f"{path}/fallback", "status_callback": f"{path}/status"}
    return Simulator.for_app(app, path, **{"token": TOKEN, **told, **number})


def simulator_for_url(webhook):
    """Return a number whose webhook is at a URL."""
    told = {"fallback_url": f"{webhook}/fallback", "status_callback": f"{webhook}/status"}
    return Simulator.for_url(webhook, token=TOKEN, **told)


def reach_outcome(call, outcome):
    """Let what a call waits with come to an outcome: a key, or one of a verb's own."""
    for action in ACTIONS_FOR_OUTCOME.get((call.waiting.verb, outcome)) or [Press(outcome)]:
        call.do(action)


def hold_key(call, key, came=()):
    """Let a caller lean on one key for as long as the call goes on; with ``""`` the telephone is put down beside it.

    :param came: what the dials and queues come to, one after the other and then from the beginning again.
    :returns: the call, over.
    """
    results = {verb: itertools.cycle(_of(verb, came)) for verb in ("Dial", "Enqueue")}
    while call.waiting is not None:
        verb = call.waiting.verb
        if verb in results:
            reach_outcome(call, next(results[verb]))
        elif not key:
            call.stays_silent()
        else:
            most = call.waiting.element.attributes.get("numDigits", "20") if verb == "Gather" else "1"
            call.press(key * int(most))
    return call


def _of(verb, came):
    wanted = [outcome for each, outcome in came if each == verb]
    return wanted or [outcome for each, outcome in ACTIONS_FOR_OUTCOME if each == verb]


def webhook_count(call):
    """Return how many webhooks a call took, that of its end apart."""
    return len(call.responses)
