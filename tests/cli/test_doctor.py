"""``ivrkit doctor``: a real app behind real proxies, correct and broken ones."""

import json
import ssl
from contextlib import ExitStack

import pytest
import trustme
from tests.cli.proxies import NGINX, nginx, proxy_to
from tests.cli.twilio_api import ACCOUNT, KNOWS_RULES, TwilioApi
from tests.processes import free_port
from tests.web.webhook_calls import serving
from twilio.rest import Client

from ivrkit import Settings
from ivrkit.web import create_app

TOKEN = "12345"
HELP = """\
Usage: ivrkit doctor [OPTIONS]

  Check settings, plugins, store and webhook.

  The command checks the settings, plugins, session store and clock. Then it
  sends a signed request to the running app through the app's public URL, as
  Twilio does. If a proxy made the signature invalid, the command shows the
  change and the configuration line that fixes the proxy. If TWILIO_ACCOUNT_SID
  is set, the command also reads the webhook rules of the account. The exit code
  is 1 if a check failed.

  Without an auth token, a host starts only in dev mode. With --dev, the missing
  token is a warning.

Options:
  --url URL             The public URL of the app or of its webhook.
  --dev                 Check a host that runs in dev mode.
  --block PLUGIN        Leave a plugin out. May be repeated.
  --plugins-dir FOLDER  Load the plugin files in a folder.
  --safe                Load only the core's states and the operator.
  --json                Print JSON.
  -h, --help            Show this message and exit.
"""
SHOP = "from ivrkit import MenuOption, State\nshop = State('Hi.', options=MenuOption('1', 'the shop'))"


@pytest.fixture(autouse=True)
def _shop(alone, install, monkeypatch):
    """Install a small plugin without problems, and set the auth token."""
    install("shop-states", "3.0", "[ivrkit.states]\nshop = shop:shop\n", shop=SHOP)
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", TOKEN)


@pytest.fixture
def authority(tmp_path, monkeypatch):
    """Return a certificate authority that this process trusts, with a certificate in ``tmp_path``."""
    made = trustme.CA()
    made.cert_pem.write_to_path(tmp_path / "ca.pem")
    issued = made.issue_cert("localhost", "127.0.0.1")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    for number, blob in enumerate(issued.cert_chain_pems):
        blob.write_to_path(tmp_path / "certificate.pem", append=bool(number))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    return made


@pytest.fixture
def context(authority, tmp_path):
    """Return the TLS context of a server with that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "certificate.pem", tmp_path / "key.pem")
    return context


@pytest.fixture
def serve(tmp_path):
    """Serve an app on this machine: ``serve(setting=...)`` returns its base URL."""
    with ExitStack() as stack:

        def serve(**settings):
            given = {"auth_token": TOKEN, "session_url": f"sqlite:///{tmp_path}/served.sqlite3", **settings}
            app = create_app(Settings(**given))
            stack.callback(app.extensions["ivrkit"].sessions.close)
            return stack.enter_context(serving(app, app.extensions["ivrkit"].sessions))

        yield serve


@pytest.fixture
def behind(serve, context):
    """Serve an app behind a TLS proxy: ``behind(change)`` returns the proxy's base URL."""
    with ExitStack() as stack:

        def behind(change=lambda passed: None, **settings):
            app = serve(**{"trusted_proxies": 1, **settings})
            return f"https://{stack.enter_context(proxy_to(app, change, context))}"

        yield behind


@pytest.fixture
def doctor(ivrkit):
    """Run the doctor: ``doctor("--url", url)`` returns the results of its JSON and the exit code."""

    def doctor(*arguments):
        result = ivrkit("doctor", "--json", *arguments)
        assert result.stderr == ""
        return json.loads(result.stdout), result.exit_code

    return doctor


@pytest.fixture
def check_webhook(doctor):
    """Check the webhook of a URL: returns the messages, each with the first and the last hint."""

    def check_webhook(url, *arguments):
        results, code = doctor("--url", url, *arguments)
        found = [each for each in results if each["check"] == "webhook"]
        assert code == (1 if "failed" in {each["status"] for each in found} else 0)
        others = [each["status"] for each in results if each["check"] != "webhook"]
        assert others == ["ok"] * (len(results) - len(found))
        return [(each["message"], each["hints"][:1] + each["hints"][-1:]) for each in found]

    return check_webhook


