"""The Flask extension, which mounts phone trees in an app. Each phone tree has its own settings and endpoints."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import click
from flask import Blueprint, Flask
from flask.cli import ScriptInfo
from flask.helpers import get_debug_flag
from werkzeug.serving import is_running_from_reloader

from ivrkit.errors import Problem, SettingsError, nearest
from ivrkit.host.call_log import CallLog
from ivrkit.host.deadlines.answering import Answering
from ivrkit.host.deadlines.bulkhead import THREADS_WITHOUT_CODE, Bulkhead
from ivrkit.host.deadlines.turn_guard import Gate
from ivrkit.host.dispatcher import Dispatcher
from ivrkit.host.gates import process_gates
from ivrkit.host.logging_setup import log_until_configured
from ivrkit.host.quarantine.open import DEFAULT_TREE, open_quarantine
from ivrkit.host.quarantine.quarantine import Quarantine
from ivrkit.plugins.load import LoadedTree, load
from ivrkit.plugins.plugin_store import PluginStoreError
from ivrkit.sessions import SessionManager, open_sessions
from ivrkit.sessions.counters import find_counter_warnings, make_counters
from ivrkit.sessions.open import COOKIE_SCHEME
from ivrkit.settings import Settings
from ivrkit.settings.core_settings import SETTINGS, read_value
from ivrkit.settings.load import PREFIX, try_load_settings
from ivrkit.web.missed_requests import MissedRequests
from ivrkit.web.paths import PATHS
from ivrkit.web.request_verifier import RequestVerifier
from ivrkit.web.webhook import make_blueprint

#: The name of a phone tree, unless the app gives it another one.
DEFAULT_NAME = DEFAULT_TREE

log = logging.getLogger("ivrkit.web")


@dataclass(frozen=True)
class MountedTree:
    """A phone tree in a Flask app. ``app.extensions`` has this object under the name of the phone tree."""

    settings: Settings
    loaded: LoadedTree
    sessions: SessionManager
    quarantine: Quarantine
    plugins: Mapping[str, object] = field(default_factory=dict)
    #: The threads in which the webhooks are answered.
    answering: Answering = field(default_factory=Answering)


class Ivrkit:
    """The Flask extension. One object can mount the same phone tree in several apps.

    :param app: the app in which the phone tree is mounted immediately. Without an app, call :meth:`init_app` later.
    :param name: the name of the blueprint and of the entry in ``app.extensions``. The phone trees of one app need
        different names.
    :param settings: the settings. By default the settings are read from the working folder, the environment and
        ``app.config``.
    :param plugins: name -> plugin object. These plugins of your own code are added to the installed plugins.
    :param config_prefix: the prefix of the keys in ``app.config`` that are settings of this phone tree.
    :param overrides: single settings by name, which override the settings from every other source.
    :raises SettingsError: if the name is invalid. If ``app`` is given, the errors of :meth:`init_app` are raised too.
    """

    def __init__(
        self,
        app: Flask | None = None,
        *,
        name: str = DEFAULT_NAME,
        settings: Settings | None = None,
        plugins: Mapping[str, object] | None = None,
        config_prefix: str = PREFIX,
        **overrides: Any,
    ) -> None:
        if not name or "." in name:  # Flask separates the names of nested blueprints with dots
            raise SettingsError(
                f"the name of a phone tree must be a non-empty text without dots, not {name!r}",
                hint="choose a name such as 'sales'",
            )
        refuse_settings_and_overrides("Ivrkit", settings, overrides)
        self.name = name
        self._settings = settings
        self._plugins = dict(plugins or {})
        self._config_prefix = config_prefix
        self._overrides = overrides
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Mount the phone tree in an app, below the path of the setting ``url_prefix``.

        :param app: the app. If an error is raised, the app is unchanged.
        :raises SettingsError: if a setting is invalid, or if the app already uses the name or a path of the phone tree.
            Also if no auth token or shared key is set and dev mode is off.
        :raises LoadError: if plugins have problems and ``strict`` is on, or if no phone tree can be served.
        :raises SessionError: if the session store cannot be opened.
        """
        settings, problems = (self._settings, ()) if self._settings else self._settings_of(app)
        _refuse_taken_names(app, self.name, settings.url_prefix)
        loaded = load(settings, self._plugins, problems)
        verifier = RequestVerifier(settings)
        if not verifier.has_secret and not settings.dev:
            raise SettingsError(
                "no auth token is set, so requests cannot be verified",
                hint="set TWILIO_AUTH_TOKEN to your account's auth token, or IVRKIT_DEV=1 to answer only requests "
                "from this machine",
            )
        # The store is opened last, so that an error before does not leave it open.
        loaded, sessions = _open_sessions(settings, loaded)
        quarantine = open_quarantine(loaded.flow, sessions, settings, self.name)
        tree = MountedTree(settings, loaded, sessions, quarantine, self._plugins, Answering(settings.threads))
        if _in_flask_run():
            log_until_configured(settings)
        _log_tree(self.name, tree)
        app.register_blueprint(_blueprint(self.name, tree, verifier), url_prefix=settings.url_prefix)
        if not mounted_trees(app):  # one for all phone trees of the app
            app.after_request(MissedRequests(verifier, lambda: _prefixes(app)))
        app.extensions[self.name] = tree

    def _settings_of(self, app: Flask) -> tuple[Settings, tuple[Problem, ...]]:
        """Return the settings from the working folder, the environment and ``app.config``, with their problems.

        :raises SettingsError: if a key of ``app.config`` is unknown or has an invalid value.
        """
        prefix = self._config_prefix
        names = {name.upper(): name for name in SETTINGS}
        configured: dict[str, Any] = {}
        for key, value in app.config.items():
            name = key.removeprefix(prefix)
            if not prefix or name == key:
                continue  # without a prefix, app.config is not read: Flask's own keys would be settings
            if name not in names:
                near = nearest(name.upper(), names).replace(" '", f" '{prefix}")
                known = ", ".join(f"{prefix}{each}" for each in names)
                raise SettingsError(f"app.config: {key} is not a setting{near}", hint=f"valid settings: {known}")
            configured[names[name]] = read_value(names[name], value, "app.config", key=key)
        loaded = try_load_settings(**{**configured, **self._overrides})
        return loaded.settings, loaded.problems


