"""``ivrkit serve``: the call flow behind granian."""

from __future__ import annotations

import importlib.util
import ipaddress
import os
import socket
import sys
import time

import click

from ivrkit.cli.options import settings_with, tree_options
from ivrkit.cli.supervisor import Supervisor
from ivrkit.errors import IvrkitError
from ivrkit.settings.core import Settings

#: Handlers run in place, so a slow one holds its thread: others must be there for the other callers.
MOST_THREADS = 8
#: When a reload stops an old process, in seconds after its new one was started. granian does not look whether that one
#: answers yet; one that loads the tree beside callers, on a busy machine, takes many times as long as alone.
LEAST_OVERLAP, LONGEST_OVERLAP, MORE_THAN_ALONE = 6.0, 20.0, 5.0
#: What does not make the server load anew in dev mode, or each call that is kept in a file of the folder would.
NOT_CODE = r"(?<!\.py)(?<!\.toml)(?<!\.env)$"


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=5000, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1), help="Processes that answer.")
@click.option("--dev", is_flag=True, help="No token needed from this machine; reload when code changes.")
@tree_options
def serve(host: str, port: int, workers: int, dev: bool, block: tuple[str, ...]) -> None:
    """Answer Twilio's webhooks at /webhook.

    With --dev it listens on this machine alone, shows state and owner in the answers, and needs no token; where
    TWILIO_AUTH_TOKEN is set, signatures are checked all the same.
    """
    run_server(settings_with(block, **({"dev": True} if dev else {})), host, port, workers)


def run_server(settings: Settings, host: str, port: int, workers: int, **environ: str) -> None:
    """Serve until the process is told to end.

    :param settings: what is served, as far as it is not read from file and environment anew.
    :param host: the address to listen on, or its name.
    :param port: the port.
    :param workers: how many processes answer.
    :param environ: variables for the processes that answer.
    :raises IvrkitError: for whatever would keep them from starting.
    """
    address = _address(host)
    alone = _check(settings, address, port)
    own = {"IVRKIT_DEV": "1" if settings.dev else "0", "IVRKIT_BLOCK": ",".join(settings.block)}
    own |= {"IVRKIT_PLUGINS_DIR": settings.plugins_dir} if settings.plugins_dir else {}
    where = f"http://{f'[{address}]' if ':' in address else address}:{port}{settings.url_prefix}/webhook"
    click.echo(f"Serving {where}{' in dev mode' if settings.dev else ''}; end with Ctrl-C.", err=True)
    overlap = min(LONGEST_OVERLAP, max(LEAST_OVERLAP, MORE_THAN_ALONE * alone))
    command = _command(settings, address, port, workers, overlap)
    Supervisor(command, {**os.environ, **own, **environ}, lambda line: click.echo(line, err=True)).run()


def _address(host: str) -> str:
    """Return the address of a host, because granian takes no names.

    :raises IvrkitError: when there is none.
    """
    try:
        return str(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0][4][0])
    except OSError as error:
        raise IvrkitError(
            f"--host {host} is no address and no name of this machine: {error.strerror}", hint="try --host 0.0.0.0"
        ) from error


def _check(settings: Settings, host: str, port: int) -> float:
    """Refuse whatever would keep every worker from starting, while it can still be said in one message.

    :returns: how long the tree took to load, in seconds.
    :raises IvrkitError: with the mend.
    """
    if importlib.util.find_spec("granian") is None:
        raise IvrkitError("ivrkit serve needs granian, which is not installed", hint="pip install 'ivrkit[server]'")
    if settings.dev and not ipaddress.ip_address(host).is_loopback:
        raise IvrkitError(
            f"in dev mode the host listens on this machine alone, and --host is {host}",
            hint="leave out --host; to be reached from elsewhere, leave out --dev and set TWILIO_AUTH_TOKEN",
        )
    began = time.monotonic()
    from ivrkit.web import create_app

    create_app(settings).extensions["ivrkit"].sessions.close()
    took = time.monotonic() - began
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        raise IvrkitError(f"can't listen on {host}:{port}: {error.strerror}", hint="choose another --port") from error
    return took


def _command(settings: Settings, host: str, port: int, workers: int, overlap: float) -> list[str]:
    """Return granian's command line.

    :param overlap: how long the old and the new process of a worker both answer in a reload, in seconds.
    """
    threads = min(MOST_THREADS, 2 * (os.cpu_count() or 1) + 1)  # with more of them granian warns
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--factory", "--no-ws"]
    command += ["--host", host, "--port", str(port), "--workers", str(workers), "--blocking-threads", str(threads)]
    command += ["--respawn-failed-workers", "--respawn-interval", f"{overlap:.1f}", "--log-level", "warning"]
    command += ["--reload", "--reload-ignore-patterns", NOT_CODE] if settings.dev else []
    return [*command, "ivrkit.web:create_server_app"]
