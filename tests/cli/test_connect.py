"""``ivrkit connect``, with Twilio's own client, against a server that imitates Twilio's REST API."""

import socket

import pytest
from click.testing import CliRunner
from tests.cli.twilio_api import ACCOUNT, KNOWS_RULES, TOKEN, TwilioApi
from twilio.rest import Client

from ivrkit.cli.main import main
from ivrkit.cli.twilio_account import TwilioAccount

NUMBER = "+14155550100"
URL = "https://ivr.example.com/phone"
HELP = """\
Usage: ivrkit connect [OPTIONS] NUMBER

  Show or set the webhooks of a Twilio number.

  Set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN in the environment or in .env. In
  place of the auth token, you can set TWILIO_API_KEY and TWILIO_API_SECRET. The
  command asks for missing values.

Options:
  --url TEXT        The public URL of the app or of its webhook. Without it,
                    only show the webhooks.
  --overrides TEXT  Connection overrides of the webhooks, such as 'rc=1&rp=ct',
                    or '' for none. Default: the settings' value.
  --dry-run         Show the changes without making them.
  --yes             Do not ask before the change.
  -h, --help        Show this message and exit.
"""
INVALID_OVERRIDES = (
    "--overrides rx=1&rc=9: the connection override must be ct, rt, tt, rc, rp, sni or e, not 'rx'; the "
    "connection override rc must be from 0 to 5, not '9'"
)
CONNECTED = {
    "VoiceUrl": f"{URL}/webhook#rc=1&rp=ct",
    "VoiceMethod": "POST",
    "VoiceFallbackUrl": f"{URL}/webhook/fallback#rc=1&rp=ct",
    "VoiceFallbackMethod": "POST",
    "StatusCallback": f"{URL}/webhook/status",
    "StatusCallbackMethod": "POST",
}


@pytest.fixture
def api(monkeypatch):
    """Serve the API of an account with three numbers to the command."""
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
    """Return a function that runs the command with typed input, and checks that it prints no secret."""

    def run(*arguments, typed=""):
        done = CliRunner().invoke(
            main, ["connect", *arguments], input=typed, prog_name="ivrkit", catch_exceptions=False
        )
        assert TOKEN not in done.output
        return done

    return run


def test_help(ivrkit):
    """``--help`` describes the command and lists its options."""
    assert ivrkit("connect", "--help").stdout == HELP


def test_a_number_is_shown(api, connect):
    """Without ``--url`` the webhooks are shown and nothing is changed."""
    done = connect(NUMBER)
    assert done.stdout.splitlines() == [
        "WEBHOOK                NOW",
        "a call comes in        GET https://demo.example.com/welcome",
        "primary handler fails  -",
        "call status changes    -",
    ]
    assert (done.exit_code, api.changes) == (0, [])


@pytest.mark.parametrize("url", [URL, f"{URL}/", f"{URL}/webhook"])
def test_a_number_is_connected(api, connect, url):
    """After a table of old and new values, the three webhooks are set, each with POST."""
    done = connect(NUMBER, "--url", url, typed="y\n")
    assert api.changes == [CONNECTED]
    printed = [
        line for line in done.stdout.splitlines() if line.strip() != "y"
    ]  # some versions echo what is typed here
    assert printed == [
        "WEBHOOK                NOW                                   NEW",
        f"a call comes in        GET https://demo.example.com/welcome  POST {URL}/webhook#rc=1&rp=ct",
        f"primary handler fails  -                                     POST {URL}/webhook/fallback#rc=1&rp=ct",
        f"call status changes    -                                     POST {URL}/webhook/status",
        f"{NUMBER} is connected. Call it to try it.",
    ]
    assert done.stderr.startswith("Make these changes? [y/N]:")


def test_a_connected_number_is_not_changed(api, connect):
    """If the number has the webhooks already, nothing is sent and no question is asked."""
    connect(NUMBER, "--url", URL, "--yes")
    done = connect(NUMBER, "--url", URL)
    assert done.stdout.splitlines()[-1] == "Nothing to change."
    assert len(api.changes) == 1


