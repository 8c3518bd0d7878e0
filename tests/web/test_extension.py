"""A tree in somebody's own Flask app: it works there as alone, and changes nothing of the app."""

import http.client
import io
from contextlib import closing
from urllib.parse import urlsplit

import pytest
from flask import Blueprint, Flask, request
from tests.web.sample_trees import SHOP, TreePlugin
from tests.web.simulated_calls import simulator_for_app
from tests.web.team_app import TOKEN, Team, close, create_team_app, orders
from tests.web.webhook_calls import WebhookCall, in_process, new_sid, serving, sign, twilio_params
from werkzeug.exceptions import NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from ivrkit import HOME, MenuOption, SessionError, Settings, SettingsError, State, ask
from ivrkit.testing import Phone
from ivrkit.web import Ivrkit
from ivrkit.web.extension import MountedTree, mounted_tree

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def team(tmp_path, no_settings):
    """Make apps of a team's own, each with a database of its own."""
    made = []

    def make(name="team"):
        folder = tmp_path / f"{name}-{len(made)}"
        folder.mkdir()
        made.append(create_team_app(folder))
        return made[-1]

    yield make
    for app in made:
        close(app)


@pytest.fixture
def mount(tmp_path, no_settings):
    """Mount a tree in an app: ``mount(app, tree, name=..., any_setting=...)``."""

    def mounted(app, tree=None, *, name="ivrkit", **settings):
        given = {"auth_token": TOKEN, "dev": True, "block": "acme-states", "url_prefix": "/phone", **settings}
        store = f"sqlite:///{tmp_path}/{app.name}-{name}.sqlite3"
        plugins = {"shop": tree if isinstance(tree, TreePlugin) else TreePlugin(tree or SHOP)}
        Ivrkit(app, name=name, plugins=plugins, **{"session_url": store, **given})
        return mounted_tree(app, name)

    return mounted


# In the request of the team's app.


def test_enter_and_exit_functions_and_hooks_run_in_the_request_of_the_app(team, mount):
    """``current_app``, ``request`` and the database session of an extension are there, whoever of the tree asks."""
    app = team()
    mount(app, Team())
    call = Phone(app).call()
    assert call.press("1").heard_last.startswith(f"From Berlin at /phone/webhook: call ivrkit.webhook {call.sid}.")
    call.press("7")
    assert call.heard_last == f"From Berlin at /phone/webhook: call ivrkit.webhook {call.sid}, order 7."
    with app.app_context():
        assert orders() == [f"call ivrkit.webhook {call.sid}", "order 7"]


def test_a_handler_that_fails_leaves_the_next_request_a_good_session(team, mount, logged):
    """The order is there already: the caller hears an apology, and the next webhook finds a database that works."""
    app = team()
    mount(app, Team())
    call = Phone(app).call()
    call.press("1").press("7").press("7")
    assert "We are sorry, something went wrong." in call.heard_last
    assert any("IntegrityError" in line for line in logged())
    call.press("1").press("8")
    assert call.heard_last.endswith("order 7, order 8.")


# Beside the app's own pages.


def test_a_tree_under_a_prefix_and_the_pages_of_the_app(team, mount):
    """Signatures, relative actions, the status callback and the fallback work below it; all else is the app's."""
    app = team()
    host = mount(app)
    call = simulator_for_app(app, "/phone/webhook").call()
    assert call.press("0").state == "operator"
    call.callee.is_busy()
    assert call.heard_last.startswith("They are busy.")
    call.hangs_up()
    assert host.sessions.load(call.sid).ended == "completed"
    send = in_process(app)
    assert send("GET", "https://ivr.example.com/", b"", {}).body == b"We deliver from Berlin."
    assert send("POST", "https://ivr.example.com/webhook", b"", {}).status == 404
    assert send("POST", "https://ivr.example.com/phone/webhook", b"CallSid=CA1", FORM).status == 403
    assert send("GET", "https://ivr.example.com/phone/healthz", b"", {}).status == 200


def test_the_fallback_leads_back_to_the_webhook_below_the_prefix(team, mount):
    """Twilio asks the fallback, and its relative redirection ends at the webhook again."""
    app = team()
    mount(app)
    webhook = "https://ivr.example.com/phone/webhook"
    call = WebhookCall(in_process(app), webhook)
    call.dial()
    call.request_document(f"{webhook}/fallback", {"ErrorUrl": webhook, "ErrorCode": "11200"})
    assert call.follow_redirect().state == "menu"
    assert call.url == f"{webhook}?again=1"


