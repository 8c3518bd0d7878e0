"""The Flask extension: a phone tree in an existing app, beside its pages, without changing the app."""

import pytest
from flask import Blueprint, Flask, request
from tests.web.sample_trees import SHOP, TreePlugin
from tests.web.simulated_calls import simulator_for_app
from tests.web.team_app import TOKEN, TeamPlugin, close, create_team_app, orders
from tests.web.webhook_calls import FORGED_SIGNATURE, WebhookCall, in_process, new_sid, sign, twilio_params
from werkzeug.exceptions import NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from ivrkit import HOME, MenuOption, SessionError, Settings, SettingsError, State, ask
from ivrkit.testing import Phone
from ivrkit.web import Ivrkit
from ivrkit.web.extension import MountedTree, mounted_tree

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def team_app(tmp_path, no_settings):
    """Return a function that makes the app of a team, each with its own database."""
    apps = []

    def make(name="team"):
        folder = tmp_path / f"{name}-{len(apps)}"
        folder.mkdir()
        apps.append(create_team_app(folder))
        return apps[-1]

    yield make
    for app in apps:
        close(app)


@pytest.fixture
def mount(tmp_path, no_settings):
    """Return a function that mounts a phone tree in an app: ``mount(app, tree, name=..., any_setting=...)``."""

    def make(app, tree=None, *, name="ivrkit", **settings):
        settings = {"auth_token": TOKEN, "dev": True, "block": "acme-states", "url_prefix": "/phone", **settings}
        store = f"sqlite:///{tmp_path}/{app.name}-{name}.sqlite3"
        plugins = {"shop": tree if isinstance(tree, TreePlugin) else TreePlugin(tree or SHOP)}
        Ivrkit(app, name=name, plugins=plugins, **{"session_url": store, **settings})
        return mounted_tree(app, name)

    return make


# In the request of the app.


def test_handlers_and_hooks_run_in_the_request_of_the_app(team_app, mount):
    """Enter functions, exit functions and hooks can use ``current_app``, ``request`` and the app's database session."""
    app = team_app()
    mount(app, TeamPlugin())
    call = Phone(app).call()
    assert call.press("1").heard_last.startswith(f"From Berlin at /phone/webhook: call ivrkit.webhook {call.sid}.")
    call.press("7")
    assert call.heard_last == f"From Berlin at /phone/webhook: call ivrkit.webhook {call.sid}, order 7."
    with app.app_context():
        assert orders() == [f"call ivrkit.webhook {call.sid}", "order 7"]


def test_a_failing_handler_does_not_break_the_next_database_session(team_app, mount, logged):
    """After a handler failed with a database error, the next webhook has a database session that works."""
    app = team_app()
    mount(app, TeamPlugin())
    call = Phone(app).call()
    call.press("1").press("7").press("7")
    assert "We are sorry, something went wrong." in call.heard_last
    assert any("IntegrityError" in line for line in logged())
    call.press("1").press("8")
    assert call.heard_last.endswith("order 7, order 8.")


# Beside the app's own pages.


def test_a_tree_below_a_prefix_beside_the_pages_of_the_app(team_app, mount):
    """A phone tree below a prefix is served completely, and the app's own pages stay as they were."""
    app = team_app()
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


def test_the_fallback_leads_back_to_the_webhook_below_the_prefix(team_app, mount):
    """The relative redirect of the fallback leads to the webhook below the prefix."""
    app = team_app()
    mount(app)
    webhook = "https://ivr.example.com/phone/webhook"
    call = WebhookCall(in_process(app), webhook)
    call.dial()
    call.request_document(f"{webhook}/fallback", {"ErrorUrl": webhook, "ErrorCode": "11200"})
    assert call.follow_redirect().state == "menu"
    assert call.url == f"{webhook}?again=1"


def test_two_trees_of_one_app_are_independent(team_app, mount):
    """Two phone trees of one app have their own name, path, company, token, states, sessions and overrides."""
    app = team_app()
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


def test_one_object_mounts_the_tree_in_several_apps(team_app, no_settings, tmp_path):
    """One ``Ivrkit`` object mounts its phone tree in several apps, each with its own settings, store and database."""
    tree = Ivrkit(plugins={"team": TeamPlugin()}, block="acme-states", dev=True)
    apps = [team_app(), team_app()]
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


