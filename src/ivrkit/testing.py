"""Phones for tests: an app of some plugins and settings, and Twilio's side of it.

The fixtures that hand them out are in ``pytest_ivrkit``.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import importlib_metadata
from flask import Flask
from werkzeug.exceptions import NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from ivrkit.errors import SettingsError, nearest
from ivrkit.flow.model.state import CORE_PLUGIN
from ivrkit.flow.run.session import Session
from ivrkit.plugins.entry_points import PLUGINS_GROUP, STATES_GROUP
from ivrkit.settings.core import Settings
from ivrkit.settings.load import load_settings
from ivrkit.settings.types import normal_name
from ivrkit.simulator import Action, Exploration, Queue, SimulatedCall, Simulator, explore
from ivrkit.simulator.simulator import ACCOUNT, BASE_URL
from ivrkit.web import create_app
from ivrkit.web.extension import DEFAULT_NAME, mounted_tree
from ivrkit.web.proxies import shared_path

#: Signs what the phone sends; the app checks it as it would Twilio's.
TOKEN = "12345"  # noqa: S105  of an account that does not exist
#: What of a session says nothing about how the call goes on.
_CHANCE = ("sid", "turn", "path", "responses", "expires")


def installed_plugins() -> list[str]:
    """Return the names of the installed distributions that offer states or hooks, besides ivrkit itself."""
    entries = [each for group in (STATES_GROUP, PLUGINS_GROUP) for each in importlib_metadata.entry_points(group=group)]
    return sorted({normal_name(each.dist.name) for each in entries if each.dist is not None} - {CORE_PLUGIN})


def make_app(
    folder: Path,
    *,
    plugins: Iterable[str] | None = None,
    objects: Mapping[str, object] | None = None,
    settings_from: Path | None = None,
    **settings: Any,
) -> Flask:
    """Return an app for tests: signed requests, dev mode, sessions in a file of its own.

    :param folder: where the sessions are kept; nothing else there is read.
    :param plugins: the installed plugins that are loaded, by name; left out: all.
    :param objects: plugin objects, each by a name, as :func:`ivrkit.web.create_app` takes them.
    :param settings_from: a folder whose ``ivrkit.toml`` is read; left out: none. The environment never is.
    :param settings: single settings by name.
    :raises SettingsError: for a plugin that is not installed, and for a setting that can't be.
    :raises LoadError: with every problem of the plugins.
    """
    if plugins is not None:
        settings["block"] = [*settings.get("block", ()), *_all_but(plugins)]
    store = f"sqlite:///{folder}/calls.sqlite3"
    reached = {"public_url": None, "trusted_proxies": 0}  # in this process, whatever a file of settings says
    given = {"dev": True, "auth_token": TOKEN, "session_url": store, **reached, **settings}
    return create_app(load_settings(settings_from or folder, environ={}, **given), plugins=objects)


def _all_but(names: Iterable[str]) -> list[str]:
    """Return the installed plugins that are not among these.

    :raises SettingsError: for one that is not installed.
    """
    installed, wanted = installed_plugins(), [normal_name(name) for name in names]
    for name in wanted:
        if name not in installed:
            known = ", ".join(installed) or "no plugin"
            raise SettingsError(
                f"plugin {name!r} is not installed{nearest(name, installed)}",
                hint=f"install it where the tests run: pip install -e . for your own; installed: {known}",
            )
    return [name for name in installed if name not in wanted]


class Phone:
    """Calls a tree of an app, as many times as a test wants.

    :param app: the app: made by :func:`make_app`, or one of yours with a tree mounted in it.
    :param simulator: the number at Twilio whose webhook it is; left out: one that is made from the tree's settings.
    :param name: the name of the tree.
    :param token: signs what the phone sends; left out: the first token of the tree's settings, a sub-account's too.
    :raises ~ivrkit.SettingsError: when the app has no tree of that name.
    """

    def __init__(
        self, app: Flask, simulator: Simulator | None = None, *, name: str = DEFAULT_NAME, token: str | None = None
    ) -> None:
        self.app = app
        self.host = mounted_tree(app, name)
        self.simulator = simulator or _number_of(app, self.host.settings, token)
        #: The calls that were made.
        self.calls: list[SimulatedCall] = []

    def call(self, script: Sequence[Action] = (), **caller: Any) -> SimulatedCall:
        """Call, with what :meth:`ivrkit.simulator.Simulator.call` takes: ``from_``, ``to``, ``patience`` and more."""
        call = self.simulator.call(**caller)
        self.calls.append(call)
        for action in script:
            call.do(action)
        return call

    def queue(self, name: str) -> Queue:
        """Return a queue, to fill it or to let it fail: ``phone.queue("support").size = 1000``."""
        return self.simulator.queue(name)

    def explore(self, depth: int) -> Exploration:
        """Walk every path to a depth, each position once: see :func:`ivrkit.simulator.explore`.

        What tells one position from another is what the app keeps of the call.
        """
        return explore(self.simulator.call, depth=depth, position=self.position)

    def position(self, call: SimulatedCall) -> Hashable:
        """Return what decides how a call goes on: its session, and what it waits for.

        Where the app keeps nothing of calls, what happened in it stands for the session.
        """
        if self.host.sessions.store is None:
            return call.transcript()
        session = self.host.sessions.load(call.sid) or Session(call.sid)
        kept = {name: each for name, each in asdict(session).items() if name not in _CHANCE}
        return repr(sorted(kept.items())), call.waiting and (call.waiting.activity, call.waiting.numbers)

    def close(self) -> None:
        """Let go of the sessions."""
        self.host.sessions.close()


def _number_of(app: Flask, settings: Settings, token: str | None) -> Simulator:
    """Return a number whose webhook is a tree in an app, at the public URL where the settings name one."""
    public = urlsplit(settings.public_url or BASE_URL)
    webhook = f"{settings.url_prefix}/webhook"
    outside = public.path.removesuffix(shared_path(public.path, webhook))  # what a proxy takes away, or a mount
    account, token = _account_and_token(settings, token)
    return Simulator.for_app(
        DispatcherMiddleware(NotFound(), {outside: app}) if outside else app,
        f"{outside}{webhook}",
        base_url=f"{public.scheme}://{public.netloc}",
        account=account,
        token=token,
        fallback_url=f"{outside}{webhook}/fallback",
        status_callback=f"{outside}{webhook}/status",
    )


def _account_and_token(settings: Settings, token: str | None) -> tuple[str, str]:
    """Return who is called and what is signed with: the account whose token it is, or the first that has one."""
    for account, tokens in ((ACCOUNT, settings.auth_token), *settings.accounts.items()):
        if tokens and token in (None, *tokens):
            return account, tokens[0] if token is None else token
    return ACCOUNT, token or ""
