"""The webhook rules of an account: which rule Twilio applies, and its effects on retries and signatures."""

import pytest

from ivrkit import Settings
from ivrkit.doctor.webhook_rules import (
    WebhookRule,
    WebhookSetting,
    check_rules,
    find_rule,
    parse_setting,
    webhook_urls,
)

URL = "https://ivr.example.com/webhook"
URLS = [f"{URL}#rc=1&rp=ct", f"{URL}/status"]
BOTH = f"{URL}, {URL}/status"
TOKEN = Settings(auth_token="12345")
KEYS = Settings(shared_keys={"key_a": "sesame", "key_b": "open"})
RETRIES = {"retries": 1, "retry_on": ("CONNECTION_TIMEOUT",)}
RETRY_HINT = (
    'make a setting whose connection has "retryPolicy": {"retryCount": 1, "retryOn": ["CONNECTION_TIMEOUT"]}, and name '
    "it in the rule"
)


def rule(name, match_type, pattern="", *settings):
    """Return a rule, with one setting that retries if none is given."""
    return WebhookRule(name, match_type, pattern, settings or (WebhookSetting("plain", **RETRIES),))


RULES = [
    rule("all", "DEFAULT"),
    rule("host", "PREFIX_MATCH", "https://IVR.example.com/"),
    rule("below", "PREFIX_MATCH", "https://ivr.example.com/webhook/"),
    rule("one", "EXACT_MATCH", URL),
    rule("another type", "REGEX_MATCH", URL),
]


@pytest.mark.parametrize(
    ("url", "name"),
    [
        (URL, "one"),
        (f"{URL}#rc=1", "one"),
        ("HTTPS://IVR.example.com/webhook", "one"),
        (f"{URL}?a=1", "host"),
        (f"{URL}/status", "below"),
        ("https://ivr.example.com/other", "host"),
        ("https://ivr.example.com/WEBHOOK", "host"),
        ("http://ivr.example.com/webhook", "all"),
        ("https://ivr.example.com.evil.example/webhook", "all"),
    ],
)
def test_twilio_applies_one_rule(url, name):
    """An equal URL has priority over the longest beginning, and this over the default rule."""
    assert find_rule(RULES, url).name == name
    assert find_rule(reversed(RULES), url).name == name


def test_no_rule_may_match():
    """Without a rule that matches, no setting is applied."""
    assert find_rule([RULES[2], RULES[4]], URL) is None
    assert find_rule([], URL) is None


def results(rules, settings=TOKEN, urls=URLS):
    """Return status, message and hints of each result."""
    found = check_rules(rules, urls, settings)
    assert {each.check for each in found} <= {"rules"}
    return [(each.status, each.message, each.hints) for each in found]


def test_without_a_rule_there_is_nothing_to_say():
    """If no rule matches and an auth token is set, there is no result."""
    assert results([]) == []
    assert results([rule("x", "PREFIX_MATCH", "https://other.example.com/")]) == []


def test_a_setting_voids_the_overrides_and_does_not_retry():
    """A setting without a retry is a warning, which names the overrides that it voids and the fix."""
    found = rule("voice", "DEFAULT", "", WebhookSetting("no retries"))
    applied = f"the webhook rule 'voice' applies the setting 'no retries' to {BOTH}"
    message = (
        f"{applied}, which voids the overrides rc=1&rp=ct: Twilio does not repeat a request after a failed connection"
    )
    assert results([found]) == [("warning", message, (RETRY_HINT,))]
    alone = f"{applied.replace(f'{URL}, ', '')}: Twilio does not repeat a request after a failed connection"
    assert results([found], urls=URLS[1:]) == [("warning", alone, (RETRY_HINT,))]


@pytest.mark.parametrize(
    ("setting", "repeats"),
    [
        ({"retries": 1, "retry_on": ("CONNECTION_TIMEOUT",)}, "once after CONNECTION_TIMEOUT"),
        ({"retries": 3, "retry_on": ("HTTP_5XX", "ALL")}, "3 times after HTTP_5XX or ALL"),
        ({"retries": 0, "retry_on": ("ALL",)}, None),
        ({"retries": 2, "retry_on": ("HTTP_5XX", "READ_TIMEOUT")}, None),
        ({"retries": 2}, None),
    ],
)
def test_a_setting_that_retries_is_ok(setting, repeats):
    """A setting is ok if it repeats requests after a failed connection; other conditions are not enough."""
    ((status, message, _),) = results([rule("voice", "DEFAULT", "", WebhookSetting("mine", **setting))])
    assert status == ("ok" if repeats else "warning")
    assert ", which voids the overrides rc=1&rp=ct: Twilio " in message
    assert message.endswith(f"Twilio repeats a request {repeats}") is bool(repeats)


