"""``ivrkit doctor``: a real app behind real proxies, right and wrong ones."""

import json
import ssl
from contextlib import ExitStack

import pytest
import trustme
from tests.cli.proxies import NGINX, nginx, proxy_to
from tests.web.webhook_calls import serving

from ivrkit import Settings
from ivrkit.web import create_app

TOKEN = "12345"
HELP = """\
Usage: ivrkit doctor [OPTIONS]

  Check what calls need, and why a signature does not fit.

  Looks at settings, plugins, session store and clock. Then it asks the running
  app through its public URL, signed as Twilio signs, and names the header that
  breaks the signature and the line of the proxy's configuration that mends it.
  Routes with 1 when a check failed.

Options:
  --url URL             Where Twilio reaches the app: a base, or its webhook.
  --block PLUGIN        Leave a plugin out. May be repeated.
  --plugins-dir FOLDER  Load the plugins that are files of a folder.
  --json                Print JSON.
  --help                Show this message and exit.
"""
SHOP = "from ivrkit import MenuOption, State\nshop = State('Hi.', options=MenuOption('1', 'the shop'))"


@pytest.fixture(autouse=True)
def _shop(alone, install, monkeypatch):
    """Install a small tree that nothing is wrong with, and set the token."""
    install("shop-states", "3.0", "[ivrkit.states]\nshop = shop:shop\n", shop=SHOP)
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", TOKEN)


@pytest.fixture
def authority(tmp_path, monkeypatch):
    """An authority that this process trusts, with a certificate in ``tmp_path``."""
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
    """What a server with that certificate needs."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "certificate.pem", tmp_path / "key.pem")
    return context


@pytest.fixture
def serve(tmp_path):
    """Serve an app on this machine: ``serve(setting=...)`` gives its base URL."""
    with ExitStack() as stack:

        def serve(**settings):
            given = {"auth_token": TOKEN, "session_url": f"sqlite:///{tmp_path}/served.sqlite3", **settings}
            app = create_app(Settings(**given))
            stack.callback(app.extensions["ivrkit"].sessions.close)
            return stack.enter_context(serving(app, app.extensions["ivrkit"].sessions))

        yield serve


@pytest.fixture
def behind(serve, context):
    """Serve an app behind a proxy with TLS, which a test may change: gives the proxy's base URL."""
    with ExitStack() as stack:

        def behind(change=lambda passed: None, **settings):
            app = serve(**{"trusted_proxies": 1, **settings})
            return f"https://{stack.enter_context(proxy_to(app, change, context))}"

        yield behind


@pytest.fixture
def doctor(ivrkit):
    """Return what the doctor found as JSON: ``doctor("--url", url)`` gives the findings and the exit code."""

    def doctor(*arguments):
        result = ivrkit("doctor", "--json", *arguments)
        assert result.stderr == ""
        return json.loads(result.stdout), result.exit_code

    return doctor


@pytest.fixture
def wire(doctor):
    """Return what is wrong on the wire to a URL, each with the first mend and the last."""

    def wire(url, *arguments):
        findings, code = doctor("--url", url, *arguments)
        found = [each for each in findings if each["check"] == "wire"]
        assert code == (1 if "FAILED" in {each["status"] for each in found} else 0)
        assert [each["status"] for each in findings if each["check"] != "wire"] == ["ok"] * (len(findings) - len(found))
        return [(each["found"], each["mends"][:1] + each["mends"][-1:]) for each in found]

    return wire


# What is checked on this machine.


def test_it_tells_what_it_takes(ivrkit):
    """The help names every option."""
    result = ivrkit("doctor", "--help")
    assert (result.stdout, result.exit_code) == (HELP, 0)


