"""``ivrkit dev``: served on this machine, and with a tunnel behind a public address."""

import os
import re
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlencode

import pytest
from tests.cli.conftest import WITHOUT_GRANIAN
from tests.processes import start
from twilio.request_validator import RequestValidator

PUBLIC = "https://tree.ngrok.example"
TOKEN = "12345"
AGENT = Path(__file__).with_name("ngrok.py")
#: How long a busy machine may take to start a server, in seconds.
PATIENCE = 60.0
HELP = """\
Usage: ivrkit dev [OPTIONS]

  Serve on this machine in dev mode, and load anew when code changes.

  With --tunnel the tree has a public address, and TWILIO_AUTH_TOKEN must be
  set: whatever comes through a tunnel has to be signed.

Options:
  --port INTEGER RANGE  Port to listen on.  [default: 5000; 1<=x<=65535]
  --tunnel              Open an ngrok tunnel, so that Twilio reaches this
                        machine.
  --block PLUGIN        Leave a plugin out. May be repeated.
  --plugins-dir FOLDER  Load the plugins that are files of a folder.
  --help                Show this message and exit.
"""


def test_help(ivrkit):
    """What it takes."""
    assert ivrkit("dev", "--help").stdout == HELP


def test_a_tunnel_needs_a_token(ivrkit):
    """Whoever knows the address could ask in Twilio's name."""
    done = ivrkit("dev", "--tunnel")
    assert (done.stdout, done.exit_code) == ("", 1)
    assert done.stderr == (
        "Error: a tunnel lets in everybody, and there is no token to tell Twilio by\n"
        "  hint: set TWILIO_AUTH_TOKEN to your account's token\n"
    )


def test_without_the_extra_it_tells_what_to_install(run, tmp_path):
    """Who needs no tunnel needs no pyngrok."""
    (tmp_path / "sitecustomize.py").write_text(WITHOUT_GRANIAN.replace("granian", "pyngrok"), encoding="utf-8")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    done = run("dev", "--tunnel", PYTHONPATH=path, TWILIO_AUTH_TOKEN=TOKEN)
    assert (done.stdout, done.returncode) == ("", 1)
    assert done.stderr == (
        "Error: --tunnel needs pyngrok, which is not installed\n  hint: pip install 'ivrkit[tunnel]'\n"
    )


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def signed(path: str, token: str = TOKEN, **params: str) -> urllib.request.Request:
    """Return a webhook as Twilio would send it to the public address; where it goes to is set later."""
    given = {"CallSid": "CA1", "CallStatus": "in-progress", "From": "+15550100", "To": "+15550199", **params}
    signature = RequestValidator(token).compute_signature(f"{PUBLIC}{path}", given)
    head = {"X-Twilio-Signature": signature, "Content-Type": "application/x-www-form-urlencoded"}
    return urllib.request.Request(f"{PUBLIC}{path}", urlencode(given).encode(), head, method="POST")


class Dev:
    """The command in a process of its own."""

    def __init__(self, folder: Path, *options: str, **environ: str) -> None:
        self.port = free_port()
        self.stands = folder / "stands"
        self._told = folder / "told"
        agent = folder / "ngrok"
        agent.write_text(f"#!{sys.executable}\n{AGENT.read_text(encoding='utf-8')}", encoding="utf-8")
        agent.chmod(0o755)
        own = {"PYNGROK_NGROK_PATH": str(agent), "NGROK_STANDS": str(self.stands), "HOME": str(folder)}
        command = [sys.executable, "-c", "from ivrkit.cli.main import main; main(prog_name='ivrkit')", "dev"]
        with self._told.open("wb") as told:
            self.process = start(
                [*command, "--port", str(self.port), *options],
                env={**os.environ, **own, **environ},
                stdout=told,
                stderr=told,
            )

    @property
    def told(self) -> str:
        """What it printed."""
        return self._told.read_text(encoding="utf-8")

    def ask(self, request: urllib.request.Request, at: str) -> tuple[int, str]:
        """Return status and text of an answer; status 0 where nobody answers."""
        request.host = at
        request.type = "http"
        try:
            with urllib.request.build_opener().open(request, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def wait(self) -> None:
        """Wait until it answers."""
        end = time.monotonic() + PATIENCE
        at = f"127.0.0.1:{self.port}"
        while self.ask(urllib.request.Request(f"http://{at}/healthz"), at)[0] != 200:
            assert self.process.poll() is None, self.told
            assert time.monotonic() < end, self.told
            time.sleep(0.1)

    def end(self) -> None:
        """End it, as Ctrl-C does."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(PATIENCE) == 0, self.told


@pytest.fixture
def dev(tmp_path):
    """Return what starts the command."""
    started = []

    def start(*options: str, **environ: str) -> Dev:
        started.append(Dev(tmp_path, *options, **environ))
        return started[-1]

    yield start
    for each in started:
        if each.process.poll() is None:  # the test failed: it ends, and what it started with it
            each.process.terminate()
            each.process.wait(PATIENCE)


@pytest.mark.server
def test_it_serves_in_dev_mode(dev):
    """As ``ivrkit serve --dev`` does."""
    served = dev()
    served.wait()
    at = f"127.0.0.1:{served.port}"
    status, text = served.ask(signed("/webhook"), at)
    assert (status, "Thank you for calling" in text) == (200, True)
    served.end()
    assert "in dev mode; end with Ctrl-C." in served.told


@pytest.mark.server
def test_a_call_through_a_tunnel(dev):
    """What Twilio signs is let in, whatever host and scheme come through; nobody else is; the tunnel ends with it."""
    served = dev("--tunnel", TWILIO_AUTH_TOKEN=TOKEN, IVRKIT_URL_PREFIX="/phone")
    end = time.monotonic() + PATIENCE
    while not served.stands.exists() or served.ask(signed("/phone/webhook"), served.stands.read_text())[0] != 200:
        assert served.process.poll() is None, served.told
        assert time.monotonic() < end, served.told
        time.sleep(0.1)
    at = served.stands.read_text()
    status, text = served.ask(signed("/phone/webhook", CallSid="CA2"), at)
    assert (status, "Thank you for calling" in text) == (200, True)
    assert served.ask(signed("/phone/webhook", "another", CallSid="CA2"), at)[0] == 403
    assert served.told.splitlines()[:5] == [
        f"Public address: {PUBLIC}",
        f"  A call comes in:        {PUBLIC}/phone/webhook",
        f"  Primary handler fails:  {PUBLIC}/phone/webhook/fallback",
        f"  Call status changes:    {PUBLIC}/phone/webhook/status",
        f"Set them all on your number: ivrkit connect NUMBER --url {PUBLIC}/phone",
    ]
    served.end()
    assert served.ask(signed("/phone/webhook"), at)[0] == 0


@pytest.mark.server
def test_what_ngrok_refuses_is_one_message(dev):
    """In its own words, with the mend; nothing is left running."""
    served = dev("--tunnel", TWILIO_AUTH_TOKEN=TOKEN, NGROK_REFUSES="authentication failed. Your authtoken: sesame")
    assert served.process.wait(PATIENCE) == 1
    assert "sesame" not in served.told
    assert re.fullmatch(
        r"Error: ngrok opened no tunnel: .*authentication failed.*\n"
        r"  hint: its token is NGROK_AUTHTOKEN, from https://dashboard\.ngrok\.com\n",
        served.told,
    )
