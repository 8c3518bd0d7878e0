"""Programs that tests start end with the tests, however these end."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.processes import PATIENCE, wait_until
from tests.watchdog import processes_of

CHECKOUT = Path(__file__).parents[1]
#: A program that starts another one in its own session, ignores the polite signal, and prints its session.
STUBBORN = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
time.sleep(600)
"""
STARTER = f"""
import sys, time
from tests.processes import start
print(start([sys.executable, "-c", {STUBBORN!r}]).pid, flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_started_program_ends_with_the_process_that_started_it(number):
    """A program and its children are gone soon after the process that started it has ended by a signal."""
    with subprocess.Popen(
        [sys.executable, "-c", STARTER], cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as starter:
        assert starter.stdout is not None
        session = int(starter.stdout.readline())
        wait_until(lambda: len(processes_of(session)) == 2)
        starter.send_signal(number)
        starter.wait(PATIENCE)
    wait_until(lambda: not processes_of(session))
