"""Each place in the loading of a plugin with each way to misbehave, on real servers, strict and not.

In CI, one start has a plugin for each fate: 47 broken plugins at once, of which each must be named. The stores are
opened one at a time, each fate with one of the servers. At full size every cell has a start of its own.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest
from tests.attack.broken_plugins import (
    CODE,
    SIGNATURES,
    TOML,
    code_of,
    fates_of,
    opener_code,
    signature_code,
)
from tests.attack.callers import APOLOGY, Caller, new_sid
from tests.attack.client import Client
from tests.attack.servers import SERVERS, Server, tree
from tests.attack.size import FULL, generator, report
from tests.plugins.fates import FATES
from tests.processes import PATIENCE

pytestmark = [pytest.mark.attack, pytest.mark.server]
SIGNATURE = "hook signature"
#: A KeyboardInterrupt while a server loads is taken for Ctrl-C, so it ends the server.
CTRL_C = "KeyboardInterrupt"
OPENER_FATES = [fate for fate in FATES if fate != CTRL_C]


@dataclass(frozen=True)
class BrokenPlugins:
    """Plugins with a problem each, all in one phone tree.

    :param files: name of a file -> its code.
    :param toml: their tables in ``ivrkit.toml``.
    """

    files: Mapping[str, str]
    toml: str = ""


def broken_plugins(place: str, fates: list[str]) -> BrokenPlugins:
    """Return a plugin for each fate, or for each signature of a hook."""
    if place == SIGNATURE:
        return BrokenPlugins({f"evil{number:02}.py": signature_code(name) for number, name in enumerate(fates)})
    files = {f"evil{number:02}.py": code_of(place, fate, number) for number, fate in enumerate(fates)}
    toml = "".join(TOML.get(place, "").format(number=number) for number in range(len(fates)))
    return BrokenPlugins(files, toml)


PLACES = {
    **{place: [fate for fate in fates_of(place) if fate != CTRL_C] for place in CODE},
    SIGNATURE: [*SIGNATURES],
}
#: (place, fates, server) for both modes. In CI, the servers take turns, in each mode with the other places.
CELLS = [
    (place, fates, server)
    for place, all_fates in PLACES.items()
    for fates in ([[fate] for fate in all_fates] if FULL else [all_fates])
    for server in SERVERS
]
STRICT_CELLS, LENIENT_CELLS = (CELLS, CELLS) if FULL else (CELLS[::4] + CELLS[3::4], CELLS[1::4] + CELLS[2::4])


def name_of(value: object) -> str:
    """Return a part of a test's name: a place, a server, or the only fate of a cell."""
    return value if isinstance(value, str) else f"{len(value)} fates" if len(value) > 1 else value[0]


def unnamed(files: Mapping[str, str], output: str) -> list[str]:
    """Return the files that an output does not name. A problem of settings names the table, such as ``evil07-py``."""
    return [file for file in files if file not in output and file.replace(".", "-") not in output]


def start_with(
    start_server: Callable[..., Server], server_name: str, broken: BrokenPlugins, **settings: bool
) -> Server:
    """Start a server with broken plugins and a good one, and do not wait for it."""
    values = {"block": ["acme-states"], "session_url": "sqlite:///calls.sqlite3", **settings}
    text = "".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items()) + broken.toml
    return start_server(server_name, wait=False, settings=text, plugins={**tree("director.py"), **broken.files})


def check_refusal(server: Server) -> None:
    """Check that a server does not start."""
    assert server.wait_for_exit(PATIENCE) != 0


def check_calls(server: Server) -> None:
    """Check that a server starts, and that callers reach the state of the good plugin."""
    server.running.wait()
    client = Client(server.port)
    caller = Caller(client, new_sid(generator(server.name))).dial().press("2")
    client.close()
    assert "Fine." in caller.heard
    assert APOLOGY not in caller.heard


def check_output(server: Server, broken: BrokenPlugins, mode: str) -> None:
    """Check that the output names each plugin, and has no password. A traceback is only gunicorn's own."""
    missing = unnamed(broken.files, server.output)
    report(f"load {server.name}, {mode}: {len(broken.files)} plugins, {len(missing)} unnamed")
    assert missing == []
    assert "canarypw" not in server.output
    assert "Traceback" not in server.output.partition("[ERROR] Exception in worker process")[0]


@pytest.mark.parametrize(("place", "fates", "server_name"), STRICT_CELLS, ids=name_of)
def test_a_strict_server_refuses_to_start(start_server, server_name, place, fates):
    """With ``strict``, the server ends, and its one error names every broken plugin."""
    broken = broken_plugins(place, fates)
    server = start_with(start_server, server_name, broken)
    check_refusal(server)
    check_output(server, broken, f"strict, {place}")


@pytest.mark.parametrize(("place", "fates", "server_name"), LENIENT_CELLS, ids=name_of)
def test_a_server_that_is_not_strict_serves_the_rest(start_server, server_name, place, fates):
    """Without ``strict``, the log names every broken plugin, and callers reach the states of the others."""
    broken = broken_plugins(place, fates)
    server = start_with(start_server, server_name, broken, strict=False)
    check_calls(server)
    check_output(server, broken, f"not strict, {place}")


def opener_cells() -> list[tuple[str, str, bool]]:
    """Return (fate, server, strict) for the stores that cannot be opened: in CI each fate once, in turn with each."""
    cells = [(fate, server, strict) for fate in OPENER_FATES for server in SERVERS for strict in (True, False)]
    return cells if FULL else [cell for number, cell in enumerate(cells) if number % 4 == number // 4 % 4]


@pytest.mark.parametrize(("fate", "server_name", "strict"), opener_cells())
def test_a_store_that_cannot_be_opened(start_server, fate, server_name, strict):
    """A strict server does not start without its store; another one serves calls with their cookies."""
    broken = BrokenPlugins({"evil00.py": opener_code(fate)})
    server = start_with(start_server, server_name, broken, strict=strict, session_url="evil://u:canarypw@host")
    (check_refusal if strict else check_calls)(server)
    check_output(server, broken, f"{'strict' if strict else 'not strict'}, opener, {fate}")
