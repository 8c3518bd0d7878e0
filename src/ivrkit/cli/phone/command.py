"""``ivrkit phone``: call a phone tree from the keyboard, with no phone and no network."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import click

from ivrkit.cli.mounted import Mounted, mounted
from ivrkit.cli.options import given_folder, settings_with, tree_options
from ivrkit.cli.phone.keyboard import Keyboard
from ivrkit.cli.phone.screen import JsonLines, Screen, Voice
from ivrkit.errors import IvrkitError
from ivrkit.settings.load import load_settings
from ivrkit.simulator import Failure, Simulator


@click.command()
@click.argument("url", required=False)
@click.option("--from", "from_", metavar="NUMBER", help="Whoever calls, such as +14155550100.")
@click.option("--to", metavar="NUMBER", help="The number that is called.")
@click.option("--json", "as_json", is_flag=True, help="Print every event as a line of JSON.")
@click.option("--say", "aloud", is_flag=True, help="Speak what the caller hears, where espeak-ng is installed.")
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
    """Call the installed phone tree, or whatever answers at URL.

    Type keys and press Enter, type words in quotes to say them, and ? to see what else there is. What is sent to a URL
    is signed where TWILIO_AUTH_TOKEN is set.
    """
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        context.color = False
    with suppress(ImportError):
        import readline  # noqa: F401  a line can be edited, where the system knows how
    caller: dict[str, Any] = {name: given for name, given in (("from_", from_), ("to", to)) if given}
    voice = Voice.found() if aloud else None
    inside = mounted()
    with _number_at(url) if url else _number_in(inside, block) if inside else _number_in_process(block) as simulator:
        keyboard = Keyboard(lambda: simulator.call(**caller), JsonLines() if as_json else Screen(voice))
        answered = keyboard.run()
    context.exit(0 if answered else 1)


@contextmanager
def _number_at(url: str) -> Iterator[Simulator]:
    """Give a number whose webhook is at a URL.

    :raises IvrkitError: when it is none.
    """
    token = next(iter(load_settings().auth_token), "")
    try:
        yield Simulator.for_url(url, token=token)
    except Failure as failure:
        raise IvrkitError(failure.message, hint="give a webhook such as http://127.0.0.1:5000/webhook") from failure


@contextmanager
def _number_in(tree: Mounted, block: tuple[str, ...]) -> Iterator[Simulator]:
    """Give a number whose webhook is the tree that is mounted in an app, as it is: its token, its sessions.

    :raises IvrkitError: where a plugin is to be left out of it.
    """
    from ivrkit.testing import Phone

    if block or given_folder():
        option = "--block" if block else "--plugins-dir"
        raise IvrkitError(
            f"the tree in the app is called as it is mounted there, and {option} would make another one of it",
            hint=f"set IVRKIT_{option.strip('-').replace('-', '_').upper()} where the app is made",
        )
    try:
        yield Phone(tree.app, name=tree.name).simulator
    finally:
        tree.host.sessions.close()


@contextmanager
def _number_in_process(block: tuple[str, ...]) -> Iterator[Simulator]:
    """Give a number whose webhook is the installed tree, with a token and sessions of its own."""
    from ivrkit.web import create_app

    token = secrets.token_hex(16)
    with tempfile.TemporaryDirectory(prefix="ivrkit-phone-") as folder:
        mine = {"session_url": f"sqlite:///{Path(folder) / 'calls.sqlite3'}", "auth_token": token, "accounts": {}}
        settings = settings_with(block, dev=True, public_url=None, trusted_proxies=0, **mine)
        app = create_app(settings)
        webhook = f"{settings.url_prefix}/webhook"
        more = {"fallback_url": f"{webhook}/fallback", "status_callback": f"{webhook}/status"}
        try:
            yield Simulator.for_app(app, webhook, token=token, **more)
        finally:
            app.extensions["ivrkit"].sessions.close()
