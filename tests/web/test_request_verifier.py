"""The request verifier: requests that Twilio signed are answered at every place of the app, and no others."""

import string
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.web.conftest import REFUSED, WEBHOOK
from tests.web.sample_trees import SHOP, TreePlugin, sessions_of
from tests.web.webhook_calls import ACCOUNT, FORGED_SIGNATURE, TOKEN, Response, in_process, new_sid, sign, twilio_params
from twilio.request_validator import RequestValidator

from ivrkit import Settings, SettingsError
from ivrkit.web import create_app

FORM = "application/x-www-form-urlencoded; charset=UTF-8"


@pytest.fixture
def send(make_app):
    """Return a function that sends one request to an app and returns whether it was answered."""

    def sent(app, url, params=(), signature="", *, method="POST", environ=None, account=ACCOUNT, **headers):
        form = {**twilio_params(new_sid(), AccountSid=account), **dict(params)}
        headers = {"Content-Type": FORM, **{name.replace("_", "-"): value for name, value in headers.items()}}
        if callable(signature):
            signature = signature(form.items())
        if signature:
            headers["X-Twilio-Signature"] = signature
        answer = in_process(with_environ(app, environ))(method, url, urlencode(form).encode(), headers)
        assert answer.status in (200, 403), answer
        return answer.status == 200

    return sent


def with_environ(app, environ):
    """Return a WSGI application that changes the environ of each request."""
    return lambda original, start_response: app({**original, **(environ or {})}, start_response)


def test_the_signature_of_twilios_documentation(make_app, send):
    """The signature that Twilio's documentation and library show is accepted."""
    params = [
        ("CallSid", "CA1234567890ABCDE"),
        ("Digits", "1234"),
        ("From", "+14158675309"),
        ("To", "+18005551212"),
        ("Caller", "+14158675309"),
    ]
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert sign(url, params, "12345") == "RSOYDt4T1cUTdK1PDd93/VVr8B8="
    # The same call at this app's URL; openssl made the signature.
    app = make_app(auth_token="12345", dev=True)  # dev mode, because the CallSid of the documentation is too short
    client = in_process(app)
    here = "https://mycompany.com/webhook?foo=1&bar=2"
    headers = {"Content-Type": FORM, "X-Twilio-Signature": "fPej7uTloBCTTy+kp12tgWs1Pbw="}
    assert client("POST", here, urlencode(params).encode(), headers).status == 200
    assert client("POST", f"{here}3", urlencode(params).encode(), headers).status == 403


def signature_for(url, token=TOKEN):
    """Return a function that signs a form for a URL."""
    return lambda params: sign(url, params, token)


