"""The input of a secret state is stored in clear nowhere."""

import base64

from tests.web.sample_trees import TreePlugin

from ivrkit import HOME, Routes, State, ask, leads_to
from ivrkit.testing import TOKEN, Phone
from ivrkit.web import create_app


@leads_to("read-back")
def store_digits(call):
    """Store the digits in ``call.data``, as a plugin may do."""
    call.data["pin"] = call.digits
    return "read-back"


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
