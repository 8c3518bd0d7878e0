"""The warnings about deploys that changed a state under a live call."""

from tests.web.sample_trees import SHOP
from tests.web.webhook_calls import VERB_RESULTS


def test_a_removed_state_is_a_warning(make_app, new_call, logged):
    """A deploy that removed the state of a live call logs a warning that names the call and the state."""
    call = new_call(make_app(SHOP))
    call.dial()
    call.press("2")
    new_version = make_app({"news": SHOP["news"]})
    logged()
    new_call(new_version, sid=call.sid).send(call.webhook, VERB_RESULTS["Record", "recorded"])
    assert logged() == [
        (
            f"WARNING call {call.sid}: the state 'message' no longer exists after a deploy; "
            "the caller goes to the start menu"
        )
    ]


def test_changed_routes_are_a_warning(make_app, new_call, logged):
    """A deploy that changed the routes of the state of a live call logs a warning that names the call and the state."""
    call = new_call(make_app(SHOP))
    call.dial()
    new_version = make_app({"news": SHOP["news"]})
    logged()
    new_call(new_version, sid=call.sid).send(call.webhook)
    assert logged() == [
        (
            f"WARNING call {call.sid}: the routes of the state 'menu' changed with a deploy; "
            "the caller hears the state again"
        )
    ]
