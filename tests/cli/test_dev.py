"""``ivrkit dev``: a server on this machine, with and without a tunnel."""

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
#: How long a server may take to start on a busy machine, in seconds.
PATIENCE = 60.0
HELP = """\
Usage: ivrkit dev [OPTIONS]

  Serve on this machine and reload on changes.

  With --tunnel the server gets a public address. Everybody can reach this
  address, so signatures are checked and TWILIO_AUTH_TOKEN must be set.

Options:
  --port INTEGER RANGE  Port to listen on.  [default: 5000; 1<=x<=65535]
  --tunnel              Open an ngrok tunnel, so that Twilio reaches the server.
  --block PLUGIN        Leave a plugin out. May be repeated.
  --plugins-dir FOLDER  Load the plugin files in a folder.
  --safe                Load only the core's states and the operator.
  -h, --help            Show this message and exit.
"""


def test_help(ivrkit):
    """``--help`` describes the command and lists its options."""
    assert ivrkit("dev", "--help").stdout == HELP


def test_a_tunnel_needs_a_token(ivrkit):
    """``--tunnel`` without an auth token is an error: anybody could send webhooks in Twilio's name."""
    done = ivrkit("dev", "--tunnel")
    assert (done.stdout, done.exit_code) == ("", 1)
    assert done.stderr == (
        "Error: --tunnel needs an auth token, because everybody can reach the public address\n"
        "  hint: set TWILIO_AUTH_TOKEN to your account's token\n"
    )


@pytest.mark.parametrize("variable", ["TWILIO_AUTH_TOKEN", "IVRKIT_SHARED_KEYS__key_a"])
def test_without_the_extra_the_hint_is_to_install_it(run, tmp_path, variable):
    """``--tunnel`` without pyngrok is an error with the install command; a token or a shared key is enough."""
    (tmp_path / "sitecustomize.py").write_text(WITHOUT_GRANIAN.replace("granian", "pyngrok"), encoding="utf-8")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    done = run("dev", "--tunnel", PYTHONPATH=path, **{variable: TOKEN})
    assert (done.stdout, done.returncode) == ("", 1)
    assert done.stderr == (
        "Error: --tunnel needs pyngrok, which is not installed\n  hint: pip install 'ivrkit[tunnel]'\n"
    )


def free_port() -> int:
    """Return a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def signed(path: str, token: str = TOKEN, **params: str) -> urllib.request.Request:
    """Return a webhook that is signed for the public address; its real address is set later."""
    given = {"CallSid": "CA" + "1" * 32, "CallStatus": "in-progress", "From": "+15550100", "To": "+15550199", **params}
    signature = RequestValidator(token).compute_signature(f"{PUBLIC}{path}", given)
    head = {"X-Twilio-Signature": signature, "Content-Type": "application/x-www-form-urlencoded"}
    return urllib.request.Request(f"{PUBLIC}{path}", urlencode(given).encode(), head, method="POST")


class Dev:
    """The command in a process of its own."""

    def __init__(self, folder: Path, *options: str, **environ: str) -> None:
        self.port = free_port()
        self.address_file = folder / "address"
        self._output = folder / "output"
        agent = folder / "ngrok"
        agent.write_text(f"#!{sys.executable}\n{AGENT.read_text(encoding='utf-8')}", encoding="utf-8")
        agent.chmod(0o755)
        own = {"PYNGROK_NGROK_PATH": str(agent), "NGROK_ADDRESS_FILE": str(self.address_file), "HOME": str(folder)}
        command = [sys.executable, "-c", "from ivrkit.cli.main import main; main(prog_name='ivrkit')", "dev"]
        with self._output.open("wb") as output:
            self.process = start(
                [*command, "--port", str(self.port), *options],
                env={**os.environ, **own, **environ},
                stdout=output,
                stderr=output,
            )

    @property
    def output(self) -> str:
        """Everything that it printed."""
        return self._output.read_text(encoding="utf-8")

    def ask(self, request: urllib.request.Request, at: str) -> tuple[int, str]:
        """Return the status and the body of a response, or status 0 without a response."""
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
        """Wait until the server answers."""
        end = time.monotonic() + PATIENCE
        at = f"127.0.0.1:{self.port}"
        while self.ask(urllib.request.Request(f"http://{at}/healthz"), at)[0] != 200:
            assert self.process.poll() is None, self.output
            assert time.monotonic() < end, self.output
            time.sleep(0.1)

    def end(self) -> None:
        """Stop the command with SIGTERM; its exit code is 0."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(PATIENCE) == 0, self.output


@pytest.fixture
def dev(tmp_path):
    """Return a function that starts the command."""
    started = []

    def start(*options: str, **environ: str) -> Dev:
        started.append(Dev(tmp_path, *options, **environ))
        return started[-1]

    yield start
    for each in started:
        if each.process.poll() is None:  # the test failed: stop it with all that it started
            each.process.terminate()
            each.process.wait(PATIENCE)


@pytest.mark.server
def test_it_serves_in_dev_mode(dev):
    """Without ``--tunnel`` the command serves in dev mode, as ``ivrkit serve --dev`` does."""
    served = dev()
    served.wait()
    at = f"127.0.0.1:{served.port}"
    status, text = served.ask(signed("/webhook"), at)
    assert (status, "Thank you for calling" in text) == (200, True)
    served.end()
    assert "in dev mode (stop with Ctrl-C)" in served.output


@pytest.mark.server
def test_a_call_through_a_tunnel(dev):
    """Only webhooks that Twilio signed for the public address are accepted; the tunnel ends with the server."""
    served = dev("--tunnel", TWILIO_AUTH_TOKEN=TOKEN, IVRKIT_URL_PREFIX="/phone")
    end = time.monotonic() + PATIENCE
    while (
        not served.address_file.exists()
        or served.ask(signed("/phone/webhook"), served.address_file.read_text())[0] != 200
    ):
        assert served.process.poll() is None, served.output
        assert time.monotonic() < end, served.output
        time.sleep(0.1)
    at = served.address_file.read_text()
    status, text = served.ask(signed("/phone/webhook", CallSid="CA" + "2" * 32), at)
    assert (status, "Thank you for calling" in text) == (200, True)
    assert served.ask(signed("/phone/webhook", "another", CallSid="CA" + "2" * 32), at)[0] == 403
    assert served.output.splitlines()[:5] == [
        f"Public address: {PUBLIC}",
        f"  A call comes in:        {PUBLIC}/phone/webhook",
        f"  Primary handler fails:  {PUBLIC}/phone/webhook/fallback",
        f"  Call status changes:    {PUBLIC}/phone/webhook/status",
        f"Set all three on your number: ivrkit connect NUMBER --url {PUBLIC}/phone",
    ]
    served.end()
    assert served.ask(signed("/phone/webhook"), at)[0] == 0


@pytest.mark.server
def test_an_error_of_ngrok_is_one_message(dev):
    """If ngrok opens no tunnel, its message is printed without the token, and the command ends."""
    served = dev("--tunnel", TWILIO_AUTH_TOKEN=TOKEN, NGROK_REFUSES="authentication failed. Your authtoken: sesame")
    assert served.process.wait(PATIENCE) == 1
    assert "sesame" not in served.output
    assert re.fullmatch(
        r"Error: ngrok opened no tunnel: .*authentication failed.*\n"
        r"  hint: set NGROK_AUTHTOKEN to your ngrok token, see https://dashboard\.ngrok\.com\n",
        served.output,
    )