def test_an_app_that_is_mounted_in_another(team_app, mount):
    """A phone tree works in an app that is mounted below a ``DispatcherMiddleware``."""
    app = team_app()
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
def test_a_phone_calls_at_the_public_url(team_app, mount, public, mounted_at):
    """A ``Phone`` requests and signs the public URL of the settings, at every mount point."""
    app = team_app()
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
def test_a_phone_signs_with_a_token_of_the_tree(team_app, mount, tokens, token):
    """A ``Phone`` signs with the given token, else with the first token of the settings; without a token not at all."""
    app = team_app()
    mount(app, **tokens)
    assert Phone(app, token=token).call().press("2").state == "message"


def test_the_position_of_a_refused_call(team_app, mount):
    """``Phone.position`` works for a call that was refused, and is that of a call that has not begun."""
    app = team_app()
    mount(app)
    phone = Phone(app, token="another")
    assert phone.position(phone.call()) == phone.position(phone.call())


def test_an_unknown_tree_is_an_error_with_the_mounted_trees(team_app, mount):
    """The error for an unknown phone tree names the nearest name and the mounted trees, or how to mount one."""
    app = team_app()
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


# The app is not changed.


def test_the_app_is_not_changed(team_app, mount):
    """Mounting a phone tree changes neither the configuration nor the ``wsgi_app`` of the app, nor its size limit."""
    app = team_app()
    config = dict(app.config)
    mount(app, trusted_proxies=1)
    assert app.config == config
    assert "wsgi_app" not in vars(app)
    body = b"x" * 300_000
    assert in_process(app)("POST", "https://ivr.example.com/echo", body, {}).body == b"300000"


def test_trusted_proxies_are_for_the_tree_only(team_app, mount):
    """The signature is checked over the outer URL; pages and handlers see the request as it arrived."""
    seen = []
    app = team_app()
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
def test_a_body_of_more_than_65536_bytes_is_refused(team_app, mount, logged, page):
    """A body of more than 65,536 bytes gets status 413 at each endpoint."""
    app = team_app()
    mount(app)
    send, url = in_process(app), f"https://ivr.example.com/phone/{page}"
    signed = {**FORM, "X-Twilio-Signature": FORGED_SIGNATURE}
    assert send("POST", url, b"x" * 65_536, signed).status == 403
    logged()
    answer = send("POST", url, b"x" * 65_537, signed)
    assert (answer.status, answer.body) == (413, b"The request body must have at most 65536 bytes.\n")
    (line,) = logged()
    assert line == (
        f"WARNING 413 POST /phone/{page} from an unknown address: the body has more than 65,536 bytes: Twilio's forms "
        "are far smaller, so find out which program sends this request"
    )


def test_a_body_of_a_get_request_is_ignored(team_app, mount):
    """The body of a GET request is ignored: Twilio signs the URL alone."""
    app = team_app()
    mount(app)
    url = "https://ivr.example.com/phone/webhook?CallSid=CA1"
    headers = {**FORM, "X-Twilio-Signature": sign(url)}
    assert in_process(app)("GET", url, b"Digits=1", headers).status == 200


# Settings.


def test_the_order_of_settings(team_app, no_settings, tmp_path):
    """Settings come from the file, the environment, ``app.config`` and the code; the later overrides the earlier."""
    (tmp_path / "ivrkit.toml").write_text('company = "File"\ntries = 2\nmax_failures = 2\nblock = ["acme-states"]\n')
    no_settings.setenv("IVRKIT_TRIES", "4")
    no_settings.setenv("IVRKIT_MAX_FAILURES", "4")
    no_settings.setenv("TWILIO_AUTH_TOKEN", TOKEN)
    app = team_app()
    app.config.update(IVRKIT_MAX_FAILURES=5, IVRKIT_MAX_TURNS=50, IVRKIT_URL_PREFIX="/tel", OTHER_COMPANY="Not this")
    app.config["IVRKIT_TEXTS"] = {"goodbye": "So long."}
    Ivrkit(app, max_turns=60)
    settings = mounted_tree(app, "ivrkit").settings
    assert (settings.company, settings.tries, settings.max_failures, settings.max_turns) == ("File", 4, 5, 60)
    assert (settings.url_prefix, settings.texts.goodbye) == ("/tel", "So long.")


def test_each_tree_can_have_its_own_config_prefix(team_app, mount):
    """Keys of ``app.config`` belong to the phone tree with their ``config_prefix``; an empty prefix reads no key."""
    app = team_app()
    app.config.update(SALES_IVRKIT_COMPANY="Sales", IVRKIT_COMPANY="Help", TRIES=9)
    sales = mount(app, name="sales", url_prefix="/sales", config_prefix="SALES_IVRKIT_")
    help_ = mount(app, name="help", url_prefix="/help")
    other = mount(app, name="other", url_prefix="/other", config_prefix="")
    companies = [host.settings.company for host in (sales, help_, other)]
    assert companies == ["Sales", "Help", "our company"]