# The settings, the URL of the request as it arrives, its environ and headers, and the URL that Twilio requested.
PROXIED = {"X_Forwarded_Proto": "https", "X_Forwarded_Host": "ivr.example.com"}
SETUPS = {
    "as it is": ({}, "http://ivr.example.com/webhook", {}, "http://ivr.example.com/webhook"),
    "https": ({}, "https://ivr.example.com/webhook", {}, "https://ivr.example.com/webhook"),
    "http with a port": ({}, "http://ivr.example.com:5000/webhook", {}, "http://ivr.example.com:5000/webhook"),
    "https, the port not signed": ({}, "https://ivr.example.com:8443/webhook", {}, "https://ivr.example.com/webhook"),
    "the usual port signed": ({}, "https://ivr.example.com/webhook", {}, "https://ivr.example.com:443/webhook"),
    "a query": ({}, "https://a.example/webhook?b=2&a=1%20x&c=", {}, "https://a.example/webhook?b=2&a=1%20x&c="),
    "a query with unusual encoding": (
        {},
        "https://a.example/webhook?x=%c3%a4+%7e&&y",
        {},
        "https://a.example/webhook?x=%c3%a4+%7e&&y",
    ),
    "an address of IPv6": ({}, "http://[::1]:5000/webhook", {}, "http://[::1]:5000/webhook"),
    "url_prefix": ({"url_prefix": "/phone"}, "https://a.example/phone/webhook", {}, "https://a.example/phone/webhook"),
    "public_url": (
        {"public_url": "https://ivr.example.com"},
        "http://10.0.0.7:5000/webhook",
        {},
        "https://ivr.example.com/webhook",
    ),
    "public_url with a slash": (
        {"public_url": "https://ivr.example.com/"},
        "http://10.0.0.7:5000/webhook",
        {},
        "https://ivr.example.com/webhook",
    ),
    "public_url with a port": (
        {"public_url": "http://ivr.example.com:8080"},
        "http://10.0.0.7:5000/webhook",
        {},
        "http://ivr.example.com:8080/webhook",
    ),
    "public_url with a path that the proxy removes": (
        {"public_url": "https://example.com/ivr/v1"},
        "http://10.0.0.7:5000/webhook",
        {},
        "https://example.com/ivr/v1/webhook",
    ),
    "public_url with a path that the proxy keeps": (
        {"public_url": "https://example.com/ivr", "url_prefix": "/ivr"},
        "http://10.0.0.7:5000/ivr/webhook",
        {},
        "https://example.com/ivr/webhook",
    ),
    "public_url with a path, and url_prefix beside it": (
        {"public_url": "https://example.com/ivr", "url_prefix": "/phone"},
        "http://10.0.0.7:5000/phone/webhook",
        {},
        "https://example.com/ivr/phone/webhook",
    ),
    "public_url with a path that ends with url_prefix": (
        {"public_url": "https://example.com/ivr/phone", "url_prefix": "/phone"},
        "http://10.0.0.7:5000/phone/webhook",
        {},
        "https://example.com/ivr/phone/webhook",
    ),
    "public_url with SCRIPT_NAME": (
        {"public_url": "https://example.com/ivr"},
        "http://10.0.0.7:5000/webhook",
        {"environ": {"SCRIPT_NAME": "/ivr"}},
        "https://example.com/ivr/webhook",
    ),
    "SCRIPT_NAME": (
        {},
        "https://example.com/webhook",
        {"environ": {"SCRIPT_NAME": "/ivr"}},
        "https://example.com/ivr/webhook",
    ),
    "SCRIPT_NAME and url_prefix": (
        {"url_prefix": "/phone"},
        "https://example.com/phone/webhook",
        {"environ": {"SCRIPT_NAME": "/ivr/"}},
        "https://example.com/ivr/phone/webhook",
    ),
    "SCRIPT_NAME with a blank": (
        {},
        "https://example.com/webhook",
        {"environ": {"SCRIPT_NAME": "/my lines"}},
        "https://example.com/my%20lines/webhook",
    ),
    "public_url with a path with a blank": (
        {"public_url": "https://example.com/my%20lines"},
        "http://10.0.0.7:5000/webhook",
        {"environ": {"SCRIPT_NAME": "/my lines"}},
        "https://example.com/my%20lines/webhook",
    ),
    "a proxy with an encoded prefix": (
        {"trusted_proxies": 1},
        "http://10.0.0.7:5000/webhook",
        {**PROXIED, "X_Forwarded_Prefix": "/my%20lines"},
        "https://ivr.example.com/my%20lines/webhook",
    ),
    "one proxy": ({"trusted_proxies": 1}, "http://10.0.0.7:5000/webhook", PROXIED, "https://ivr.example.com/webhook"),
    "one proxy with a prefix": (
        {"trusted_proxies": 1},
        "http://10.0.0.7:5000/webhook",
        {**PROXIED, "X_Forwarded_Prefix": "/ivr"},
        "https://ivr.example.com/ivr/webhook",
    ),
    "two proxies": (
        {"trusted_proxies": 2},
        "http://10.0.0.7:5000/webhook",
        {"X_Forwarded_Proto": "https,http", "X_Forwarded_Host": "ivr.example.com, inner.example"},
        "https://ivr.example.com/webhook",
    ),
    "two proxies, only the first sets the headers": (
        {"trusted_proxies": 2},
        "http://10.0.0.7:5000/webhook",
        {
            "X_Forwarded_For": "198.51.100.7, 10.0.0.9",
            "X_Forwarded_Proto": "https",
            "X_Forwarded_Host": "ivr.example.com",
        },
        "https://ivr.example.com/webhook",
    ),
    "one of two proxies": (
        {"trusted_proxies": 1},
        "http://10.0.0.7:5000/webhook",
        {"X_Forwarded_Proto": "https,http", "X_Forwarded_Host": "ivr.example.com, inner.example"},
        "http://inner.example/webhook",
    ),
    "a proxy that is not trusted": ({}, "http://10.0.0.7:5000/webhook", PROXIED, "http://10.0.0.7:5000/webhook"),
    "public_url before any proxy": (
        {"trusted_proxies": 1, "public_url": "https://ivr.example.com"},
        "http://10.0.0.7:5000/webhook",
        {"X_Forwarded_Proto": "http", "X_Forwarded_Host": "elsewhere.example"},
        "https://ivr.example.com/webhook",
    ),
}