def test_each_check_is_a_line_with_its_mend(ivrkit, folder):
    """Without a URL the wire is skipped, which is told and no failure."""
    result = ivrkit("doctor")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    clock = lines.pop(3)
    assert clock.startswith("ok       clock     it is 2")
    assert clock.endswith(" in the zone UTC")
    version = json.loads(ivrkit("plugins", "--json").stdout)[0]["version"]
    assert lines == [
        "ok       settings  they load; there is a token; public_url is left out",
        f"ok       plugins   3 states are served, of ivrkit {version}, shop-states 3.0",
        "ok       store     sqlite:///ivrkit-sessions.sqlite3: a session was written and read",
        "warning  wire      it was skipped: nobody said under which URL Twilio reaches the app",
        "            mend:  ivrkit doctor --url https://ivr.example.com, or set IVRKIT_PUBLIC_URL",
    ]


NO_TOKEN = "there is no token, so nobody's signature can be checked"


def test_a_fault_ends_with_one(ivrkit, monkeypatch, folder):
    """Each mend has a line of its own."""
    monkeypatch.delenv("TWILIO_AUTH_TOKEN")
    (folder / "ivrkit.toml").write_text('public_url = "http://a.example"', encoding="utf-8")
    result = ivrkit("doctor")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[:4] == [
        f"FAILED   settings  {NO_TOKEN}, and the host starts in dev mode alone",
        "            mend:  set TWILIO_AUTH_TOKEN to the Auth Token of your account, as Twilio's console shows it",
        "warning  settings  public_url is 'http://a.example': what callers press would be sent for everybody to read",
        "            mend:  IVRKIT_PUBLIC_URL=https://a.example",
    ]
    assert result.stdout.splitlines()[-2:] == [
        "warning  wire      it was skipped: there is no token to sign with",
        "            mend:  set TWILIO_AUTH_TOKEN",
    ]


def test_settings_that_do_not_load_are_told_first(doctor, folder):
    """All that is wrong with them at once; nothing else can be checked without them."""
    (folder / "ivrkit.toml").write_text("tries = 0\nmax_turns = 1", encoding="utf-8")
    found, code = doctor("--block", "shop-states")
    assert code == 1
    assert found == [
        {
            "check": "settings",
            "status": "FAILED",
            "found": "ivrkit.toml:1: tries is 0",
            "mends": ["it takes a whole number of at least 1"],
        },
        {
            "check": "settings",
            "status": "FAILED",
            "found": "ivrkit.toml:2: max_turns is 1",
            "mends": ["it takes a whole number of at least 2"],
        },
        {
            "check": "settings",
            "status": "warning",
            "found": "all other checks were skipped",
            "mends": ["mend the settings first"],
        },
    ]


@pytest.mark.parametrize("strict", ["true", "false"])
def test_every_fault_of_the_plugins_is_told(doctor, install, folder, strict):
    """Whether the host would start without them or not at all."""
    for name in ("broken", "worse"):
        install(f"{name}-states", "1.0", f"[ivrkit.states]\n{name} = {name}:it\n", **{name: "1 / 0"})
    (folder / "ivrkit.toml").write_text(f"strict = {strict}", encoding="utf-8")
    found, code = doctor()
    assert code == 1
    problems = [each for each in found if each["check"] == "plugins"]
    assert [each["status"] for each in problems] == ["FAILED", "FAILED"]
    assert [each["found"].split(":")[0] for each in problems] == ["plugin broken-states 1.0", "plugin worse-states 1.0"]
    assert problems[0]["mends"][0].startswith("mend or reinstall the package, or leave it out: ")


def test_a_notice_of_the_plugins_is_a_warning(doctor):
    """As the host warns of it when it starts; a plugin may be left out for the checks alone."""
    found, code = doctor("--block", "shop-states")
    assert code == 0
    assert [(each["status"], each["found"]) for each in found if each["check"] == "plugins"] == [
        ("warning", "the menu 'menu' has no options: no installed plugin offers any")
    ]


# The wire: right ones.


def fits(found, base):
    """Return whether that is all that was found."""
    return len(found) == 1 and found[0][0].startswith(f"the signature fits over {base}/webhook/doctor?a=1&b=%20x, ")


