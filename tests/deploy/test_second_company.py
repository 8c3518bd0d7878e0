"""A second company made of ACME by settings alone: in Spanish, mounted in somebody's Flask app, behind nginx with TLS.

It is played by the simulator, found well by the doctor, and then broken, one thing at a time.
"""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.deploy.conftest import Certificate, Start
from tests.deploy.nginx import nginx
from tests.processes import TOKEN, ask, environment, free_port

from ivrkit.simulator import Simulator

pytestmark = [pytest.mark.deep, pytest.mark.acme]

COMPANY = """
company = "la Clínica Aurora"
language = "es-MX"
voice = "Polly.Mia"
timezone = "America/Mexico_City"
url_prefix = "/llamadas"
trusted_proxies = 1
operator = "reception"

[texts]
greeting = "Bienvenido a {company}."

[plugins.acme-states]
reception_number = "+525550100"
reception_rings = 15
support_queue = "citas"

[plugins.acme-states.hours]
monday = "09:00-14:00, 16:00-19:00"

[states.sales]
enabled = false

[states.support]
key = "1"
label = "pedir una cita"

[states.support.texts]
"We are looking for somebody who can help you. Please stay on the line." = "Enseguida le atendemos para su cita."

[states.reception.targets]
busy = "support"
"""
#: Somebody's own app, which has pages of its own.
CLINIC = """
from flask import Flask
from ivrkit.web import Ivrkit

app = Flask(__name__)
Ivrkit(app)


@app.get("/")
def home():
    return "Clínica Aurora"
"""


