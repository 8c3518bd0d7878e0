"""The fixtures for plugin authors: what they make, what a failure shows, and what they leave alone."""

from datetime import UTC, datetime

import pytest
import time_machine
from tests.web.sample_trees import SHOP, TreePlugin

from ivrkit import HOME, MenuOption, Routes, SettingsError, State, ask
from ivrkit.simulator import HangUp, Press
from ivrkit.testing import installed_plugins, make_app

NO_PLUGIN = {"plugins": []}


def shop(**settings):
    """Return what a phone to the tests' own tree is made of."""
    return {**NO_PLUGIN, "objects": {"shop": TreePlugin(SHOP)}, **settings}


@pytest.fixture
def shop_phone(make_phone):
    """A phone to the tests' own tree."""
    return make_phone(**shop())


def test_the_caller_is_an_actor(shop_phone):
    """Calls, presses, stays silent, speaks, hangs up; the callee is busy; and all that came of it is there."""
    call = shop_phone.call(from_="+15550100")
    call.press("1").stays_silent().press("0")
    call.callee.is_busy()
    assert call.path == ["menu", "menu", "menu", "operator", "menu"]
    assert call.state == "menu"
    assert call.heard_last.startswith("They are busy.\nFor news, press one.")
    assert "All is well." in call.heard
    assert call.ended is None
    call.press("2").says("It is me.").hangs_up()
    assert (call.ended.reason, call.ended.status) == ("caller-hung-up", "completed")
    assert call.events[0].from_ == "+15550100"
    assert call.warnings == []


def test_the_signature_is_checked(shop_phone):
    """The phone signs, and the app checks it as it would Twilio's: another token is not let in."""
    shop_phone.simulator.token = "54321"
    call = shop_phone.call()
    told = [each.what for each in call.warnings]
    assert told == ["the response has the status 403"] * 2 + ["the status callback returned the status 403"]


def test_a_script_can_be_given_whole(shop_phone):
    """What is done, and who calls."""
    call = shop_phone.call([Press("1"), HangUp()], from_="anonymous", CallerName="NOBODY")
    assert call.path == ["menu", "menu"]
    assert shop_phone.calls == [call]


def test_two_phones_in_a_test_are_apart(make_phone):
    """Each has an app and sessions of its own."""
    one, two = make_phone(**shop()), make_phone(**shop(company="ACME"))
    assert "ACME" not in one.call().heard
    assert "ACME" in two.call().heard
    assert one.app is not two.app


def test_a_queue_can_be_full(make_phone):
    """The world besides the caller is the phone's."""
    from twilio.twiml.voice_response import Enqueue

    state = State(Enqueue("support"), Routes({"queue-full": HOME}), options=MenuOption("1", "support"))
    phone = make_phone(plugins=[], objects={"queue": TreePlugin({"support": state})})
    phone.queue("support").size = 1000
    assert phone.call().press("1").state == "menu"


def test_time_is_the_test_s(make_phone):
    """What a handler sees as now is what time-machine says."""
    told = []

    def enter(call):
        told.append(call.now)
        return ask("Hello.")

    phone = make_phone(plugins=[], objects={"a": TreePlugin({"a": State(enter, Routes({"1": None}))})}, start="a")
    moment = datetime(2026, 3, 2, 9, tzinfo=UTC)
    with time_machine.travel(moment, tick=False):
        phone.call()
    assert told == [moment]


@pytest.mark.ivrkit(plugins=[], company="ACME")
def test_a_mark_says_what_the_phone_calls(phone):
    """Names of plugins, and settings."""
    assert phone.call().heard.startswith("Thank you for calling ACME.")


@pytest.mark.acme
@pytest.mark.ivrkit(plugins=["acme_states"])
def test_plugins_are_named(phone):
    """By the names of their distributions, however they are written."""
    assert phone.call().press("3").state == "hours"
    assert "acme-states" in installed_plugins()


@pytest.mark.acme
def test_all_plugins_are_loaded_where_none_is_named(phone):
    """As the host would."""
    assert phone.call().press("3").state == "hours"


@pytest.mark.acme
def test_a_plugin_that_is_not_named_is_left_out(make_phone):
    """So is every other one."""
    assert make_phone(plugins=[]).app.extensions["ivrkit"].loaded.flow.states.keys() == {"greeting", "menu"}


@pytest.mark.acme
def test_blocked_plugins_stay_out(make_phone):
    """The setting `block` is obeyed besides."""
    phone = make_phone(plugins=["acme-states"], block=["acme-states"])
    assert phone.app.extensions["ivrkit"].loaded.flow.states.keys() == {"greeting", "menu"}


def test_a_plugin_that_is_not_installed(make_phone):
    """The nearest name is told, and what is installed."""
    installed = ", ".join(installed_plugins()) or "no plugin"
    with pytest.raises(SettingsError) as refused:
        make_phone(plugins=["acme-sttes"])
    meant = ", did you mean 'acme-states'?" if "acme-states" in installed else ""
    assert refused.value.message == f"plugin 'acme-sttes' is not installed{meant}"
    hint = f"install it where the tests run: pip install -e . for your own; installed: {installed}"
    assert refused.value.hint == hint


def test_a_setting_that_there_is_not(make_phone):
    """As `create_app` says it."""
    with pytest.raises(SettingsError, match="there is no setting 'compny', did you mean 'company'"):
        make_phone(compny="ACME")


