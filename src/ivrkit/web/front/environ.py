"""The WSGI environ of a request that arrived over RSGI, the interface of the server granian.

The environ equals the one of granian's own WSGI interface (``granian/wsgi.py``), with these exceptions:

1. It does not have the environment variables of the process.
2. It does not have headers with an underscore in the name, because ``X_A`` and ``X-A`` have the same variable.
3. RSGI reports the path as a text. Bytes that are not UTF-8 are replaced.
"""

from __future__ import annotations

import io
import sys
from typing import Any, Protocol


class RsgiHeaders(Protocol):
    """The headers of a request. The names are in lower case."""

    def items(self) -> list[tuple[str, str]]:
        """Return the headers with ASCII values. A header that was sent twice is in the list twice."""

    def keys(self) -> list[str]:
        """Return the names of all headers."""


class Scope(Protocol):
    """A request without its body, as RSGI describes it."""

    http_version: str
    server: str
    client: str
    scheme: str
    method: str
    path: str
    query_string: str
    authority: str | None
    headers: RsgiHeaders


#: The characters between the values of a header that was sent more than once.
_SEPARATORS = {"HTTP_COOKIE": ";"}
_NOT_HTTP = ("CONTENT_TYPE", "CONTENT_LENGTH")


def environ_of(scope: Scope) -> dict[str, Any]:
    """Return the WSGI environ of a request, with an empty body.

    :param scope: the request.
    """
    server_name, _, server_port = scope.server.rpartition(":")
    environ: dict[str, Any] = {
        "GATEWAY_INTERFACE": "CGI/1.1",
        "SERVER_SOFTWARE": "Granian",
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "SERVER_NAME": server_name,
        "SERVER_PORT": server_port,
        "REMOTE_ADDR": scope.client.rpartition(":")[0],
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": _latin_1(scope.path),
        "QUERY_STRING": _latin_1(scope.query_string),
        "HTTP_HOST": scope.authority or "",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": io.BytesIO(),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    environ.update(_headers(scope.headers))
    return environ


def _headers(headers: RsgiHeaders) -> dict[str, str]:
    """Return the variables of the environ for the headers of a request. Values that are not ASCII are empty."""
    variables = {_variable(name): "" for name in headers.keys() if "_" not in name}  # noqa: SIM118  no iterator
    for name, value in headers.items():
        if "_" in name:
            continue
        variable = _variable(name)
        before = variables[variable]
        variables[variable] = f"{before}{_SEPARATORS.get(variable, ',')}{value}" if before else value
    return variables


def _variable(name: str) -> str:
    """Return the name of the variable for a header."""
    variable = name.upper().replace("-", "_")
    return variable if variable in _NOT_HTTP else f"HTTP_{variable}"


def _latin_1(text: str) -> str:
    """Return the UTF-8 bytes of a text as a text of Latin-1, as WSGI wants it."""
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("latin-1")
