"""App factories: Flask apps that serve one phone tree and nothing else."""

from __future__ import annotations

import faulthandler
from collections.abc import Mapping
from typing import Any

from flask import Flask

from ivrkit.host.logging_setup import configure_logging
from ivrkit.settings import Settings, load_settings
from ivrkit.web.extension import Ivrkit, refuse_settings_and_overrides
from ivrkit.web.handover import with_deadlines


def create_app(
    settings: Settings | None = None, *, plugins: Mapping[str, object] | None = None, **overrides: Any
) -> Flask:
    """Return a Flask app that answers Twilio's webhooks.

    :param settings: the settings. By default the settings are read from the working folder and the environment.
    :param plugins: name -> plugin object. These plugins of your own code are added to the installed plugins.
    :param overrides: single settings by name, which override the settings from the working folder and the environment.
    :raises SettingsError: if a setting is invalid. Also if no auth token or shared key is set and dev mode is off.
    :raises LoadError: if plugins have problems and ``strict`` is on, or if no phone tree can be served.
    :raises SessionError: if the session store cannot be opened.
    """
    refuse_settings_and_overrides("create_app", settings, overrides)
    # Without a static folder: every URL besides the endpoints is a 404.
    app = Flask("ivrkit", static_folder=None)
    Ivrkit(app, settings=settings, plugins=plugins, **overrides)
    # As Flask's documentation wraps an app in a middleware. mypy knows of no attribute that replaces a method.
    app.wsgi_app = with_deadlines(app)  # type: ignore[method-assign,assignment]
    return app


def create_server_app() -> Flask:
    """Return an app with the settings of the working folder and the environment, and set up the log of the process.

    Use this function only in a process that serves nothing else.

    :raises IvrkitError: for the same reasons as :func:`create_app`.
    """
    # The log is set up before the app is made, so that it has the startup warnings.
    settings = load_settings()
    configure_logging(settings)
    # If native code kills the process, the stacks of the threads are printed. The stacks have no values of variables.
    if not faulthandler.is_enabled():
        faulthandler.enable(2)
    return create_app(settings)