@pytest.mark.parametrize(("app_settings", "url", "more", "requested"), SETUPS.values(), ids=SETUPS)
def test_the_signature_is_checked_over_the_url_that_twilio_requested(
    make_app, send, app_settings, url, more, requested
):
    """The signature of the URL that Twilio requested is accepted for every setup, and that of any other URL is not."""
    app = make_app(**app_settings)
    assert send(app, url, (), signature_for(requested), **more)
    wrong_urls = [f"{requested}/", requested.replace("http", "ftp", 1), requested.replace("/webhook", "//webhook")]
    for wrong in (*wrong_urls, f"{requested}?a"):
        assert not send(app, url, (), signature_for(wrong), **more)


HOSTS = {"hosts": ("ivr.example.com", "Two.example")}
HOST = "https://ivr.example.com/webhook"
PROXY = {"trusted_proxies": 1}


@pytest.mark.parametrize(
    ("app_settings", "url", "headers", "signed", "answered"),
    [
        (HOSTS, HOST, {}, HOST, True),
        (HOSTS, "https://ivr.example.com:8443/webhook", {}, "https://ivr.example.com:8443/webhook", True),
        (HOSTS, "https://two.example/webhook", {}, "https://two.example/webhook", True),
        (HOSTS, "https://staging.example.com/webhook", {}, "https://staging.example.com/webhook", False),
        (HOSTS, "https://example.com/webhook", {}, "https://example.com/webhook", False),
        ({**HOSTS, **PROXY}, "http://10.0.0.7/webhook", PROXIED, HOST, True),
        (
            {**HOSTS, **PROXY},
            "http://10.0.0.7/webhook",
            {"X_Forwarded_Host": "other.example"},
            "http://other.example/webhook",
            False,
        ),
        (
            {**HOSTS, "public_url": "https://a.example"},
            "http://10.0.0.7/webhook",
            {},
            "https://a.example/webhook",
            True,
        ),
        ({}, "https://staging.example.com/webhook", {}, "https://staging.example.com/webhook", True),
    ],
)
def test_a_signature_for_another_host_is_refused(make_app, send, app_settings, url, headers, signed, answered):
    """With the setting ``hosts``, a webhook that Twilio signed for another host is refused, although the token fits."""
    assert send(make_app(**app_settings), url, (), signature_for(signed), **headers) is answered


def test_the_refusal_of_a_host_names_the_setting(make_app, logged):
    """The log line of a host that is not accepted has the host, the accepted hosts and the fix."""
    app = make_app(hosts="ivr.example.com")
    logged()
    headers = {"X-Twilio-Signature": FORGED_SIGNATURE}
    assert in_process(app)("POST", "https://evil.example:99/webhook", b"", headers).status == 403
    assert logged() == [
        f"{REFUSED}the setting hosts must have the host 'evil.example:99', not only ivr.example.com: add it to hosts"
    ]