def _open_sessions(settings: Settings, loaded: LoadedTree) -> tuple[LoadedTree, SessionManager]:
    """Open the session store of the setting ``session_url``.

    If the store is of a plugin and cannot be opened, and ``strict`` is off, the sessions are only in cookies.

    :returns: the phone tree, with the problem of the plugin if there is one, and the session manager.
    :raises SessionError: if the session store cannot be opened.
    """
    secrets, language = settings.secrets(), settings.language
    if settings.safe and settings.session_url.partition(":")[0] not in (*loaded.stores, COOKIE_SCHEME):
        log.warning("safe mode does not load the plugin of the session store, so sessions are only in cookies")
        return loaded, open_sessions(f"{COOKIE_SCHEME}:", {}, secrets, language)
    try:
        return loaded, open_sessions(settings.session_url, loaded.stores, secrets, language)
    except PluginStoreError as error:
        if settings.strict:
            raise
        problem = Problem(error.message, error.hint, owner=error.owner.plugin)
        plugins = tuple(
            replace(each, status="faulty") if each.owner == error.owner else each for each in loaded.plugins
        )
        loaded = replace(loaded, problems=(*loaded.problems, problem), plugins=plugins)
        return loaded, open_sessions(f"{COOKIE_SCHEME}:", {}, secrets, language)


def mounted_trees(app: Flask) -> dict[str, MountedTree]:
    """Return the phone trees of an app: name -> phone tree."""
    return {name: each for name, each in app.extensions.items() if isinstance(each, MountedTree)}


def _prefixes(app: Flask) -> list[str]:
    return [tree.settings.url_prefix for tree in mounted_trees(app).values()]


def mounted_tree(app: Flask, name: str) -> MountedTree:
    """Return one phone tree of an app.

    :raises SettingsError: if the app has no phone tree of that name.
    """
    trees = mounted_trees(app)
    if name not in trees:
        raise SettingsError(
            f"the app {app.name!r} has no phone tree {name!r}{nearest(name, trees)}",
            hint=f"its phone trees: {', '.join(trees)}" if trees else "mount one: ivrkit.web.Ivrkit(app)",
        )
    return trees[name]