@pytest.mark.parametrize(
    ("more", "typed", "last"),
    [(["--dry-run"], "", "Nothing was changed (--dry-run)."), ([], "n\n", "Nothing was changed.")],
)
def test_nothing_is_changed(api, connect, more, typed, last):
    """Nothing is changed with ``--dry-run``, or if the answer to the question is no."""
    done = connect(NUMBER, "--url", URL, *more, typed=typed)
    assert (done.stdout.splitlines()[-1], api.changes) == (last, [])


def test_connection_overrides(api, connect):
    """Connection overrides are the fragment of the voice and fallback URLs, not of the status callback."""
    connect(NUMBER, "--url", URL, "--overrides", "rc=1&rp=5xx,ct", "--yes")
    assert api.changes[0]["VoiceUrl"] == f"{URL}/webhook#rc=1&rp=5xx,ct"
    assert api.changes[0]["VoiceFallbackUrl"] == f"{URL}/webhook/fallback#rc=1&rp=5xx,ct"
    assert api.changes[0]["StatusCallback"] == f"{URL}/webhook/status"


def test_connection_overrides_of_the_settings(api, connect, folder):
    """Without ``--overrides`` those of the settings are used, and a problem of the settings is an error."""
    file = folder / "ivrkit.toml"
    file.write_text('connection_overrides = "rc=2&rp=all"\n')
    connect(NUMBER, "--url", URL, "--yes")
    assert api.changes[0]["VoiceUrl"] == f"{URL}/webhook#rc=2&rp=all"
    file.write_text('connection_overrides = "rc=9"\n')
    assert connect(NUMBER, "--url", URL, "--yes").stderr == (
        "Error: ivrkit.toml:1: connection_overrides: rc must be a number from 0 to 5, not '9'\n"
        "  hint: write it as in rc=1&rp=ct\n"
    )
    assert len(api.changes) == 1


@pytest.mark.parametrize("overrides", [[], ["--overrides", "rc=1&rp=ct"]], ids=["settings", "option"])
@pytest.mark.parametrize("url", ["https://ivr.example.com", URL, f"{URL}/webhook/"])
def test_the_prefix_of_the_settings(api, connect, folder, url, overrides):
    """The setting ``url_prefix`` is appended to the URL of an app, and is not repeated."""
    (folder / "ivrkit.toml").write_text('url_prefix = "/phone"\n')
    connect(NUMBER, "--url", url, *overrides, "--yes")
    assert api.changes == [CONNECTED]


def test_no_connection_overrides(api, connect):
    """An empty ``--overrides`` sets no connection overrides, even if the settings have some."""
    connect(NUMBER, "--url", URL, "--overrides", "", "--yes")
    assert api.changes[0]["VoiceUrl"] == f"{URL}/webhook"
    assert api.changes[0]["VoiceFallbackUrl"] == f"{URL}/webhook/fallback"


def test_a_twiml_app_and_a_sip_trunk_are_cleared(api, connect):
    """A TwiML app and a SIP trunk take precedence over the webhooks, so both are cleared."""
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
    assert api.changes == [{**CONNECTED, "VoiceApplicationSid": "", "TrunkSid": ""}]


@pytest.mark.parametrize(
    ("url", "warnings"),
    [
        (
            "http://ivr.example.com",
            ["the URL is not https: everything that callers press crosses the network unencrypted"],
        ),
        ("https://localhost:5000", ["Twilio can't reach localhost: it is an address of this machine"]),
        ("https://ivr.local", ["Twilio can't reach ivr.local: it is an address of this machine"]),
    ],
)
def test_a_url_that_is_hardly_meant_is_a_warning(api, connect, url, warnings):
    """A URL that Twilio can't reach, or that is not https, is set with a warning."""
    done = connect(NUMBER, "--url", url, "--yes")
    assert done.stderr.splitlines() == [f"Warning: {each}" for each in warnings]
    assert len(api.changes) == 1