def test_a_good_proxy_is_ok(wire, behind):
    """A base and a webhook may be given alike."""
    base = behind()
    assert fits(wire(base), base)
    assert fits(wire(f"{base}/webhook"), base)


def test_without_any_proxy(wire, serve):
    """The host asked as it is."""
    base = serve()
    assert fits(wire(base), base)


def test_the_settings_public_url_is_asked(doctor, behind, monkeypatch):
    """Without --url; the prefix of the settings is part of it, and the clocks are compared."""
    base = behind(url_prefix="/phone")
    monkeypatch.setenv("IVRKIT_PUBLIC_URL", base)
    monkeypatch.setenv("IVRKIT_URL_PREFIX", "/phone")
    found, code = doctor()
    assert code == 0
    assert {each["status"] for each in found} == {"ok"}
    assert found[-2]["found"] == "the server's clock and this machine's are the same"
    assert fits([(found[-1]["found"], [])], f"{base}/phone")


def test_a_sub_accounts_token_signs(wire, serve, monkeypatch):
    """Where there are tokens of sub-accounts alone."""
    account = "AC" + "a" * 32
    monkeypatch.delenv("TWILIO_AUTH_TOKEN")
    monkeypatch.setenv(f"TWILIO_AUTH_TOKEN_{account}", "sub")
    base = serve(auth_token=(), accounts={account: "sub"})
    assert fits(wire(base), base)


def test_user_and_password_of_the_url_are_sent(wire, behind):
    """A proxy that asks for them is passed, as by Twilio."""

    def password(passed):
        return None if passed.headers.get("Authorization") == "Basic aXZyOm1l" else (401, {}, b"")

    base = behind(password)
    assert fits(wire(base.replace("//", "//ivr:me@")), base)
    ((found, _),) = wire(base)
    assert found == "something in front of the app answered 401: it wants a password, or lets not everybody in"


# The wire: wrong ones.


def without(name):
    """Return what drops a header."""
    return lambda passed: passed.headers.pop(name) and None


def with_header(name, value):
    """Return what writes a header otherwise."""
    return lambda passed: passed.headers.update({name: value})


def with_query(query):
    """Return what writes the query otherwise."""

    def change(passed):
        passed.path = passed.path.partition("?")[0] + query

    return change


def with_body(body):
    """Return what writes the body otherwise."""

    def change(passed):
        passed.body = body

    return change


def by_get(passed):
    """Ask by GET."""
    passed.method, passed.body = "GET", b""


NO_PROTO = "the scheme is not Twilio's: 'https' was asked, and the app saw 'http': no X-Forwarded-Proto came"
CASES = {
    "no X-Forwarded-Proto": (
        without("X-Forwarded-Proto"),
        NO_PROTO,
        "nginx: proxy_set_header X-Forwarded-Proto $scheme;",
    ),
    "another Host": (
        with_header("Host", "inner:5000"),
        "Host is not Twilio's: 'HOST' was asked, and the app saw 'inner:5000': no X-Forwarded-Host came",
        "nginx: proxy_set_header Host $http_host;",
    ),
    "a query that was dropped": (
        with_query(""),
        "the query was dropped: 'a=1&b=%20x'",
        "nginx: proxy_pass http://127.0.0.1:5000; or, with variables, http://127.0.0.1:5000$request_uri;",
    ),
    "a query that was changed": (
        with_query("?a=1&b=+x"),
        "the query was changed: 'a=1&b=%20x' came as 'a=1&b=+x'",
        "nginx: proxy_pass http://127.0.0.1:5000; or, with variables, http://127.0.0.1:5000$request_uri;",
    ),
    "a body that was dropped": (
        with_body(b""),
        "the body was dropped: it came without CallSid, CallStatus, From, Text",
        "nginx: proxy_pass_request_body on; and nothing that sets proxy_set_body",
    ),
    "a body that was changed": (
        with_body(b"CallSid=CA1&CallStatus=x&From=x&Text=x"),
        "the body was changed: its parameters are not those that were sent",
        "nginx: proxy_pass_request_body on; and nothing that sets proxy_set_body",
    ),
    "another Content-Type": (
        with_header("Content-Type", "text/plain"),
        "Content-Type was changed: application/x-www-form-urlencoded came as 'text/plain'",
        "nginx: proxy_set_header Content-Type $http_content_type;",
    ),
    "no signature": (
        without("X-Twilio-Signature"),
        "X-Twilio-Signature did not arrive",
        "nginx: proxy_set_header X-Twilio-Signature $http_x_twilio_signature;",
    ),
    "another method": (
        by_get,
        "the method was changed: POST came as 'GET'",
        "nginx: take out proxy_method, and any return or rewrite that redirects",
    ),
    "a redirect": (
        lambda passed: (301, {"Location": passed.path.replace("?", "/?")}, b""),
        "it was redirected (301) to '/webhook/doctor/?a=1&b=%20x': a slash is added to the path",
        "nginx: take out the rewrite that adds or removes the slash",
    ),
    "a proxy without app": (
        lambda passed: (502, {}, b"<html>"),
        "a proxy answered 502: it does not reach the app",
        "start the app (ivrkit serve), and look at where the proxy passes requests on to",
    ),
    "a page of another program": (
        lambda passed: (200, {"Content-Type": "text/html"}, b"<html>\n<h1>Hi"),
        "another program answered 200 with 'text/html': '<html> <h1>Hi'",
        "let the proxy or tunnel pass /webhook on to ivrkit, and nothing else answer there",
    ),
}


