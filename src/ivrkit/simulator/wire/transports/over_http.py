"""A URL of the network: this machine's own, or a public one."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from urllib.parse import urlsplit

from ivrkit.simulator.wire.messages import Failure, Request, Response
from ivrkit.simulator.wire.overrides import LONGEST, Overrides

#: No more of an answer is read than this: it is far more than Twilio reads.
MOST_BYTES = 1024 * 1024
_PIECE = 16 * 1024
#: OpenSSL's codes of what can be wrong with a certificate: https://docs.openssl.org/master/man1/openssl-verification-options/
_EXPIRED, _OTHER_HOST, _OTHER_ADDRESS = 10, 62, 64


class HttpTransport:
    """The network. Each request has a connection of its own."""

    def serves(self, url: str) -> bool:
        """Return whether a URL can be asked for: here, any."""
        return True

    def send(self, request: Request, overrides: Overrides) -> Response:
        """Send a request.

        :raises Failure: when there was no connection, or no whole answer in time.
        """
        began = time.monotonic()
        deadline = began + min(overrides.total, LONGEST)
        parts = urlsplit(request.url)
        connection = _connection(request.url, min(overrides.connect, overrides.total))
        try:
            _connect(connection, parts.hostname or "")
            sock = connection.sock  # an answer that closes the connection takes it along
            _limit(sock, deadline, overrides)
            target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
            connection.request(request.method, target, request.body or None, dict(request.headers))
            with connection.getresponse() as response:
                body = _read(sock, response, deadline, overrides)
        except TimeoutError:
            raise Failure(11205, "rt", f"no whole answer came within {time.monotonic() - began:.1f} s") from None
        except (http.client.HTTPException, OSError) as error:
            raise Failure(11206, "other", f"the answer breaks the rules of HTTP: {_told(error)}") from None
        finally:
            connection.close()
        if not body and response.headers.get("Transfer-Encoding", "").lower() == "chunked":
            raise Failure(11770, "other", "the answer came in chunks, and has no body")
        return Response(response.status, tuple(response.headers.items()), body, time.monotonic() - began)


def _connection(url: str, timeout: float) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "http":
        return http.client.HTTPConnection(host, parts.port, timeout=timeout)
    return http.client.HTTPSConnection(host, parts.port, timeout=timeout, context=ssl.create_default_context())


def _connect(connection: http.client.HTTPConnection, host: str) -> None:
    """Open a connection.

    :raises Failure: with Twilio's code.
    """
    try:
        connection.connect()
    except socket.gaierror:
        raise Failure(11210, "other", f"the name {host} leads to no address") from None
    except ssl.SSLCertVerificationError as error:
        codes = {_EXPIRED: 11236, _OTHER_HOST: 11235, _OTHER_ADDRESS: 11235}
        raise Failure(
            codes.get(error.verify_code, 11237),
            "other",
            f"the certificate of {host} is refused: {error.verify_message}",
        ) from None
    except ssl.SSLError as error:
        raise Failure(11220, "other", f"there is no TLS with {host}: {_told(error)}") from None
    except (OSError, UnicodeError) as error:
        raise Failure(11205, "ct", f"there is no connection to {host}: {_told(error)}") from None


def _limit(sock: socket.socket, deadline: float, overrides: Overrides) -> None:
    """Let the next reading take no longer than there is time left.

    :raises TimeoutError: when there is none.
    """
    left = min(deadline - time.monotonic(), overrides.read)
    if left <= 0:
        raise TimeoutError
    sock.settimeout(left)


def _read(sock: socket.socket, response: http.client.HTTPResponse, deadline: float, overrides: Overrides) -> bytes:
    """Read the body, piece by piece, so that a slow one has an end."""
    pieces: list[bytes] = []
    size = 0
    while size < MOST_BYTES and not response.isclosed():  # newer Pythons close it with its last byte
        _limit(sock, deadline, overrides)
        piece = response.read1(_PIECE)
        if not piece:
            if response.length:
                raise http.client.IncompleteRead(b"", response.length)
            break
        pieces.append(piece)
        size += len(piece)
    return b"".join(pieces)


def _told(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
