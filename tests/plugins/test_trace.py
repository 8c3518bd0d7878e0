"""The trace: a line for each function of a plugin that runs, with its owner, its time and its result."""

import logging
import os
import re
import subprocess
import sys

import pytest
from twilio.twiml.voice_response import Gather

from ivrkit import HOME, MenuOption, Routes, State, ask, hookimpl, leads_to
from ivrkit.plugins.load import load
from ivrkit.plugins.trace import trace_log
from ivrkit.settings import load_settings
from ivrkit.testing import Phone
from ivrkit.web import create_app

pytestmark = pytest.mark.usefixtures("folder")


@pytest.fixture(autouse=True)
def restore_trace():
    """Switch the trace off after each test, because it is switched on for the whole process."""
    yield
    trace_log.setLevel(logging.NOTSET)
    trace_log.handlers = []


class Desk:
    """A plugin with an enter function, an exit function, a secret question and hooks."""

    @hookimpl
    def ivrkit_register_states(self):
        """Offer the states."""

        def say(call):
            return "Line one.\nLine two." if call.data else 1 / 0

        @leads_to("menu")
        def choose(call):
            call.data["digits"] = call.digits
            return "menu"

        def repeat(call):
            return f"You pressed {call.digits}."

        return {
            "desk": State(ask("Which one?"), choose, options=MenuOption("1", "desk")),
            "say": State(say, HOME, options=MenuOption("2", "words")),
            "pin": State(Gather(num_digits=4), Routes({"1234": "repeat"}), secret=True, options=MenuOption("3", "pin")),
            "repeat": State(repeat, HOME),
        }

    @hookimpl
    def ivrkit_state_entered(self, call, state):
        """Return a value that nobody reads."""
        return {"entered": state.name}

    @hookimpl
    def ivrkit_edit_response(self, call):
        """Fail for one state."""
        if call.outcome == "2":
            raise ValueError("bad\nedit")


def play(caplog, *keys, **settings):
    """Call, press keys, and return the lines of the trace at the last webhook, without their times."""
    app = create_app(dev=True, plugins={"desk": Desk()}, **settings)
    call = Phone(app).call()
    for key in keys:
        caplog.clear()
        call.press(key)
    app.extensions["ivrkit"].sessions.close()
    lines = [each.getMessage().replace(call.sid, "CA") for each in caplog.records if each.name == "ivrkit.trace"]
    return [re.sub(r"\d+\.\d ms", "N ms", line) for line in lines]


def test_the_code_that_runs_is_traced(caplog):
    """Each line has the CallSid, the function with its owner, its time, and its result in one short line."""
    exit, edit, entered = play(caplog, "1", "5", trace=True)
    assert exit == "call CA: exit of state 'desk' of desk took N ms and returned 'menu'"
    twiml = r"""'<?xml version=\'1.0\' encoding=\'utf-8\'?>\n<Response><Gather """
    assert edit.startswith(f"call CA: ivrkit_edit_response of desk took N ms and returned {twiml}")
    assert len(edit) < 300
    assert entered == "call CA: ivrkit_state_entered of desk took N ms and returned {'entered': 'menu'}"


def test_the_content_of_a_state_is_traced_as_twiml(caplog):
    """The line of an enter function has the TwiML of the state, and a failed function has its error."""
    lines = play(caplog, "1", "5", "2", trace=True)
    twiml = r"""'<Say language="en-US">Line one.\nLine two.</Say>'"""
    assert lines[:2] == [
        f"call CA: enter of state 'say' of desk took N ms and returned {twiml}",
        "call CA: ivrkit_edit_response of desk took N ms and raised ValueError: bad edit",
    ]
    assert play(caplog, "2", trace=True)[0] == (
        "call CA: enter of state 'say' of desk took N ms and raised ZeroDivisionError: division by zero"
    )


def test_secret_input_is_not_traced(caplog):
    """After secret input, the results of all functions at this webhook are hidden, and so are their errors."""
    hidden = "a value (hidden, because the input was secret)"
    lines = play(caplog, "3", "1234", trace=True)
    assert len(lines) == 4
    assert lines[0] == f"call CA: enter of state 'repeat' of desk took N ms and returned {hidden}"
    assert all(line.endswith(f"returned {hidden}") for line in lines)
    assert "1234" not in "".join(lines)


def test_an_error_after_secret_input_is_not_traced(caplog, monkeypatch):
    """The error of a function in a secret state is hidden, because it may quote the input."""

    class Vault:
        @hookimpl
        def ivrkit_register_states(self):
            def check(call):
                raise ValueError(call.digits)

            return {"pin": State(ask("PIN?"), leads_to(HOME)(check), secret=True, options=MenuOption("1", "pin"))}

    monkeypatch.setattr("tests.plugins.test_trace.Desk", Vault)
    error = "ValueError (its message is hidden, because the input was secret)"
    assert play(caplog, "1", "739518", trace=True) == [
        f"call CA: exit of state 'pin' of desk took N ms and raised {error}"
    ]


def test_the_trace_is_off_by_default(caplog):
    """Without the setting, there is no line, even if the log has the level INFO."""
    with caplog.at_level(logging.INFO, "ivrkit"):
        assert play(caplog, "1", "5") == []


def test_the_steps_of_loading_are_traced_before_they_run(folder):
    """If a plugin ends the process while it loads, the last line of the trace names it, also without a log."""
    folder.write("states/evil.py", "import os\nos._exit(7)\n")
    folder.write("ivrkit.toml", 'plugins_dir = "states"\n')
    command = [sys.executable, "-c", "from ivrkit.cli.main import main; main()", "plugins"]
    done = subprocess.run(
        command, env={**os.environ, "IVRKIT_TRACE": "1"}, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 7
    lines = done.stderr.splitlines()
    assert lines[-1] == "plugin evil.py: importing its file evil.py"
    assert len(lines) == len(set(lines))


def test_the_trace_is_written_once_if_the_app_has_a_log(capsys):
    """If the logger of ivrkit has a handler, the trace has no handler of its own."""
    handler = logging.StreamHandler()
    logging.getLogger("ivrkit").addHandler(handler)
    load(load_settings(trace=True))
    lines = [line for line in capsys.readouterr().err.splitlines() if "importing" in line]
    assert lines
    assert len(lines) == len(set(lines))
