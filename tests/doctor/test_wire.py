"""Where nothing answers: each is told as Twilio would."""

import socket
import threading

import pytest

from ivrkit import Settings
from ivrkit.doctor.wire import check_wire
from ivrkit.simulator.wire.overrides import Overrides

SETTINGS = Settings(auth_token="12345")


@pytest.fixture
def silent():
    """A port that takes connections and never answers."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def test_an_answer_that_does_not_come(silent):
    """Twilio gives up, and so does the doctor."""
    (found,) = check_wire(SETTINGS, silent, Overrides(read=0.2, total=0.2))
    assert found.found.startswith(f"{silent}: no complete response came within 0.")
    assert found.mends == (
        "Twilio waits no longer than 15 s: look at what the proxy waits for, and whether the app hangs",
    )


def test_a_404_with_nothing_beside_it():
    """Where its health can't be reached either, all that it can be is told."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"

        def answer_once() -> None:
            connection, _ = listening.accept()
            listening.close()
            with connection, connection.makefile("rb") as asked:
                length = next(int(line.split()[1]) for line in asked if line.lower().startswith(b"content-length"))
                while asked.readline().strip():
                    pass
                asked.read(length)
                connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")

        thread = threading.Thread(target=answer_once)
        thread.start()
        (found,) = check_wire(SETTINGS, url)
        thread.join()
    assert found.found.startswith(f"404, and {url}/healthz is not ivrkit's either: ")


def test_nobody_listens():
    """The port is closed."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        (found,) = check_wire(SETTINGS, url)
    assert found.found == f"{url}: no connection to 127.0.0.1: Connection refused (Twilio's error 11205)"


def test_a_name_that_is_none():
    """It has no address."""
    (found,) = check_wire(SETTINGS, "https://nowhere.invalid")
    assert found.found == "https://nowhere.invalid: the host name nowhere.invalid does not exist (Twilio's error 11210)"