# Checks on this machine.


def test_the_help_names_every_option(ivrkit):
    """The help describes the checks, every option and the exit code."""
    result = ivrkit("doctor", "--help")
    assert (result.stdout, result.exit_code) == (HELP, 0)


def test_each_result_is_a_line_with_its_hints_below(ivrkit, folder):
    """Each result is a line, its hints are below, and without a public URL the webhook check is skipped."""
    result = ivrkit("doctor")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    clock = lines.pop(3)
    assert clock.startswith("ok       clock     it is 2")
    assert clock.endswith(" in the time zone UTC")
    version = json.loads(ivrkit("plugins", "--json").stdout)[0]["version"]
    assert lines == [
        "ok       settings  the settings load; there is an auth token; public_url is not set",
        f"ok       plugins   3 states are served, from ivrkit {version}, shop-states 3.0",
        "ok       store     sqlite:///ivrkit-sessions.sqlite3: a session was written and read",
        "warning  webhook   skipped: the public URL of the app is not known",
        "            hint:  run ivrkit doctor --url https://ivr.example.com, or set IVRKIT_PUBLIC_URL",
    ]


KEYS = {"key_a": "secret of a", "key_b": "secret of b"}


@pytest.fixture
def shared_keys(monkeypatch):
    """Set the two shared keys in the environment of the doctor."""
    for key, secret in KEYS.items():
        monkeypatch.setenv(f"IVRKIT_SHARED_KEYS__{key}", secret)


@pytest.mark.usefixtures("shared_keys")
def test_every_shared_key_is_checked(check_webhook, serve):
    """The doctor signs a request with the token and one with each shared key."""
    messages = [message for message, _ in check_webhook(serve(shared_keys=KEYS))]
    assert messages[0].startswith("the signature is valid: ")
    assert messages[1:] == [f"the signature with the shared key '{key}' is valid" for key in KEYS]


@pytest.mark.usefixtures("shared_keys")
def test_a_line_with_shared_keys_only_is_checked(check_webhook, serve, monkeypatch):
    """Without an auth token, a shared key also proves that the doctor belongs to the app."""
    monkeypatch.delenv("TWILIO_AUTH_TOKEN")
    messages = [message for message, _ in check_webhook(serve(shared_keys=KEYS, auth_token=()))]
    assert messages == [f"the signature with the shared key '{key}' is valid" for key in KEYS]


@pytest.mark.usefixtures("shared_keys")
def test_a_wrong_shared_key_is_named(check_webhook, serve):
    """A shared key that the app does not have, and one with another secret, are named."""
    found = check_webhook(serve(shared_keys={"key_b": "another secret"}))
    assert [message for message, _ in found][1:] == [
        "the app does not have the shared key 'key_a', only 'key_b'",
        found[2][0],
    ]
    assert found[2][0].startswith("the request arrived as it was sent, but the signature is invalid: ")
    assert "with the shared key 'key_b' and HMAC_SHA256" in found[2][0]
    assert found[2][1][0].startswith("set the same secret for the shared key 'key_b' here and for the app")


@pytest.mark.usefixtures("shared_keys")
def test_a_proxy_that_drops_the_header_of_the_shared_key(check_webhook, behind, monkeypatch):
    """A proxy that removes or changes the header is found, once for all keys, with the lines that fix it."""
    header = "X-Twilio-Webhooks-Signature-Settings"

    def drop(passed):
        passed.headers.pop(header, None)

    messages = [message for message, _ in check_webhook(behind(drop, shared_keys=KEYS))]
    assert messages[0].startswith("the signature is valid: ")
    assert messages[1:] == [f"{header} did not arrive"]

    def change(passed):
        if header in passed.headers:
            passed.headers[header] = passed.headers[header].lower()

    found = check_webhook(behind(change, shared_keys=KEYS))
    # The case of the algorithm does not matter, so the request is still accepted.
    assert [message for message, _ in found][1:] == [
        f"the signature with the shared key '{key}' is valid" for key in KEYS
    ]

    def cut(passed):
        if header in passed.headers:
            passed.headers[header] = passed.headers[header].partition(",")[0]

    found = check_webhook(behind(cut, shared_keys=KEYS))
    expected = f"{header} was changed from 'key=key_a,algorithm=HMAC_SHA256' to 'key=key_a'"
    assert found[1] == (
        expected,
        [
            "nginx: proxy_set_header X-Twilio-Webhooks-Signature-Settings $http_x_twilio_webhooks_signature_settings;",
            "Heroku: already passes it on; another proxy in front of it removes it",
        ],
    )


