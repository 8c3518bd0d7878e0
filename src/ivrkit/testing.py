"""Phones for tests: each phone calls the phone tree of an app through the simulator.

The module ``pytest_ivrkit`` has the fixtures for pytest.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from werkzeug.exceptions import NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from ivrkit.errors import Problems, SettingsError, nearest
from ivrkit.flow.model.state import CORE_PLUGIN
from ivrkit.flow.run.session import Session
from ivrkit.plugins.distributions import find_distributions
from ivrkit.settings import Settings, load_settings
from ivrkit.settings.names import normal_name
from ivrkit.simulator import Action, Exploration, Queue, SimulatedCall, Simulator, explore
from ivrkit.simulator.simulator import ACCOUNT, BASE_URL
from ivrkit.simulator.wire.signature import choose_shared_key
from ivrkit.web import Ivrkit, create_app
from ivrkit.web.extension import DEFAULT_NAME, mounted_tree, mounted_trees
from ivrkit.web.proxies import shared_path

#: The auth token with which the phone signs requests and the app verifies them.
TOKEN = "12345"  # noqa: S105  the token of an account that does not exist
#: A function without parameters that returns a new Flask app.
AppFactory = Callable[[], Flask]
#: The latest calls of all phones, for the report of a failed test.
latest_calls: deque[SimulatedCall] = deque(maxlen=100)
#: The fields of a session that do not decide how the call goes on. The number of dials decides only in a call that has
#: dialled as often as allowed, and an exploration must not visit every state again for each number of dials.
_IRRELEVANT_FIELDS = ("sid", "started", "turn", "dials", "path", "responses", "expires")


def installed_plugins() -> list[str]:
    """Return the names of the installed plugins, without ivrkit itself."""
    return sorted({normal_name(each.owner.plugin) for each in find_distributions(Problems())} - {CORE_PLUGIN})


def make_app(
    folder: Path,
    *,
    plugins: Iterable[str] | None = None,
    objects: Mapping[str, object] | None = None,
    settings_from: Path | None = None,
    app_factory: AppFactory | None = None,
    **settings: Any,
) -> Flask:
    """Return an app for tests. Its phone tree is in dev mode, verifies signatures, and has its own session file.

    :param folder: the folder for the session file.
    :param plugins: the names of the installed plugins to load. By default all installed plugins are loaded.
    :param objects: name -> plugin object. These plugins are added to the installed plugins.
    :param settings_from: the folder with the ``ivrkit.toml`` to read. The default is ``folder``. Environment
        variables are not read.
    :param app_factory: a function without parameters that returns a new Flask app without a phone tree. The phone tree
        is mounted in this app, so handlers can use its configuration and its database. By default, the app is ivrkit's.
    :param settings: single settings by name, which override ``ivrkit.toml`` and the settings that this function makes.
    :raises SettingsError: if a plugin is not installed, or if a setting or the app factory is invalid.
    :raises LoadError: if plugins have problems and ``strict`` is on, or if no phone tree can be served.
    """
    if plugins is not None:
        settings["block"] = [*settings.get("block", ()), *_all_but(plugins)]
    store = f"sqlite:///{folder}/calls.sqlite3"
    # The phone calls the app in this process, so the public URL and proxies in a settings file do not apply.
    local = {"public_url": None, "trusted_proxies": 0}
    overrides = {"dev": True, "auth_token": TOKEN, "session_url": store, **local, **settings}
    loaded = load_settings(settings_from or folder, environ={}, **overrides)
    if app_factory is None:
        return create_app(loaded, plugins=objects)
    app = _make_own_app(app_factory)
    Ivrkit(app, settings=loaded, plugins=objects)
    return app


def _make_own_app(app_factory: object) -> Flask:
    """Return a new app of the project under test.

    :raises SettingsError: if the app factory is not a function, or if its result is not a Flask app, or if the app
        already has a phone tree.
    """
    # A Flask app is callable too, but every phone tree needs an app of its own.
    app = app_factory() if callable(app_factory) and not isinstance(app_factory, Flask) else app_factory
    if not isinstance(app, Flask) or app is app_factory:
        raise SettingsError(
            f"app_factory must be a function that returns a new Flask app, not {app!r}",
            hint="give the function itself: app_factory=create_app, not create_app()",
        )
    if mounted_trees(app):
        raise SettingsError(
            f"app_factory must return an app without a phone tree, not one with {next(iter(mounted_trees(app)))!r}",
            hint="mount the phone tree outside the factory, or test this app with Phone(app)",
        )
    return app


def _all_but(names: Iterable[str]) -> list[str]:
    """Return the names of the installed plugins that are not in ``names``.

    :raises SettingsError: if one of the names does not belong to an installed plugin.
    """
    installed, wanted = installed_plugins(), [normal_name(name) for name in names]
    for name in wanted:
        if name not in installed:
            known = ", ".join(installed) or "no plugin"
            raise SettingsError(
                f"plugin {name!r} is not installed{nearest(name, installed)}",
                hint=f"install it for the tests, for example with pip install -e .; installed: {known}",
            )
    return [name for name in installed if name not in wanted]


class Phone:
    """A phone that calls the phone tree of an app.

    :param app: an app of :func:`make_app`, or your own app with a phone tree mounted in it.
    :param simulator: the simulated Twilio number. By default the phone makes a number for the URL and the tokens in the
        settings of the phone tree.
    :param name: the name of the phone tree in the app.
    :param token: the auth token that signs requests. The default is the first token of the main account. If the main
        account has no token, the default is the first token of a subaccount.
    :param shared_key: the id of the shared key in the settings that signs requests in place of the token. The default
        is the last shared key if there is no token.
    :raises ~ivrkit.SettingsError: if the app has no phone tree of that name.
    :raises ~ivrkit.IvrkitError: if the settings do not have the shared key.
    """

    def __init__(
        self,
        app: Flask,
        simulator: Simulator | None = None,
        *,
        name: str = DEFAULT_NAME,
        token: str | None = None,
        shared_key: str | None = None,
    ) -> None:
        self.app = app
        self.host = mounted_tree(app, name)
        self.simulator = simulator or _number_of(app, self.host.settings, token, shared_key)
        #: All calls of this phone.
        self.calls: list[SimulatedCall] = []

    def call(self, script: Sequence[Action] = (), **caller: Any) -> SimulatedCall:
        """Make a call.

        :param script: the actions of the caller, which are performed in order at the beginning of the call.
        :param caller: the arguments for :meth:`ivrkit.simulator.Simulator.call`, such as ``from_``, ``to`` and
            ``patience``.
        """
        call = self.simulator.call(**caller)
        self.calls.append(call)
        latest_calls.append(call)
        for action in script:
            call.do(action)
        return call

    def queue(self, name: str) -> Queue:
        """Return a queue of the Twilio account. For example, ``phone.queue("support").size = 1000`` fills a queue."""
        return self.simulator.queue(name)

    def explore(self, depth: int) -> Exploration:
        """Make calls with all sequences of at most ``depth`` actions, with :func:`ivrkit.simulator.explore`.

        Two calls are at the same position if :meth:`position` returns the same value for both calls.
        """
        return explore(self.simulator.call, depth=depth, position=self.position)

    def position(self, call: SimulatedCall) -> Hashable:
        """Return a value that is equal for two calls if the same actions have the same effects in both calls.

        The value is made from the session of the call and from the action that the call waits for. If the app has no
        session store, the value is the transcript of the call.
        """
        if self.host.sessions.store is None:
            return call.transcript()
        # Two calls with equal sessions go on alike, except for their ids and the history.
        with self.app.app_context():  # a session store of a plugin may use the database of the app
            session = self.host.sessions.load(call.sid) or Session(call.sid)
        relevant = {name: each for name, each in asdict(session).items() if name not in _IRRELEVANT_FIELDS}
        # As JSON with sorted keys: the order in which a call reached its states does not matter.
        return json.dumps(relevant, sort_keys=True), call.waiting and (call.waiting.activity, call.waiting.numbers)

    def close(self) -> None:
        """Close the session store of the app."""
        with self.app.app_context():
            self.host.sessions.close()


def _number_of(app: Flask, settings: Settings, token: str | None, shared_key: str | None) -> Simulator:
    """Return a simulated number that calls the phone tree of an app.

    :param settings: the settings of the phone tree. If the settings have a public URL, the number requests this URL.
    :param token: the auth token that signs requests, or ``None`` to use a token of the settings.
    """
    public = urlsplit(settings.public_url or BASE_URL)
    webhook = f"{settings.url_prefix}/webhook"
    # The part of the path that a proxy removes, or under which another app mounts this one.
    outside = public.path.removesuffix(shared_path(public.path, webhook))
    account, first_token = _account_and_token(settings, token)
    keys = choose_shared_key(settings.shared_keys, shared_key, required=token is None and not first_token)
    # Without a token, dev mode answers only requests for localhost.
    base_url = f"{public.scheme}://{public.netloc}" if settings.secrets() else "http://localhost"
    return Simulator.for_app(
        DispatcherMiddleware(NotFound(), {outside: app}) if outside else app,
        f"{outside}{webhook}",
        base_url=base_url,
        account=account,
        token=first_token,
        shared_keys=keys,
        fallback_url=f"{outside}{webhook}/fallback",
        status_callback=f"{outside}{webhook}/status",
    )


def _account_and_token(settings: Settings, token: str | None) -> tuple[str, str]:
    """Return the SID and an auth token of an account in the settings.

    :param token: the auth token of the account, or ``None`` to use the first account that has a token.
    """
    # auth_token is the token of the main account, whose SID the settings do not have.
    for account, tokens in ((ACCOUNT, settings.auth_token), *settings.accounts.items()):
        if tokens and token in (None, *tokens):
            return account, tokens[0] if token is None else token
    return ACCOUNT, token or ""
