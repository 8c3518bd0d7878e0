"""The fixtures for plugin authors, the report of a failed test, and the imports of the pytest plugin."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from tests.plugins.conftest import install  # noqa: F401  fixtures are found by their names
from tests.web.sample_trees import SHOP, TreePlugin
from twilio.twiml.voice_response import Dial, Enqueue

from ivrkit import HOME, MenuOption, Routes, SettingsError, State, ask
from ivrkit.simulator import HangUp, Press
from ivrkit.testing import installed_plugins, make_app

NO_PLUGIN = {"plugins": []}


def shop(**settings):
    """Return the arguments of ``make_phone`` for the phone tree of the tests."""
    return {**NO_PLUGIN, "objects": {"shop": TreePlugin(SHOP)}, **settings}


@pytest.fixture
def shop_phone(make_phone):
    """Return a phone that calls the phone tree of the tests."""
    return make_phone(**shop())


def test_a_test_plays_the_caller_and_the_callee(shop_phone):
    """A test presses keys, speaks, hangs up and answers for the callee, and reads the states and texts of the call."""
    call = shop_phone.call(from_="+15550100")
    call.press("1").stays_silent().press("0")
    call.callee.is_busy()
    assert call.path == ["greeting", "menu", "news", "menu", "menu", "operator", "menu"]
    assert call.state == "menu"
    assert call.heard_last.startswith("They are busy.\nFor news, press one.")
    assert "All is well." in call.heard
    assert call.ended is None
    call.press("2").says("It is me.").hangs_up()
    assert (call.ended.reason, call.ended.status) == ("caller-hung-up", "completed")
    assert call.events[0].from_ == "+15550100"
    assert call.warnings == []


def test_the_signature_is_checked(shop_phone):
    """The app verifies the signatures of the phone, so requests that are signed with another token are refused."""
    shop_phone.simulator.token = "54321"
    call = shop_phone.call()
    warnings = [each.what for each in call.warnings]
    assert warnings == ["the response has the status 403"] * 2 + ["the status callback returned the status 403"]


def test_a_call_can_have_a_script(shop_phone):
    """The method ``call`` takes all actions of the caller at once, and the facts of the call."""
    call = shop_phone.call([Press("1"), HangUp()], from_="anonymous", CallerName="NOBODY")
    assert call.path == ["greeting", "menu", "news", "menu"]
    assert shop_phone.calls == [call]


def test_two_phones_in_a_test_are_independent(make_phone):
    """Each phone of a test calls its own app with its own sessions."""
    one, two = make_phone(**shop()), make_phone(**shop(company="ACME"))
    assert "ACME" not in one.call().heard
    assert "ACME" in two.call().heard
    assert one.app is not two.app


def test_a_queue_can_be_full(make_phone):
    """A test can set the size of a queue, so that it is full."""
    from twilio.twiml.voice_response import Enqueue

    state = State(Enqueue("support"), Routes({"queue-full": HOME}), options=MenuOption("1", "support"))
    phone = make_phone(plugins=[], objects={"queue": TreePlugin({"support": state})})
    phone.queue("support").size = 1000
    assert phone.call().press("1").state == "menu"


def test_a_test_can_set_the_time(make_phone):
    """The attribute ``now`` of a call is the time that time-machine sets."""
    times = []

    def enter(call):
        times.append(call.now)
        return ask("Hello.")

    phone = make_phone(plugins=[], objects={"a": TreePlugin({"a": State(enter, Routes({"1": None}))})}, start="a")
    moment = datetime(2026, 3, 2, 9, tzinfo=UTC)
    with time_machine.travel(moment, tick=False):
        phone.call()
    assert times == [moment]


def test_equal_calls_are_in_the_same_position(shop_phone):
    """Calls that reached the same state are in the same position, whenever they began."""
    with time_machine.travel(datetime.now(UTC) - timedelta(minutes=5)):
        early = shop_phone.call()
    assert shop_phone.position(early) == shop_phone.position(shop_phone.call())
    assert shop_phone.position(early) != shop_phone.position(shop_phone.call().press("1"))
    explored = shop_phone.explore(3)
    assert explored.complete
    assert explored.positions <= 40


@pytest.mark.ivrkit(plugins=[], company="ACME")
def test_the_marker_has_the_plugins_and_settings_of_the_phone(phone):
    """The marker ``ivrkit`` has the arguments of the fixture ``phone``."""
    assert phone.call().heard.startswith("Thank you for calling ACME.")


@pytest.mark.acme
@pytest.mark.ivrkit(plugins=["acme_states"])
def test_plugins_are_named_by_their_distributions(phone):
    """The name of a distribution may be written with an underscore in place of a hyphen."""
    assert phone.call().press("3").state == "hours"
    assert "acme-states" in installed_plugins()


@pytest.mark.acme
def test_all_installed_plugins_are_loaded_by_default(request, install):  # noqa: F811  the fixture itself
    """Without names of plugins the phone calls all installed plugins."""
    for other in {*installed_plugins()} - {"acme-states"}:
        install(other)  # without entry points, in front of the real one: other plugins may need settings
    phone = request.getfixturevalue("phone")
    assert phone.call().press("3").state == "hours"


@pytest.mark.acme
def test_a_plugin_that_is_not_named_is_not_loaded(make_phone):
    """With ``plugins=[]`` only the core's own states are loaded."""
    assert make_phone(plugins=[]).app.extensions["ivrkit"].loaded.flow.states.keys() == {"greeting", "menu"}