@pytest.fixture
def api(monkeypatch):
    """Serve the API of the account to the doctor."""
    api = TwilioApi()
    api.users[ACCOUNT] = TOKEN
    with api.serving():
        monkeypatch.setenv("TWILIO_API_URL", api.url)
        monkeypatch.setenv("TWILIO_ACCOUNT_SID", ACCOUNT)
        yield api


@pytest.fixture
def rules(doctor, serve):
    """Return a function that returns status, message and hints about the rules, and the exit code."""

    def rules(**settings):
        results, code = doctor("--url", serve(**settings))
        return [tuple(each.values())[1:] for each in results if each["check"] == "rules"], code

    return rules


def test_without_the_account_the_rules_are_not_checked(rules, doctor):
    """Without TWILIO_ACCOUNT_SID the result names the variable. Without a public URL there is no result."""
    message = "not checked: set TWILIO_ACCOUNT_SID to check the webhook rules of the account"
    assert rules() == ([("ok", message, [])], 0)
    assert [each for each in doctor()[0] if each["check"] == "rules"] == []
    assert [each for each in doctor("--url", "ftp://x")[0] if each["check"] == "rules"] == []


def test_an_old_version_of_twilio(rules, api, monkeypatch):
    """With a version of twilio that cannot read rules, the result names the version that can."""
    monkeypatch.delattr(Client, "webhooks", raising=False)
    message = "not checked: install twilio 9.13 to check the webhook rules of the account"
    assert rules() == ([("ok", message, [])], 0)


class TestRules:
    """The webhook rules of the account, read from a server that imitates Twilio's API."""

    #: Older versions of twilio cannot read rules.
    __test__ = KNOWS_RULES

    def test_an_account_without_rules(self, rules, api):
        """An account without rules is ok."""
        assert rules() == ([("ok", "no webhook rule of the account matches the webhooks", [])], 0)

    def test_a_rule_that_voids_the_overrides(self, rules, api, monkeypatch):
        """A rule that voids the overrides or lacks a retry is a warning, so the exit code stays 0."""
        api.add_rule("all", "DEFAULT", **{api.add_setting("plain"): 100})
        ((status, message, hints),), code = rules()
        assert (status, code) == ("warning", 0)
        assert message.startswith("the webhook rule 'all' applies the setting 'plain' to http://127.0.0.1:")
        assert "/webhook/whisper, http://127.0.0.1:" in message
        assert message.endswith(
            "/webhook/status, which voids the overrides rc=1&rp=ct: Twilio does not repeat a request after a failed "
            "connection"
        )
        assert len(hints) == 1

    def test_a_shared_key_of_a_rule(self, rules, api, monkeypatch):
        """A rule that signs with a shared key that is not set is a failure."""
        signature = {"type": "SHARED_KEY", "sharedKeyId": "key_a", "algorithm": "HMAC_SHA256"}
        retry = {"retryPolicy": {"retryCount": 1, "retryOn": ["CONNECTION_TIMEOUT"]}}
        api.add_rule("all", "DEFAULT", **{api.add_setting("signed", signature=signature, connection=retry): 100})
        found, code = rules()
        assert ([status for status, _, _ in found], code) == (["ok", "failed"], 1)
        assert found[1][2] == ["set IVRKIT_SHARED_KEYS__key_a to the secret of the key"]
        monkeypatch.setenv("IVRKIT_SHARED_KEYS__key_a", "sesame")
        found, code = rules(shared_keys={"key_a": "sesame"})
        assert ([status for status, _, _ in found], code) == (["ok"], 0)

    def test_rules_that_cannot_be_read(self, rules, api, monkeypatch):
        """If the API refuses the credentials, the result is a warning with the fix."""
        monkeypatch.setenv("TWILIO_API_KEY", "SK1")
        monkeypatch.setenv("TWILIO_API_SECRET", "wrong")
        ((status, message, hints),), code = rules()
        assert (status, code) == ("warning", 0)
        assert message == (
            "the webhook rules of the account were not read: Twilio's API responds with 401, error 20003: Authenticate"
        )
        assert hints == ["check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN: both are in Twilio's console"]