def test_a_refusal_names_the_url(make_app, send, logged):
    """The log line of a refusal names the URL that the signature was checked with, and the settings that change it."""
    app = make_app(public_url="https://example.com/ivr")
    logged()
    send(app, "http://10.0.0.7:5000/webhook?again=1", (), FORGED_SIGNATURE)
    (line,) = logged()
    assert line == (
        f"{REFUSED}X-Twilio-Signature does not match 'https://example.com/ivr/webhook?again=1': if Twilio requested "
        "another URL, set IVRKIT_PUBLIC_URL to its base URL (or IVRKIT_TRUSTED_PROXIES behind a proxy); if the URL is "
        "right, TWILIO_AUTH_TOKEN belongs to another account"
    )


def test_parameters_in_a_query_are_part_of_the_url(make_app, logged):
    """With GET the parameters are signed as part of the URL, and a refusal does not log the input in it."""
    client = in_process(make_app())
    logged()
    url = "https://ivr.example.com/webhook?keep=1&" + urlencode(
        {**twilio_params("CA" + "0" * 32), "Digits": "4711", "SpeechResult": "my secret word"}
    )
    assert client("GET", url, b"", {"X-Twilio-Signature": sign(url)}).status == 200
    assert client("GET", url.replace("4711", "4712"), b"", {"X-Twilio-Signature": sign(url)}).status == 403
    assert client("GET", url, b"", {}).status == 403
    lines = logged()
    assert len(lines) == 2
    for line in lines:
        assert "471" not in line
        assert "secret+word" not in line
        assert "&Digits=(secret)&SpeechResult=(secret)'" in line
        assert "https://ivr.example.com/webhook?keep=1&AccountSid=AC" in line


def test_a_refusal_does_not_log_input(make_app, send, logged):
    """The refusal of a form does not log its digits and speech."""
    app = make_app(dev=True)
    logged()
    for signature in ("", FORGED_SIGNATURE):
        send(app, "https://a.example/webhook", {"Digits": "4711", "SpeechResult": "sesame"}, signature)
    text = "\n".join(logged())
    assert "403" in text
    assert "4711" not in text
    assert "sesame" not in text


@pytest.mark.parametrize(("mask_numbers", "shown"), [(True, "***0100"), (False, "%2B14155550100")])
def test_a_refusal_masks_numbers(make_app, logged, mask_numbers, shown):
    """A refusal masks the numbers in the query of its URL unless ``mask_numbers`` is off."""
    app = make_app(mask_numbers=mask_numbers)
    logged()
    query = urlencode({**twilio_params("CA1"), "ForwardedFrom": "+14155550100", "Digits": "4711"})
    in_process(app)("GET", f"{WEBHOOK}?{query}", b"", {})
    (line,) = logged()
    for name in ("From", "Caller", "ForwardedFrom"):
        assert f"&{name}={shown}&" in line
    assert ("***0006" in line) is mask_numbers
    assert "&FromCity=SAN+FRANCISCO&" in line
    assert "Digits=(secret)" in line


def test_two_tokens_while_one_is_rotated(make_app, send):
    """While a token is rotated, signatures of both tokens are accepted."""
    app, url = make_app(auth_token=("old", "new")), "https://a.example/webhook"
    assert send(app, url, (), signature_for(url, "old"))
    assert send(app, url, (), signature_for(url, "new"))
    assert not send(app, url, (), signature_for(url, "other"))
    assert not send(app, url, (), signature_for(url, "old,new"))


SUB = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"


def test_each_sub_account_has_its_own_tokens(make_app, send):
    """Requests of a subaccount are checked with its tokens only, and other requests with the main tokens only."""
    app, url = make_app(auth_token="main", accounts={SUB: ["sub", "sub-new"]}), "https://a.example/webhook"
    for token, account, good in [
        ("sub", SUB, True),
        ("sub-new", SUB, True),
        ("main", SUB, False),
        ("main", ACCOUNT, True),
        ("sub", ACCOUNT, False),
    ]:
        assert send(app, url, (), signature_for(url, token), account=account) is good, (token, account)


