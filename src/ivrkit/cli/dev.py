"""``ivrkit dev``: serve the phone tree on this machine while you write it, optionally behind a tunnel."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import click

from ivrkit.cli.options import tree_options, try_load_settings_with
from ivrkit.cli.serve import run_server, worker_variables
from ivrkit.errors import IvrkitError
from ivrkit.settings import Settings

HOST = "127.0.0.1"


@click.command()
@click.option("--port", default=5000, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option("--tunnel", "with_tunnel", is_flag=True, help="Open an ngrok tunnel, so that Twilio reaches the server.")
@tree_options
def dev(port: int, with_tunnel: bool, block: tuple[str, ...]) -> None:
    """Serve on this machine and reload on changes.

    With --tunnel the server gets a public address. Everybody can reach this address, so signatures are checked and
    TWILIO_AUTH_TOKEN must be set.
    """
    settings = try_load_settings_with(block, dev=True).settings
    variables = worker_variables(block)
    if not with_tunnel:
        run_server(settings, HOST, port, 1, **variables)
        return
    if not settings.secrets():
        raise IvrkitError(
            "--tunnel needs an auth token, because everybody can reach the public address",
            hint="set TWILIO_AUTH_TOKEN to your account's token",
        )
    with _open_tunnel(port) as url:
        settings = try_load_settings_with(block, dev=True, public_url=url).settings
        _print_addresses(url, settings)
        run_server(settings, HOST, port, 1, IVRKIT_PUBLIC_URL=url, **variables)


def _print_addresses(url: str, settings: Settings) -> None:
    webhook = f"{url}{settings.url_prefix}/webhook"
    click.echo(f"Public address: {url}", err=True)
    click.echo(f"  A call comes in:        {webhook}", err=True)
    click.echo(f"  Primary handler fails:  {webhook}/fallback", err=True)
    click.echo(f"  Call status changes:    {webhook}/status", err=True)
    click.echo(f"Set all three on your number: ivrkit connect NUMBER --url {url}{settings.url_prefix}", err=True)


@contextmanager
def _open_tunnel(port: int) -> Iterator[str]:
    """Open an ngrok tunnel to a port of this machine, and yield the public URL of the tunnel.

    :raises IvrkitError: if pyngrok is not installed, or if ngrok fails.
    """
    try:
        from pyngrok import conf, ngrok
        from pyngrok.exception import PyngrokError
    except ImportError as error:
        raise IvrkitError(
            "--tunnel needs pyngrok, which is not installed", hint="pip install 'ivrkit[tunnel]'"
        ) from error
    # SIGTERM while ngrok starts must run the cleanup below, or ngrok goes on running.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # ngrok runs in a session of its own: Ctrl-C is for the server, and the tunnel is closed after it.
    config = conf.PyngrokConfig(start_new_session=os.name == "posix")
    try:
        tunnel = ngrok.connect(f"http://{HOST}:{port}", pyngrok_config=config)
    except (PyngrokError, OSError) as error:
        ngrok.kill(config)
        reason = re.sub(r"(?i)(authtoken:?\s+)\S+", r"\1***", " ".join(str(error).split()))
        raise IvrkitError(
            f"ngrok opened no tunnel: {reason}",
            hint="set NGROK_AUTHTOKEN to your ngrok token, see https://dashboard.ngrok.com",
        ) from error
    try:
        yield str(tunnel.public_url).replace("http://", "https://", 1)
    finally:
        ngrok.kill(config)