NO_TOKEN = "there is no auth token, so no signature can be checked"


def test_a_failure_gives_the_exit_code_1(ivrkit, monkeypatch, folder):
    """If a check failed, the exit code is 1, and each hint has a line of its own."""
    monkeypatch.delenv("TWILIO_AUTH_TOKEN")
    (folder / "ivrkit.toml").write_text('public_url = "http://a.example"', encoding="utf-8")
    result = ivrkit("doctor")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[:5] == [
        f"FAILED   settings  {NO_TOKEN}, and the host starts only in dev mode",
        "            hint:  set TWILIO_AUTH_TOKEN to the auth token of your account, from Twilio's console",
        "                   or, to check a host in dev mode, run ivrkit doctor --dev",
        "warning  settings  public_url is 'http://a.example': the input of callers would be sent unencrypted",
        "            hint:  set IVRKIT_PUBLIC_URL=https://a.example",
    ]
    assert result.stdout.splitlines()[-2:] == [
        "warning  webhook   skipped: there is no auth token to sign with",
        "            hint:  set TWILIO_AUTH_TOKEN",
    ]


def test_a_missing_token_is_a_warning_in_dev_mode(ivrkit, monkeypatch, folder):
    """On a fresh checkout without a token, ``--dev`` or the setting ``dev`` makes the missing token a warning."""
    monkeypatch.delenv("TWILIO_AUTH_TOKEN")
    warning = f"warning  settings  {NO_TOKEN}: in dev mode only this machine may send requests"
    result = ivrkit("doctor", "--dev")
    assert (result.exit_code, result.stdout.splitlines()[0]) == (0, warning)
    monkeypatch.setenv("IVRKIT_DEV", "1")
    result = ivrkit("doctor")
    assert (result.exit_code, result.stdout.splitlines()[0]) == (0, warning)


@pytest.mark.parametrize("path", ["/webhook/", "//webhook"])
def test_a_url_with_a_slash_too_many_is_a_warning(serve, check_webhook, path):
    """A URL with a slash too many is answered, and the doctor names the URL that belongs in Twilio's console."""
    base = serve()
    (message, hints), *others = check_webhook(f"{base}{path}")
    assert message == (
        f"the path of {base}{path} has a slash too many: ivrkit answers, but some servers and proxies change the path"
    )
    assert hints[0] == f"use {base}/webhook in Twilio's console and for --url"
    assert len(others) == 1


@pytest.mark.parametrize("path", ["/webhooks", "/Webhook", "/phone/webhook"])
def test_a_misspelled_url_is_a_failure(serve, check_webhook, path):
    """A URL whose path is misspelled is a failure, with the URL at which ivrkit answers."""
    base = serve()
    ((message, hints),) = check_webhook(f"{base}{path}")
    assert message.startswith(f"404: ivrkit answers at {base}, not at {base}/")
    assert hints[0] == f"use {base}/webhook in Twilio's console and for --url"


def test_invalid_settings_skip_all_other_checks(doctor, folder):
    """All problems of the settings are reported together, and no other check runs."""
    (folder / "ivrkit.toml").write_text("tries = 0\nmax_turns = 1", encoding="utf-8")
    results, code = doctor("--block", "shop-states")
    assert code == 1
    assert results == [
        {
            "check": "settings",
            "status": "failed",
            "message": "ivrkit.toml:1: tries must be a whole number of at least 1, not 0",
            "hints": ["write tries = 3"],
        },
        {
            "check": "settings",
            "status": "failed",
            "message": "ivrkit.toml:2: max_turns must be a whole number of at least 2, not 1",
            "hints": ["write max_turns = 100"],
        },
        {
            "check": "settings",
            "status": "warning",
            "message": "all other checks were skipped",
            "hints": ["fix the settings first"],
        },
    ]


