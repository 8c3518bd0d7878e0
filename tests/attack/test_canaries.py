"""Canaries: secrets that a caller, a setting or an error contains are found in no log, file, answer or listing."""

import base64
import contextlib
import re
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from tests.attack.callers import Caller, new_sid
from tests.attack.client import Client
from tests.attack.servers import CHECKOUT, SERVERS, Server, tree
from tests.attack.size import generator, report
from tests.attack.trees.vault import CHECKS
from tests.processes import TOKEN, ask, environment

from ivrkit import Settings
from ivrkit.settings import load_settings

pytestmark = [pytest.mark.attack, pytest.mark.server]
DIGITS, SPEECH = "73951846", "canaryspeech"
PASSWORD, KEY, NESTED, SHARED_KEY = "canarypassword", "canarykey", "canarynested", "canarysharedkey"
#: Everything that no output may have.
CANARIES = (DIGITS, SPEECH, PASSWORD, KEY, NESTED, SHARED_KEY, TOKEN + "-canary")
PLUGIN_SETTINGS = f"""\
[shared_keys]
one = "{SHARED_KEY}"

[plugins.vault-py]
key = "{KEY}"
service = "https://api:{PASSWORD}@api.example/v1"
nested = {{ value = "{NESTED}" }}
"""


def found_in(text: str | bytes) -> list[str]:
    """Return the canaries in a text, also those in base64 and with a blank after each character."""
    text = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    decoded = [_decoded(each) for each in re.findall(r"[\w+/=-]{16,}", text)]
    texts = [text, text.replace(" ", ""), *decoded]
    return [canary for canary in CANARIES if any(canary in each for each in texts)]


def _decoded(text: str) -> str:
    with contextlib.suppress(ValueError):
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("utf-8", "replace")
    return ""


def files_in(folder: Path) -> Iterable[tuple[str, bytes]]:
    """Return the name and the content of each file below a folder, but the settings and the plugins."""
    written = [each for each in folder.rglob("*") if each.is_file() and each.suffix not in (".toml", ".py", ".pyc")]
    return [(each.name, each.read_bytes()) for each in written]


@pytest.mark.parametrize("server_name", SERVERS)
def test_the_input_of_a_secret_state_is_written_nowhere(start_server: Callable[..., Server], server_name: str):
    """No log, file or answer has the input for a secret state, even if the code of the state leaks the input."""
    text = f'start = "choose"\nsession_url = "sqlite:///calls.sqlite3"\nquarantine_failures = 0\n{PLUGIN_SETTINGS}'
    server = start_server(server_name, settings=text, plugins=tree("vault.py"))
    rng, client, callers = generator("canaries"), Client(server.port), []
    for number in range(len(CHECKS) + 1):
        for enter in (lambda caller: caller.press(DIGITS), lambda caller: caller.speak(SPEECH)):
            caller = Caller(client, new_sid(rng)).dial().press(f"{number:02}")
            assert "Your PIN?" in caller.answers[-1].heard
            enter(caller)
            caller.hang_up()
            callers.append(caller)
    client.close()
    answers = [each for caller in callers for each in caller.answers]
    assert {each.status for each in answers} <= {200, 204}
    server.running.end()
    places = [("answer", str(each.headers).encode() + each.body) for each in answers]
    places += [*files_in(server.folder), ("healthz", ask(f"{server.base}/healthz")[1].encode())]
    report(f"canaries {server_name}: {len(callers)} calls, {len(places)} places searched")
    assert [(name, found_in(content)) for name, content in places if found_in(content)] == []
    assert all(caller.sid in server.output for caller in callers)
    for name in CHECKS:
        assert f"state '{name}' of vault.py" in server.output


COMMANDS = [
    ["settings"],
    ["settings", "--json"],
    ["settings", "session_url"],
    ["states"],
    ["states", "--json"],
    ["plugins"],
    ["plugins", "--json"],
    ["schema"],
    ["doctor"],
    ["doctor", "--json"],
    ["quarantine", "list"],
    ["export-fallback", "-"],
]
URLS = [
    f"postgresql://ivr:{PASSWORD}@127.0.0.1:9/ivr",
    f"redis://:{PASSWORD}@127.0.0.1:9/0",
    f"postgresql://127.0.0.1:9/ivr?password={PASSWORD}",
    f"sqlite://user:{PASSWORD}@host/x",
    f"unknown://ivr:{PASSWORD}@host",
]


@pytest.mark.parametrize("url", URLS, ids=lambda url: url.partition(":")[0] + "?" * ("?" in url))
def test_no_command_prints_a_secret(tmp_path, monkeypatch, url):
    """No command prints a secret, in its listing or in an error, and neither does the ``repr()`` of the settings."""
    (tmp_path / "trees").mkdir()
    (tmp_path / "trees" / "vault.py").write_text(tree("vault.py")["vault.py"], encoding="utf-8")
    text = f'plugins_dir = "trees"\nsession_url = "{url}"\n{PLUGIN_SETTINGS}'
    (tmp_path / "ivrkit.toml").write_text(text, encoding="utf-8")
    environ = environment(TWILIO_AUTH_TOKEN=f"{TOKEN}-canary", PYTHONPATH=str(CHECKOUT))
    # All commands for the first URL; for the others, those that print a URL or open the store.
    for command in COMMANDS if url == URLS[0] else [["settings"], ["settings", "--json"], ["doctor"]]:
        done = subprocess.run(
            ["ivrkit", *command], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
        )
        assert found_in(done.stdout + done.stderr) == [], command
        assert "Traceback" not in done.stderr, command
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", f"{TOKEN}-canary")
    settings = load_settings()
    assert isinstance(settings, Settings)
    assert found_in(repr(settings)) == []


INVALID = {
    "a text in place of a table with a secret": f'[plugins.vault-py]\nnested = "{NESTED}"\n',
    "a number in place of a secret": f"[plugins.vault-py]\nkey = ['{KEY}']\n",
    "a secret in a list": f'shared_keys = ["{SHARED_KEY}"]\n',
    "a misspelt table": f'[plugins.vault-py.nested]\nvalu = "{NESTED}"\n',
    "an invalid URL": f'session_url = "://ivr:{PASSWORD}@host"\n',
    "a line that is no TOML": f'[plugins.vault-py]\nkey = "{KEY}\n',
}


@pytest.mark.parametrize("invalid", INVALID.values(), ids=INVALID)
def test_no_error_about_settings_has_a_secret(tmp_path, invalid):
    """An error about an invalid setting does not quote a secret value."""
    (tmp_path / "trees").mkdir()
    (tmp_path / "trees" / "vault.py").write_text(tree("vault.py")["vault.py"], encoding="utf-8")
    (tmp_path / "ivrkit.toml").write_text(f'plugins_dir = "trees"\n{invalid}', encoding="utf-8")
    for command in (["states"], ["doctor"]):
        done = subprocess.run(
            ["ivrkit", *command],
            cwd=tmp_path,
            env=environment(PYTHONPATH=str(CHECKOUT)),
            capture_output=True,
            text=True,
            check=False,
        )
        assert found_in(done.stdout + done.stderr) == [], command
