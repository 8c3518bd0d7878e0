"""The log of a phone tree that is mounted in an app, with the real command ``flask run``."""

import os
import re
import signal
import subprocess
import sys

import pytest
from tests.processes import PATIENCE, Running, ask, environment, free_port, wait_until

APP = """
import logging
from flask import Flask
from ivrkit.web import Ivrkit

def create_app():
    app = Flask("shop")
    {before}
    Ivrkit(app, dev={dev}, auth_token="12345", url_prefix="/phone")
    {after}
    return app
"""


@pytest.fixture
def flask_run(tmp_path):
    """Return a function that writes an app, runs it with ``flask run``, and calls it once."""
    running: list[Running] = []

    def flask_run(*options: str, before: str = "", after: str = "", dev: bool = True, **environ: str) -> str:
        (tmp_path / "shop.py").write_text(APP.format(before=before, after=after, dev=dev), encoding="utf-8")
        port = free_port()
        command = [sys.executable, "-m", "flask", "--app", "shop", *options, "run", "--port", str(port)]
        health = f"http://127.0.0.1:{port}/phone/healthz"
        app = Running(command, tmp_path, environment(**environ), health)
        running.append(app)
        app.wait()
        form = {"CallSid": "CA1", "From": "+14155550100", "To": "+15005550006"}
        # One request without a signature, which is refused with a warning.
        assert ask(f"http://127.0.0.1:{port}/phone/webhook", form)[0] == 403
        wait_until(lambda: "POST /phone/webhook HTTP" in app.output, lambda: app.output)
        return app.output

    yield flask_run
    for each in running:
        os.killpg(each.process.pid, signal.SIGINT)  # as Ctrl-C does
        each.process.wait(PATIENCE)
        each.clear()


@pytest.mark.parametrize("debug", [[], ["--debug"]], ids=["", "debug"])
def test_flask_run_shows_the_log_of_a_mounted_tree(flask_run, debug):
    """``flask run`` logs the start of the phone tree once, and each request, also with its reloader."""
    output = flask_run(*debug)
    start = r"^\d\d:\d\d:\d\d phone tree 'ivrkit' at /phone/webhook: states greeting, menu"
    assert len(re.findall(start, output, re.MULTILINE)) == 1, output
    assert len(re.findall(r"^\d\d:\d\d:\d\d WARNING 403 POST ", output, re.MULTILINE)) == 1, output


def test_flask_run_without_dev_mode_logs_in_the_format_of_production(flask_run):
    """Without dev mode, ``flask run`` logs in the format of the setting ``log_format``."""
    assert re.search(r"^[\d-]{10} [\d:,]{12} INFO ivrkit\.web: phone tree ", flask_run(dev=False), re.MULTILINE)
    assert '"logger": "ivrkit.web", "message": "phone tree ' in flask_run(IVRKIT_LOG_FORMAT="json")


SETUP = 'logging.basicConfig(format="own: %(message)s", level="INFO")'


#: A handler of the logger ``ivrkit`` only, as in docs/how-to/logs.md.
OWN_HANDLER = (
    'handler = logging.StreamHandler(); handler.setFormatter(logging.Formatter("own: %(message)s")); '
    'logging.getLogger("ivrkit").addHandler(handler)'
)


@pytest.mark.parametrize("setup", [SETUP, OWN_HANDLER], ids=["root", "ivrkit"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_flask_run_leaves_the_log_of_an_app_alone(flask_run, when, setup):
    """If the app sets up the log itself, before or after it mounts the phone tree, each line is logged once."""
    output = flask_run(**{when: setup})
    assert len(re.findall(": no X-Twilio-Signature ", output)) == 1, output
    assert re.search("^own: 403 POST ", output, re.MULTILINE)


def test_other_flask_commands_print_no_log(flask_run, tmp_path):
    """``flask ivrkit`` prints the output of its command, without the log of the start."""
    flask_run()
    command = [sys.executable, "-m", "flask", "--app", "shop", "ivrkit", "states"]
    done = subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=True)
    assert done.stdout.startswith("STATE ")
    assert "phone tree" not in done.stdout + done.stderr