def test_the_refusal_of_a_subaccount_names_its_variable(make_app, send, logged):
    """If the token of a subaccount does not match, the log line names the variable of this token."""
    app = make_app(auth_token="main", accounts={SUB: "sub"})
    logged()
    send(app, "https://a.example/webhook", {"AccountSid": SUB}, FORGED_SIGNATURE)
    (line,) = logged()
    assert line.endswith(f"if the URL is right, TWILIO_AUTH_TOKEN_{SUB} belongs to another account")


def test_a_refusal_names_the_account_without_a_token(make_app, send, logged):
    """If only subaccounts have tokens, the refusal of another account names the variable to set."""
    app, url = make_app(auth_token=(), accounts={SUB: "sub"}), "https://a.example/webhook"
    logged()
    assert not send(app, url, (), signature_for(url, "sub"), account=ACCOUNT)
    assert not send(app, url, (), "", account=ACCOUNT)
    assert logged() == [
        f"{REFUSED}no auth token for account '{ACCOUNT}': set TWILIO_AUTH_TOKEN or TWILIO_AUTH_TOKEN_{ACCOUNT}",
        f"{REFUSED}no X-Twilio-Signature for {url!r}: only requests that Twilio signed are answered",
    ]


def test_an_invalid_account_sid_does_not_forge_a_log_line(make_app, send, logged):
    """An invalid ``AccountSid`` is logged quoted, and not as part of the name of a variable."""
    app, url = make_app(auth_token=(), accounts={SUB: "sub"}), "https://a.example/webhook"
    logged()
    assert not send(app, url, (), signature_for(url, "sub"), account="AC\nforged")
    assert logged() == [
        f"{REFUSED}no auth token for account 'AC\\nforged': set TWILIO_AUTH_TOKEN or TWILIO_AUTH_TOKEN_AC..."
    ]


def test_the_case_of_an_account_sid_is_ignored(make_app, send):
    """The AccountSid in the settings may be in capitals: some systems have environment variables in capitals only."""
    app, url = make_app(accounts={SUB.upper(): "sub"}), "https://a.example/webhook"
    assert send(app, url, (), signature_for(url, "sub"), account=SUB.lower().replace("ac", "AC", 1))


def test_the_account_of_the_form_counts(make_app, send):
    """The account in the form chooses the token, not one in the query."""
    app, url = make_app(accounts={SUB: "sub"}), f"https://a.example/webhook?AccountSid={SUB}"
    assert send(app, url, (), signature_for(url), account=ACCOUNT)
    assert not send(app, url, (), signature_for(url, "sub"), account=ACCOUNT)


def test_tokens_from_the_environment(no_settings, send, session_file):
    """Tokens are read from ``TWILIO_AUTH_TOKEN`` and ``TWILIO_AUTH_TOKEN_AC...``, several separated by commas."""
    no_settings.setenv("TWILIO_AUTH_TOKEN", "old, new")
    no_settings.setenv(f"TWILIO_AUTH_TOKEN_{SUB}", "sub")
    no_settings.setenv("IVRKIT_SESSION_URL", f"sqlite:///{session_file}")
    app, url = create_app(), "https://a.example/webhook"
    for token, account, good in [("old", ACCOUNT, 1), ("new", ACCOUNT, 1), ("sub", SUB, 1), ("new", SUB, 0)]:
        assert send(app, url, (), signature_for(url, token), account=account) == good
    sessions_of(app).close()


FORMS = {
    "empty values": [("Digits", ""), ("FromZip", "")],
    "a name without a value in the form": [("Empty", "")],
    "a name twice": [("Tag", "b"), ("Tag", "a")],
    "the same twice": [("Tag", "a"), ("Tag", "a")],
    "other scripts": [("CallerName", "Zoë 中村 🎉"), ("FromCity", "Wrocław")],
    "names that sort by byte": [("a", "1"), ("B", "2"), ("_", "3"), ("ä", "4")],
    "white space": [("SpeechResult", " two  words\n"), ("CallerName", "\t")],
    "punctuation": [("SpeechResult", "100% & more=less; 'quoted' + \"so\"")],
    "new names": [("StirVerstat", "TN-Validation-Passed-A"), ("SomethingNew", "x")],
}


