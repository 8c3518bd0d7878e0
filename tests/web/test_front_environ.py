"""The environ that the front makes of a request, compared with the one of granian's own WSGI interface."""

import json
import os
import shutil
import socket
from pathlib import Path

import pytest
from tests.processes import Running, environment, free_port

from ivrkit.web.front.environ import environ_of

pytestmark = [pytest.mark.once, pytest.mark.server]

REQUESTS = {
    "a webhook": b"POST /webhook?again=1 HTTP/1.1\r\nHost: ivr.example.com\r\nX-Twilio-Signature: abc=\r\n"
    b"Content-Type: application/x-www-form-urlencoded; charset=UTF-8\r\nContent-Length: 3\r\n\r\na=b",
    "a body in chunks": b"POST /webhook HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na=b\r\n0\r\n\r\n",
    "an encoded path": b"GET /we%62hook%2Fa%20%C3%A9;x?a=%20b&c=%E9 HTTP/1.1\r\nHost: a:81\r\n\r\n",
    "raw bytes": b"GET /\xc3\xa9?\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n",
    "two slashes": b"GET //webhook HTTP/1.1\r\nHost: a\r\n\r\n",
    "repeated headers": b"GET / HTTP/1.1\r\nHost: a\r\nX-A: 1\r\nX-A: 2\r\nCookie: a=1\r\nCookie: b=2\r\n\r\n",
    "a value that is not ASCII": b"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: \xe9\r\n\r\n",
    "an absolute URL": b"GET http://other.example/p?q HTTP/1.1\r\nHost: a\r\n\r\n",
    "no host": b"GET / HTTP/1.0\r\n\r\n",
}


@pytest.fixture(scope="module")
def ask(tmp_path_factory):
    """Return a function that sends a raw request to a server: ``ask("wsgi", b"GET ...")``. It returns the environ."""
    folder = tmp_path_factory.mktemp("apps")
    shutil.copyfile(Path(__file__).with_name("front_apps.py"), folder / "front_apps.py")
    ports, started = {}, []
    for interface in ("wsgi", "rsgi"):
        ports[interface] = port = free_port()
        command = ["granian", "--interface", interface, "--no-ws", "--host", "127.0.0.1", "--port", str(port)]
        command += ["--blocking-threads", "1", f"front_apps:{interface}"]
        started.append(Running(command, folder, environment(), f"http://127.0.0.1:{port}/"))
    for each in started:
        each.wait()

    def send(interface, request):
        with socket.create_connection(("127.0.0.1", ports[interface]), 60) as connection:
            connection.sendall(request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
            response = b"".join(iter(lambda: connection.recv(65_536), b""))
        head, _, body = response.partition(b"\r\n\r\n")
        assert b" 200 " in head.splitlines()[0], response
        return json.loads(body)

    yield send
    for each in started:
        each.clear()


@pytest.mark.parametrize("name", REQUESTS)
def test_the_environ_equals_the_one_of_granian(ask, name):
    """All variables that granian's WSGI sets have the same values, but the variables of the process are left out."""
    expected, found = ask("wsgi", REQUESTS[name]), ask("rsgi", REQUESTS[name])
    expected = {key: value for key, value in expected.items() if key in found or key not in os.environ}
    for port in (expected.pop("SERVER_PORT"), found.pop("SERVER_PORT")):
        assert port.isdecimal()
    assert {key for key in expected if key not in found} <= {"PWD", "OLDPWD", "_"}
    assert {key: expected[key] for key in found} == found


def test_the_variables_of_the_process_are_left_out(ask):
    """A variable of the process, such as SCRIPT_NAME, cannot change a request."""
    assert "PATH" not in ask("rsgi", REQUESTS["a webhook"])


def test_a_header_with_an_underscore_is_left_out(ask):
    """A header such as X_Forwarded_For cannot pass for X-Forwarded-For, which a proxy may have set or removed."""
    request = b"GET / HTTP/1.1\r\nHost: a\r\nX-A: 1\r\nX_A: 2\r\nX_B: 3\r\n\r\n"
    found = ask("rsgi", request)
    assert found["HTTP_X_A"] == "1"
    assert "HTTP_X_B" not in found


def test_an_ipv6_address():
    """The client's address and the server's name are without port, as granian's WSGI has them."""

    class NoHeaders:
        items = keys = staticmethod(list)

    class Scope:
        http_version, scheme, method, path, query_string, authority = "2", "https", "GET", "/", "", "ivr.example.com"
        server, client, headers = "::1:5000", "::1:40000", NoHeaders

    environ = environ_of(Scope)
    assert (environ["SERVER_NAME"], environ["SERVER_PORT"], environ["REMOTE_ADDR"]) == ("::1", "5000", "::1")
    assert (environ["HTTP_HOST"], environ["SERVER_PROTOCOL"]) == ("ivr.example.com", "HTTP/2")
