"""``ivrkit connect``, through twilio's own client, against a server that answers in the form of Twilio's REST API."""

import socket

import pytest
from click.testing import CliRunner
from tests.cli.twilio_api import ACCOUNT, TOKEN, TwilioApi

from ivrkit.cli.main import main
from ivrkit.cli.twilio_account import Account

NUMBER = "+14155550100"
URL = "https://ivr.example.com/phone"
HELP = """\
Usage: ivrkit connect [OPTIONS] NUMBER

  Show where a Twilio number sends its calls, or send them to a tree.

  The account is that of TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN, or
  TWILIO_API_KEY and TWILIO_API_SECRET; what is not in the environment is asked
  for.

Options:
  --url TEXT        Where the tree is reached, such as https://ivr.example.com.
                    Left out: only show.
  --overrides TEXT  Connection overrides for the webhooks, such as 'rc=1&rp=ct';
                    '' for none. Left out: those of the settings.
  --dry-run         Show what would be changed, and change nothing.
  --yes             Do not ask before the change.
  --help            Show this message and exit.
"""
NO_OVERRIDE = (
    "--overrides rx=1&rc=9: the connection override must be ct, rt, tt, rc, rp, sni or e, not 'rx'; the "
    "connection override rc must be from 0 to 5, not '9'"
)
WANTED = {
    "VoiceUrl": f"{URL}/webhook#rc=1&rp=ct",
    "VoiceMethod": "POST",
    "VoiceFallbackUrl": f"{URL}/webhook/fallback#rc=1&rp=ct",
    "VoiceFallbackMethod": "POST",
    "StatusCallback": f"{URL}/webhook/status",
    "StatusCallbackMethod": "POST",
}


@pytest.fixture
def api(monkeypatch):
    """An account with three numbers, which the command asks."""
    api = TwilioApi()
    api.add(NUMBER, voice_url="https://demo.example.com/welcome", voice_method="GET")
    api.add("+14155550101")
    api.add("+14155550102")
    with api.serving():
        monkeypatch.setenv("TWILIO_API_URL", api.url)
        monkeypatch.setenv("TWILIO_ACCOUNT_SID", ACCOUNT)
        monkeypatch.setenv("TWILIO_AUTH_TOKEN", TOKEN)
        yield api


@pytest.fixture
def connect():
    """Return the command; what is typed into it is given by name. It never tells a secret."""

    def run(*arguments, typed=""):
        done = CliRunner().invoke(
            main, ["connect", *arguments], input=typed, prog_name="ivrkit", catch_exceptions=False
        )
        assert TOKEN not in done.output
        return done

    return run


def test_help(ivrkit):
    """What it takes."""
    assert ivrkit("connect", "--help").stdout == HELP


def test_a_number_is_shown(api, connect):
    """Without an address nothing is changed."""
    done = connect(NUMBER)
    assert done.stdout.splitlines() == [
        "WHAT                   NOW",
        "a call comes in        GET https://demo.example.com/welcome",
        "primary handler fails  -",
        "call status changes    -",
    ]
    assert (done.exit_code, api.changes) == (0, [])


@pytest.mark.parametrize("url", [URL, f"{URL}/", f"{URL}/webhook"])
def test_a_number_is_connected(api, connect, url):
    """Voice, fallback and status, each by POST; what was and what becomes is shown first."""
    done = connect(NUMBER, "--url", url, typed="y\n")
    assert api.changes == [WANTED]
    printed = [
        line for line in done.stdout.splitlines() if line.strip() != "y"
    ]  # some versions echo what is typed here
    assert printed == [
        "WHAT                   WAS                                   BECOMES",
        f"a call comes in        GET https://demo.example.com/welcome  POST {URL}/webhook#rc=1&rp=ct",
        f"primary handler fails  -                                     POST {URL}/webhook/fallback#rc=1&rp=ct",
        f"call status changes    -                                     POST {URL}/webhook/status",
        f"{NUMBER} is connected: call it.",
    ]
    assert done.stderr.startswith("Change these? [y/N]:")


def test_what_is_so_already_is_not_asked_for(api, connect):
    """Nothing is sent, and nobody is asked."""
    connect(NUMBER, "--url", URL, "--yes")
    done = connect(NUMBER, "--url", URL)
    assert done.stdout.splitlines()[-1] == "Nothing to change."
    assert len(api.changes) == 1


@pytest.mark.parametrize(
    ("more", "typed", "last"),
    [(["--dry-run"], "", "Nothing was changed: --dry-run."), ([], "n\n", "Nothing was changed.")],
)
def test_nothing_is_changed(api, connect, more, typed, last):
    """By --dry-run, and when it is not wanted after all."""
    done = connect(NUMBER, "--url", URL, *more, typed=typed)
    assert (done.stdout.splitlines()[-1], api.changes) == (last, [])