@pytest.mark.parametrize("strict", ["true", "false"])
def test_every_problem_of_the_plugins_is_a_failure(doctor, install, folder, strict):
    """All problems of plugins are failures, whether ``strict`` is set or not."""
    for name in ("broken", "worse"):
        install(f"{name}-states", "1.0", f"[ivrkit.states]\n{name} = {name}:it\n", **{name: "1 / 0"})
    (folder / "ivrkit.toml").write_text(f"strict = {strict}", encoding="utf-8")
    results, code = doctor()
    assert code == 1
    problems = [each for each in results if each["check"] == "plugins"]
    assert [each["status"] for each in problems] == ["failed", "failed"]
    assert [each["message"].split(":")[0] for each in problems] == [
        "plugin broken-states 1.0",
        "plugin worse-states 1.0",
    ]
    assert problems[0]["hints"][0].startswith("fix or reinstall the package, or leave it out: ")


def test_a_startup_warning_is_a_warning(doctor):
    """The doctor reports the startup warnings of the host, here for a menu whose only plugin is blocked."""
    results, code = doctor("--block", "shop-states")
    assert code == 0
    assert [(each["status"], each["message"]) for each in results if each["check"] == "plugins"] == [
        ("warning", "the menu 'menu' has no options: no installed plugin offers any")
    ]


# Valid signatures.


def is_valid(results, base):
    """Return whether the only result is a valid signature."""
    return len(results) == 1 and f" received {base}/webhook/doctor?a=1&b=%20x as it was sent" in results[0][0]


def test_a_correct_proxy_is_ok(check_webhook, behind):
    """Behind a correct proxy the signature is valid, for the base URL as for the URL of the webhook."""
    base = behind()
    assert is_valid(check_webhook(base), base)
    assert is_valid(check_webhook(f"{base}/webhook"), base)


def test_an_app_without_proxy_is_ok(check_webhook, serve):
    """Without a proxy the signature is valid."""
    base = serve()
    assert is_valid(check_webhook(base), base)


def test_without_url_the_public_url_of_the_settings_is_checked(doctor, behind, monkeypatch):
    """Without ``--url`` the doctor uses ``public_url`` with ``url_prefix``, and compares the clocks."""
    base = behind(url_prefix="/phone")
    monkeypatch.setenv("IVRKIT_PUBLIC_URL", base)
    monkeypatch.setenv("IVRKIT_URL_PREFIX", "/phone")
    results, code = doctor()
    assert code == 0
    assert {each["status"] for each in results} == {"ok"}
    assert results[-2]["message"] == "the server's clock agrees with this machine's"
    assert is_valid([(results[-1]["message"], [])], f"{base}/phone")


def test_an_app_that_cannot_use_its_store_is_a_failure(doctor, serve, tmp_path):
    """If the running app cannot use its session store, the doctor says so, although the signature is valid."""
    url = serve()
    for file in tmp_path.glob("served.sqlite3*"):
        file.write_bytes(b"no database" * 1000)
    results, code = doctor("--url", url)
    assert code == 1
    assert [each["status"] for each in results] == ["ok"] * (len(results) - 1) + ["failed"]
    assert results[-1] == {
        "check": "store",
        "status": "failed",
        "message": "the running app cannot use its session store, so it keeps sessions in cookies only",
        "hints": ["read the app's log, and check session_url on its machine"],
    }


def test_the_health_page_may_be_hidden(check_webhook, behind):
    """A proxy that hides the health page does not change the result for a valid signature."""

    def hide(passed):
        passed.path = passed.path.replace("/healthz", "/nothing")

    ((message, _),) = check_webhook(behind(hide))
    assert message.startswith("the signature is valid: ")


def test_a_sub_accounts_token_signs(check_webhook, serve, monkeypatch):
    """If there are only tokens of subaccounts, the first of them signs the request."""
    account = "AC" + "a" * 32
    monkeypatch.delenv("TWILIO_AUTH_TOKEN")
    monkeypatch.setenv(f"TWILIO_AUTH_TOKEN_{account}", "sub")
    base = serve(auth_token=(), accounts={account: "sub"})
    assert is_valid(check_webhook(base), base)


