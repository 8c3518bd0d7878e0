"""Makes Flask apps that serve one tree and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Flask

from ivrkit.host.logging_setup import configure_logging
from ivrkit.settings.core import Settings
from ivrkit.settings.load import load_settings
from ivrkit.web.extension import Ivrkit, refuse_both


def create_app(
    settings: Settings | None = None, *, plugins: Mapping[str, object] | None = None, **overrides: Any
) -> Flask:
    """Return the Flask app that answers Twilio's webhooks.

    :param settings: the settings; when left out, those of the working folder and the environment.
    :param plugins: plugin objects of your own code, each by a name, beside those that are installed.
    :param overrides: single settings by name, over those of the working folder and the environment.
    :raises SettingsError: for a setting that can't be, and where there is no token and not ``dev``.
    :raises LoadError: with every problem of the installed plugins.
    :raises SessionError: when the session store can't be opened.
    """
    refuse_both("create_app", settings, overrides)
    app = Flask("ivrkit", static_folder=None)
    Ivrkit(app, settings=settings, plugins=plugins, **overrides)
    return app


def served_app() -> Flask:
    """Return the app of the working folder for a process that serves nothing else: its log is set up as well.

    :raises IvrkitError: whatever :func:`create_app` raises.
    """
    settings = load_settings()
    configure_logging(settings)
    return create_app(settings)