class Clinic(NamedTuple):
    """The company: its folder, and the port that its app listens on."""

    folder: Path
    port: int

    def doctor(self, url: str, *options: str, **environ: str) -> tuple[int, list[dict[str, Any]]]:
        """Run ``ivrkit doctor`` where the app is, and return its code and what it found."""
        done = subprocess.run(
            ["ivrkit", "doctor", "--json", "--url", url, *options],
            cwd=self.folder,
            env=environment(**{"TWILIO_AUTH_TOKEN": TOKEN, **environ}),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stderr == ""
        return done.returncode, json.loads(done.stdout)


Front = Callable[..., str]


@pytest.fixture(scope="module")
def clinic(start: Start, tmp_path_factory: pytest.TempPathFactory) -> Clinic:
    """The app, served by gunicorn; nothing but its settings makes it another company."""
    folder, port = tmp_path_factory.mktemp("clinic"), free_port()
    (folder / "ivrkit.toml").write_text(COMPANY, encoding="utf-8")
    (folder / "clinic.py").write_text(CLINIC, encoding="utf-8")
    command = ["gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", "2", "--threads", "4", "clinic:app"]
    start(command, f"http://127.0.0.1:{port}/llamadas/healthz", {"TWILIO_AUTH_TOKEN": TOKEN}, folder)
    return Clinic(folder, port)


@pytest.fixture(scope="module")
def front(clinic: Clinic, certificate: Certificate, start: Start, tmp_path_factory: pytest.TempPathFactory) -> Front:
    """Return what puts nginx in front, with lines of its file replaced, and returns the address of the webhook."""

    def make(**broken: str) -> str:
        port, folder = free_port(), tmp_path_factory.mktemp("nginx")
        command = nginx(port, clinic.port, certificate, folder, {LINES[name]: line for name, line in broken.items()})
        start(command, f"https://localhost:{port}/llamadas/healthz", {"HOME": str(folder)}, folder)
        return f"https://localhost:{port}/llamadas/webhook"

    return make


#: The lines of nginx.conf that are broken here, by short names.
LINES = {
    "scheme": "proxy_set_header X-Forwarded-Proto $scheme;",
    "host": "proxy_set_header X-Forwarded-Host $http_host;",
    "also_host": "proxy_set_header Host $http_host;",
    "version": "proxy_http_version 1.1;",
}


@pytest.fixture(scope="module")
def webhook(front: Front) -> str:
    """The company's webhook, behind nginx as it is shipped."""
    return front()


def test_the_whole_company_is_heard_in_spanish(webhook: str):
    """Its greeting, its options, its break at noon, its queue, its number, and its way from busy to the queue."""
    phone = Simulator.for_url(
        webhook, token=TOKEN, fallback_url=f"{webhook}/fallback", status_callback=f"{webhook}/status"
    )
    call = phone.call(from_="+525550177", to="+525550199")
    assert call.heard.splitlines() == [
        "Bienvenido a la Clínica Aurora.",
        "Para pedir una cita, marque uno.",
        "Para nuestro horario, marque tres.",
        "Para recepción, marque cero.",
        "Para escuchar esto otra vez, marque nueve.",
    ]
    call.press("3")
    assert "Lunes, de 9:00 a.m. a 2:00 p.m., y de 4:00 p.m. a 7:00 p.m." in call.heard_last
    assert "De Martes a Domingo, cerrado." in call.heard_last
    call.press("5").press("0")
    assert call.heard_last.splitlines()[-1] == "Un momento, estamos llamando a recepción."
    assert (call.waiting.numbers, call.waiting.element.attributes["timeout"]) == (("+525550100",), "15")
    call.callee.is_busy()
    assert call.heard_last.splitlines() == ["Recepción está en otra llamada.", "Enseguida le atendemos para su cita."]
    assert call.waiting.queue == "citas"
    call.agent.answers()
    call.agent.hangs_up(after=60)
    assert call.heard_last == "Gracias por llamar a soporte. Adiós."
    assert (call.warnings, call.ended.reason) == ([], "hangup")


def test_the_rest_of_the_app_is_still_the_clinics(webhook: str):
    """The tree is a guest in it."""
    assert ask(webhook.removesuffix("llamadas/webhook")) == (200, "Clínica Aurora")


def test_the_doctor_finds_everything_well(clinic: Clinic, webhook: str):
    """Settings, plugins, store, clock, and the wire through nginx."""
    code, found = clinic.doctor(webhook)
    assert [(each["check"], each["status"]) for each in found] == [
        ("settings", "ok"),
        ("plugins", "ok"),
        ("store", "ok"),
        ("clock", "ok"),
        ("clock", "ok"),
        ("webhook", "ok"),
    ]
    assert code == 0


@pytest.mark.parametrize(
    ("broken", "found", "mend"),
    [
        (
            {"scheme": ""},
            "the scheme was changed from 'https' to 'http': X-Forwarded-Proto did not arrive",
            "nginx: proxy_set_header X-Forwarded-Proto $scheme;",
        ),
        (
            {"host": "", "also_host": "proxy_set_header Host inside.example;"},
            " to 'inside.example': X-Forwarded-Host did not arrive",
            "nginx: proxy_set_header Host $http_host;",
        ),
        (
            {"version": 'proxy_http_version 1.1; proxy_set_header X-Twilio-Signature "";'},
            "X-Twilio-Signature did not arrive",
            "nginx: proxy_set_header X-Twilio-Signature $http_x_twilio_signature;",
        ),
        (
            {"version": 'proxy_http_version 1.1; set $args "";'},
            "the query was dropped: ",
            "nginx: proxy_pass http://127.0.0.1:5000;",
        ),
    ],
    ids=["scheme", "host", "signature", "query"],
)
def test_what_a_proxy_breaks_is_named(clinic: Clinic, front: Front, broken: dict[str, str], found: str, mend: str):
    """The header, and the line of nginx that mends it."""
    code, told = clinic.doctor(front(**broken))
    failures = [each for each in told if each["status"] == "failed"]
    assert code == 1
    assert {each["check"] for each in failures} == {"webhook"}
    assert any(found in each["message"] for each in failures), failures
    assert any(mend in line for each in failures for line in each["hints"]), failures


def test_another_token_is_named(clinic: Clinic, webhook: str):
    """The app is there, and does not know the token."""
    code, told = clinic.doctor(webhook, TWILIO_AUTH_TOKEN="another")
    (failure,) = [each for each in told if each["status"] == "failed"]
    assert code == 1
    assert failure["check"] == "webhook"
    assert "token" in failure["message"]


def test_a_store_that_can_not_be_written_is_named(clinic: Clinic, webhook: str):
    """With the file."""
    code, told = clinic.doctor(webhook, IVRKIT_SESSION_URL="sqlite:///nowhere/calls.sqlite3")
    (failure,) = [each for each in told if each["status"] == "failed"]
    assert (code, failure["check"]) == (1, "store")
    assert "nowhere/calls.sqlite3" in failure["message"]


def test_a_setting_that_can_not_be_is_named(clinic: Clinic, webhook: str):
    """With its variable and what the package takes."""
    code, told = clinic.doctor(webhook, IVRKIT_PLUGINS__ACME_STATES__RECEPTION_RINGS="long")
    (failure,) = [each for each in told if each["status"] == "failed"]
    assert (code, failure["check"]) == (1, "plugins")
    assert "IVRKIT_PLUGINS__ACME_STATES__RECEPTION_RINGS" in failure["message"]
    assert "a whole number" in " ".join(failure["hints"])
