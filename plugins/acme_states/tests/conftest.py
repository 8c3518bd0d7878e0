"""A telephone to the tree: webhooks as Twilio posts them to the host, and what the caller then hears."""

from dataclasses import dataclass, field
from xml.etree import ElementTree

import pytest
from flask import Flask
from flask.testing import FlaskClient
from ivrkit.web import create_app

FACTS = {
    "CallSid": "CA" + "0" * 32,
    "AccountSid": "AC" + "0" * 32,
    "From": "+15005550006",
    "To": "+15005550001",
    "Direction": "inbound",
    "ApiVersion": "2010-04-01",
}


@dataclass
class Phone:
    """One caller: each action posts one webhook, and keeps what was answered."""

    client: FlaskClient
    state: str = ""
    response: ElementTree.Element = field(default_factory=lambda: ElementTree.Element("Response"))

    def post(self, **params: str) -> "Phone":
        """Post one webhook of this call."""
        answer = self.client.post("/webhook", data={**FACTS, "CallStatus": "in-progress", **params})
        assert answer.status_code == 200, answer.text
        self.state = answer.headers["Ivrkit-State"]
        self.response = ElementTree.fromstring(answer.data)
        return self

    def calls(self, *keys: str) -> "Phone":
        """Call, and press keys one after the other."""
        self.post(CallStatus="ringing")
        for key in keys:
            self.post(Digits=key)
        return self

    @property
    def heard(self) -> list[str]:
        """What is said, sentence by sentence."""
        return [say.text or "" for say in self.response.iter("Say")]

    @property
    def verbs(self) -> list[str]:
        """The verbs of the answer, in order."""
        return [verb.tag for verb in self.response]

    def verb(self, name: str) -> ElementTree.Element:
        """Return the verb of the answer that has this name."""
        found = self.response.find(name)
        assert found is not None, ElementTree.tostring(self.response)
        return found


@pytest.fixture
def app(tmp_path, monkeypatch) -> Flask:
    """Return the host as `ivrkit serve --dev` has it, away from any settings that lie about."""
    monkeypatch.chdir(tmp_path)
    for name in ("TWILIO_AUTH_TOKEN", "IVRKIT_SETTINGS"):
        monkeypatch.delenv(name, raising=False)
    return create_app(dev=True, company="ACME", timezone="America/New_York")


@pytest.fixture
def phone(app: Flask):
    """Return a caller."""
    yield Phone(app.test_client())
    app.extensions["ivrkit"].store.close()