def test_user_and_password_of_the_url_are_sent(check_webhook, behind):
    """The user and password of the URL are sent to a proxy that requires them, as Twilio does it."""

    def password(passed):
        return None if passed.headers.get("Authorization") == "Basic aXZyOm1l" else (401, {}, b"")

    base = behind(password)
    assert is_valid(check_webhook(base.replace("//", "//ivr:me@")), base)
    ((message, _),) = check_webhook(base)
    assert message == "a proxy or firewall answered 401: it requires a password, or blocks this address"


# Invalid signatures.


def without(name):
    """Return a change that removes a header."""
    return lambda passed: passed.headers.pop(name) and None


def with_header(name, value):
    """Return a change that sets a header."""
    return lambda passed: passed.headers.update({name: value})


def with_query(query):
    """Return a change that replaces the query."""

    def change(passed):
        passed.path = passed.path.partition("?")[0] + query

    return change


def with_body(body):
    """Return a change that replaces the body."""

    def change(passed):
        passed.body = body

    return change


def by_get(passed):
    """Change the method to GET."""
    passed.method, passed.body = "GET", b""


NO_PROTO = "the scheme was changed from 'https' to 'http': X-Forwarded-Proto did not arrive"
CASES = {
    "no X-Forwarded-Proto": (
        without("X-Forwarded-Proto"),
        NO_PROTO,
        "nginx: proxy_set_header X-Forwarded-Proto $scheme;",
    ),
    "a changed Host": (
        with_header("Host", "inner:5000"),
        "the host was changed from 'HOST' to 'inner:5000': X-Forwarded-Host did not arrive",
        "nginx: proxy_set_header Host $http_host;",
    ),
    "a dropped query": (
        with_query(""),
        "the query was dropped: 'a=1&b=%20x'",
        "nginx: proxy_pass http://127.0.0.1:5000; or, with variables, http://127.0.0.1:5000$request_uri;",
    ),
    "a changed query": (
        with_query("?a=1&b=+x"),
        "the query was changed from 'a=1&b=%20x' to 'a=1&b=+x'",
        "nginx: proxy_pass http://127.0.0.1:5000; or, with variables, http://127.0.0.1:5000$request_uri;",
    ),
    "a dropped body": (
        with_body(b""),
        "the body was dropped: CallSid, CallStatus, From, Text did not arrive",
        "nginx: proxy_pass_request_body on; and remove proxy_set_body",
    ),
    "a changed body": (
        with_body(b"CallSid=CA1&CallStatus=x&From=x&Text=x"),
        "the body was changed: other parameters arrived than were sent",
        "nginx: proxy_pass_request_body on; and remove proxy_set_body",
    ),
    "a changed Content-Type": (
        with_header("Content-Type", "text/plain"),
        "Content-Type was changed from 'application/x-www-form-urlencoded' to 'text/plain'",
        "nginx: proxy_set_header Content-Type $http_content_type;",
    ),
    "no signature": (
        without("X-Twilio-Signature"),
        "X-Twilio-Signature did not arrive",
        "nginx: proxy_set_header X-Twilio-Signature $http_x_twilio_signature;",
    ),
    "a changed method": (
        by_get,
        "the method was changed from POST to GET",
        "nginx: remove proxy_method, and any return or rewrite that redirects",
    ),
    "a redirect": (
        lambda passed: (301, {"Location": passed.path.replace("?", "/?")}, b""),
        "the request was redirected (301) to '/webhook/doctor/?a=1&b=%20x': a slash was added to the path",
        "nginx: remove the rewrite that adds or removes the slash",
    ),
    "a proxy without an app": (
        lambda passed: (502, {}, b"<html>"),
        "a proxy answered 502: it cannot reach the app",
        "start the app (ivrkit serve), and check the address that the proxy passes requests to",
    ),
    "a page of another program": (
        lambda passed: (200, {"Content-Type": "text/html"}, b"<html>\n<h1>Hi"),
        "another program answered 200 with 'text/html': '<html> <h1>Hi'",
        "configure the proxy or tunnel to pass /webhook to ivrkit and to no other program",
    ),
}


