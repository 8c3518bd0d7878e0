"""Settings alone turn the ACME phone tree into that of another company.

It speaks Spanish, and is mounted in an existing Flask app behind nginx with TLS. The simulator calls it, ``ivrkit
doctor`` finds no problem, and then finds each problem that a test introduces.
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
#: A Flask app that has other pages too.
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
    """The folder and the port of the running app."""

    folder: Path
    port: int

    def doctor(self, url: str, *options: str, **environ: str) -> tuple[int, list[dict[str, Any]]]:
        """Run ``ivrkit doctor`` in the folder of the app, and return its exit code and its findings."""
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


StartNginx = Callable[..., str]


@pytest.fixture(scope="module")
def clinic(start: Start, tmp_path_factory: pytest.TempPathFactory) -> Clinic:
    """Return the app, served by gunicorn."""
    folder, port = tmp_path_factory.mktemp("clinic"), free_port()
    (folder / "ivrkit.toml").write_text(COMPANY, encoding="utf-8")
    (folder / "clinic.py").write_text(CLINIC, encoding="utf-8")
    command = ["gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", "2", "--threads", "4", "clinic:app"]
    start(command, f"http://127.0.0.1:{port}/llamadas/healthz", {"TWILIO_AUTH_TOKEN": TOKEN}, folder)
    return Clinic(folder, port)


@pytest.fixture(scope="module")
def start_nginx(
    clinic: Clinic, certificate: Certificate, start: Start, tmp_path_factory: pytest.TempPathFactory
) -> StartNginx:
    """Return a function that starts nginx in front of the app, and returns the URL of the webhook.

    Its arguments are the lines of deploy/nginx.conf to replace, by their names in :data:`LINES`.
    """

    def make(**replaced: str) -> str:
        port, folder = free_port(), tmp_path_factory.mktemp("nginx")
        command = nginx(port, clinic.port, certificate, folder, {LINES[name]: line for name, line in replaced.items()})
        start(command, f"https://localhost:{port}/llamadas/healthz", {"HOME": str(folder)}, folder)
        return f"https://localhost:{port}/llamadas/webhook"

    return make


#: The lines of deploy/nginx.conf that tests replace: name -> line.
LINES = {
    "scheme": "proxy_set_header X-Forwarded-Proto $scheme;",
    "host": "proxy_set_header X-Forwarded-Host $http_host;",
    "also_host": "proxy_set_header Host $http_host;",
    "version": "proxy_http_version 1.1;",
}


@pytest.fixture(scope="module")
def webhook(start_nginx: StartNginx) -> str:
    """Return the URL of the webhook behind nginx with the unchanged deploy/nginx.conf."""
    return start_nginx()


def test_a_caller_hears_the_settings_of_the_company_in_spanish(webhook: str):
    """Greeting, menu, opening hours, phone number, queue, and the target for a busy line come from the settings."""
    simulator = Simulator.for_url(
        webhook, token=TOKEN, fallback_url=f"{webhook}/fallback", status_callback=f"{webhook}/status"
    )
    call = simulator.call(from_="+525550177", to="+525550199")
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


def test_the_other_pages_of_the_app_still_work(webhook: str):
    """The phone tree serves only its URL prefix; the app answers all other URLs."""
    assert ask(webhook.removesuffix("llamadas/webhook")) == (200, "Clínica Aurora")


def test_the_doctor_finds_no_problem_behind_nginx(clinic: Clinic, webhook: str):
    """Settings, plugins, session store, clock and webhook pass the checks of ``ivrkit doctor``."""
    code, found = clinic.doctor(webhook)
    assert [(each["check"], each["status"]) for each in found] == [
        ("settings", "ok"),
        ("plugins", "ok"),
        ("store", "ok"),
        ("clock", "ok"),
        ("rules", "ok"),
        ("clock", "ok"),
        ("webhook", "ok"),
    ]
    assert code == 0


@pytest.mark.parametrize(
    ("replaced", "message", "hint"),
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
def test_the_doctor_names_the_problem_of_a_proxy(
    clinic: Clinic, start_nginx: StartNginx, replaced: dict[str, str], message: str, hint: str
):
    """If nginx changes the webhook, the doctor names the change, and the line of nginx.conf that fixes it."""
    code, findings = clinic.doctor(start_nginx(**replaced))
    failures = [each for each in findings if each["status"] == "failed"]
    assert code == 1
    assert {each["check"] for each in failures} == {"webhook"}
    assert any(message in each["message"] for each in failures), failures
    assert any(hint in line for each in failures for line in each["hints"]), failures


def test_the_doctor_names_a_wrong_token(clinic: Clinic, webhook: str):
    """If the app has another token, the check of the webhook fails and says so."""
    code, findings = clinic.doctor(webhook, TWILIO_AUTH_TOKEN="another")
    (failure,) = [each for each in findings if each["status"] == "failed"]
    assert code == 1
    assert failure["check"] == "webhook"
    assert "token" in failure["message"]


def test_the_doctor_names_a_store_that_cannot_be_written(clinic: Clinic, webhook: str):
    """If the session store cannot be opened, the check of the store fails and names the file."""
    code, findings = clinic.doctor(webhook, IVRKIT_SESSION_URL="sqlite:///nowhere/calls.sqlite3")
    (failure,) = [each for each in findings if each["status"] == "failed"]
    assert (code, failure["check"]) == (1, "store")
    assert "nowhere/calls.sqlite3" in failure["message"]


def test_the_doctor_names_an_invalid_setting_of_a_plugin(clinic: Clinic, webhook: str):
    """If a plugin's setting is invalid, the check of the plugins fails and names its variable and the valid values."""
    code, findings = clinic.doctor(webhook, IVRKIT_PLUGINS__ACME_STATES__RECEPTION_RINGS="long")
    (failure,) = [each for each in findings if each["status"] == "failed"]
    assert (code, failure["check"]) == (1, "plugins")
    assert "IVRKIT_PLUGINS__ACME_STATES__RECEPTION_RINGS" in failure["message"]
    assert "must be a whole number" in failure["message"]