def test_two_trees_of_one_app_have_nothing_in_common(team, mount):
    """Each has its own name, path, company, token, states, sessions and connection overrides."""
    app = team()
    sales = mount(app, name="sales", url_prefix="/sales", company="Sales", auth_token="one")
    help_ = mount(
        app,
        {"help": State("Help.", HOME, options=MenuOption("5", "help"))},
        name="help",
        url_prefix="/help",
        company="Help",
        auth_token="two",
        connection_overrides="rc=0",
    )
    one, two = Phone(app, name="sales").call(), Phone(app, name="help").call()
    assert one.heard.startswith("Thank you for calling Sales.")
    assert two.heard.startswith("Thank you for calling Help.")
    assert one.press("2").state == "message"
    assert two.press("5").heard_last.startswith("Help.")
    assert sales.sessions.load(one.sid).state == "message"
    assert sales.sessions.load(two.sid) is help_.sessions.load(one.sid) is None
    assert 'action="webhook#rc=1&amp;rp=ct"' in one.responses[0].body
    assert 'action="webhook#rc=0"' in two.responses[0].body
    refused = Phone(app, name="sales", token="two").call()
    assert refused.responses[0].status == 403


def test_one_object_mounts_the_tree_in_several_apps(team, no_settings, tmp_path):
    """Nothing of an app is kept on it: each app has its own store and database, and its own settings."""
    tree = Ivrkit(plugins={"team": Team()}, block="acme-states", dev=True)
    apps = [team(), team()]
    for number, app in enumerate(apps):
        app.config.update(
            IVRKIT_AUTH_TOKEN=TOKEN,
            IVRKIT_COMPANY=f"Number {number}",
            IVRKIT_SESSION_URL=f"sqlite:///{tmp_path}/{number}.sqlite3",
        )
        tree.init_app(app)
    assert mounted_tree(apps[0], "ivrkit").sessions is not mounted_tree(apps[1], "ivrkit").sessions
    calls = [Phone(app).call() for app in apps]
    assert [call.heard.splitlines()[0] for call in calls] == [f"Thank you for calling Number {n}." for n in (0, 1)]
    for app, call in zip(apps, calls, strict=True):
        with app.app_context():
            assert orders() == [f"call ivrkit.webhook {call.sid}"]


def test_a_tree_in_an_app_that_is_mounted_itself(team, mount):
    """Below a ``DispatcherMiddleware`` Twilio signs the whole path, and every address leads back to it."""
    app = team()
    mount(app)
    outer = DispatcherMiddleware(NotFound(), {"/api/v1": app})
    call = simulator_for_app(outer, "/api/v1/phone/webhook").call()
    assert call.press("2").state == "message"
    assert call.responses[-1].status == 200


@pytest.mark.parametrize(
    ("public", "mounted_at"),
    [
        ("https://tel.example.com", ""),
        ("https://tel.example.com:8443/phone", ""),
        ("https://tel.example.com/api/v1", "/api/v1"),
        ("https://tel.example.com/api/phone", "/api"),
    ],
)
def test_a_phone_calls_at_the_public_url(team, mount, public, mounted_at):
    """Where the settings name a public URL, that is what the phone asks and signs, whatever of it the app knows."""
    app = team()
    host = mount(app, public_url=public)
    phone = Phone(app)
    assert phone.simulator.url.startswith(public)
    assert phone.simulator.url.endswith(f"{mounted_at}/phone/webhook")
    call = phone.call()
    assert call.press("2").state == "message"
    call.hangs_up()
    assert host.sessions.load(call.sid).ended == "completed"


SUB = "AC" + "a" * 32


@pytest.mark.parametrize(
    ("tokens", "token"),
    [
        ({"auth_token": ("new", "old")}, None),
        ({"auth_token": ("new", "old")}, "old"),
        ({"auth_token": "main", "accounts": {SUB: "sub"}}, "sub"),
        ({"auth_token": (), "accounts": {SUB: "sub"}}, None),
        ({"auth_token": ()}, None),
    ],
)
def test_a_phone_signs_with_a_token_of_the_tree(team, mount, tokens, token):
    """The one that is given, in the name of the account that has it; else the first; without any it signs nothing."""
    app = team()
    mount(app, **tokens)
    assert Phone(app, token=token).call().press("2").state == "message"


def test_a_position_of_a_call_that_is_not_kept(team, mount):
    """A call that was refused has a position as well: that of a call which has not begun."""
    app = team()
    mount(app)
    phone = Phone(app, token="another")
    assert phone.position(phone.call()) == phone.position(phone.call())


