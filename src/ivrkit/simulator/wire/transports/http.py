"""A transport over HTTP, to this machine or to the internet."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from urllib.parse import urlsplit

from ivrkit.simulator.wire.messages import Failure, Request, Response
from ivrkit.simulator.wire.overrides import MAX_SECONDS, Overrides

#: Reading stops after this size, which is far more than Twilio accepts.
MAX_BYTES = 1024 * 1024
_CHUNK_SIZE = 16 * 1024
#: OpenSSL's codes for a bad certificate: https://docs.openssl.org/master/man1/openssl-verification-options/
_EXPIRED, _OTHER_HOST, _OTHER_ADDRESS = 10, 62, 64


class HttpTransport:
    """A transport that opens an HTTP connection for each request."""

    def serves(self, url: str) -> bool:
        """Return ``True``, because this transport can request any URL."""
        return True

    def send(self, request: Request, overrides: Overrides) -> Response:
        """Send a request.

        :raises Failure: if there was no connection, or if there was no valid and complete response in time.
        """
        began = time.monotonic()
        deadline = began + min(overrides.total, MAX_SECONDS)
        parts = urlsplit(request.url)
        connection = _connection(request.url, min(overrides.connect, overrides.total))
        try:
            _connect(connection, parts.hostname or "")
            sock = connection.sock  # keep it: a response that closes the connection removes it there
            _set_timeout(sock, deadline, overrides)
            target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
            connection.request(request.method, target, request.body or None, dict(request.headers))
            with connection.getresponse() as response:
                body = _read_body(sock, response, deadline, overrides)
        except TimeoutError:
            message = f"no complete response came within {time.monotonic() - began:.1f} s"
            raise Failure(11205, "rt", message) from None
        except (http.client.HTTPException, OSError) as error:
            raise Failure(11206, "other", f"the response violates HTTP: {_reason(error)}") from None
        finally:
            connection.close()
        if not body and response.headers.get("Transfer-Encoding", "").lower() == "chunked":
            raise Failure(11770, "other", "the response is chunked and has no body")
        return Response(response.status, tuple(response.headers.items()), body, time.monotonic() - began)


def _connection(url: str, timeout: float) -> http.client.HTTPConnection:
    """Return an HTTP connection to the host of a URL. The connection is not open yet."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "http":
        return http.client.HTTPConnection(host, parts.port, timeout=timeout)
    return http.client.HTTPSConnection(host, parts.port, timeout=timeout, context=ssl.create_default_context())


def _connect(connection: http.client.HTTPConnection, host: str) -> None:
    """Open a connection.

    :raises Failure: if the connection can't be opened. The failure has Twilio's error code.
    """
    # From the special to the general: all of these are subclasses of OSError.
    try:
        connection.connect()
    except socket.gaierror:
        raise Failure(11210, "other", f"the host name {host} does not exist") from None
    except ssl.SSLCertVerificationError as error:
        codes = {_EXPIRED: 11236, _OTHER_HOST: 11235, _OTHER_ADDRESS: 11235}
        message = f"the certificate of {host} is invalid: {error.verify_message}"
        raise Failure(codes.get(error.verify_code, 11237), "other", message) from None
    except ssl.SSLError as error:
        raise Failure(11220, "other", f"no TLS connection to {host}: {_reason(error)}") from None
    except (OSError, UnicodeError) as error:  # UnicodeError: a host name that IDNA can't encode
        raise Failure(11205, "ct", f"no connection to {host}: {_reason(error)}") from None


def _set_timeout(sock: socket.socket, deadline: float, overrides: Overrides) -> None:
    """Limit the next read from the socket to the read timeout, and to the time until the deadline.

    :param deadline: the time at which the whole response must be complete, as :func:`time.monotonic` counts.
    :raises TimeoutError: if the deadline has passed.
    """
    seconds_left = min(deadline - time.monotonic(), overrides.read)
    if seconds_left <= 0:
        raise TimeoutError
    sock.settimeout(seconds_left)


def _read_body(sock: socket.socket, response: http.client.HTTPResponse, deadline: float, overrides: Overrides) -> bytes:
    """Return the body of a response.

    The timeout of a socket starts again with each read, so a slow body could last for ever. Therefore the body is read
    in chunks, and the timeout of each chunk is at most the time until the deadline.
    """
    chunks: list[bytes] = []
    size = 0
    while size < MAX_BYTES and not response.isclosed():  # newer Pythons close it after the last byte
        _set_timeout(sock, deadline, overrides)
        chunk = response.read1(_CHUNK_SIZE)
        if not chunk:
            if response.length:
                raise http.client.IncompleteRead(b"", response.length)
            break
        chunks.append(chunk)
        size += len(chunk)
    return b"".join(chunks)


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