@pytest.mark.parametrize(("change", "expected", "hint"), CASES.values(), ids=CASES)
def test_a_broken_proxy_has_one_failure_with_its_fix(check_webhook, behind, change, expected, hint):
    """Each defect of a proxy gives one failure, and its first hint is a line of configuration that fixes it."""
    base = behind(change)
    ((message, hints),) = check_webhook(base)
    assert message == expected.replace("HOST", base.removeprefix("https://"))
    assert hints[0] == hint


def test_a_proxy_that_removes_the_prefix(check_webhook, behind):
    """A proxy that removes a prefix makes the signature invalid, unless it sends X-Forwarded-Prefix."""

    def strip(passed):
        passed.path = passed.path.removeprefix("/phone")

    base = behind(strip) + "/phone"
    ((message, hints),) = check_webhook(base)
    assert message == (
        "the path was changed from '/phone/webhook/doctor' to '/webhook/doctor': X-Forwarded-Prefix did not arrive"
    )
    assert hints[0] == "nginx: proxy_set_header X-Forwarded-Prefix /phone;"
    assert hints[1] == f"or, if the app has one public URL, set IVRKIT_PUBLIC_URL={base}"
    fixed = behind(lambda passed: strip(passed) or passed.headers.update({"X-Forwarded-Prefix": "/phone"}))
    assert is_valid(check_webhook(f"{fixed}/phone"), f"{fixed}/phone")


def test_an_untrusted_proxy(check_webhook, behind):
    """If the app does not trust the proxy's headers, the hint is the setting ``trusted_proxies``."""
    base = behind(trusted_proxies=0)
    ((message, hints),) = check_webhook(base)
    assert message.endswith("X-Forwarded-Proto is 'https', and trusted_proxies is 0")
    assert hints[0] == "set IVRKIT_TRUSTED_PROXIES=1"


def test_the_public_url_in_the_hints_is_the_one_that_was_requested(check_webhook, behind):
    """The last hint sets ``public_url`` to the requested URL, which makes the headers of the proxy irrelevant."""

    def wrong(passed):
        passed.headers["Host"] = "inner:5000"
        passed.headers.pop("X-Forwarded-Proto")

    base = behind(wrong)
    results = check_webhook(base)
    assert [message.split(" from ")[0] for message, _ in results] == ["the scheme was changed", "the host was changed"]
    _, url = results[0][1][1].split("IVRKIT_PUBLIC_URL=")
    assert url == base
    other = behind(wrong, public_url="https://old.example.com")
    ((message, hints),) = check_webhook(other)
    assert message.endswith("because its public_url is 'https://old.example.com'")
    assert hints[0] == f"set IVRKIT_PUBLIC_URL={other}"


def test_a_different_token(check_webhook, serve):
    """If the app has another auth token, the result says so, because ``/healthz`` shows that it is ivrkit."""
    ((message, hints),) = check_webhook(serve(auth_token="another"))
    assert message == (
        "ivrkit answered, but did not accept the doctor's proof of the auth token (404): its token is different or "
        "missing"
    )
    assert hints[0] == "set TWILIO_AUTH_TOKEN to the same token here and there, and restart the server"


def test_a_wrong_path(check_webhook, serve):
    """If the path of the URL is wrong, the result has the URL at which ivrkit answers."""
    base = serve()
    ((message, hints),) = check_webhook(f"{base}/phone")
    assert message == f"404: ivrkit answers at {base}, not at {base}/phone"
    assert hints[0] == f"use {base}/webhook in Twilio's console and for --url"


def test_an_invalid_url(check_webhook):
    """An invalid URL is a failure with a hint, not a usage error."""
    ((message, hints),) = check_webhook("ivr.example.com")
    assert message == "the public URL must be an http or https URL in ASCII, not 'ivr.example.com'"
    assert hints[0] == "give a base URL such as https://ivr.example.com"


def test_an_untrusted_certificate(check_webhook, behind, monkeypatch):
    """A certificate of an unknown authority is refused, as Twilio does it, unless SSL_CERT_FILE names its authority."""
    base = behind()
    assert is_valid(check_webhook(base), base)
    monkeypatch.delenv("SSL_CERT_FILE")
    ((message, hints),) = check_webhook(base)
    assert message.startswith(f"{base}: the certificate of localhost is invalid: ")
    assert message.endswith("(Twilio error 11237)")
    assert hints[-1] == "to test with your own certificate, set SSL_CERT_FILE to its CA; Twilio will refuse it"