def test_two_settings_of_a_rule_are_checked():
    """A rule that divides the requests between two settings has results for both, with their shares."""
    old = WebhookSetting("old", 90, **RETRIES, shared_key="key_a")
    new = WebhookSetting("new", 10, **RETRIES, shared_key="key_c")
    found = results([rule("rotation", "DEFAULT", "", old, new)], KEYS)
    assert [(status, message.partition(" https")[0]) for status, message, _ in found] == [
        ("ok", "the webhook rule 'rotation' applies the setting 'old' to 90 % of the requests to"),
        ("ok", "the webhook rule 'rotation' applies the setting 'new' to 10 % of the requests to"),
        ("failed", "the webhook rule 'rotation' applies the setting 'new' to 10 % of the requests to"),
    ]
    assert found[2][1].endswith(": it signs with the shared key 'key_c', which is not set here, only 'key_a', 'key_b'")
    assert found[2][2] == ("set IVRKIT_SHARED_KEYS__key_c to the secret of the key",)


def test_a_shared_key_that_is_set_is_ok():
    """A setting that signs with a shared key of the settings is ok, in any case of its id."""
    for key in ("key_a", "KEY_A"):
        ((status, _, _),) = results([rule("x", "DEFAULT", "", WebhookSetting("s", **RETRIES, shared_key=key))], KEYS)
        assert status == "ok"


def test_an_unknown_algorithm_and_no_shared_keys():
    """An algorithm that ivrkit does not know and a missing shared key are two failures."""
    setting = WebhookSetting("s", **RETRIES, shared_key="key_a", algorithm="HMAC_SHA512")
    _, algorithm, key = results([rule("x", "DEFAULT", "", setting)])
    where = f"the webhook rule 'x' applies the setting 's' to {BOTH}"
    assert algorithm == (
        "failed",
        f"{where}: the algorithm of its signature must be HMAC_SHA1 or HMAC_SHA256, not 'HMAC_SHA512'",
        ("make a setting whose signature has the algorithm HMAC_SHA256, and name it in the rule",),
    )
    assert key == (
        "failed",
        f"{where}: it signs with the shared key 'key_a', which is not set here, and no other",
        ("set IVRKIT_SHARED_KEYS__key_a to the secret of the key",),
    )


def test_a_signature_with_a_token_that_is_not_set():
    """With shared keys only, a URL without a rule or with a setting without a signature is a failure."""
    hints = ("set TWILIO_AUTH_TOKEN, or make a rule whose setting signs with a shared key",)
    missing = "Twilio signs with the auth token, which is not set here"
    assert results([], KEYS) == [("failed", f"no webhook rule matches {BOTH}: {missing}", hints)]
    _, failure = results([rule("x", "DEFAULT")], KEYS)
    where = f"the webhook rule 'x' applies the setting 'plain' to {BOTH}"
    assert failure == ("failed", f"{where}: {missing}", hints)
    assert results([], Settings(shared_keys={"k": "s"}, accounts={"AC" + "0" * 32: "t"})) == []


def test_the_urls_of_a_phone_tree():
    """The URLs are those that ivrkit connect sets and the one of a whisper; the status callback has no overrides."""
    settings = Settings(url_prefix="/phone", public_url="https://a.example")
    assert webhook_urls(settings, None) == [
        "https://a.example/phone/webhook#rc=1&rp=ct",
        "https://a.example/phone/webhook/whisper#rc=1&rp=ct",
        "https://a.example/phone/webhook/fallback#rc=1&rp=ct",
        "https://a.example/phone/webhook/status",
    ]
    assert (
        webhook_urls(Settings(connection_overrides=""), "https://b.example/webhook")[0] == "https://b.example/webhook"
    )
    assert webhook_urls(Settings(), None) == []
    assert webhook_urls(Settings(), "ftp://x") == []


def test_the_defaults_of_a_setting():
    """A setting without a connection does not retry, and one without a signature signs with the auth token."""
    assert parse_setting({"id": "s1", "friendly_name": "", "connection": None}, 100) == WebhookSetting("s1")
    connection = {"connectTimeoutMs": 5000, "retryPolicy": None}
    assert parse_setting({"friendly_name": "x", "connection": connection, "signature": {}}, 5) == WebhookSetting("x", 5)
    assert parse_setting({}, 100) == WebhookSetting("")
    assert parse_setting(
        {
            "id": "s1",
            "friendly_name": "x",
            "connection": {"retryPolicy": {"retryCount": 2, "retryOn": ["ALL"]}},
            "signature": {"type": "SHARED_KEY", "sharedKeyId": "key_a", "algorithm": "HMAC_SHA1"},
        },
        100,
    ) == WebhookSetting("x", 100, 2, ("ALL",), "key_a", "HMAC_SHA1")