@pytest.mark.acme
def test_a_blocked_plugin_is_not_loaded(make_phone):
    """The setting `block` also applies to plugins that are named."""
    phone = make_phone(plugins=["acme-states"], block=["acme-states"])
    assert phone.app.extensions["ivrkit"].loaded.flow.states.keys() == {"greeting", "menu"}


def test_a_plugin_that_is_not_installed(make_phone):
    """The error for a plugin that is not installed has the nearest name and the installed plugins."""
    installed = ", ".join(installed_plugins()) or "no plugin"
    with pytest.raises(SettingsError) as refused:
        make_phone(plugins=["acme-sttes"])
    meant = ", did you mean 'acme-states'?" if "acme-states" in installed else ""
    assert refused.value.message == f"plugin 'acme-sttes' is not installed{meant}"
    hint = f"install it for the tests, for example with pip install -e .; installed: {installed}"
    assert refused.value.hint == hint


def test_an_unknown_setting(make_phone):
    """An unknown setting is the same error as for `create_app`."""
    with pytest.raises(SettingsError, match="'compny' is not a setting, did you mean 'company'"):
        make_phone(compny="ACME")


def test_settings_come_only_from_the_arguments(make_phone, tmp_path, monkeypatch):
    """Neither the working folder nor the environment has an effect, only the folder ``settings_from``."""
    (tmp_path / "ivrkit.toml").write_text('company = "From the file"\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IVRKIT_COMPANY", "From the environment")
    assert "our company" in make_phone(**shop()).call().heard
    assert "From the file" in make_phone(**shop(settings_from=tmp_path)).call().heard
    assert "From here" in make_phone(**shop(settings_from=tmp_path, company="From here")).call().heard


def test_an_app_without_pytest(tmp_path):
    """The function ``make_app`` makes an app without the fixtures."""
    app = make_app(tmp_path, **shop())
    assert app.extensions["ivrkit"].settings.dev
    app.extensions["ivrkit"].sessions.close()


# Runs of pytest in a process of their own

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
    """Return a function that writes a test file and runs it in a new process."""
    pytester.makeini("[pytest]\n")

    def run(code, *options):
        pytester.makepyfile(code)
        return pytester.runpytest_subprocess("-p", "no:randomly", *options)

    return run


def test_a_failure_shows_every_call_of_the_test(run):
    """A failed test shows the transcript and the last response of each call; a passed test shows nothing."""
    result = run(FAILING, "-k", "fails or passes")
    result.assert_outcomes(passed=1, failed=1)
    shown = result.stdout.str()
    assert shown.count("ivrkit call 1") == shown.count("ivrkit call 2") == 1
    report = shown.split("ivrkit call 2")[1].split("\n====")[0].splitlines()[1:]
    assert [line.rstrip() for line in report] == [
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
        "The last response:",
        (
            '<?xml version="1.0" encoding="UTF-8"?><Response><Gather actionOnEmptyResult="true" '
            'action="webhook#rc=1&amp;rp=ct" numDigits="1"><Say language="en-US">For news, press one.</Say>'
            '<Say language="en-US">To hear this again, press nine.</Say></Gather></Response>'
        ),
    ]


def _version():
    from importlib.metadata import version

    return f"ivrkit {version('ivrkit')}"


OWN_APP = """
import pytest
from flask import Flask, current_app
from ivrkit import HOME, MenuOption, State, hookimpl
from ivrkit.testing import Phone
from ivrkit.web import Ivrkit


class Plugin:
    @hookimpl
    def ivrkit_register_states(self):
        return {"depot": State(lambda call: current_app.config["DEPOT"], HOME, options=MenuOption("1", "our depot"))}


def create_app():
    app = Flask("team")
    app.config["DEPOT"] = "Berlin"
    return app


"""


def test_a_phone_of_one_s_own_shows_its_calls(run):
    """A failed test shows the calls of a phone that the test made itself, and no calls of the tests before it."""
    code = (
        OWN_APP
        + """
def call():
    app = create_app()
    store = "sqlite:///calls.sqlite3"
    Ivrkit(app, plugins={"depot": Plugin()}, block=["acme-states"], dev=True, auth_token=["12345"], session_url=store)
    return Phone(app).call()


def test_passes():
    assert "Berlin" in call().press("1").heard


def test_fails():
    assert "Paris" in call().press("1").heard
"""
    )
    result = run(code)
    result.assert_outcomes(passed=1, failed=1)
    shown = result.stdout.str()
    assert shown.count("ivrkit call 1") == 1
    assert "ivrkit call 2" not in shown
    assert 'says "Berlin"' in shown


def test_the_fixture_ivrkit_app_gives_the_phones_an_app(run):
    """A fixture ``ivrkit_app`` of the project returns the app factory of ``phone`` and ``make_phone``."""
    code = (
        OWN_APP
        + """
@pytest.fixture
def ivrkit_app():
    return create_app


@pytest.mark.ivrkit(plugins=[], objects={"depot": Plugin()}, url_prefix="/phone")
def test_the_app(phone):
    assert "Berlin" in phone.call().press("1").heard
    assert phone.app.name == "team"


def test_two_apps(make_phone):
    one, two = (make_phone(plugins=[], objects={"depot": Plugin()}) for _ in range(2))
    assert one.app is not two.app
    assert make_phone(plugins=[], app_factory=None).app.name == "ivrkit"
"""
    )
    run(code).assert_outcomes(passed=2)


def test_the_option_ivrkit_app_gives_the_phones_an_app(run, pytester):
    """The option ``--ivrkit-app`` names the app factory of the phones."""
    pytester.makepyfile(team_app=OWN_APP)
    code = "def test_the_app(make_phone):\n    assert make_phone(plugins=[]).app.config['DEPOT'] == 'Berlin'\n"
    run(code, "--ivrkit-app", "team_app:create_app", "-p", "no:cacheprovider").assert_outcomes(passed=1)


@pytest.mark.parametrize("made", [Flask("team"), lambda: "team", "team:create_app"], ids=["app", "text", "name"])
def test_an_app_factory_is_a_function_that_returns_an_app(make_phone, made):
    """Anything but a function that returns a Flask app is refused."""
    with pytest.raises(SettingsError) as refused:
        make_phone(plugins=[], app_factory=made)
    found = "team" if callable(made) and not isinstance(made, Flask) else made
    assert refused.value.message == f"app_factory must be a function that returns a new Flask app, not {found!r}"
    assert refused.value.hint == "give the function itself: app_factory=create_app, not create_app()"


def test_an_app_factory_must_not_mount_a_phone_tree(make_phone, tmp_path):
    """An app that already has a phone tree is refused, because the fixture mounts the phone tree of the test."""
    with pytest.raises(SettingsError) as refused:
        make_phone(plugins=[], app_factory=lambda: make_app(tmp_path, plugins=[]))
    assert refused.value.message == "app_factory must return an app without a phone tree, not one with 'ivrkit'"
    assert refused.value.hint == "mount the phone tree outside the factory, or test this app with Phone(app)"


def test_a_call_in_a_queue_has_a_state_and_a_callee_hears_the_whisper(make_phone):
    """A wait document and a document for the callee that another app serves do not change the state of the call."""
    documents = {
        "/music": "<Response><Say>Please hold.</Say></Response>",
        "/hi": "<Response><Say>A call.</Say></Response>",
    }
    dial = Dial()
    dial.number("+15550100", url="/hi")
    states = {
        "queue": State(Enqueue("desk", wait_url="/music"), Routes({}), options=MenuOption("1", "the desk")),
        "dial": State(dial, Routes({}), options=MenuOption("2", "a person")),
    }

    def create():
        app = Flask("team")
        for path, document in documents.items():
            app.add_url_rule(
                path, path, lambda document=document: (document, {"Content-Type": "text/xml"}), methods=["POST"]
            )
        return app

    phone = make_phone(plugins=[], objects={"a": TreePlugin(states)}, app_factory=create)
    queued = phone.call().press("1")
    assert (queued.heard_last, queued.state, queued.path) == ("Please hold.", "queue", ["greeting", "menu", "queue"])
    dialled = phone.call().press("2")
    assert (dialled.callee.answers().state, dialled.callee.heard) == ("dial", "A call.")
    assert (dialled.agent.heard, "A call." in dialled.heard) == ("", False)


def test_an_impossible_action_shows_the_call(run):
    """The error of an impossible action names the verb that the call waits with, and the report has the transcript."""
    result = run(FAILING, "-k", "impossible")
    result.stdout.fnmatch_lines(
        ["*SimulatorError: callee is busy, but no phone is ringing; the call waits in <Gather> (gather)", "*says*"]
    )


@pytest.mark.once
def test_fixtures_work_side_by_side_and_in_any_order(run):
    """The fixtures work with the workers of pytest-xdist and in random order."""
    code = FAILING.replace("def test_fails", "def _fails").replace("def test_is_impossible", "def _is_impossible")
    many = "\n".join(f"def test_{index}(phone):\n    test_passes(phone)\n" for index in range(6))
    result = run(f"{code}\n{many}", "-n2", "-p", "randomly")
    result.assert_outcomes(passed=7)


@pytest.mark.once
def test_nothing_of_ivrkit_is_imported_until_a_fixture_is_used(run):
    """The pytest plugin, which every run loads, imports ivrkit, Flask and twilio only for a fixture."""
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
def test_pytest_lists_the_fixtures(run):
    """The command `pytest --fixtures` lists the fixtures of the installed package with their descriptions."""
    result = run("", "--fixtures")
    result.stdout.fnmatch_lines(
        [
            "make_phone -- *",
            "    Return a function that makes a phone for a new app: *",
            "phone -- *",
            "    Return a phone for all installed plugins, or for the plugins in *",
        ]
    )