# A real nginx.

#: The location block of docs/how-to/proxy.md.
GOOD = """
  location / {{
    proxy_pass {app};
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Proto $scheme;
  }}"""
UNDER_PHONE = GOOD.replace("location / ", "location /phone/ ").replace("{app};", "{app}/;")
WITH_PREFIX = UNDER_PHONE.replace("  }}", "    proxy_set_header X-Forwarded-Prefix /phone;\n  }}")


NGINX_CASES = [
    (GOOD, "", None, None),
    (WITH_PREFIX, "/phone", None, None),
    (
        GOOD.replace("X-Forwarded-Proto $scheme", "X-Other 1"),
        "",
        NO_PROTO,
        "nginx: proxy_set_header X-Forwarded-Proto $scheme;",
    ),
    (
        GOOD.replace("Host $http_host", "X-Other 1"),
        "",
        "the host was changed from 'HOST' to 'APP': X-Forwarded-Host did not arrive",
        "nginx: proxy_set_header Host $http_host;",
    ),
    (
        UNDER_PHONE,
        "/phone",
        "the path was changed from '/phone/webhook/doctor' to '/webhook/doctor': X-Forwarded-Prefix did not arrive",
        "nginx: proxy_set_header X-Forwarded-Prefix /phone;",
    ),
    (
        GOOD.replace("{app};", "http://127.0.0.1:1;"),
        "",
        "a proxy answered 502: it cannot reach the app",
        "start the app (ivrkit serve), and check the address that the proxy passes requests to",
    ),
]
NGINX_IDS = ["good", "good with a prefix", "no X-Forwarded-Proto", "a changed Host", "no X-Forwarded-Prefix", "no app"]

if NGINX:  # without nginx nothing is skipped: the proxy above proves the same rules

    @pytest.mark.parametrize(("server", "path", "expected", "hint"), NGINX_CASES, ids=NGINX_IDS)
    def test_nginx(check_webhook, serve, authority, tmp_path, server, path, expected, hint):
        """The doctor accepts a correct nginx, and its hints are the lines that a broken one lacks."""
        app = serve(trusted_proxies=1)
        with nginx(tmp_path, server.format(app=app)) as host:
            results = check_webhook(f"https://{host}{path}")
        if expected is None:
            assert is_valid(results, f"https://{host}{path}")
        else:
            assert [(message, hints[0]) for message, hints in results] == [
                (expected.replace("HOST", host).replace("APP", app.removeprefix("http://")), hint)
            ]

    @pytest.mark.usefixtures("shared_keys")
    def test_nginx_and_a_shared_key(check_webhook, serve, authority, tmp_path):
        """An nginx that drops the header of the shared key is found, and the line in the hint fixes it."""
        app = serve(trusted_proxies=1, shared_keys=KEYS)
        drop = 'proxy_set_header X-Twilio-Webhooks-Signature-Settings "";'
        broken = GOOD.replace("  }}", f"    {drop}\n  }}}}")
        with nginx(tmp_path, broken.format(app=app)) as host:
            _, (message, hints) = check_webhook(f"https://{host}")
        assert message == "X-Twilio-Webhooks-Signature-Settings did not arrive"
        fixed = broken.replace(drop, hints[0].removeprefix("nginx: "))
        with nginx(tmp_path, fixed.format(app=app)) as host:
            results = check_webhook(f"https://{host}")
        assert [message for message, _ in results][1:] == [
            f"the signature with the shared key '{key}' is valid" for key in KEYS
        ]


@pytest.mark.stores
@pytest.mark.parametrize("scheme", ["redis", "postgresql"])
def test_an_unreachable_store_is_one_line_of_the_table(run, scheme):
    """If nothing answers at the address of the store, the result says so, and no traceback is printed."""
    result = run("doctor", IVRKIT_SESSION_URL=f"{scheme}://127.0.0.1:{free_port()}/0")
    assert result.returncode == 1
    assert result.stderr == ""
    assert f"FAILED   store     the session store {scheme}://127.0.0.1:" in result.stdout
    assert "Traceback" not in result.stdout