@pytest.mark.parametrize(("change", "found", "mend"), CASES.values(), ids=CASES)
def test_what_a_proxy_does_wrong_is_named(wire, behind, change, found, mend):
    """One cause, and the line that mends it."""
    base = behind(change)
    ((told, mends),) = wire(base)
    assert told == found.replace("HOST", base.removeprefix("https://"))
    assert mends[0] == mend


def test_a_prefix_that_the_proxy_takes_away(wire, behind):
    """The app is asked for another path; with X-Forwarded-Prefix it would know."""

    def strip(passed):
        passed.path = passed.path.removeprefix("/phone")

    base = behind(strip) + "/phone"
    ((found, mends),) = wire(base)
    assert found == (
        "the path is not Twilio's: '/phone/webhook/doctor' was asked, and the app saw '/webhook/doctor': no "
        "X-Forwarded-Prefix came"
    )
    assert mends[0] == "nginx: proxy_set_header X-Forwarded-Prefix /phone;"
    assert mends[1] == f"or, where there is one public address: IVRKIT_PUBLIC_URL={base}"
    strip_and_tell = behind(lambda passed: strip(passed) or passed.headers.update({"X-Forwarded-Prefix": "/phone"}))
    assert fits(wire(f"{strip_and_tell}/phone"), f"{strip_and_tell}/phone")


def test_a_proxy_that_nobody_trusts(wire, behind):
    """It tells, and the app does not listen: the mend is a setting."""
    base = behind(trusted_proxies=0)
    ((found, mends),) = wire(base)
    assert found.endswith("X-Forwarded-Proto is 'https', and trusted_proxies is 0")
    assert mends[0] == "IVRKIT_TRUSTED_PROXIES=1"


def test_the_one_line_that_mends_it_all(wire, behind):
    """With the public URL that is told, whatever the proxy says is no matter."""

    def wrong(passed):
        passed.headers["Host"] = "inner:5000"
        passed.headers.pop("X-Forwarded-Proto")

    base = behind(wrong)
    found = wire(base)
    assert [told.split(":")[0] for told, _ in found] == ["the scheme is not Twilio's", "Host is not Twilio's"]
    _, line = found[0][1][1].split("IVRKIT_PUBLIC_URL=")
    assert line == base
    other = behind(wrong, public_url="https://old.example.com")
    ((told, mends),) = wire(other)
    assert told.endswith("because its public_url is 'https://old.example.com'")
    assert mends[0] == f"IVRKIT_PUBLIC_URL={other}"


