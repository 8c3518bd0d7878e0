"""Mounts a phone tree in a Flask app: settings, plugins, store and pages, once for each app."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask

from ivrkit.errors import Fault, SettingsError, nearest
from ivrkit.load_settings import gather_settings
from ivrkit.plugins import Loaded, load
from ivrkit.sessions import open_store
from ivrkit.settings import KINDS, Settings, read_value
from ivrkit.web.dispatcher import Dispatcher
from ivrkit.web.host import Host
from ivrkit.web.log import log_of_calls
from ivrkit.web.signature import Gatekeeper
from ivrkit.web.webhook import make_blueprint

#: The prefix of a tree's keys in ``app.config``.
PREFIX = "IVRKIT_"

log = logging.getLogger("ivrkit.web")


class Ivrkit:
    """A phone tree for a team's own Flask app, as any extension of Flask: ``Ivrkit(app)``, or ``init_app`` later.

    Handlers run in the app's context: ``current_app``, ``request`` and the app's other extensions can be used in them.
    Nothing else of the app is changed, and nothing of it is kept here: one object may be mounted in several apps.

    :param app: the app; left out for an app factory, which calls :meth:`init_app`.
    :param name: the name of the blueprint, and of the tree in ``app.extensions``; another for each tree of an app.
    :param settings: the settings; left out: those of the working folder and the environment, the keys of
        ``app.config`` that begin with the prefix over them, and the overrides over these.
    :param plugins: plugin objects of your own code, each by a name, beside those that are installed.
    :param config_prefix: what its keys in ``app.config`` begin with; another for each tree of an app.
    :param overrides: single settings by name.
    """

    def __init__(
        self,
        app: Flask | None = None,
        *,
        name: str = "ivrkit",
        settings: Settings | None = None,
        plugins: Mapping[str, object] | None = None,
        config_prefix: str = PREFIX,
        **overrides: Any,
    ) -> None:
        if settings is not None and overrides:
            raise SettingsError(
                f"a tree is given Settings and also {', '.join(sorted(overrides))}",
                hint="put them into the Settings, or leave the Settings out",
            )
        self._name = name
        self._settings = settings
        self._plugins = plugins
        self._prefix = config_prefix
        self._overrides = overrides
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Mount the tree in an app; what it was made of is then ``app.extensions[name]``.

        :param app: the app, before its first request.
        :raises SettingsError: for a setting that can't be, a name or an address that is taken, and where there is no
            token and not ``dev``.
        :raises LoadError: with every fault of the installed plugins.
        :raises SessionError: when the session store can't be opened.
        """
        if self._name in app.extensions or self._name in app.blueprints:
            raise SettingsError(
                f"the app has something of the name {self._name!r} already",
                hint='give each tree a name of its own: Ivrkit(name="support")',
            )
        settings, faults = self._read_settings(app)
        loaded = load(settings, self._plugins, faults)
        gatekeeper = Gatekeeper(settings)
        if not gatekeeper.has_token and not settings.dev:
            raise SettingsError(
                "there is no token, so anybody could ask in Twilio's name",
                hint="set TWILIO_AUTH_TOKEN to your account's token; to try things out on this machine, set "
                "IVRKIT_DEV=1",
            )
        _refuse_taken(app, settings.url_prefix)
        host = Host(settings, loaded, open_store(settings.session_url))
        zone = ZoneInfo(settings.timezone)
        dispatcher = Dispatcher(
            loaded.flow,
            host.store,
            loaded.observers,
            clock=lambda: datetime.now(zone),
            session_hours=settings.session_hours,
            key=next(iter(settings.auth_token), ""),
            told=log_of_calls(self._name, mask=settings.mask_numbers),
        )
        blueprint = make_blueprint(self._name, dispatcher, gatekeeper, loaded, dev=settings.dev)
        app.register_blueprint(blueprint, url_prefix=settings.url_prefix)
        app.extensions[self._name] = host
        _tell(self._name, loaded)

    def _read_settings(self, app: Flask) -> tuple[Settings, Sequence[Fault]]:
        if self._settings is not None:
            return self._settings, ()
        gathered = gather_settings(**{**dict(self._of_config(app)), **self._overrides})
        return gathered.settings, gathered.faults

    def _of_config(self, app: Flask) -> Iterator[tuple[str, Any]]:
        """Return the settings that ``app.config`` has.

        :raises SettingsError: for a key that is no setting, and a value that can't be.
        """
        for key, value in app.config.items():
            if not key.startswith(self._prefix):
                continue
            name = key[len(self._prefix) :].lower()
            if name not in KINDS:
                near = nearest(name.upper(), [each.upper() for each in KINDS]).replace(" '", f" '{self._prefix}")
                raise SettingsError(
                    f"app.config: {key} is no setting{near}",
                    hint=f"there are: {', '.join(self._prefix + each.upper() for each in KINDS)}",
                )
            yield name, read_value(name, value, "app.config", key=key)


def _refuse_taken(app: Flask, prefix: str) -> None:
    """Refuse an address that the app answers already: Flask would go on with the first of the two.

    :raises SettingsError: with who answers there.
    """
    for rule in app.url_map.iter_rules():
        if rule.rule in (f"{prefix}/webhook", f"{prefix}/healthz"):
            raise SettingsError(
                f"the app answers {rule.rule} already, by {rule.endpoint!r}",
                hint='give the tree an address of its own: url_prefix="/phone"',
            )


def _tell(name: str, loaded: Loaded) -> None:
    """Log what is served, and what is wrong with it."""
    for notice in loaded.notices:
        log.warning("%s", notice)
    for fault in loaded.faults:
        log.error("%s", fault)
    plugins = ", ".join(str(each.owner) for each in loaded.plugins if each.status == "loaded")
    log.info("the tree %r has %d states of %s", name, len(loaded.flow.states), plugins)