@pytest.mark.parametrize("more", FORMS.values(), ids=FORMS)
def test_every_parameter_is_signed(make_app, more):
    """Every parameter of a form is part of the signature: repeated, empty, of any script, and unknown."""
    client, url = in_process(make_app()), "https://a.example/webhook"
    params = [*twilio_params(new_sid()).items(), *more]
    headers = {"Content-Type": FORM, "X-Twilio-Signature": sign(url, params)}
    assert client("POST", url, urlencode(params).encode(), headers).status == 200
    assert client("POST", url, urlencode([*params, ("One", "more")]).encode(), headers).status == 403
    changed = [(name, f"{value}!" if (name, value) == more[0] else value) for name, value in params]
    assert client("POST", url, urlencode(changed).encode(), headers).status == 403


NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
HOSTS = st.sampled_from(["ivr.example.com", "localhost", "127.0.0.1", "a-b.example", "x.example:8443", "y.example:80"])
QUERIES = st.text(string.ascii_letters + string.digits + "=&%+-._~!*'()/:@,;$?", max_size=20)


@pytest.fixture
def client(make_app):
    """Return a function that sends requests to one app, for many examples."""
    return in_process(make_app())


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), form=st.lists(st.tuples(NAMES, NAMES), max_size=6), host=HOSTS, query=QUERIES)
def test_only_signatures_of_twilios_library_are_accepted(client, data, form, host, query):
    """The signature of ``RequestValidator`` is accepted, and refused after any change of one character."""
    scheme = data.draw(st.sampled_from(["http", "https"]))
    url = f"{scheme}://{host}/webhook{'?' * bool(query)}{query}"
    params = {"CallSid": "CA1", **dict(form)}
    signature = RequestValidator(TOKEN).compute_signature(url, params)
    assert signature == sign(url, params.items())

    def status(url, params, signature):
        headers = {"Content-Type": FORM, "X-Twilio-Signature": signature}
        return client("POST", url, urlencode(params).encode(), headers).status

    assert status(url, params, signature) in (200, 400)  # 400 for a form with an empty CallSid
    place = data.draw(st.integers(0, len(signature) - 2))
    other = data.draw(
        st.sampled_from(string.ascii_letters + string.digits).filter(lambda each: each != signature[place])
    )
    if place < len(signature) - 2:  # the last character has bits that are not in the hash
        assert status(url, params, f"{signature[:place]}{other}{signature[place + 1 :]}") == 403
    name = data.draw(st.sampled_from(sorted(params)))
    assert status(url, {**params, name: f"{params[name]}{other}"}, signature) == 403
    assert status(url, {**params, f"{name}{other}2": "x"}, signature) == 403
    assert status(f"{url}{'&' if query else '?'}{other}", params, signature) == 403


WRONG_HOSTS = [
    "",
    ":",
    "[",
    "[::1",
    "::1",
    "a b",
    "a:b",
    "a:99999",
    "a:-1",
    "ivr.example.com:443:443",
    "user:pass@ivr.example.com",
    "ivr.example.com/webhook",
    "ivr.example.com?x",
    "ivr.example.com#x",
    "\xe4.example",
    "xn--",
    "[1:2:3]",
    "℀.example".encode().decode("latin-1"),
    "." * 300,
    "a" * 300,
    "'\"<>\\",
    "%00",
]


@pytest.mark.parametrize(
    "app_settings", [{}, {"trusted_proxies": 1}, {"public_url": "https://ivr.example.com"}], ids=repr
)
def test_an_invalid_host_is_refused(make_app, app_settings):
    """A forged request with any text in ``Host`` or ``X-Forwarded-Host`` is refused without an error."""
    app = make_app(**app_settings)
    for host in WRONG_HOSTS:
        client = in_process(with_environ(app, {"HTTP_HOST": host, "HTTP_X_FORWARDED_HOST": host}))
        for headers in ({}, {"X-Twilio-Signature": FORGED_SIGNATURE}):
            answer = client("POST", "http://a.example/webhook", b"CallSid=CA1", {"Content-Type": FORM, **headers})
            assert answer.status in (400, 403), host  # 400 where no such name can be looked up at all
        assert client("GET", "http://a.example/healthz", b"", {}).status in (200, 400), host