def refuse_settings_and_overrides(function: str, settings: Settings | None, overrides: Mapping[str, Any]) -> None:
    """Raise an error if a function is called with a ``Settings`` object and with single settings.

    :param function: the name of the function, for the error message.
    :raises SettingsError: if both arguments are given. The message names the single settings.
    """
    if settings is not None and overrides:
        raise SettingsError(
            f"{function} must be called with a Settings object or with single settings, not with both: "
            f"{', '.join(sorted(overrides))}",
            hint="set them in the Settings object, or leave the object out",
        )


def _refuse_taken_names(app: Flask, name: str, prefix: str) -> None:
    """Raise an error if the app already uses the name or a path of a new phone tree.

    :param prefix: the setting ``url_prefix`` of the new phone tree.
    :raises SettingsError: if the name or a path is taken. The message names the extension, phone tree or endpoint.
    """
    if name in app.extensions or name in app.blueprints:
        raise SettingsError(
            f"the app {app.name!r} already has an extension or a blueprint with the name {name!r}",
            hint='give the phone tree another name: Ivrkit(app, name="sales")',
        )
    for other, tree in mounted_trees(app).items():
        if tree.settings.url_prefix == prefix:
            raise SettingsError(
                f"the phone trees {other!r} and {name!r} must have different paths, not both {prefix + PATHS[0]!r}",
                hint="give each a url_prefix of its own",
            )
    # Flask would accept a second rule for the same path, and serve the first one only.
    endpoints = {rule.rule: rule.endpoint for rule in app.url_map.iter_rules()}
    for path in PATHS:
        if prefix + path in endpoints:
            raise SettingsError(
                f"the app {app.name!r} already has a route for {prefix + path!r}: {endpoints[prefix + path]!r}",
                hint='mount the phone tree below a path of its own: url_prefix = "/phone"',
            )


def _in_flask_run() -> bool:
    """Return whether the command ``flask run`` is loading the app to serve it.

    Flask sets up the log of its own loggers only, so the lines of ivrkit would not be printed. With its reloader, the
    command loads the app in two processes, and the second one serves it.
    """
    context = click.get_current_context(silent=True)
    if context is None or context.info_name != "run" or context.find_object(ScriptInfo) is None:
        return False
    reload = context.params.get("reload")
    return is_running_from_reloader() or not (get_debug_flag() if reload is None else reload)


def _log_tree(name: str, tree: MountedTree) -> None:
    """Log the startup warnings, the problems, and a summary of the phone tree."""
    for problem in (*tree.loaded.startup_warnings, *find_counter_warnings(tree.sessions, tree.loaded.flow)):
        log.warning("%s", problem)
    for problem in tree.loaded.problems:
        log.error("%s", problem)
    states = ", ".join(tree.loaded.flow.states)
    plugins = ", ".join(f"{each.owner} ({each.status})" for each in tree.loaded.plugins)
    path = tree.settings.url_prefix + PATHS[0]
    log.info("phone tree %r at %s: states %s; plugins %s", name, path, states, plugins)


def _blueprint(name: str, tree: MountedTree, verifier: RequestVerifier) -> Blueprint:
    """Return a blueprint with the endpoints of a phone tree."""
    settings, loaded = tree.settings, tree.loaded
    # Looked up once: the time zone database is a file.
    zone = ZoneInfo(settings.timezone)
    secret = next(iter(settings.secrets()), "")  # every process has the same secrets
    dispatcher = Dispatcher(
        loaded.flow,
        tree.sessions,
        loaded.observers,
        clock=lambda: datetime.now(zone),
        session_hours=settings.session_hours,
        key=secret,
        call_log=CallLog(mask_numbers=settings.mask_numbers),
        gates=_gates(settings, tree.quarantine),
        quarantine=tree.quarantine,
        deadline=settings.deadline,
        counters=make_counters(tree.sessions, secret, settings.max_attempts, settings.attempt_minutes),
    )
    return make_blueprint(dispatcher, verifier, loaded, dev=settings.dev, name=name)


def _gates(settings: Settings, quarantine: Quarantine) -> tuple[Gate, ...]:
    """Return the gates that each call of a plugin's code passes, in the order in which code enters them."""
    total = settings.threads - THREADS_WITHOUT_CODE
    bulkhead = Bulkhead(settings.max_calls_in_state, settings.max_calls_in_plugin, total)
    return (quarantine, bulkhead, *process_gates())