def test_another_token(wire, serve):
    """The page is not there for who does not know it, and the host's health is."""
    ((found, mends),) = wire(serve(auth_token="another"))
    assert found == "ivrkit answers there, and does not know who asks (404): its token is another one, or it has none"
    assert mends[0] == "set TWILIO_AUTH_TOKEN to the same token there and here, and start the server anew"


def test_another_path(wire, serve):
    """It is told where ivrkit answers."""
    base = serve()
    ((found, mends),) = wire(f"{base}/phone")
    assert found == f"404: ivrkit answers at {base}, and not at {base}/phone"
    assert mends[0] == f"give Twilio, and --url, {base}/webhook"


def test_a_url_that_is_none(wire):
    """It is told as any other problem."""
    ((found, mends),) = wire("ivr.example.com")
    assert found == "'ivr.example.com' is no URL that Twilio could ask"
    assert mends[0] == "give a base such as https://ivr.example.com, in ASCII"


def test_a_certificate_that_nobody_trusts(wire, behind, monkeypatch):
    """It is refused as Twilio refuses it, and taken where its authority is known."""
    base = behind()
    assert fits(wire(base), base)
    monkeypatch.delenv("SSL_CERT_FILE")
    ((found, mends),) = wire(base)
    assert found.startswith(f"{base}: the certificate of localhost is invalid: ")
    assert found.endswith("(Twilio's error 11237)")
    assert mends[-1] == "to try one of your own, name its CA in SSL_CERT_FILE; Twilio will refuse it"


# nginx itself.

#: A whole location, as docs/how-to/proxy.md has it.
GOOD = """
  location / {{
    proxy_pass {app};
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Proto $scheme;
  }}"""
UNDER_PHONE = GOOD.replace("location / ", "location /phone/ ").replace("{app};", "{app}/;")
TOLD = UNDER_PHONE.replace("  }}", "    proxy_set_header X-Forwarded-Prefix /phone;\n  }}")


NGINX_CASES = [
    (GOOD, "", None, None),
    (TOLD, "/phone", None, None),
    (
        GOOD.replace("X-Forwarded-Proto $scheme", "X-Other 1"),
        "",
        NO_PROTO,
        "nginx: proxy_set_header X-Forwarded-Proto $scheme;",
    ),
    (
        GOOD.replace("Host $http_host", "X-Other 1"),
        "",
        "Host is not Twilio's: 'HOST' was asked, and the app saw 'APP': no X-Forwarded-Host came",
        "nginx: proxy_set_header Host $http_host;",
    ),
    (
        UNDER_PHONE,
        "/phone",
        (
            "the path is not Twilio's: '/phone/webhook/doctor' was asked, and the app saw '/webhook/doctor': no "
            "X-Forwarded-Prefix came"
        ),
        "nginx: proxy_set_header X-Forwarded-Prefix /phone;",
    ),
    (
        GOOD.replace("{app};", "http://127.0.0.1:1;"),
        "",
        "a proxy answered 502: it does not reach the app",
        "start the app (ivrkit serve), and look at where the proxy passes requests on to",
    ),
]
NGINX_IDS = ["good", "good with a prefix", "no X-Forwarded-Proto", "another Host", "no X-Forwarded-Prefix", "no app"]

if NGINX:  # nothing is skipped where there is none: the proxy above shows the same rules

    @pytest.mark.parametrize(("server", "path", "found", "mend"), NGINX_CASES, ids=NGINX_IDS)
    def test_nginx(wire, serve, authority, tmp_path, server, path, found, mend):
        """The lines that are told are those that nginx needs."""
        app = serve(trusted_proxies=1)
        with nginx(tmp_path, server.format(app=app)) as host:
            told = wire(f"https://{host}{path}")
        if found is None:
            assert fits(told, f"https://{host}{path}")
        else:
            assert [(text, mends[0]) for text, mends in told] == [
                (found.replace("HOST", host).replace("APP", app.removeprefix("http://")), mend)
            ]
