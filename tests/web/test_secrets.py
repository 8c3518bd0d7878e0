"""The input of a secret state is stored in clear nowhere."""

import base64

import pytest
from tests.web.sample_trees import TreePlugin
from tests.web.webhook_calls import SID, sign

from ivrkit import HOME, Routes, State, ask, leads_to
from ivrkit.testing import TOKEN, Phone
from ivrkit.web import create_app


@leads_to("read-back")
def store_digits(call):
    """Store the digits in ``call.data``, as a plugin may do."""
    call.data["pin"] = call.digits
    return "read-back"


KEYS = {"old": "secret of the old key", "new": "secret of the new key"}

STATES = {
    "pin": State(ask("Your PIN?"), store_digits, secret=True),
    "read-back": State(lambda call: ask(f"You entered {call.data['pin']}."), Routes({"1": "done"}, otherwise=HOME)),
    "done": State(ask("Done."), Routes({"1": "pin"}, otherwise=HOME)),
}


def test_digits_and_data_of_a_secret_state(tmp_path):
    """The digits of a secret state, and the data made of them, are in clear in no session file and no cookie."""
    file = tmp_path / "calls.sqlite3"
    app = create_app(
        dev=True,
        auth_token=TOKEN,
        session_url=f"sqlite:///{file}",
        start="pin",
        block="acme-states",
        plugins={"tree": TreePlugin(STATES)},
    )
    phone = Phone(app)
    call = phone.call().press("471147")
    assert call.heard_last == "You entered 471147."
    call.press("1")
    stored = b"".join(each.read_bytes() for each in sorted(tmp_path.iterdir()))
    assert call.sid.encode() in stored
    assert b"471147" not in stored
    cookies = [each.headers["Set-Cookie"] for each in call.responses]
    assert len(cookies) == 3
    for cookie in cookies:
        value = cookie.partition("=")[2].partition(";")[0]
        assert b"471147" not in value.encode() + base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
    assert phone.host.sessions.load(call.sid).data == {"pin": "471147"}
    phone.close()


@pytest.mark.parametrize("store", ["sqlite:///{folder}/calls.sqlite3", "cookie:"])
def test_a_secret_state_without_an_auth_token(tmp_path, store):
    """Without an auth token, the newest shared key encrypts sessions, so that the older ones can be removed."""
    options = {"session_url": store.format(folder=tmp_path), "start": "pin", "block": "acme-states", "auth_token": ()}
    apps = [
        create_app(shared_keys=keys, plugins={"tree": TreePlugin(STATES)}, **options)
        for keys in (KEYS, {"new": KEYS["new"]}, {"old": KEYS["old"]})
    ]
    call = Phone(apps[0]).call().press("471147")
    assert call.heard_last == "You entered 471147."
    assert b"471147" not in b"".join(each.read_bytes() for each in tmp_path.iterdir())
    cookie = call.responses[-1].headers["Set-Cookie"].partition("=")[2].partition(";")[0]
    data = [each.extensions["ivrkit"].sessions.for_call(call.sid, cookie).read().data for each in apps]
    assert data == [{"pin": "471147"}, {"pin": "471147"}, {}]
    for each in apps:
        each.extensions["ivrkit"].sessions.close()


@pytest.mark.parametrize("kind", ["auth_token", "accounts", "shared_keys"])
def test_the_hash_of_a_request_depends_on_a_secret(tmp_path, kind):
    """The stored hash of a request is made with a secret of any type, so that keys cannot be found by trying them."""
    hashes = []
    for secret in ("one", "two"):
        account = "AC" + "5e" * 16
        secrets = {
            "auth_token": (),
            kind: {"accounts": {account: secret}, "shared_keys": {"k": secret}}.get(kind, secret),
        }
        folder = f"sqlite:///{tmp_path}/{secret}.sqlite3"
        app = create_app(
            session_url=folder, start="pin", block="acme-states", plugins={"tree": TreePlugin(STATES)}, **secrets
        )
        client = app.test_client()
        form = {"CallSid": SID, "AccountSid": account}
        header = {"X-Twilio-Webhooks-Signature-Settings": "key=k"} if kind == "shared_keys" else {}
        signature = sign("http://localhost/webhook", form.items(), secret)
        assert (
            client.post("/webhook", data=form, headers={**header, "X-Twilio-Signature": signature}).status_code == 200
        )
        (response,) = app.extensions["ivrkit"].sessions.load(SID).responses
        hashes.append(response.request_hash)
        app.extensions["ivrkit"].sessions.close()
    assert "" not in hashes
    assert hashes[0] != hashes[1]
