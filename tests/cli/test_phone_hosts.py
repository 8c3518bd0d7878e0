"""``ivrkit phone URL``: its status callback, its hints about refused requests, and the numbers of its options."""

import json
from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result
from tests.web.sample_trees import SHOP, TreePlugin
from tests.web.webhook_calls import serving

from ivrkit.cli.main import main
from ivrkit.testing import make_app

TOKEN = "54321"


@pytest.fixture
def phone(monkeypatch) -> Callable[..., Result]:
    """Return a function that runs the command with lines from a pipe and the token of the host."""
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", TOKEN)
    return lambda *options, typed="": CliRunner().invoke(main, ["phone", *options], input=typed)


@pytest.fixture
def shop(tmp_path):
    """Return the base URL of a server with a small phone tree and a token."""
    folder = tmp_path / "shop"
    folder.mkdir()
    app = make_app(folder, plugins=[], objects={"shop": TreePlugin(SHOP)}, auth_token=TOKEN)
    with serving(app, app.extensions["ivrkit"].sessions) as base:
        yield base


def status_requests(result: Result) -> list[tuple[str, str]]:
    """Return URL and CallStatus of each status callback, from the JSON lines of the output."""
    events = map(json.loads, result.stdout.splitlines())
    return [
        (event["url"], event["params"]["CallStatus"])
        for event in events
        if event["name"] == "request" and event["purpose"] == "status"
    ]


def test_a_phone_tree_gets_its_status_callback(phone, shop):
    """If the URL ends in ``/webhook``, the end of the call is sent to ``/webhook/status``, as ``connect`` sets it."""
    result = phone(f"{shop}/webhook", "--json", typed="h\n")
    assert status_requests(result) == [(f"{shop}/webhook/status", "completed")]
    responses = [event for event in map(json.loads, result.stdout.splitlines()) if event["name"] == "response"]
    assert [(each["purpose"], each["status"]) for each in responses] == [("webhook", 200), ("status", 204)]
    assert status_requests(phone(f"{shop}/webhook#rc=1", "--json")) == [(f"{shop}/webhook/status", "completed")]


def test_the_status_callback_can_be_set(phone, shop):
    """``--status-callback`` sets another URL, absolute or relative to the webhook, and an empty one sets none."""
    webhook = f"{shop}/webhook"
    for given in (f"{shop}/other", "/other"):
        assert status_requests(phone(webhook, "--json", "--status-callback", given)) == [(f"{shop}/other", "completed")]
    assert status_requests(phone(webhook, "--json", "--status-callback", "")) == []


def test_another_webhook_gets_no_status_callback(phone, shop):
    """If the URL does not end in ``/webhook``, no status callback is sent."""
    assert status_requests(phone(f"{shop}/voice", "--json")) == []


def test_a_status_callback_needs_a_host(phone):
    """``--status-callback`` without a URL is an error, because the phone tree of the folder has its own."""
    result = phone("--status-callback", "https://ivr.example.com/status")
    assert (result.exit_code, result.stderr) == (
        1,
        "Error: --status-callback needs the URL of a running host\n  hint: leave it out, or give a URL\n",
    )


def test_a_status_callback_that_is_no_url(phone, shop):
    """A status callback with another scheme than http or https is an error."""
    result = phone(f"{shop}/webhook", "--status-callback", "ftp://x")
    assert result.stderr.startswith("Error: the URL must be a valid http or https URL, not 'ftp://x'\n")


def test_a_request_without_signature_is_explained(phone, shop, monkeypatch):
    """After a 403 without a token, the hint names TWILIO_AUTH_TOKEN."""
    monkeypatch.delenv("TWILIO_AUTH_TOKEN")
    result = phone(f"{shop}/webhook")
    assert result.exit_code == 1
    hint = "hint: the request was not signed; set TWILIO_AUTH_TOKEN to the auth token of the host"
    assert result.output.splitlines().count(hint) == 1


def test_a_wrong_token_is_explained(phone, shop, monkeypatch):
    """After a 403 with a token, the hint says that the token may be wrong, and names ``ivrkit doctor``."""
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "wrong")
    lines = phone(f"{shop}/webhook").output.splitlines()
    assert (
        "hint: the host refused the signature; TWILIO_AUTH_TOKEN or the shared key must be the same as on the host. "
        f"To find the cause, run ivrkit doctor --url {shop}/webhook with the settings of the host"
    ) in lines


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("", "hint: the host has no page /; ivrkit answers calls at /webhook: {base}/webhook"),
        ("/ivr/", "hint: the host has no page /ivr/; ivrkit answers calls at /webhook: {base}/ivr/webhook"),
        ("/webhok", "hint: the host has no page /webhok; ivrkit answers calls at /webhook: {base}/webhook"),
        (
            "/ivr/webhooks/",
            "hint: the host has no page /ivr/webhooks/; ivrkit answers calls at /webhook: {base}/ivr/webhook",
        ),
        ("/Webhook", "hint: the host has no page /Webhook; ivrkit answers calls at /webhook: {base}/webhook"),
        ("/ivr/webhook", "hint: the host has no page /ivr/webhook; a url_prefix of the host comes before /webhook"),
    ],
)
def test_a_wrong_path_is_explained(phone, shop, path, hint):
    """After a 404 the hint has the URL at which a phone tree of ivrkit answers."""
    result = phone(shop + path)
    assert result.exit_code == 1
    assert hint.format(base=shop) in result.output.splitlines()


def test_with_json_a_hint_is_on_the_standard_error(phone, shop):
    """``--json`` keeps hints off the standard output."""
    result = phone(shop, "--json")
    assert "hint: the host has no page /" in result.stderr
    assert all(json.loads(line)["name"] for line in result.stdout.splitlines())


def test_the_retry_of_a_webhook_gets_the_same_answer(phone, shop):
    """A phone tree answers a webhook that is sent twice with the same document, also after the end of the call."""
    lines = phone(f"{shop}/webhook", typed="w\n1\nw\nn\nh\nw\n").output.splitlines()
    assert lines.count("(sent again, as Twilio does after a lost response: the same answer)") == 3
    assert not [line for line in lines if "a different answer" in line]


CALLER = "a phone number such as +14155550100, client:NAME, sip:USER@HOST or anonymous"
CALLED = "a phone number such as +14155550100, client:NAME, sip:USER@HOST"


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--from", "abc", f"--from: a caller must be {CALLER}, not 'abc'"),
        ("--from", "14155550123", f"--from: a caller must be {CALLER}, not '14155550123'"),
        ("--to", "abc", f"--to: a called number must be {CALLED}, not 'abc'"),
        ("--to", "anonymous", f"--to: a called number must be {CALLED}, not 'anonymous'"),
    ],
)
def test_a_number_that_no_call_can_have_is_refused(phone, option, value, message):
    """``--from`` and ``--to`` take what Twilio can send, and the error names the option."""
    result = phone(option, value)
    assert (result.stdout, result.exit_code) == ("", 1)
    assert result.stderr.startswith(f"Error: {message}\n  hint: ")


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("+1 (415) 555-0123", "+14155550123"),
        ("Restricted", "anonymous"),
        ("client:ann", "client:ann"),
        ("sip:ann@example.com", "sip:ann@example.com"),
        ("101", "101"),
    ],
)
def test_a_caller_is_sent_in_the_form_of_twilio(phone, shop, given, sent):
    """``--from`` takes every form of a number, a client, an address, an extension or a withheld number."""
    first = json.loads(phone(f"{shop}/webhook", "--json", "--from", given).stdout.splitlines()[0])
    assert first["from_"] == sent
