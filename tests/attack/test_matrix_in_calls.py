"""Each place in a plugin's code with each way to misbehave, on real servers, while other callers call.

The servers of ``ivrkit serve`` and gunicorn get every cell, also in CI: a call takes a few milliseconds.
"""

import http.client
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from tests.attack.callers import Caller, new_sid, other_callers
from tests.attack.cells import HOOKS, PLACES, number_of
from tests.attack.client import Client
from tests.attack.servers import SERVERS, Server, tree
from tests.attack.size import generator, report
from tests.plugins.fates import ERRORS, FATES, IGNORED, VALID_IN_CALLS

from ivrkit.flow.compile.twiml import MAX_DOCUMENT_BYTES

pytestmark = [pytest.mark.attack, pytest.mark.server]
#: No state is put in quarantine, so that each cell is reached.
SETTINGS = """\
block = ["acme-states"]
session_url = "sqlite:///calls.sqlite3"
quarantine_failures = 0
"""
#: The longest time that another caller may wait for an answer, in seconds.
PATIENCE = 5.0


@dataclass(frozen=True)
class Cell:
    """A call to one cell of the matrix.

    :param place: one of ``PLACES``.
    :param fate: one of ``FATES``.
    :param sid: the CallSid of the call.
    """

    place: str
    fate: str
    sid: str

    @property
    def is_mistake(self) -> bool:
        """``True`` if the plugin makes a mistake. The log must name the plugin then."""
        is_error = self.fate in ERRORS or self.fate == "RecursionError"
        is_ignored = self.place in IGNORED and not is_error
        return not is_ignored and self.fate not in VALID_IN_CALLS.get(self.place, ())

    def call(self, port: int) -> str:
        """Make the call, and return its problem, or ``""``."""
        client = Client(port)
        caller = Caller(client, self.sid, number_of(self.place, self.fate))
        try:
            self._walk(caller)
        except (OSError, ValueError, StopIteration, http.client.HTTPException) as error:
            return f"{self}: {error!r}"
        finally:
            client.close()
        problems = [each.problem() for each in caller.answers if each.problem()]
        if any(len(each.body) > MAX_DOCUMENT_BYTES for each in caller.answers):
            problems.append("a document that is too long")
        if "Fine." not in caller.heard:
            problems.append(f"heard {caller.heard!r}")
        return f"{self}: {problems}" if problems else ""

    def _walk(self, caller: Caller) -> None:
        """Call, pass the evil state, go to the state ``fine``, and hang up."""
        caller.dial()
        if caller.waits_for == "Record":
            caller.record()
        elif "Press five." in caller.heard:
            caller.press("5")
        caller.press("2").hang_up()

    def problem_of_log(self, log: list[str]) -> str:
        """Return the problem if no line of the log names the plugin and the call, or ``""``."""
        name = f"ivrkit_{self.place}" if self.place in HOOKS else f"'bad-{self.place}'".replace(" ", "-")
        found = any(f"{name} of evil.py " in line and (self.sid in line or "must return" in line) for line in log)
        return f"{self}: no line of the log names {name} of evil.py" if self.is_mistake and not found else ""


@pytest.mark.parametrize("server_name", SERVERS)
def test_every_misbehaviour_in_a_call(start_server: Callable[..., Server], server_name: str):
    """The caller is led on, the log names the plugin and the call, and other callers notice nothing."""
    server = start_server(server_name, settings=SETTINGS, plugins={**tree("director.py"), **tree("evil.py")})
    rng = generator(f"matrix {server_name}")
    cells = [Cell(place, fate, new_sid(rng)) for place in PLACES for fate in FATES]
    rng.shuffle(cells)
    with other_callers(server.port, 2) as others, ThreadPoolExecutor(3) as pool:
        problems = [*filter(None, pool.map(lambda cell: cell.call(server.port), cells))]
    server.running.end()
    log = [line for line in server.output.splitlines() if " of evil.py " in line]
    problems += filter(None, (cell.problem_of_log(log) for cell in cells))
    report(
        f"matrix {server_name}: {len(cells)} cells, {len(problems)} problems;"
        f" {len(others.seconds)} answers to other callers, slowest {others.slowest:.2f} s"
    )
    assert problems == []
    assert others.problems == []
    assert others.slowest < PATIENCE