def test_a_phone_names_the_trees_that_there_are(team, mount):
    """A tree that is not there is told with the nearest name, and an app without any with what mounts one."""
    app = team()
    with pytest.raises(SettingsError) as caught:
        Phone(app)
    assert str(caught.value) == "the app 'team' has no phone tree 'ivrkit'\n  hint: mount one: ivrkit.web.Ivrkit(app)"
    mount(app, name="sales")
    with pytest.raises(SettingsError) as caught:
        Phone(app, name="sale")
    assert (
        str(caught.value)
        == "the app 'team' has no phone tree 'sale', did you mean 'sales'?\n  hint: its phone trees: sales"
    )


# Nothing of the app is changed.


def test_nothing_of_the_app_is_changed(team, mount):
    """Its configuration, its WSGI application and its own pages' limits are as they were, proxies or not."""
    app = team()
    config = dict(app.config)
    mount(app, trusted_proxies=1)
    assert app.config == config
    assert "wsgi_app" not in vars(app)
    body = b"x" * 300_000
    assert in_process(app)("POST", "https://ivr.example.com/echo", body, {}).body == b"300000"


def test_proxies_are_believed_for_the_tree_alone(team, mount):
    """A page of the app sees the request as it came, and so do handlers; the signature is over the outer URL."""
    seen = []
    app = team()
    app.add_url_rule("/where", "where", lambda: f"{request.url} {request.remote_addr}")

    def where(call):
        seen.append(request.url)
        return ask("Here.")

    mount(app, {"where": State(where, options=MenuOption("1", "where"))}, trusted_proxies=1, start="where")
    params = twilio_params(new_sid())
    headers = {
        **FORM,
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "ivr.example.com",
        "X-Forwarded-For": "203.0.113.9",
        "X-Twilio-Signature": sign("https://ivr.example.com/phone/webhook", params.items()),
    }
    client = app.test_client()
    answer = client.post("/phone/webhook", base_url="http://10.0.0.7", data=params, headers=headers)
    assert answer.status_code == 200
    assert seen == ["http://10.0.0.7/phone/webhook"]
    answer = client.get("/where", base_url="http://10.0.0.7", headers=headers)
    assert answer.text == "http://10.0.0.7/where 127.0.0.1"


PAGES = ["webhook", "webhook/status", "webhook/fallback"]


@pytest.mark.parametrize("page", PAGES)
def test_what_is_too_long_is_refused_on_the_trees_pages(team, mount, page):
    """256,000 bytes are read and no more; the refusal says so."""
    app = team()
    mount(app)
    send, url = in_process(app), f"https://ivr.example.com/phone/{page}"
    assert send("POST", url, b"x" * 256_000, FORM).status == 403
    answer = send("POST", url, b"x" * 256_001, FORM)
    assert (answer.status, answer.body) == (413, b"The request body must have at most 256000 bytes.\n")


@pytest.mark.parametrize(
    "environ",
    [
        {"HTTP_TRANSFER_ENCODING": "chunked"},
        {"HTTP_TRANSFER_ENCODING": "gzip, chunked", "CONTENT_LENGTH": "11"},
        {"wsgi.input_terminated": True},
    ],
)
def test_a_body_of_no_known_length_is_not_read(team, mount, environ):
    """Nobody knows how long it would go on; Twilio always says how long its form is."""

    class Unread(io.BytesIO):
        def read(self, *args):
            raise AssertionError("the body is read")

        readline = readinto = read

    app = team()
    mount(app)
    given = {"REQUEST_METHOD": "POST", "PATH_INFO": "/phone/webhook", "SERVER_NAME": "a.example", "SERVER_PORT": "80"}
    started = []
    body = app(
        {
            **given,
            "wsgi.input": Unread(b"CallSid=CA1"),
            "wsgi.url_scheme": "http",
            "CONTENT_TYPE": FORM["Content-Type"],
            **environ,
        },
        lambda status, headers, *_: started.append(status),
    )
    assert (started, b"".join(body)) == (
        ["411 LENGTH REQUIRED"],
        b"The request must have a Content-Length and no Transfer-Encoding.\n",
    )


def test_a_chunked_body_over_http_is_not_read(team, mount):
    """A real server hands on what comes in chunks without its length; the refusal comes before the signature."""
    app = team()
    host = mount(app)
    with serving(app, host.sessions) as base:
        address = urlsplit(base)
        with closing(http.client.HTTPConnection(address.hostname, address.port, timeout=20)) as connection:
            connection.request("POST", "/phone/webhook", iter([b"CallSid=", b"CA1"]), FORM, encode_chunked=True)
            assert connection.getresponse().status == 411