class TestCredentials:
    """Credentials come from the environment, from ``.env``, or from a prompt; they are never printed."""

    def test_an_api_key(self, api, connect, monkeypatch):
        """An API key replaces the account's auth token."""
        api.users = {"SK1": "the-secret-of-the-key"}
        monkeypatch.delenv("TWILIO_AUTH_TOKEN")
        monkeypatch.setenv("TWILIO_API_KEY", "SK1")
        monkeypatch.setenv("TWILIO_API_SECRET", "the-secret-of-the-key")
        done = connect(NUMBER)
        assert done.exit_code == 0
        assert "the-secret-of-the-key" not in done.output

    def test_the_file_of_variables(self, api, connect, monkeypatch, folder):
        """Credentials are read from ``.env``; of several tokens, the first one is used."""
        monkeypatch.delenv("TWILIO_ACCOUNT_SID")
        monkeypatch.delenv("TWILIO_AUTH_TOKEN")
        (folder / ".env").write_text(f"TWILIO_ACCOUNT_SID={ACCOUNT}\nTWILIO_AUTH_TOKEN={TOKEN},old\n")
        assert connect(NUMBER).exit_code == 0

    def test_missing_credentials_are_asked_for(self, api, connect, monkeypatch):
        """Missing credentials are asked for, and the typed text is not shown."""
        monkeypatch.delenv("TWILIO_ACCOUNT_SID")
        monkeypatch.delenv("TWILIO_AUTH_TOKEN")
        done = connect(NUMBER, typed=f"{ACCOUNT}\n{TOKEN}\n")
        assert done.exit_code == 0
        assert "".join(done.stderr.split()) == "AccountSID:Authtoken:"
        assert ACCOUNT not in done.output


