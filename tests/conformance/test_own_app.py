"""Plugins whose handlers need an app of the project: its configuration, its database and its requests."""

import re

import pytest
from tests.web.team_app import close, create_team_app

from ivrkit.conformance.interruptible_handlers import (
    an_interrupted_handler_can_run_again,
    an_interrupted_hook_does_not_break_calls,
)
from ivrkit.conformance.isolated_calls import simultaneous_calls_do_not_mix
from ivrkit.conformance.module_state import calls_do_not_change_modules
from ivrkit.conformance.outcomes import every_outcome_is_answered
from ivrkit.conformance.repeatable_handlers import a_repeated_webhook_gives_the_same_result
from ivrkit.conformance.suite import checks_of

#: A state that reads the configuration, the database and the request, as the handlers of a team do.
TEAM = """
from flask import current_app, request

def read_orders(call: Call) -> object:
    database, order = current_app.extensions["orders"]
    count = len(database.session.execute(database.select(order)).all())
    return ask(f"From {current_app.config['DEPOT']} at {request.path}: {count} orders for {request.form['From']}.")

one = State(read_orders, Routes({"1": SAME}, otherwise=HOME), options=MenuOption(key="4", label="orders"))
"""
#: The checks that make calls or run webhooks.
CALLING_CHECKS = [
    pytest.param(simultaneous_calls_do_not_mix, ["one"], id="simultaneous"),
    pytest.param(a_repeated_webhook_gives_the_same_result, ["one"], id="repeated"),
    pytest.param(an_interrupted_handler_can_run_again, ["one"], id="interrupted"),
    pytest.param(an_interrupted_hook_does_not_break_calls, [], id="interrupted-hook"),
    pytest.param(calls_do_not_change_modules, [], id="modules"),
    pytest.param(every_outcome_is_answered, ["one", "en-US"], id="outcomes"),
]
#: A state that fails whenever a caller enters it.
FAILING = """
def enter(call: Call) -> object:
    return ask(call.data["missing"])

one = State(enter, Routes({"1": SAME}, otherwise=HOME), options=MenuOption(key="4", label="one"))
"""
FAILING_HOOK = """
@hookimpl
def ivrkit_state_entered(call: Call, state: State) -> None:
    call.data["missing"]

one = State(ask("One?"), Routes({"1": SAME}, otherwise=HOME), options=MenuOption(key="4", label="one"))
"""


@pytest.fixture
def team_app(tmp_path):
    """Return the app factory of a team. The databases of its apps are closed at the end."""
    apps = []

    def make():
        apps.append(create_team_app(tmp_path))
        return apps[-1]

    yield make
    for app in apps:
        close(app)


@pytest.mark.parametrize(("check", "arguments"), CALLING_CHECKS)
def test_handlers_can_use_the_app_of_the_project(make_plugin, team_app, check, arguments):
    """With an app factory, handlers can use ``current_app``, the database and the request in every check."""
    check(make_plugin(TEAM, settings_for=lambda name, folder: {"app_factory": team_app}), *arguments)


def test_the_hint_names_the_app_factory(make_plugin, refused):
    """If a handler imports Flask and fails in ivrkit's own app, the hint names the ways to give an app."""
    message, hint = refused(a_repeated_webhook_gives_the_same_result, make_plugin(TEAM), "one")
    assert message == "ant-ivr: the state 'one' failed for the first webhook: KeyError: 'orders'"
    assert re.fullmatch(
        "if the code needs an app of yours, return an app_factory from pytest_ivrkit_conformance, or use --ivrkit-app; "
        r'it failed at File ".*ant_ivr\.py", line \d+',
        hint,
    )


def test_an_error_in_the_app_of_the_project_has_the_usual_hint(make_plugin, refused, team_app):
    """If a handler fails although the project gave its app, the hint does not ask for an app."""
    code = TEAM.replace("DEPOT", "WAREHOUSE")
    plugin = make_plugin(code, settings_for=lambda name, folder: {"app_factory": team_app})
    message, hint = refused(a_repeated_webhook_gives_the_same_result, plugin, "one")
    assert message.endswith("KeyError: 'WAREHOUSE'")
    assert hint.startswith("a state can be entered from any other state")


@pytest.mark.parametrize(("check", "arguments"), [each for each in CALLING_CHECKS if each.id != "interrupted-hook"])
def test_a_handler_that_fails_in_every_run_does_not_pass(make_plugin, refused, check, arguments):
    """A handler that fails in every run breaks the rule of each check, although its results are always equal."""
    message, hint = refused(check, make_plugin(FAILING), *arguments)
    assert message.startswith("ant-ivr: the state 'one'")
    assert message.endswith(": KeyError: 'missing'")
    assert re.search(r'it failed at File ".*ant_ivr\.py", line \d+$', hint)


def test_a_handler_that_fails_for_one_key_does_not_pass(make_plugin, refused):
    """A handler that fails for one webhook in every run breaks the rules, and the error has the webhook."""
    code = """
@leads_to(SAME, HOME)
def leave(call: Call) -> object:
    return {"1": SAME}[call.digits] if call.digits else HOME

one = State(ask("One?"), leave, options=MenuOption(key="4", label="one"))
"""
    plugin = make_plugin(code)
    for check in (a_repeated_webhook_gives_the_same_result, an_interrupted_handler_can_run_again):
        message, _ = refused(check, plugin, "one")
        assert message == "ant-ivr: the state 'one' failed for a webhook with Digits='7': KeyError: '7'"


def test_a_hook_that_fails_in_every_run_does_not_pass(make_plugin, refused):
    """A hook that fails without an interruption breaks the rule about interrupted hooks."""
    plugin = make_plugin(FAILING_HOOK, plugins={"ant": "ant_ivr"})
    message, hint = refused(an_interrupted_hook_does_not_break_calls, plugin)
    assert message == "ant-ivr: the normal start failed in a call: KeyError: 'missing'"
    assert "it failed at File" in hint


def test_a_state_with_a_transcribed_recording_passes(make_plugin):
    """A state that records and transcribes a message keeps every rule, although a message may be too short for it."""
    code = """
from twilio.twiml.voice_response import Record

message = ["Please leave a message.", Record(transcribe=True, max_length=60)]
one = State(message, Routes({"recorded": None}), options=MenuOption(key="4", label="a message"))
"""
    plugin = make_plugin(code)
    for check in checks_of(plugin):
        if "[one" in check.name:
            check.run()