def test_a_body_where_none_belongs_is_not_read(team, mount):
    """With GET, Twilio signs the URL alone and sends no body: one that came all the same counts for nothing."""
    app = team()
    mount(app)
    url = "https://ivr.example.com/phone/webhook?CallSid=CA1"
    headers = {**FORM, "X-Twilio-Signature": sign(url)}
    assert in_process(app)("GET", url, b"Digits=1", headers).status == 200


# Settings.


def test_settings_come_from_the_folder_the_app_and_the_code(team, no_settings, tmp_path):
    """The file, then the environment, then ``app.config``, then what is given: the later wins."""
    (tmp_path / "ivrkit.toml").write_text('company = "File"\ntries = 2\nmax_failures = 2\nblock = ["acme-states"]\n')
    no_settings.setenv("IVRKIT_TRIES", "4")
    no_settings.setenv("IVRKIT_MAX_FAILURES", "4")
    no_settings.setenv("TWILIO_AUTH_TOKEN", TOKEN)
    app = team()
    app.config.update(IVRKIT_MAX_FAILURES=5, IVRKIT_MAX_TURNS=50, IVRKIT_URL_PREFIX="/tel", OTHER_COMPANY="Not this")
    app.config["IVRKIT_TEXTS"] = {"goodbye": "So long."}
    Ivrkit(app, max_turns=60)
    settings = mounted_tree(app, "ivrkit").settings
    assert (settings.company, settings.tries, settings.max_failures, settings.max_turns) == ("File", 4, 5, 60)
    assert (settings.url_prefix, settings.texts.goodbye) == ("/tel", "So long.")


def test_each_tree_may_have_a_prefix_of_its_own_in_the_configuration(team, mount):
    """What begins with another prefix is another tree's; with none, ``app.config`` is not read at all."""
    app = team()
    app.config.update(SALES_IVRKIT_COMPANY="Sales", IVRKIT_COMPANY="Help", TRIES=9)
    sales = mount(app, name="sales", url_prefix="/sales", config_prefix="SALES_IVRKIT_")
    help_ = mount(app, name="help", url_prefix="/help")
    other = mount(app, name="other", url_prefix="/other", config_prefix="")
    companies = [host.settings.company for host in (sales, help_, other)]
    assert companies == ["Sales", "Help", "our company"]


def test_settings_that_are_given_whole_are_all_there_is(team, tmp_path):
    """With Settings neither the folder nor ``app.config`` is read."""
    (tmp_path / "ivrkit.toml").write_text('company = "File"\n')
    app = team()
    app.config["IVRKIT_COMPANY"] = "Configured"
    settings = Settings(dev=True, session_url=f"sqlite:///{tmp_path}/calls.sqlite3", block=("acme-states",))
    Ivrkit(app, settings=settings)
    host = app.extensions["ivrkit"]
    assert isinstance(host, MountedTree)
    assert host.settings is settings
    assert Phone(app).call().heard.startswith("Thank you for calling our company.")


CONFIG = [
    (
        {"IVRKIT_COMPAMY": "ACME"},
        (
            "app.config: IVRKIT_COMPAMY is not a setting, did you mean 'IVRKIT_COMPANY'?\n"
            "  hint: valid settings: IVRKIT_COMPANY, "
        ),
    ),
    (
        {"IVRKIT_company": "ACME"},
        (
            "app.config: IVRKIT_company is not a setting, did you mean 'IVRKIT_COMPANY'?\n"
            "  hint: valid settings: IVRKIT_COMPANY, "
        ),
    ),
    ({"IVRKIT_QQQQ": 1}, "app.config: IVRKIT_QQQQ is not a setting\n  hint: valid settings: IVRKIT_COMPANY, "),
    ({"IVRKIT_TRIES": "3"}, "app.config: IVRKIT_TRIES is '3'\n  hint: it takes a whole number of at least 1"),
    ({"IVRKIT_TEXTS": {"option": "{kye}"}}, "app.config: IVRKIT_TEXTS: "),
    ({"IVRKIT_AUTH_TOKEN": 12345}, "app.config: IVRKIT_AUTH_TOKEN is a value that is kept secret\n  hint: it takes a "),
]