def test_connection_overrides(api, connect):
    """They are the fragment of voice and fallback; a status callback is no request of the call."""
    connect(NUMBER, "--url", URL, "--overrides", "rc=1&rp=5xx,ct", "--yes")
    assert api.changes[0]["VoiceUrl"] == f"{URL}/webhook#rc=1&rp=5xx,ct"
    assert api.changes[0]["VoiceFallbackUrl"] == f"{URL}/webhook/fallback#rc=1&rp=5xx,ct"
    assert api.changes[0]["StatusCallback"] == f"{URL}/webhook/status"


def test_connection_overrides_of_the_settings(api, connect, folder):
    """Those that the tree itself writes, where the command is not told others; a problem of the settings is told."""
    file = folder / "ivrkit.toml"
    file.write_text('connection_overrides = "rc=2&rp=all"\n')
    connect(NUMBER, "--url", URL, "--yes")
    assert api.changes[0]["VoiceUrl"] == f"{URL}/webhook#rc=2&rp=all"
    file.write_text('connection_overrides = "rc=9"\n')
    assert connect(NUMBER, "--url", URL, "--yes").stderr == (
        "Error: ivrkit.toml:1: connection_overrides: the connection override rc is '9'\n  hint: it takes 0 to 5\n"
    )
    assert len(api.changes) == 1


def test_no_connection_overrides(api, connect):
    """An empty text leaves the number to what Twilio does by itself, whatever the settings say."""
    connect(NUMBER, "--url", URL, "--overrides", "", "--yes")
    assert api.changes[0]["VoiceUrl"] == f"{URL}/webhook"
    assert api.changes[0]["VoiceFallbackUrl"] == f"{URL}/webhook/fallback"


def test_what_would_win_over_the_addresses_is_cleared(api, connect):
    """A TwiML app or a SIP trunk takes the calls of a number whatever its addresses are."""
    api.add("+14155550103", voice_application_sid="AP1", trunk_sid="TK1")
    assert connect("+14155550103").stdout.splitlines()[-2:] == [
        "TwiML app              AP1",
        "SIP trunk              TK1",
    ]
    done = connect("+14155550103", "--url", URL, "--yes")
    assert done.stdout.splitlines()[-3:-1] == [
        f"TwiML app              AP1  {'cleared'}",
        f"SIP trunk              TK1  {'cleared'}",
    ]
    assert api.changes == [{**WANTED, "VoiceApplicationSid": "", "TrunkSid": ""}]


@pytest.mark.parametrize(
    ("url", "warnings"),
    [
        ("http://ivr.example.com", ["the address is not https: what callers press would cross the network in clear"]),
        ("https://localhost:5000", ["Twilio can't reach localhost: it is this machine alone"]),
        ("https://ivr.local", ["Twilio can't reach ivr.local: it is this machine alone"]),
    ],
)
def test_what_will_not_go_well_is_told(api, connect, url, warnings):
    """It is done all the same."""
    done = connect(NUMBER, "--url", url, "--yes")
    assert done.stderr.splitlines() == [f"Warning: {each}" for each in warnings]
    assert len(api.changes) == 1


class TestCredentials:
    """From the environment, from ``.env``, or asked for; never told."""

    def test_an_api_key(self, api, connect, monkeypatch):
        """In place of the account's token."""
        api.users = {"SK1": "the-secret-of-the-key"}
        monkeypatch.delenv("TWILIO_AUTH_TOKEN")
        monkeypatch.setenv("TWILIO_API_KEY", "SK1")
        monkeypatch.setenv("TWILIO_API_SECRET", "the-secret-of-the-key")
        done = connect(NUMBER)
        assert done.exit_code == 0
        assert "the-secret-of-the-key" not in done.output

    def test_those_of_the_folder(self, api, connect, monkeypatch, folder):
        """``.env`` is read, and of several tokens the first."""
        monkeypatch.delenv("TWILIO_ACCOUNT_SID")
        monkeypatch.delenv("TWILIO_AUTH_TOKEN")
        (folder / ".env").write_text(f"TWILIO_ACCOUNT_SID={ACCOUNT}\nTWILIO_AUTH_TOKEN={TOKEN},old\n")
        assert connect(NUMBER).exit_code == 0

    def test_those_that_are_typed(self, api, connect, monkeypatch):
        """What is typed is not shown."""
        monkeypatch.delenv("TWILIO_ACCOUNT_SID")
        monkeypatch.delenv("TWILIO_AUTH_TOKEN")
        done = connect(NUMBER, typed=f"{ACCOUNT}\n{TOKEN}\n")
        assert done.exit_code == 0
        assert "".join(done.stderr.split()) == "AccountSID:Authtoken:"
        assert ACCOUNT not in done.output


