"""``ivrkit serve``: serve the phone tree with granian."""

from __future__ import annotations

import importlib.util
import ipaddress
import logging
import os
import socket
import sys
from collections.abc import Mapping, Sequence

import click

from ivrkit.cli.options import (
    given_plugins_dir,
    is_safe_given,
    missing_file_line,
    print_missing_file,
    tree_options,
    try_load_settings_with,
)
from ivrkit.cli.server.jobs import PREFIX
from ivrkit.errors import IvrkitError, SettingsError
from ivrkit.host.dev_log import wants_colour
from ivrkit.host.logging_setup import configure_logging
from ivrkit.settings import Settings

#: How many connections may wait until a worker accepts them.
BACKLOG = 1024
#: How long a connection without a request waits until a worker gets it anyway, in seconds.
DEFER_SECONDS = 10
#: The option of a socket that delays connections without a request, on systems that have it.
_DEFER_ACCEPT = [each for each in [getattr(socket, "TCP_DEFER_ACCEPT", None)] if each is not None]

log = logging.getLogger("ivrkit.cli")


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=5000, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1), help="Number of worker processes.")
@click.option("--dev", is_flag=True, help="Need no token on this machine, and reload on changes.")
@tree_options
def serve(host: str, port: int, workers: int, dev: bool, block: tuple[str, ...]) -> None:
    """Answer Twilio's webhooks at /webhook.

    With --dev the server listens on this machine only, and each response has headers with the state and its owner. The
    server then needs no auth token. If TWILIO_AUTH_TOKEN is set, signatures are still checked.
    """
    result = try_load_settings_with(block, **({"dev": True} if dev else {}))
    # In dev mode, the server reports the problems and waits for a change of the files.
    if result.problems and not result.settings.dev:
        raise SettingsError.of(result.problems)
    run_server(result.settings, host, port, workers, **worker_variables(block))


def run_server(settings: Settings, host: str, port: int, workers: int, **environ: str) -> None:
    """Serve until SIGTERM or SIGINT.

    :param settings: the settings. The workers read the settings again, from the files and the environment.
    :param host: the IP address or the host name to listen on.
    :param port: the port to listen on.
    :param workers: the number of worker processes.
    :param environ: additional environment variables for the workers.
    :raises IvrkitError: if the workers would not be able to start, for example because the port is in use. In dev mode
        problems of the phone tree do not raise an error: the server waits for a change.
    """
    address = _resolve(host)
    url = f"http://{f'[{address}]' if ':' in address else address}:{port}"
    variables = {**os.environ, "IVRKIT_DEV": "1" if settings.dev else "0", **environ}
    if settings.dev:
        _serve_for_development(settings, address, port, workers, url, variables)
        return
    if importlib.util.find_spec("granian") is None:
        raise IvrkitError("ivrkit serve needs granian, which is not installed", hint="pip install 'ivrkit[server]'")
    from ivrkit.cli.server.supervisor import Supervisor

    configure_logging(settings)
    _warn_of_open_host(settings, address)
    with _bound_socket(address, port, BACKLOG) as listener:
        banner = f"{missing_file_line(settings)}Serving {url}{PREFIX}/webhook (stop with Ctrl-C)\n"
        Supervisor(listener, workers, banner, variables).run()


def _warn_of_open_host(settings: Settings, address: str) -> None:
    """Log a warning if other machines can reach the server and the settings name no proxy."""
    if ipaddress.ip_address(address).is_loopback or settings.trusted_proxies or settings.public_url:
        return
    log.warning(
        "--host %s opens the server to other machines, and no proxy is trusted: the server has no TLS, so put a proxy "
        "in front of it and set IVRKIT_TRUSTED_PROXIES=1, or leave out --host",
        address,
    )


def worker_variables(block: Sequence[str]) -> dict[str, str]:
    """Return the environment variables that pass --block, --plugins-dir and --safe to the workers.

    :param block: the plugins to block, in addition to the plugins that the settings block.
    """
    folder = given_plugins_dir()
    variables = {"IVRKIT_PLUGINS_DIR": folder} if folder else {}
    variables |= {"IVRKIT_SAFE": "1"} if is_safe_given() else {}
    # Without the option, the workers read the setting again at each reload.
    return variables | ({"IVRKIT_BLOCK": ",".join(try_load_settings_with(block).settings.block)} if block else {})


def _serve_for_development(
    settings: Settings, address: str, port: int, workers: int, url: str, variables: Mapping[str, str]
) -> None:
    """Serve the phone tree, and load it again after each change of its files.

    :param url: the URL of the server without a path.
    :param variables: the environment variables of the workers.
    """
    if not ipaddress.ip_address(address).is_loopback:
        raise IvrkitError(
            f"in dev mode --host must be an address of this machine only, not {address}",
            hint="leave out --host; to be reached from elsewhere, leave out --dev and set TWILIO_AUTH_TOKEN",
        )
    from ivrkit.cli.reloader.reloader import Reloader

    configure_logging(settings)
    with _bound_socket(address, port) as listener:
        print_missing_file(settings)
        banner = f"Serving {url}{PREFIX}/webhook in dev mode (stop with Ctrl-C)\n"
        Reloader(listener, workers, banner, variables, _print_error).run()


def _print_error(text: str) -> None:
    colour = wants_colour(sys.stderr)
    click.echo(click.style(text, fg="red") if colour else text, err=True, color=colour)


def _resolve(host: str) -> str:
    """Return the IP address of a host, because granian does not resolve names.

    :raises IvrkitError: if the name can't be resolved.
    """
    try:
        return str(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0][4][0])
    except OSError as error:
        raise IvrkitError(
            f"--host {host} can't be resolved: {error.strerror}",
            hint="try --host 0.0.0.0",
        ) from error


def _bound_socket(address: str, port: int, backlog: int | None = None) -> socket.socket:
    """Return a socket that is bound to a port.

    :param backlog: the number of connections that may wait in the queue of the socket. The socket does not listen yet
        if this is ``None``.
    :raises IvrkitError: if another program uses the port.
    """
    bound = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((address, port))
        if backlog is not None:
            # Linux passes a connection to a worker when the request arrives. Otherwise a worker that ends would cut off
            # the connections that it has accepted without a request.
            for option in _DEFER_ACCEPT:
                bound.setsockopt(socket.IPPROTO_TCP, option, DEFER_SECONDS)
            bound.listen(backlog)
    except OSError as error:
        bound.close()
        raise IvrkitError(
            f"can't listen on {address}:{port}: {error.strerror}", hint="choose another --port"
        ) from error
    return bound