def test_settings_come_from_a_folder_that_is_named_and_from_nowhere_else(make_phone, tmp_path, monkeypatch):
    """Neither the working folder nor the environment decides what a test does."""
    (tmp_path / "ivrkit.toml").write_text('company = "From the file"\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IVRKIT_COMPANY", "From the environment")
    assert "our company" in make_phone(**shop()).call().heard
    assert "From the file" in make_phone(**shop(settings_from=tmp_path)).call().heard
    assert "From here" in make_phone(**shop(settings_from=tmp_path, company="From here")).call().heard


def test_an_app_without_pytest(tmp_path):
    """What the fixtures make can be made without them."""
    app = make_app(tmp_path, **shop())
    assert app.extensions["ivrkit"].settings.dev
    app.extensions["ivrkit"].sessions.close()


# In a run of its own

FAILING = """
import pytest
from ivrkit import Routes, HOME, MenuOption, State, ask, hookimpl


class Plugin:
    @hookimpl
    def ivrkit_register_states(self):
        return {"news": State(ask("All is well."), Routes({"1": HOME}), options=MenuOption("1", "news"))}


@pytest.fixture
def phone(make_phone):
    return make_phone(plugins=[], objects={"news": Plugin()})


def test_passes(phone):
    assert phone.call().press("1").state == "news"


def test_fails(phone):
    phone.call().press("1")
    assert phone.call().press("1").press("1").state == "news"


def test_is_impossible(phone):
    phone.call().callee.is_busy()

"""


@pytest.fixture
def run(pytester):
    """Run tests of somebody's own in a process of their own."""
    pytester.makeini("[pytest]\n")

    def run(code, *options):
        pytester.makepyfile(code)
        return pytester.runpytest_subprocess("-p", "no:randomly", *options)

    return run


def test_a_failure_shows_every_call_of_the_test(run):
    """The transcript, and the TwiML of the last step; a test that passes shows nothing."""
    result = run(FAILING, "-k", "fails or passes")
    result.assert_outcomes(passed=1, failed=1)
    shown = result.stdout.str()
    assert shown.count("ivrkit call 1") == shown.count("ivrkit call 2") == 1
    told = shown.split("ivrkit call 2")[1].split("\n====")[0].splitlines()[1:]
    assert [line.rstrip() for line in told] == [
        "    0.0  +14155550100 calls +15005550006",
        "    0.0  -> POST https://ivr.example.com/webhook (webhook)",
        f"    0.0  <- 200  [menu, {_version()}]",
        "    0.0  answered",
        '    0.0  says "Thank you for calling our company."',
        '    2.3  says "For news, press one."',
        '    3.6  says "To hear this again, press nine."',
        "    5.7  caller presses 1",
        "    6.2  -> POST https://ivr.example.com/webhook (action)",
        "    6.2  <- 200  [news, news]",
        '    6.2  says "All is well."',
        "    7.0  caller presses 1",
        "    7.5  -> POST https://ivr.example.com/webhook (action)",
        f"    7.5  <- 200  [menu, {_version()}]",
        '    7.5  says "For news, press one."',
        '    8.8  says "To hear this again, press nine."',
        "",
        "The last document:",
        (
            '<?xml version="1.0" encoding="UTF-8"?><Response><Gather actionOnEmptyResult="true" '
            'action="webhook#rc=1&amp;rp=ct" numDigits="1"><Say language="en-US">For news, press one.</Say>'
            '<Say language="en-US">To hear this again, press nine.</Say></Gather></Response>'
        ),
    ]


def _version():
    from importlib.metadata import version

    return f"ivrkit {version('ivrkit')}"


def test_what_nobody_can_do_says_where_the_call_is(run):
    """The error has the transcript as well."""
    result = run(FAILING, "-k", "impossible")
    result.stdout.fnmatch_lines(
        ["*SimulatorError: callee is busy, but no phone is ringing; the call waits in <Gather> (gather)", "*says*"]
    )


@pytest.mark.once
def test_fixtures_work_side_by_side_and_in_any_order(run):
    """With workers of pytest-xdist, and shuffled."""
    code = FAILING.replace("def test_fails", "def _fails").replace("def test_is_impossible", "def _is_impossible")
    many = "\n".join(f"def test_{index}(phone):\n    test_passes(phone)\n" for index in range(6))
    result = run(f"{code}\n{many}", "-n2", "-p", "randomly")
    result.assert_outcomes(passed=7)


@pytest.mark.once
def test_nothing_of_ivrkit_is_imported_until_a_fixture_is_used(run):
    """The plugin is loaded in every run of everybody."""
    code = """
import sys

def names():
    return [name for name in sys.modules if name.split(".")[0] in ("ivrkit", "flask", "twilio")]

def test_before():
    assert "pytest_ivrkit" in sys.modules
    assert names() == []

def test_then(make_phone):
    assert "ivrkit" in names()
"""
    run(code).assert_outcomes(passed=2)


@pytest.mark.once
def test_the_fixtures_are_listed_with_what_they_do(run):
    """`pytest --fixtures` finds them by the entry point of the installed package."""
    result = run("", "--fixtures")
    result.stdout.fnmatch_lines(
        [
            "make_phone -- *",
            "    Make phones, each to an app of its own: *",
            "phone -- *",
            "    Return a phone to all installed plugins, or to what *",
        ]
    )