class TestErrors:
    """One message, with the mend."""

    @pytest.mark.parametrize(
        ("arguments", "message", "hint"),
        [
            (["4155550100"], "4155550100 is no telephone number", "write it with + and the country: +14155550100"),
            (
                [NUMBER, "--url", "ivr.example.com"],
                "--url ivr.example.com is no address of a tree",
                "write its base: https://ivr.example.com",
            ),
            (
                [NUMBER, "--url", "https://[bad"],
                "--url https://[bad is no address of a tree",
                "write its base: https://ivr.example.com",
            ),
            (
                [NUMBER, "--url", URL, "--overrides", "rx=1&rc=9"],
                NO_OVERRIDE,
                "rc=1&rp=ct tries once more, when no connection could be made",
            ),
            (
                ["+14155550109"],
                "the account has no number +14155550109, did you mean '+14155550102'?",
                "it has: +14155550100, +14155550101, +14155550102",
            ),
        ],
    )
    def test_what_can_not_be(self, api, connect, arguments, message, hint):
        """Nothing is changed."""
        done = connect(*arguments)
        assert (done.stderr, done.exit_code) == (f"Error: {message}\n  hint: {hint}\n", 1)
        assert api.changes == []

    def test_an_account_without_numbers(self, api, connect):
        """There is one to be bought."""
        api.numbers.clear()
        assert connect(NUMBER).stderr == (
            f"Error: the account has no number {NUMBER}\n  hint: it has none: buy one in Twilio's console\n"
        )

    @pytest.mark.parametrize(
        ("failure", "message", "hint"),
        [
            (
                (403, 20403, "Forbidden"),
                "answers 403, error 20403: ",
                "the API key may not do this: use the account's own",
            ),
            ((429, None, "Too Many Requests"), "answers 429: ", "too many requests: wait a little"),
            (
                (400, 21421, "PhoneNumber is invalid"),
                "answers 400, error 21421: ",
                "Twilio's page of the error has more:",
            ),
        ],
    )
    def test_what_the_api_refuses(self, api, connect, failure, message, hint):
        """Its status, its code and its own words."""
        api.failure = failure
        told = connect(NUMBER).stderr
        assert told.startswith(f"Error: Twilio's API {message}")
        assert failure[2] in told
        assert f"\n  hint: {hint}" in told

    def test_wrong_credentials(self, api, connect, monkeypatch):
        """What to look at; the token is not told."""
        monkeypatch.setenv("TWILIO_AUTH_TOKEN", "another-token")
        done = connect(NUMBER)
        assert done.stderr.startswith("Error: Twilio's API answers 401, error 20003: ")
        assert (
            "\n  hint: look at TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN: both are in Twilio's console\n" in done.stderr
        )
        assert "another-token" not in done.output

    @pytest.mark.parametrize("body", [b"<html>Bad gateway</html>", b"[1]", b"{}"])
    @pytest.mark.parametrize("status", [200, 502])
    def test_what_is_not_twilio(self, api, connect, status, body):
        """A proxy that answers for it is told from it."""
        api.instead = (status, body)
        assert connect(NUMBER).stderr == (
            "Error: what answers is not Twilio's API\n  hint: look at a proxy in between, and at TWILIO_API_URL\n"
            if body != b"{}" or status == 200
            else "Error: Twilio's API answers 502: \n"
            "  hint: Twilio's page of the error has more: https://www.twilio.com/docs/api/errors\n"
        )

    def test_a_file_of_variables_that_is_none(self, connect, folder):
        """Told as for the settings."""
        (folder / ".env").write_bytes(b"TWILIO_ACCOUNT_SID=\xff\n")
        assert connect(NUMBER).stderr.startswith("Error: .env cannot be read: 'utf-8' codec can't decode byte 0xff")

    def test_a_change_that_is_refused(self, api, connect):
        """Told like anything else that the API refuses."""
        api.failure, api.only_changes_fail = (400, 21402, "VoiceUrl is not valid"), True
        told = connect(NUMBER, "--url", URL, "--yes").stderr
        assert told.startswith("Error: Twilio's API answers 400, error 21402: ")
        assert "VoiceUrl is not valid" in told

    def test_without_a_stand_in_it_is_twilio_that_is_asked(self, monkeypatch, folder):
        """The address that the client itself has."""
        monkeypatch.setenv("TWILIO_ACCOUNT_SID", ACCOUNT)
        monkeypatch.setenv("TWILIO_AUTH_TOKEN", TOKEN)
        assert Account.open().url == "https://api.twilio.com"

    def test_no_connection(self, connect, monkeypatch):
        """What kind of error it was, and nothing of the request."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            monkeypatch.setenv("TWILIO_API_URL", f"http://127.0.0.1:{probe.getsockname()[1]}")
            monkeypatch.setenv("TWILIO_ACCOUNT_SID", ACCOUNT)
            monkeypatch.setenv("TWILIO_AUTH_TOKEN", TOKEN)
            assert connect(NUMBER).stderr == (
                "Error: Twilio's API can't be reached: ConnectionError\n"
                "  hint: look at this machine's connection, and at a proxy in between\n"
            )


def test_as_a_process(api, run):
    """The same in a process of its own, as a user runs it."""
    done = run("connect", NUMBER, "--url", URL, "--yes")
    assert (done.returncode, done.stderr) == (0, "")
    assert api.changes == [WANTED]