def test_a_settings_object_replaces_all_other_settings(team_app, tmp_path):
    """With a ``Settings`` object, neither the working folder nor ``app.config`` is read."""
    (tmp_path / "ivrkit.toml").write_text('company = "File"\n')
    app = team_app()
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
    ({"IVRKIT_TRIES": "3"}, "app.config: IVRKIT_TRIES must be a whole number of at least 1, not '3'"),
    ({"IVRKIT_TEXTS": {"option": "{kye}"}}, "app.config: texts.option "),
    (
        {"IVRKIT_AUTH_TOKEN": 12345},
        "app.config: IVRKIT_AUTH_TOKEN must be a token, or a list of these; its value is secret and not shown\n",
    ),
]


@pytest.mark.parametrize(("config", "message"), CONFIG, ids=lambda each: next(iter(each), ""))
def test_an_invalid_key_of_app_config_is_an_error(team_app, config, message):
    """An unknown key or an invalid value in ``app.config`` is an error that names the key, and mounts nothing."""
    app = team_app()
    app.config.update(config)
    with pytest.raises(SettingsError) as caught:
        Ivrkit(app, dev=True)
    assert str(caught.value).startswith(message)
    assert "ivrkit" not in app.extensions


def test_settings_and_overrides_together_are_refused():
    """``Ivrkit`` refuses a ``Settings`` object together with single settings."""
    with pytest.raises(SettingsError) as caught:
        Ivrkit(settings=Settings(dev=True), tries=2)
    assert str(caught.value) == (
        "Ivrkit must be called with a Settings object or with single settings, not with both: tries\n"
        "  hint: set them in the Settings object, or leave the object out"
    )


@pytest.mark.parametrize("name", ["", "sales.eu"])
def test_an_invalid_name_is_refused(name):
    """The name of a phone tree must not be empty or have a dot, because it names a blueprint."""
    with pytest.raises(SettingsError) as caught:
        Ivrkit(name=name)
    assert str(caught.value) == (
        f"the name of a phone tree must be a non-empty text without dots, not {name!r}\n"
        "  hint: choose a name such as 'sales'"
    )


@pytest.mark.parametrize("name", ["sqlalchemy", "pages", "ivrkit"])
def test_a_name_that_is_taken_is_refused(team_app, mount, name):
    """A name that an extension, a blueprint or another phone tree has is refused."""
    app = team_app()
    app.register_blueprint(Blueprint("pages", __name__))
    mount(app)
    with pytest.raises(SettingsError) as caught:
        mount(app, name=name, url_prefix="/other")
    assert str(caught.value) == (
        f"the app 'team' already has an extension or a blueprint with the name {name!r}\n"
        '  hint: give the phone tree another name: Ivrkit(app, name="sales")'
    )


def test_a_path_that_is_taken_is_refused(team_app, mount):
    """A path that another phone tree or a route of the app has is refused: Flask would serve the first one silently."""
    app = team_app()
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


def test_without_a_token_nothing_is_mounted(team_app):
    """Without an auth token outside dev mode, ``Ivrkit`` raises an error and mounts nothing."""
    app = team_app()
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


def test_a_store_that_cannot_be_opened_mounts_nothing(team_app, mount, tmp_path):
    """If the session store cannot be opened, ``Ivrkit`` raises an error and mounts nothing."""
    app = team_app()
    with pytest.raises(SessionError):
        mount(app, session_url=f"sqlite:///{tmp_path}/missing/calls.sqlite3")
    assert "ivrkit" not in app.extensions
    assert "ivrkit" not in app.blueprints


def test_a_mounted_tree_is_logged_in_one_line(team_app, mount, caplog):
    """Each mounted phone tree is logged in one line with its path, states and plugins."""
    caplog.set_level("INFO", logger="ivrkit.web")
    mount(team_app(), name="sales")
    (line,) = [each for each in caplog.messages if each.startswith("phone tree ")]
    assert line.startswith(
        "phone tree 'sales' at /phone/webhook: states greeting, menu, news, message, operator; plugins ivr"
    )
    assert line.endswith(", shop (loaded)")


def test_without_an_app_nothing_is_read(no_settings):
    """``Ivrkit()`` without an app reads no settings."""
    no_settings.setenv("IVRKIT_NOTHING", "wrong")
    assert Ivrkit().name == "ivrkit"
    assert Flask("plain").extensions == {}
