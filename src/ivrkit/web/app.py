"""Makes the Flask app: settings, plugins, store and pages, once."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask

from ivrkit.errors import SettingsError
from ivrkit.load_settings import load_settings
from ivrkit.plugins import Loaded, load
from ivrkit.sessions import SessionStore, open_store
from ivrkit.settings import Settings
from ivrkit.web.dispatcher import Dispatcher
from ivrkit.web.proxies import behind_proxies
from ivrkit.web.signature import Gatekeeper
from ivrkit.web.webhook import make_blueprint

#: A webhook with more bytes than this is not Twilio's.
MOST_BYTES = 256_000

log = logging.getLogger("ivrkit.web")


@dataclass(frozen=True)
class Host:
    """What an app was made of: ``app.extensions["ivrkit"]``."""

    settings: Settings
    loaded: Loaded
    store: SessionStore


def create_app(
    settings: Settings | None = None, *, plugins: Mapping[str, object] | None = None, **overrides: Any
) -> Flask:
    """Return the Flask app that answers Twilio's webhooks.

    :param settings: the settings; when left out, those of the working folder and the environment.
    :param plugins: plugin objects of your own code, each by a name, beside those that are installed.
    :param overrides: single settings by name, over those of the working folder and the environment.
    :raises SettingsError: for a setting that can't be, and where there is no token and not ``dev``.
    :raises LoadError: with every fault of the installed plugins.
    :raises SessionError: when the session store can't be opened.
    """
    if settings is None:
        settings = load_settings(**overrides)
    elif overrides:
        raise SettingsError(
            f"create_app is given Settings and also {', '.join(sorted(overrides))}",
            hint="put them into the Settings, or leave the Settings out",
        )
    gatekeeper = Gatekeeper(settings)
    if not gatekeeper.has_token and not settings.dev:
        raise SettingsError(
            "there is no token, so anybody could ask in Twilio's name",
            hint="set TWILIO_AUTH_TOKEN to your account's token; to try things out on this machine, set IVRKIT_DEV=1",
        )
    loaded = load(settings, plugins)
    store = open_store(settings.session_url)
    for notice in loaded.notices:
        log.warning("%s", notice)
    for fault in loaded.faults:
        log.error("%s", fault)
    app = Flask("ivrkit", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MOST_BYTES
    zone = ZoneInfo(settings.timezone)
    dispatcher = Dispatcher(
        loaded.flow,
        store,
        loaded.observers,
        clock=lambda: datetime.now(zone),
        session_hours=settings.session_hours,
        key=next(iter(settings.auth_token), ""),
    )
    blueprint = make_blueprint(dispatcher, gatekeeper, loaded, dev=settings.dev)
    app.register_blueprint(blueprint, url_prefix=settings.url_prefix)
    hops = settings.trusted_proxies
    if hops:
        app.wsgi_app = behind_proxies(app.wsgi_app, hops)  # type: ignore[method-assign,assignment]  # as Flask has it
    app.extensions["ivrkit"] = Host(settings, loaded, store)
    return app
