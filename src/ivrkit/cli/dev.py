"""``ivrkit dev``: the call flow on this machine while it is written, and with a tunnel behind a real number."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import click

from ivrkit.cli.options import settings_with, tree_options
from ivrkit.cli.serve import run_server
from ivrkit.errors import IvrkitError
from ivrkit.settings.core import Settings

HOST = "127.0.0.1"


@click.command()
@click.option("--port", default=5000, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option("--tunnel", "tunnelled", is_flag=True, help="Open an ngrok tunnel, so that Twilio reaches this machine.")
@tree_options
def dev(port: int, tunnelled: bool, block: tuple[str, ...]) -> None:
    """Serve on this machine in dev mode, and load anew when code changes.

    With --tunnel the tree has a public address, and TWILIO_AUTH_TOKEN must be set: whatever comes through a tunnel has
    to be signed.
    """
    settings = settings_with(block, dev=True)
    if not tunnelled:
        run_server(settings, HOST, port, 1)
        return
    if not (settings.auth_token or settings.accounts):
        raise IvrkitError(
            "a tunnel lets in everybody, and there is no token to tell Twilio by",
            hint="set TWILIO_AUTH_TOKEN to your account's token",
        )
    with _tunnel(port) as url:
        settings = settings_with(block, dev=True, public_url=url)
        _tell(url, settings)
        run_server(settings, HOST, port, 1, IVRKIT_PUBLIC_URL=url)


def _tell(url: str, settings: Settings) -> None:
    webhook = f"{url}{settings.url_prefix}/webhook"
    click.echo(f"Public address: {url}", err=True)
    click.echo(f"  A call comes in:        {webhook}", err=True)
    click.echo(f"  Primary handler fails:  {webhook}/fallback", err=True)
    click.echo(f"  Call status changes:    {webhook}/status", err=True)
    click.echo(f"Set them all on your number: ivrkit connect NUMBER --url {url}{settings.url_prefix}", err=True)


@contextmanager
def _tunnel(port: int) -> Iterator[str]:
    """Give the public address of a tunnel to a port of this machine.

    :raises IvrkitError: when there is no pyngrok, and for whatever ngrok says.
    """
    try:
        from pyngrok import conf, ngrok
        from pyngrok.exception import PyngrokError
    except ImportError as error:
        raise IvrkitError(
            "--tunnel needs pyngrok, which is not installed", hint="pip install 'ivrkit[tunnel]'"
        ) from error
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # while it is being opened, so that nothing is left open
    # In a session of its own: Ctrl-C is the server's, and the tunnel is closed after it.
    config = conf.PyngrokConfig(start_new_session=os.name == "posix")
    try:
        tunnel = ngrok.connect(f"http://{HOST}:{port}", pyngrok_config=config)
    except (PyngrokError, OSError) as error:
        ngrok.kill(config)
        said = re.sub(r"(?i)(authtoken:?\s+)\S+", r"\1***", " ".join(str(error).split()))
        raise IvrkitError(
            f"ngrok opened no tunnel: {said}",
            hint="its token is NGROK_AUTHTOKEN, from https://dashboard.ngrok.com",
        ) from error
    try:
        yield str(tunnel.public_url).replace("http://", "https://", 1)
    finally:
        ngrok.kill(config)
