"""Simulated calls whose callers follow the script of a test."""

import itertools

from tests.web.webhook_calls import ACCOUNT

from ivrkit.simulator import EndVerb, HangUp, PickUp, Press, Refuse, Silence, Simulator

TOKEN = "12345"

#: (verb, outcome) -> the actions that end the verb with this outcome. Twilio itself ends a queue, so there is no actor.
ACTIONS_FOR_OUTCOME = {
    ("Gather", "no-input"): [Silence()],
    ("Record", "recorded"): [Press("#")],
    ("Record", "no-message"): [Silence()],
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


def simulator_for_app(app, path="/webhook", **options):
    """Return a simulator whose number has an app in this process as webhook, with fallback and status callback."""
    urls = {"fallback_url": f"{path}/fallback", "status_callback": f"{path}/status"}
    return Simulator.for_app(app, path, **{"token": TOKEN, "account": ACCOUNT, **urls, **options})


def simulator_for_url(webhook):
    """Return a simulator whose number has a URL as webhook, with fallback and status callback."""
    urls = {"fallback_url": f"{webhook}/fallback", "status_callback": f"{webhook}/status"}
    return Simulator.for_url(webhook, token=TOKEN, account=ACCOUNT, **urls)


def reach_outcome(call, outcome):
    """End the waiting verb of a call with an outcome: one of the verb's own, or a key."""
    for action in ACTIONS_FOR_OUTCOME.get((call.waiting.verb, outcome)) or [Press(outcome)]:
        call.do(action)


def hold_key(call, key, results=()):
    """Press one key again and again until the call ends; with ``""`` the caller stays silent.

    :param results: (verb, outcome) pairs. The dials and queues of the call end with these outcomes, one after the
        other and then from the beginning again; without them, with every outcome.
    :returns: the call, which has ended.
    """
    outcomes = {verb: itertools.cycle(_outcomes_of(verb, results)) for verb in ("Dial", "Enqueue")}
    while call.waiting is not None:
        verb = call.waiting.verb
        if verb in outcomes:
            reach_outcome(call, next(outcomes[verb]))
        elif not key:
            call.stays_silent()
        else:
            digits = call.waiting.element.attributes.get("numDigits", "20") if verb == "Gather" else "1"
            call.press(key * int(digits))
    return call


def _outcomes_of(verb, results):
    wanted = [outcome for each, outcome in results if each == verb]
    return wanted or [outcome for each, outcome in ACTIONS_FOR_OUTCOME if each == verb]


def webhook_count(call):
    """Return the number of webhooks of a call, without its status callbacks."""
    return len(call.responses)