class TestErrors:
    """Each error is one message with a hint."""

    @pytest.mark.parametrize(
        ("arguments", "message", "hint"),
        [
            (
                ["4155550100"],
                "NUMBER must be a phone number in E.164 form, not 4155550100",
                "write + and the country code: +14155550100",
            ),
            (
                [NUMBER, "--url", f"{URL}/webhook/status"],
                f"--url must be the public URL of a phone tree, not {URL}/webhook/status",
                "write it as https://ivr.example.com",
            ),
            (
                [NUMBER, "--url", "ivr.example.com"],
                "--url must be the public URL of a phone tree, not ivr.example.com",
                "write it as https://ivr.example.com",
            ),
            (
                [NUMBER, "--url", "https://[bad"],
                "--url must be the public URL of a phone tree, not https://[bad",
                "write it as https://ivr.example.com",
            ),
            (
                [NUMBER, "--url", URL, "--overrides", "rx=1&rc=9"],
                INVALID_OVERRIDES,
                "rc=1&rp=ct retries once if the connection fails",
            ),
            (
                ["+14155550109"],
                "the account has no number +14155550109, did you mean '+14155550102'?",
                "its numbers: +14155550100, +14155550101, +14155550102",
            ),
        ],
    )
    def test_an_invalid_argument(self, api, connect, arguments, message, hint):
        """An invalid argument is an error, and nothing is changed."""
        done = connect(*arguments)
        assert (done.stderr, done.exit_code) == (f"Error: {message}\n  hint: {hint}\n", 1)
        assert api.changes == []

    def test_an_account_without_numbers(self, api, connect):
        """If the account has no numbers, the hint is to buy one."""
        api.numbers.clear()
        assert connect(NUMBER).stderr == (
            f"Error: the account has no number {NUMBER}\n  hint: buy a number in Twilio's console\n"
        )

    @pytest.mark.parametrize(
        ("failure", "message", "hint"),
        [
            (
                (403, 20403, "Forbidden"),
                "responds with 403, error 20403: ",
                "the API key may not do this: use the account's auth token",
            ),
            ((429, None, "Too Many Requests"), "responds with 429: ", "too many requests: try again later"),
            (
                (400, 21421, "PhoneNumber is invalid"),
                "responds with 400, error 21421: ",
                "look up the error:",
            ),
        ],
    )
    def test_an_error_of_the_api(self, api, connect, failure, message, hint):
        """An error of the API is printed with its status, its code and its message."""
        api.failure = failure
        printed = connect(NUMBER).stderr
        assert printed.startswith(f"Error: Twilio's API {message}")
        assert failure[2] in printed
        assert f"\n  hint: {hint}" in printed

    def test_wrong_credentials(self, api, connect, monkeypatch):
        """The hint names the variables to check, and the token is not printed."""
        monkeypatch.setenv("TWILIO_AUTH_TOKEN", "another-token")
        done = connect(NUMBER)
        assert done.stderr.startswith("Error: Twilio's API responds with 401, error 20003: ")
        assert "\n  hint: check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN: both are in Twilio's console\n" in done.stderr
        assert "another-token" not in done.output

    @pytest.mark.parametrize("body", [b"<html>Bad gateway</html>", b"[1]", b"{}"])
    @pytest.mark.parametrize("status", [200, 502])
    def test_a_response_that_is_not_from_twilio(self, api, connect, status, body):
        """The response of a proxy is not taken for a response of Twilio's API."""
        api.instead = (status, body)
        assert connect(NUMBER).stderr == (
            "Error: the response does not come from Twilio's API\n"
            "  hint: check your network's proxy, and TWILIO_API_URL\n"
            if body != b"{}" or status == 200
            else "Error: Twilio's API responds with 502: \n"
            "  hint: look up the error: https://www.twilio.com/docs/api/errors\n"
        )

    def test_an_unreadable_file_of_variables(self, connect, folder):
        """A ``.env`` that is not UTF-8 is an error, as for the settings."""
        (folder / ".env").write_bytes(b"TWILIO_ACCOUNT_SID=\xff\n")
        assert connect(NUMBER).stderr.startswith("Error: .env can't be read: 'utf-8' codec can't decode byte 0xff")

    def test_a_change_that_is_refused(self, api, connect):
        """A change that the API refuses is an error with the API's message."""
        api.failure, api.only_changes_fail = (400, 21402, "VoiceUrl is not valid"), True
        printed = connect(NUMBER, "--url", URL, "--yes").stderr
        assert printed.startswith("Error: Twilio's API responds with 400, error 21402: ")
        assert "VoiceUrl is not valid" in printed

    def test_the_default_address_is_twilios(self, monkeypatch, folder):
        """Without TWILIO_API_URL, the requests go to Twilio's own address."""
        monkeypatch.setenv("TWILIO_ACCOUNT_SID", ACCOUNT)
        monkeypatch.setenv("TWILIO_AUTH_TOKEN", TOKEN)
        assert TwilioAccount.from_environment().url == "https://api.twilio.com"

    def test_no_connection(self, connect, monkeypatch):
        """A connection error is printed by its type, without the request."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            monkeypatch.setenv("TWILIO_API_URL", f"http://127.0.0.1:{probe.getsockname()[1]}")
            monkeypatch.setenv("TWILIO_ACCOUNT_SID", ACCOUNT)
            monkeypatch.setenv("TWILIO_AUTH_TOKEN", TOKEN)
            assert connect(NUMBER).stderr == (
                "Error: Twilio's API can't be reached: ConnectionError\n"
                "  hint: check this machine's network and its proxy\n"
            )


def test_as_a_process(api, run):
    """The command sets the webhooks in a process of its own as well."""
    done = run("connect", NUMBER, "--url", URL, "--yes")
    assert (done.returncode, done.stderr) == (0, "")
    assert api.changes == [CONNECTED]


class TestRules:
    """The webhook rules of the account, which versions of twilio before 9.13 cannot read."""

    @pytest.fixture
    def rules(self, api):
        """Return a function that adds a rule for all URLs of the phone tree, after rules for other URLs."""
        api.add_setting("of another product")
        api.add_setting("of a third one")

        def add(**fields):
            setting = api.add_setting("mine", **fields)
            api.add_rule("other", "PREFIX_MATCH", "https://other.example.com/", **{setting: 100})
            api.add_rule("third", "EXACT_MATCH", "https://third.example.com/a", **{setting: 100})
            api.add_rule("voice", "PREFIX_MATCH", "https://ivr.example.com/phone/", **{setting: 100})

        return add

    APPLIED = (
        f"the webhook rule 'voice' applies the setting 'mine' to {URL}/webhook, {URL}/webhook/fallback, "
        f"{URL}/webhook/status, which voids the overrides rc=1&rp=ct"
    )
    HINT = (
        '  hint: make a setting whose connection has "retryPolicy": {"retryCount": 1, "retryOn": '
        '["CONNECTION_TIMEOUT"]}, and name it in the rule'
    )

    @pytest.mark.parametrize(
        ("fields", "expected"),
        [
            ({}, [f"Warning: {APPLIED}: Twilio does not repeat a request after a failed connection", HINT]),
            (
                {"connection": {"retryPolicy": {"retryCount": 1, "retryOn": ["CONNECTION_TIMEOUT"]}}},
                [f"Note: {APPLIED}: Twilio repeats a request once after CONNECTION_TIMEOUT"],
            ),
        ],
        ids=["no-retry", "retry"],
    )
    def test_a_rule_that_voids_the_overrides(self, api, connect, rules, fields, expected):
        """The command warns of a rule that voids the overrides or lacks a retry, and makes the change."""
        rules(**fields)
        done = connect(NUMBER, "--url", URL, "--yes")
        assert done.stderr.splitlines() == (expected if KNOWS_RULES else [])
        assert api.changes == [CONNECTED]

    def test_the_rules_of_a_connected_number(self, api, connect, rules):
        """Without ``--url`` the rules for the webhooks of the number are shown."""
        rules()
        assert connect(NUMBER).stderr == ""
        connect(NUMBER, "--url", URL, "--yes")
        shown = [f"Warning: {self.APPLIED}: Twilio does not repeat a request after a failed connection", self.HINT]
        assert connect(NUMBER).stderr.splitlines() == (shown if KNOWS_RULES else [])

    def test_a_shared_key_that_is_not_set(self, api, connect, rules, monkeypatch):
        """A rule whose shared key is not in the settings is a warning."""
        monkeypatch.setenv("IVRKIT_SHARED_KEYS__key_b", "sesame")
        retry = {"retryPolicy": {"retryCount": 1, "retryOn": ["ALL"]}}
        rules(connection=retry, signature={"type": "SHARED_KEY", "sharedKeyId": "key_a", "algorithm": "HMAC_SHA256"})
        shown = connect(NUMBER, "--url", URL, "--dry-run").stderr.splitlines()
        where = self.APPLIED.partition(", which")[0]
        expected = [
            f"Warning: {where}: it signs with the shared key 'key_a', which is not set here, only 'key_b'",
            "  hint: set IVRKIT_SHARED_KEYS__key_a to the secret of the key",
        ]
        assert shown[1:] == (expected if KNOWS_RULES else [])

    def test_rules_that_cannot_be_read(self, api, connect):
        """If the rules cannot be read, the command says why and goes on."""
        problem = {"type": "x", "title": "Forbidden", "status": 403, "detail": "No access to rules.", "code": 20403}
        api.rules_failure = (403, problem)
        done = connect(NUMBER, "--url", URL, "--yes")
        expected = (
            "Warning: the webhook rules of the account were not read: Twilio's API responds with 403, error 20403: No "
            "access to rules.\n"
        )
        assert done.stderr == (expected if KNOWS_RULES else "")
        assert api.changes == [CONNECTED]
        api.rules_failure = (500, {"title": "Broken"})
        expected = expected.partition("Twilio's")[0] + "Twilio's API responds with 500: Broken\n"
        assert connect(NUMBER).stderr == (expected if KNOWS_RULES else "")
        api.rules_failure = (500, {})
        assert connect(NUMBER).stderr == (expected.replace("Broken", "") if KNOWS_RULES else "")

    def test_a_rule_with_a_setting_that_is_gone(self, api, connect):
        """A setting that the account no longer lists has the defaults of Twilio."""
        api.add_rule("", "DEFAULT", webhooks_setting_x=100)
        shown = connect(NUMBER, "--url", URL, "--dry-run").stderr
        expected = f"Warning: the webhook rule '{api.rules[0]['id']}' applies the setting 'webhooks_setting_x' to "
        assert shown.startswith(expected) is KNOWS_RULES

    def test_an_old_version_of_twilio(self, connect, monkeypatch, api, rules):
        """With a version of twilio that cannot read rules, the command says nothing about them."""
        rules()
        monkeypatch.delattr(Client, "webhooks", raising=False)
        assert connect(NUMBER, "--url", URL, "--dry-run").stderr == ""
