"""Webhooks that cannot be reached: the result names the error that Twilio would log."""

import socket
import threading

import pytest

from ivrkit import Settings
from ivrkit.doctor.webhook_check import check_webhook
from ivrkit.simulator.wire.overrides import Overrides

SETTINGS = Settings(auth_token="12345")


@pytest.fixture
def silent_server():
    """Return the URL of a server that accepts connections and never answers."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def test_a_server_that_never_answers_times_out(silent_server):
    """If no answer arrives in time, the result says so, and the hint names Twilio's limit."""
    (result,) = check_webhook(SETTINGS, silent_server, Overrides(read=0.2, total=0.2))
    assert result.message.startswith(f"{silent_server}: no complete response came within 0.")
    assert result.hints == ("check what the proxy waits for, and whether the app hangs: Twilio waits at most 15 s",)


def test_a_404_without_a_health_page_names_every_cause():
    """If the webhook answers 404 and ``/healthz`` cannot be reached, the result names every possible cause."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"

        def answer_once() -> None:
            connection, _ = listening.accept()
            listening.close()
            with connection, connection.makefile("rb") as request:
                length = next(int(line.split()[1]) for line in request if line.lower().startswith(b"content-length"))
                while request.readline().strip():
                    pass
                request.read(length)
                connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")

        thread = threading.Thread(target=answer_once)
        thread.start()
        (result,) = check_webhook(SETTINGS, url)
        thread.join()
    assert result.message.startswith(f"404, and {url}/healthz is not from ivrkit: ")


def test_a_closed_port_is_error_11205():
    """If the port is closed, the result has Twilio's error 11205."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        (result,) = check_webhook(SETTINGS, url)
    assert result.message == f"{url}: no connection to 127.0.0.1: Connection refused (Twilio error 11205)"


def test_a_host_name_without_address_is_error_11210():
    """If the host name has no address, the result has Twilio's error 11210."""
    (result,) = check_webhook(SETTINGS, "https://nowhere.invalid")
    assert result.message == (
        "https://nowhere.invalid: the host name nowhere.invalid does not exist (Twilio error 11210)"
    )
