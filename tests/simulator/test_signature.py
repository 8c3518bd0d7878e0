"""The simulator's signature, compared with Twilio's library."""

import base64
import hmac
import random
from dataclasses import replace

import pytest
import twilio.request_validator
from twilio.request_validator import RequestValidator

from ivrkit import IvrkitError
from ivrkit.simulator import SharedKey, Simulator
from ivrkit.simulator.wire.messages import make_request
from ivrkit.simulator.wire.signature import sign

#: Token, URL and form of a test in Twilio's library.
TOKEN = "12345"
URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
FORM = {
    "CallSid": "CA1234567890ABCDE",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
    "Caller": "+14158675309",
}


def test_a_known_signature_is_reproduced():
    """The request that Twilio's library has in its own tests gets the same signature."""
    assert sign(URL, FORM.items(), TOKEN) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="


def test_fragment_user_password_and_https_port_are_not_signed():
    """Fragment, user and password of a URL are not signed, nor is its port with https."""
    known = sign(URL, FORM.items(), TOKEN)
    assert sign(URL + "#rc=2", FORM.items(), TOKEN) == known
    assert sign(URL.replace("mycompany", "user:secret@mycompany"), FORM.items(), TOKEN) == known
    assert sign(URL.replace(".com", ".com:8443"), FORM.items(), TOKEN) == known


@pytest.mark.parametrize("host", ["example.com", "[::1]"])
def test_a_port_is_signed_with_http_only(host):
    """A port is signed with http, and not with https."""
    assert sign(f"http://{host}:8080/a", (), TOKEN) != sign(f"http://{host}/a", (), TOKEN)
    assert sign(f"https://{host}:8080/a", (), TOKEN) == sign(f"https://{host}/a", (), TOKEN)


def test_each_different_value_of_a_name_is_signed_once():
    """Each different value of a name is signed once, in sorted order."""
    several = sign("http://x/a", [("b", "2"), ("b", "1"), ("b", "2"), ("a", "3")], TOKEN)
    assert several == sign("http://x/a", [("a", "3"), ("b", "1"), ("b", "2")], TOKEN)


def some_text(rng, longest):
    """Return a text of characters that need escaping somewhere."""
    return "".join(rng.choice("aZ09 +&=%é漢~'\"/?#:@\n\t") for _ in range(rng.randint(0, longest)))


@pytest.mark.deep
def test_ten_thousand_requests_are_accepted_by_twilio_s_library():
    """Twilio's library accepts requests with any scheme, port, password, query and odd parameters."""
    rng = random.Random(20261124)
    validator = RequestValidator(TOKEN)
    refused = []
    for _ in range(10_000):
        where = rng.choice(["", "user:secret@"]) + "ivr.example.com" + rng.choice(["", ":80", ":443", ":8080"])
        query = rng.choice(["", "?a=1&b=2", "?x", "?again=1"])
        url = f"{rng.choice(['http', 'https'])}://{where}/a{query}{rng.choice(['', '#rc=2&rp=all'])}"
        params = {f"k{some_text(rng, 6)}": some_text(rng, 20) for _ in range(rng.randint(0, 30))}
        request = make_request(rng.choice(["GET", "POST"]), url, params, token=TOKEN, idempotency="1")
        form = params if request.method == "POST" else {}
        if not validator.validate(request.url, form, request.headers["X-Twilio-Signature"]):
            refused.append(request)
    assert refused == []


KEY = SharedKey("webhooks_sharedkey_01", "secret of the key")


def test_a_shared_key_signs_in_place_of_the_token():
    """A request that is signed with a shared key names the key and the algorithm, and the secret signs."""
    for algorithm, python_name in (("HMAC_SHA1", "sha1"), ("HMAC_SHA256", "sha256")):
        key = replace(KEY, algorithm=algorithm)
        request = make_request("POST", URL, FORM, token=TOKEN, idempotency="1", shared_key=key)
        text = URL + "".join(name + FORM[name] for name in sorted(FORM))
        signature = base64.b64encode(hmac.digest(b"secret of the key", text.encode(), python_name)).decode()
        assert request.headers["X-Twilio-Signature"] == signature
        settings = f"key=webhooks_sharedkey_01,algorithm={algorithm}"
        assert request.headers["X-Twilio-Webhooks-Signature-Settings"] == settings
        if hasattr(twilio.request_validator, "get_signature_algorithm"):  # since twilio 9.13
            assert twilio.request_validator.get_signature_algorithm(settings) == algorithm
            assert RequestValidator(KEY.secret).validate(URL, FORM, signature, algorithm)


def test_several_shared_keys_sign_in_turn():
    """Two shared keys sign the webhooks of a call in turn, as during a rotation; without one the token signs."""
    answer = "<Response><Redirect>/</Redirect></Response>"
    for keys, expected in [
        ((), [None] * 4),
        ([KEY], [KEY.header] * 4),
        ([KEY, SharedKey("other", "x", "HMAC_SHA1")], [KEY.header, "key=other,algorithm=HMAC_SHA1"] * 2),
    ]:
        phone = Simulator.for_documents({"/": answer}, token=TOKEN, shared_keys=keys, max_documents=4)
        requests = [each.headers for each in phone.call().events if each.name == "request"]
        assert [each.get("X-Twilio-Webhooks-Signature-Settings") for each in requests] == expected
        assert all("X-Twilio-Signature" in each for each in requests)


def test_a_shared_key_with_another_algorithm():
    """Twilio has two algorithms; another one is refused, and the secret is not shown."""
    with pytest.raises(IvrkitError) as caught:
        SharedKey("k", "sesame", "HMAC_MD5")
    assert caught.value.message == "algorithm must be HMAC_SHA1 or HMAC_SHA256, not 'HMAC_MD5'"
    assert caught.value.hint == "choose the algorithm of the webhook setting at Twilio"
    assert "secret of" not in repr(KEY)


def test_another_token_is_refused():
    """Twilio's library refuses a request that was signed with another token."""
    request = make_request("POST", URL, FORM, token="54321", idempotency="1")
    assert not RequestValidator(TOKEN).validate(URL, FORM, request.headers["X-Twilio-Signature"])