@pytest.mark.parametrize(("config", "told"), CONFIG, ids=lambda each: next(iter(each), ""))
def test_a_key_of_the_configuration_that_is_wrong_is_named(team, config, told):
    """Nothing with the prefix is passed over: an unknown name has the nearest one, a value what it takes."""
    app = team()
    app.config.update(config)
    with pytest.raises(SettingsError) as caught:
        Ivrkit(app, dev=True)
    assert str(caught.value).startswith(told)
    assert "ivrkit" not in app.extensions


def test_settings_are_given_in_one_way():
    """Settings and single settings beside them are refused: nobody could say which was meant."""
    with pytest.raises(SettingsError) as caught:
        Ivrkit(settings=Settings(dev=True), tries=2)
    assert str(caught.value) == (
        "Ivrkit must be called with a Settings object or with single settings, not with both: tries\n"
        "  hint: set them in the Settings object, or leave the object out"
    )


@pytest.mark.parametrize("name", ["", "sales.eu"])
def test_a_name_that_can_be_none_is_refused(name):
    """It names a blueprint, and those have no dots."""
    with pytest.raises(SettingsError) as caught:
        Ivrkit(name=name)
    assert str(caught.value) == (
        f"the name of a phone tree must be a text without dots, not {name!r}\n  hint: choose a name such as 'sales'"
    )


@pytest.mark.parametrize("name", ["sqlalchemy", "pages", "ivrkit"])
def test_a_name_that_is_taken_is_refused(team, mount, name):
    """By another tree, by an extension, or by a blueprint of the app's own."""
    app = team()
    app.register_blueprint(Blueprint("pages", __name__))
    mount(app)
    with pytest.raises(SettingsError) as caught:
        mount(app, name=name, url_prefix="/other")
    assert str(caught.value) == (
        f"the app 'team' already has an extension or a blueprint with the name {name!r}\n"
        '  hint: give the phone tree another name: Ivrkit(app, name="sales")'
    )


def test_a_path_that_is_taken_is_refused(team, mount):
    """By another tree, or by a page of the app's own, which Flask would silently serve in its place."""
    app = team()
    app.add_url_rule("/healthz", "health", lambda: "ok")
    mount(app)
    with pytest.raises(SettingsError) as caught:
        mount(app, name="sales")
    assert str(caught.value) == (
        "the phone trees 'ivrkit' and 'sales' must have different paths, not both '/phone/webhook'\n"
        "  hint: give each a url_prefix of its own"
    )
    with pytest.raises(SettingsError) as caught:
        mount(app, name="sales", url_prefix="")
    assert str(caught.value) == (
        "the app 'team' already has a route for '/healthz': 'health'\n"
        '  hint: mount the phone tree below a path of its own: url_prefix = "/phone"'
    )


def test_without_a_token_nothing_is_mounted(team):
    """The same refusal as of ``create_app``; neither a page nor a store is there by then."""
    app = team()
    before = len(list(app.url_map.iter_rules()))
    with pytest.raises(SettingsError) as caught:
        Ivrkit(app)
    assert str(caught.value) == (
        "no auth token is set, so requests cannot be verified\n"
        "  hint: set TWILIO_AUTH_TOKEN to your account's auth token, or IVRKIT_DEV=1 to answer only requests "
        "from this machine"
    )
    assert len(list(app.url_map.iter_rules())) == before
    assert "ivrkit" not in app.extensions


def test_a_store_that_cannot_be_opened_mounts_nothing(team, mount, tmp_path):
    """The app is as it was when a tree could not be made."""
    app = team()
    with pytest.raises(SessionError):
        mount(app, session_url=f"sqlite:///{tmp_path}/missing/calls.sqlite3")
    assert "ivrkit" not in app.extensions
    assert "ivrkit" not in app.blueprints


def test_what_is_mounted_is_told_in_one_line(team, mount, caplog):
    """The path, the states and the plugins, once for each tree."""
    caplog.set_level("INFO", logger="ivrkit.web")
    mount(team(), name="sales")
    (line,) = [each for each in caplog.messages if each.startswith("phone tree ")]
    assert line.startswith(
        "phone tree 'sales' at /phone/webhook: states greeting, menu, news, message, operator; plugins ivr"
    )
    assert line.endswith(", shop (loaded)")


def test_an_app_may_be_given_later(no_settings):
    """Without an app nothing is read and nothing is made."""
    no_settings.setenv("IVRKIT_NOTHING", "wrong")
    assert Ivrkit().name == "ivrkit"
    assert Flask("plain").extensions == {}