def test_a_refusal_names_an_invalid_host(make_app, send, logged):
    """The log line of a refusal quotes a ``Host`` header that makes no URL."""
    app = make_app()
    logged()
    assert not send(app, "http://a.example/webhook", (), FORGED_SIGNATURE, environ={"HTTP_HOST": "[1:2:3]"})
    assert logged() == [f"{REFUSED}the Host header must name a host, not '[1:2:3]'"]


@pytest.mark.parametrize("signature", ["ä", "\x00", "a" * 10_000, "=", "'", " RSOYDt4T1cUTdK1PDd93/VVr8B8="])
def test_an_invalid_signature_is_refused(make_app, send, signature):
    """A text that is not a signature is refused without an error."""
    app = make_app()
    assert not send(app, "http://a.example/webhook", environ={"HTTP_X_TWILIO_SIGNATURE": signature})


def test_a_body_that_is_not_a_form_is_not_signed(make_app):
    """A JSON body is not part of the signature: the signed request is accepted and lacks a CallSid."""
    client, url = in_process(make_app()), "https://a.example/webhook"
    headers = {"Content-Type": "application/json", "X-Twilio-Signature": sign(url)}
    assert client("POST", url, b'{"CallSid": "CA1"}', headers).status == 400


# Without a token.

NEEDS_TOKEN = "set TWILIO_AUTH_TOKEN to your account's auth token, to verify requests from other machines"


@pytest.fixture
def app_without_token(make_app):
    """Return an app in dev mode without a token."""
    return make_app(auth_token=(), dev=True)


def request_from(app, address, **headers) -> Response:
    """Send an unsigned request from an address."""
    environ = {"REMOTE_ADDR": address} if address is not None else {}
    body = urlencode(twilio_params(new_sid())).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    send = in_process(with_environ(app, environ))
    return send("POST", "http://localhost:5000/webhook", body, {"Content-Type": FORM, **named})


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"])
def test_without_a_token_loopback_requests_are_answered(app_without_token, address):
    """In dev mode without a token, unsigned requests from the loopback interface are answered."""
    assert request_from(app_without_token, address).status == 200


@pytest.mark.parametrize(
    "address", ["10.0.0.7", "192.168.1.2", "203.0.113.9", "::", "0.0.0.0", "fe80::1", "::ffff:10.0.0.7"]
)
def test_without_a_token_other_addresses_are_refused(app_without_token, logged, address):
    """Without a token, a request from another machine is refused; log and response say that a token is needed."""
    logged()
    answer = request_from(app_without_token, address)
    reason = f"the request comes from {address} and no auth token is set: {NEEDS_TOKEN}"
    assert (answer.status, answer.body.decode()) == (403, f"{reason}\n")
    assert logged() == [f"WARNING 403 POST /webhook from {address}: {reason}"]


@pytest.mark.parametrize("address", ["", "unix:", "localhost", "127.0.0.1, 10.0.0.7"])
def test_without_a_token_an_invalid_address_is_refused(app_without_token, address):
    """In dev mode without a token, a request without a valid address is refused."""
    answer = request_from(app_without_token, address)
    assert answer.status == 403
    assert answer.body.decode() == (
        f"the request comes from {address or 'an unknown address'} and no auth token is set: {NEEDS_TOKEN}\n"
    )


FORWARDING = [
    "Forwarded",
    "Via",
    "X-Real-Ip",
    "X-Real-IP",
    "True-Client-Ip",
    "Cf-Connecting-Ip",
    "CF-Connecting-IP",
    "X-Forwarded-For",
    "X-Forwarded-Proto",
    "X-Forwarded-Host",
    "X-Forwarded-Port",
    "X-Forwarded-Prefix",
    "x-forwarded-server",
]


