"""Makes a Flask app of nothing but a phone tree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Flask

from ivrkit.settings import Settings
from ivrkit.web.extension import Ivrkit
from ivrkit.web.log import configure_logging


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
    app = Flask("ivrkit", static_folder=None)
    Ivrkit(app, settings=settings, plugins=plugins, **overrides)
    return app


def served_app(**overrides: Any) -> Flask:
    """Return the app as a server serves it: with its logs on the standard error output.

    It is what ``ivrkit serve`` starts, and what another server is given: ``gunicorn 'ivrkit.web:served_app()'``. Who
    calls :func:`create_app` configures the logs of the process themselves.

    :param overrides: single settings by name, as for :func:`create_app`.
    """
    app = create_app(**overrides)
    configure_logging(app.extensions["ivrkit"].settings)
    return app
