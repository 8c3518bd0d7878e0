"""Mounts trees in a Flask app: each with settings, plugins, a store and pages of its own."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Flask

from ivrkit.errors import FlowError, Problem, SettingsError, nearest
from ivrkit.host.call_log import CallLog
from ivrkit.host.dispatcher import Dispatcher
from ivrkit.plugins.load import LoadedTree, load
from ivrkit.sessions import SessionManager, open_sessions
from ivrkit.settings.core import SETTING_TYPES, Settings, read_value
from ivrkit.settings.load import PREFIX, gather_settings
from ivrkit.web.doctor_endpoint import tokens_of
from ivrkit.web.request_verifier import RequestVerifier
from ivrkit.web.webhook import PAGES, make_blueprint

#: What a tree is called that is given no name.
NAME = "ivrkit"

log = logging.getLogger("ivrkit.web")


@dataclass(frozen=True)
class Host:
    """What a tree was made of: ``app.extensions["ivrkit"]``, or by the tree's own name."""

    settings: Settings
    loaded: LoadedTree
    sessions: SessionManager
    plugins: Mapping[str, object] = field(default_factory=dict)


class Ivrkit:
    """A tree that can be mounted in Flask apps; nothing of an app is kept here.

    :param app: an app to mount it in at once.
    :param name: of the blueprint and in ``app.extensions``: several trees of one app have a name each.
    :param settings: all settings; when left out, those of the working folder, the environment and ``app.config``.
    :param plugins: plugin objects of your own code, each by a name, beside those that are installed.
    :param config_prefix: what the keys of ``app.config`` begin with that are settings of this tree.
    :param overrides: single settings by name, over all others.
    :raises SettingsError: for a name that can't be, and for what :meth:`init_app` finds.
    """

    def __init__(
        self,
        app: Flask | None = None,
        *,
        name: str = NAME,
        settings: Settings | None = None,
        plugins: Mapping[str, object] | None = None,
        config_prefix: str = PREFIX,
        **overrides: Any,
    ) -> None:
        if not name or "." in name:
            raise SettingsError(f"a tree can't be called {name!r}", hint="give a name without a dot, such as 'sales'")
        refuse_both("Ivrkit", settings, overrides)
        self.name = name
        self._settings = settings
        self._plugins = dict(plugins or {})
        self._config_prefix = config_prefix
        self._overrides = overrides
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Mount the tree in an app, under the setting ``url_prefix``.

        :raises SettingsError: for a setting that can't be, a name or a page that is taken, and where there is no token
            and not ``dev``.
        :raises LoadError: with every problem of the installed plugins.
        :raises SessionError: when the session store can't be opened.
        """
        settings, problems = (self._settings, ()) if self._settings else self._settings_of(app)
        _refuse_taken(app, self.name, settings.url_prefix)
        loaded = load(settings, self._plugins, problems)
        verifier = RequestVerifier(settings)
        if not verifier.has_token and not settings.dev:
            raise SettingsError(
                "there is no token, so anybody could ask in Twilio's name",
                hint="set TWILIO_AUTH_TOKEN to your account's token; to try things out on this machine, set "
                "IVRKIT_DEV=1",
            )
        sessions = open_sessions(settings.session_url, loaded.stores, tokens_of(settings), settings.language)
        host = Host(settings, loaded, sessions, self._plugins)
        _tell(self.name, host)
        app.register_blueprint(_pages(self.name, host, verifier), url_prefix=settings.url_prefix)
        app.extensions[self.name] = host

    def _settings_of(self, app: Flask) -> tuple[Settings, tuple[Problem, ...]]:
        """Return the settings of the working folder and the environment, ``app.config`` over both, and their problems.

        :raises SettingsError: with the key of ``app.config``.
        """
        prefix = self._config_prefix
        names = {name.upper(): name for name in SETTING_TYPES}
        configured: dict[str, Any] = {}
        for key, value in app.config.items():
            word = key.removeprefix(prefix)
            if not prefix or word == key:
                continue
            if word not in names:
                near = nearest(word.upper(), names).replace(" '", f" '{prefix}")
                known = ", ".join(f"{prefix}{each}" for each in names)
                raise SettingsError(f"app.config: {key} is no setting{near}", hint=f"there are: {known}")
            try:
                configured[names[word]] = read_value(names[word], value, "app.config", key=key)
            except FlowError as error:
                raise SettingsError(f"app.config: {key}: {error.message}", hint=error.hint) from error
        gathered = gather_settings(**{**configured, **self._overrides})
        return gathered.settings, gathered.problems


def hosts_of(app: Flask) -> dict[str, Host]:
    """Return what the trees that are mounted in an app were made of, by their names."""
    return {name: each for name, each in app.extensions.items() if isinstance(each, Host)}


def host_of(app: Flask, name: str) -> Host:
    """Return what one tree of an app was made of.

    :raises SettingsError: when the app has no tree of that name.
    """
    hosts = hosts_of(app)
    if name not in hosts:
        raise SettingsError(
            f"the app {app.name!r} has no tree {name!r}{nearest(name, hosts)}",
            hint=f"it has: {', '.join(hosts)}" if hosts else "mount one: ivrkit.web.Ivrkit(app)",
        )
    return hosts[name]


def refuse_both(who: str, settings: Settings | None, overrides: Mapping[str, Any]) -> None:
    """Refuse settings with single settings beside them: nobody could say which was meant.

    :raises SettingsError: with the names of the single ones.
    """
    if settings is not None and overrides:
        raise SettingsError(
            f"{who} is given Settings and also {', '.join(sorted(overrides))}",
            hint="put them into the Settings, or leave the Settings out",
        )


def _refuse_taken(app: Flask, name: str, prefix: str) -> None:
    """Refuse a name or a page that the app has already.

    :raises SettingsError: with who has it.
    """
    if name in app.extensions or name in app.blueprints:
        raise SettingsError(
            f"the app {app.name!r} has something called {name!r} already",
            hint='give the tree another name: Ivrkit(app, name="sales")',
        )
    for other, host in hosts_of(app).items():
        if host.settings.url_prefix == prefix:
            raise SettingsError(
                f"the trees {other!r} and {name!r} would both be at {prefix + PAGES[0]!r}",
                hint="give each a url_prefix of its own",
            )
    taken = {rule.rule: rule.endpoint for rule in app.url_map.iter_rules()}
    for page in PAGES:
        if prefix + page in taken:
            raise SettingsError(
                f"the app {app.name!r} has a page of its own at {prefix + page!r} already: {taken[prefix + page]!r}",
                hint='put the tree below a path: url_prefix = "/phone"',
            )


def _tell(name: str, host: Host) -> None:
    """Log what is served, and what is odd about it."""
    for problem in host.loaded.startup_warnings:
        log.warning("%s", problem)
    for problem in host.loaded.problems:
        log.error("%s", problem)
    states = ", ".join(host.loaded.flow.states)
    plugins = ", ".join(f"{each.owner} ({each.status})" for each in host.loaded.plugins)
    log.info("tree %r at %s: states %s; plugins %s", name, host.settings.url_prefix + PAGES[0], states, plugins)


def _pages(name: str, host: Host, verifier: RequestVerifier) -> Blueprint:
    """Return the pages of a tree."""
    settings, loaded = host.settings, host.loaded
    zone = ZoneInfo(settings.timezone)
    dispatcher = Dispatcher(
        loaded.flow,
        host.sessions,
        loaded.observers,
        clock=lambda: datetime.now(zone),
        session_hours=settings.session_hours,
        key=next(iter(settings.auth_token), ""),
        call_log=CallLog(mask_numbers=settings.mask_numbers),
    )
    return make_blueprint(dispatcher, verifier, loaded, dev=settings.dev, name=name)
