"""``ivrkit phone``: call a phone tree from the keyboard, without a phone or a network."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import click

from ivrkit.cli.app_tree import AppTree, app_tree
from ivrkit.cli.options import given_plugins_dir, load_settings_with, tree_options
from ivrkit.cli.phone.keyboard import Keyboard
from ivrkit.cli.phone.screen import JsonLines, Screen, SpeechProgram
from ivrkit.errors import IvrkitError
from ivrkit.settings import load_settings
from ivrkit.simulator import Failure, Simulator


@click.command()
@click.argument("url", required=False)
@click.option("--from", "from_", metavar="NUMBER", help="The caller's number, such as +14155550100.")
@click.option("--to", metavar="NUMBER", help="The number that is called.")
@click.option("--json", "as_json", is_flag=True, help="Print each event as a line of JSON.")
@click.option("--say", "aloud", is_flag=True, help="Speak what the caller hears. Needs espeak-ng.")
@tree_options
@click.pass_context
def phone(
    context: click.Context,
    url: str | None,
    from_: str | None,
    to: str | None,
    as_json: bool,
    aloud: bool,
    block: tuple[str, ...],
) -> None:
    """Call the phone tree from the keyboard.

    Type keys and press Enter, type words in quotes to say them, and type ? for help. With URL, the command calls the
    webhook at that URL, and signs the requests if TWILIO_AUTH_TOKEN is set.
    """
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        context.color = False
    with suppress(ImportError):
        import readline  # noqa: F401  lets the user edit the line, where the system has it
    numbers: dict[str, Any] = {name: given for name, given in (("from_", from_), ("to", to)) if given}
    speech = SpeechProgram.find() if aloud else None
    with _open_simulator(url, block) as simulator:
        keyboard = Keyboard(lambda: simulator.call(**numbers), JsonLines() if as_json else Screen(speech))
        succeeded = keyboard.run()
    context.exit(0 if succeeded else 1)


@contextmanager
def _open_simulator(url: str | None, block: tuple[str, ...]) -> Iterator[Simulator]:
    """Open a simulator that calls a phone tree.

    With a URL, the simulator calls the phone tree at the URL. Without a URL, ``flask ivrkit phone`` calls the phone
    tree that is mounted in the Flask app, and ``ivrkit phone`` calls the installed phone tree.
    """
    in_app = app_tree()
    if url:
        yield _simulator_of_url(url)
    elif in_app is not None:
        with _simulator_of_app(in_app, block) as simulator:
            yield simulator
    else:
        with _simulator_in_process(block) as simulator:
            yield simulator


def _simulator_of_url(url: str) -> Simulator:
    """Return a simulator that calls the webhook at a URL.

    :raises IvrkitError: if the URL or a setting is invalid.
    """
    token = next(iter(load_settings().auth_token), "")
    try:
        return Simulator.for_url(url, token=token)
    except Failure as failure:
        raise IvrkitError(failure.message, hint="give a webhook such as http://127.0.0.1:5000/webhook") from failure


@contextmanager
def _simulator_of_app(tree: AppTree, block: tuple[str, ...]) -> Iterator[Simulator]:
    """Open a simulator that calls a mounted phone tree and uses the auth token in the settings of the phone tree.

    :raises IvrkitError: if --block or --plugins-dir is given, because neither can change a mounted phone tree.
    """
    from ivrkit.testing import Phone

    if block or given_plugins_dir():
        option = "--block" if block else "--plugins-dir"
        raise IvrkitError(
            f"{option} must not be given here, because the phone tree in the app is called as it is mounted",
            hint=f"set IVRKIT_{option.strip('-').replace('-', '_').upper()} in the environment of the app",
        )
    try:
        yield Phone(tree.app, name=tree.name).simulator
    finally:
        tree.mounted.sessions.close()


@contextmanager
def _simulator_in_process(block: tuple[str, ...]) -> Iterator[Simulator]:
    """Open a simulator that calls the installed phone tree. The auth token and the session store are temporary."""
    from ivrkit.web import create_app

    token = secrets.token_hex(16)
    with tempfile.TemporaryDirectory(prefix="ivrkit-phone-") as folder:
        overrides = {"session_url": f"sqlite:///{Path(folder) / 'calls.sqlite3'}", "auth_token": token, "accounts": {}}
        settings = load_settings_with(block, dev=True, public_url=None, trusted_proxies=0, **overrides)
        app = create_app(settings)
        webhook = f"{settings.url_prefix}/webhook"
        urls = {"fallback_url": f"{webhook}/fallback", "status_callback": f"{webhook}/status"}
        try:
            yield Simulator.for_app(app, webhook, token=token, **urls)
        finally:
            app.extensions["ivrkit"].sessions.close()
