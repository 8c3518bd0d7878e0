"""``ivrkit phone``: call a phone tree from the keyboard, without a phone or a network."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import click

from ivrkit.cli.app_tree import AppTree, app_tree
from ivrkit.cli.options import given_plugins_dir, is_safe_given, load_settings_with, tree_options
from ivrkit.cli.phone.hosts import hint_about, status_callback_of
from ivrkit.cli.phone.keyboard import Keyboard
from ivrkit.cli.phone.screen import JsonLines, Screen, SpeechProgram
from ivrkit.errors import IvrkitError
from ivrkit.plugin_errors import own_ctrl_c
from ivrkit.settings import load_settings
from ivrkit.settings.caller_ids import read_called_id, read_caller_id
from ivrkit.simulator import Failure, Simulator
from ivrkit.simulator.wire.signature import choose_shared_key


def _parsed_by(parse: Callable[[str], str]) -> Callable[[click.Context, click.Parameter, str | None], str | None]:
    """Return a click callback that parses the value of an option, and names the option in the error."""

    def callback(context: click.Context, option: click.Parameter, value: str | None) -> str | None:
        try:
            return None if value is None else parse(value)
        except IvrkitError as error:
            raise IvrkitError(f"{option.opts[0]}: {error.message}", hint=error.hint) from error

    return callback


@click.command()
@click.argument("url", required=False)
@click.option(
    "--from",
    "from_",
    metavar="NUMBER",
    callback=_parsed_by(read_caller_id),
    help="The caller's number, such as +14155550100.",
)
@click.option("--to", metavar="NUMBER", callback=_parsed_by(read_called_id), help="The number that is called.")
@click.option(
    "--status-callback",
    metavar="URL",
    help="The status callback of the number, or '' for none. Default: URL/status if URL ends in /webhook.",
)
@click.option("--shared-key", metavar="ID", help="Sign with a shared key of the settings.")
@click.option("--json", "as_json", is_flag=True, help="Print each event as a line of JSON.")
@click.option("--say", "aloud", is_flag=True, help="Speak what the caller hears. Needs espeak-ng.")
@tree_options
@click.pass_context
def phone(
    context: click.Context,
    url: str | None,
    from_: str | None,
    to: str | None,
    status_callback: str | None,
    shared_key: str | None,
    as_json: bool,
    aloud: bool,
    block: tuple[str, ...],
) -> None:
    """Call the phone tree from the keyboard.

    Type keys and press Enter, type words in quotes to say them, and type ? for help. With URL, the command calls the
    webhook at that URL, and signs the requests if TWILIO_AUTH_TOKEN or a shared key is set.
    """
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        context.color = False
    with suppress(ImportError):
        import readline  # noqa: F401  lets the user edit the line, where the system has it
    numbers: dict[str, Any] = {name: given for name, given in (("from_", from_), ("to", to)) if given}
    speech = SpeechProgram.find() if aloud else None
    display = JsonLines() if as_json else Screen(speech)
    with open_simulator(url, block, shared_key, status_callback) as simulator:
        hint = hint_about(url, bool(simulator.token or simulator.shared_keys)) if url else None
        keyboard = Keyboard(lambda: simulator.call(**numbers), display, hint)
        # An error of a plugin must not end the command, not even one that looks like Ctrl-C.
        with own_ctrl_c():
            succeeded = keyboard.run()
    context.exit(0 if succeeded else 1)


@contextmanager
def open_simulator(
    url: str | None, block: tuple[str, ...], shared_key: str | None, status_callback: str | None = None
) -> Iterator[Simulator]:
    """Open a simulator that calls a phone tree.

    With a URL, the simulator calls the phone tree at the URL. Without a URL, ``flask ivrkit phone`` calls the phone
    tree that is mounted in the Flask app, and ``ivrkit phone`` calls the installed phone tree.

    :param url: the URL of a webhook.
    :param block: the plugins to leave out.
    :param shared_key: the id of the shared key that signs requests.
    :param status_callback: the URL of the status callback, ``""`` for none, or ``None`` for the URL that belongs to the
        phone tree.
    :raises IvrkitError: if the settings do not have the shared key, or if a phone tree cannot be called.
    """
    in_app = app_tree()
    if url:
        yield _simulator_of_url(url, shared_key, status_callback)
        return
    if status_callback is not None:
        raise IvrkitError("--status-callback needs the URL of a running host", hint="leave it out, or give a URL")
    opened = _simulator_of_app(in_app, block, shared_key) if in_app else _simulator_in_process(block, shared_key)
    with opened as simulator:
        yield simulator


def _simulator_of_url(url: str, shared_key: str | None, status_callback: str | None) -> Simulator:
    """Return a simulator that calls the webhook at a URL.

    :raises IvrkitError: if the URL or a setting is invalid.
    """
    settings = load_settings()
    token = next(iter(settings.auth_token), "")
    keys = choose_shared_key(settings.shared_keys, shared_key, required=not token)
    try:
        callback = status_callback_of(url) if status_callback is None else status_callback
        return Simulator.for_url(url, token=token, shared_keys=keys, status_callback=callback)
    except Failure as failure:
        raise IvrkitError(failure.message, hint="give a webhook such as http://127.0.0.1:5000/webhook") from failure


@contextmanager
def _simulator_of_app(tree: AppTree, block: tuple[str, ...], shared_key: str | None) -> Iterator[Simulator]:
    """Open a simulator that calls a mounted phone tree and uses the auth token in the settings of the phone tree.

    :raises IvrkitError: if --block, --plugins-dir or --safe is given, because they cannot change a mounted phone tree.
    """
    from ivrkit.testing import Phone

    options = {"--block": block, "--plugins-dir": given_plugins_dir(), "--safe": is_safe_given()}
    option = next((name for name, value in options.items() if value), None)
    if option is not None:
        raise IvrkitError(
            f"{option} must not be given here, because the phone tree in the app is called as it is mounted",
            hint=f"set IVRKIT_{option.strip('-').replace('-', '_').upper()} in the environment of the app",
        )
    try:
        yield Phone(tree.app, name=tree.name, shared_key=shared_key).simulator
    finally:
        tree.mounted.sessions.close()


@contextmanager
def _simulator_in_process(block: tuple[str, ...], shared_key: str | None) -> Iterator[Simulator]:
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
            keys = choose_shared_key(settings.shared_keys, shared_key, required=False)
            yield Simulator.for_app(app, webhook, token=token, shared_keys=keys, **urls)
        finally:
            app.extensions["ivrkit"].sessions.close()