@pytest.mark.parametrize("proxies", [0, 1])
def test_without_a_token_forwarded_requests_are_refused(make_app, logged, proxies):
    """Without a token, a request with a header of a proxy or tunnel is refused, even from the loopback interface."""
    for header in FORWARDING:
        app = make_app(auth_token=(), dev=True, trusted_proxies=proxies)  # a new one, because it limits its log lines
        logged()
        answer = request_from(app, "127.0.0.1", **{header.replace("-", "_"): "127.0.0.1"})
        reason = (
            f"the request was forwarded (it has the header {header.title()}) and no auth token is set: {NEEDS_TOKEN}"
        )
        assert (answer.status, answer.body.decode()) == (403, f"{reason}\n")
        path = "/127.0.0.1/webhook" if proxies and header == "X-Forwarded-Prefix" else "/webhook"
        assert logged() == [f"WARNING 403 POST {path} from 127.0.0.1: {reason}"]


def test_without_a_token_other_headers_are_ignored(app_without_token):
    """In dev mode without a token, a header with a similar name does not make a request a forwarded one."""
    assert (
        request_from(app_without_token, "127.0.0.1", X_Request_Id="1", Forwarded_By="x", X_Forwarde="y").status == 200
    )


@pytest.mark.parametrize("path", ["webhook", "webhook/status", "webhook/fallback"])
def test_every_endpoint_is_verified(make_app, path):
    """Webhook, status callback and fallback refuse unsigned requests with every method; the health check answers."""
    client = in_process(make_app())
    body = urlencode(twilio_params(new_sid(), "completed")).encode()
    for method in ("GET", "POST", "HEAD"):
        answer = client(method, f"https://a.example/{path}?{body.decode()}", body, {"Content-Type": FORM})
        assert answer.status == 403
        assert answer.headers["Content-Type"].startswith("text/plain")
    assert client("GET", "https://a.example/healthz", b"", {}).status == 200


def test_dev_mode_with_a_token_checks_signatures(make_app, send):
    """In dev mode with a token, the signature of every request is checked, and forwarded requests are answered."""
    app, url = make_app(dev=True), "http://localhost/webhook"
    here = {"environ": {"REMOTE_ADDR": "127.0.0.1"}}
    assert not send(app, url, (), "", **here)
    assert not send(app, url, (), FORGED_SIGNATURE, **here)
    assert send(app, url, (), signature_for(url), environ={"REMOTE_ADDR": "203.0.113.9"}, X_Forwarded_For="1.2.3.4")


def test_create_app_without_a_token_is_an_error(make_app, no_settings):
    """``create_app`` without a token outside dev mode is an error that says what to set."""
    message = (
        "no auth token is set, so requests cannot be verified\n"
        "  hint: set TWILIO_AUTH_TOKEN to your account's auth token, or IVRKIT_DEV=1 to answer only requests "
        "from this machine"
    )
    with pytest.raises(SettingsError) as caught:
        make_app(auth_token=())
    assert str(caught.value) == message
    with pytest.raises(SettingsError) as caught:
        create_app()
    assert str(caught.value) == message
    no_settings.setenv("TWILIO_AUTH_TOKEN", "")
    with pytest.raises(SettingsError):
        create_app()


def test_settings_and_overrides_together_are_refused():
    """``create_app`` refuses a ``Settings`` object together with single settings."""
    with pytest.raises(SettingsError) as caught:
        create_app(Settings(dev=True), plugins={"shop": TreePlugin(SHOP)}, tries=2, dev=False)
    assert str(caught.value) == (
        "create_app must be called with a Settings object or with single settings, not with both: dev, tries\n"
        "  hint: set them in the Settings object, or leave the object out"
    )


def test_the_helpers_sign_like_twilios_library():
    """The signatures of the test helpers are those of Twilio's library."""
    params = twilio_params("CA1", Digits="1")
    url = "https://ivr.example.com/webhook?again=1"
    assert sign(url, params.items()) == RequestValidator(TOKEN).compute_signature(url, params)
    assert dict(parse_qsl(urlsplit(f"?{urlencode(params)}").query, keep_blank_values=True)) == params
    assert quote("ä") == "%C3%A4"
