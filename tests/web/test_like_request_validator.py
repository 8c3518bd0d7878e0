"""The request verifier accepts and refuses the same requests as twilio's ``RequestValidator``.

Requests are generated, signed by the library as Twilio signs them, and then changed. The library decides about each
request as it arrived. Versions of the library before 9.13 have no SHA-256, so there a subclass computes it with the
formula of https://www.twilio.com/docs/usage/security.
"""

import base64
import hashlib
import hmac
import inspect
import json
import random
import re
from collections import Counter
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from tests.web.webhook_calls import TOKEN, in_process
from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict

HEADER = "X-Twilio-Webhooks-Signature-Settings"
KEYS = {"webhooks_sharedkey_01": "secret of the first key", "webhooks_sharedkey_02": "secret of the second key"}
FORM, JSON = "application/x-www-form-urlencoded; charset=UTF-8", "application/json"
#: Characters that need escaping in a form, and characters of other scripts.
TEXT = "aZ09 +&=%é漢~'\"/?#:@\n\t🎉"
#: The base64 of the HMAC-SHA256 with the secret ``s`` over ``https://x/ab1b2ä漢``, made by openssl.
OPENSSL = "Rg3nn0Hl+3EWLNBmpz/h7gGK5sTND6UhO+68syA1fh8="
KNOWS_SHA256 = "algorithm" in inspect.signature(RequestValidator.validate).parameters


class Sha256(RequestValidator):
    """The validator with the documented formula and SHA-256."""

    def compute_signature(self, uri, params, *_):
        """Return the base64 of the HMAC-SHA256 over the URL and each name and value, sorted."""
        pairs = sorted(set(MultiDict(params).items(multi=True)))
        text = uri + "".join(name + value for name, value in pairs)
        return base64.b64encode(hmac.new(self.token, text.encode(), hashlib.sha256).digest()).decode()


@dataclass(frozen=True)
class Sent:
    """A request as it arrives."""

    method: str
    url: str
    pairs: tuple[tuple[str, str], ...]
    content: str  # the JSON text, or "" for a form
    signature: str
    settings: str | None

    @property
    def params(self):
        """What the library gets as parameters."""
        if self.content:
            return self.content
        return MultiDict(self.pairs) if self.method == "POST" else {}


def secret_and_algorithm(settings):
    """Return the secret and the algorithm that the header names; the secret is ``None`` if the key is unknown."""
    if not (settings or "").strip():
        return TOKEN, "HMAC_SHA1"
    parts = dict(reversed([part.strip().split("=", 1) for part in settings.split(",") if "=" in part]))
    return KEYS.get(parts.get("key")), parts.get("algorithm") or "HMAC_SHA1"


def library_validates(url, params, signature, secret, algorithm):
    """Return whether the library accepts a signature."""
    if isinstance(params, str) and "bodySHA256" not in parse_qs(urlsplit(url).query):
        params = {}  # the library fails for a text without its hash
    if KNOWS_SHA256:
        return RequestValidator(secret).validate(url, params, signature, algorithm)
    validators = {"HMAC_SHA1": RequestValidator, "HMAC_SHA256": Sha256}
    return algorithm.upper() in validators and validators[algorithm.upper()](secret).validate(url, params, signature)


def library_accepts(sent):
    """Return whether the library accepts a request as it arrived."""
    secret, algorithm = secret_and_algorithm(sent.settings)
    return secret is not None and library_validates(sent.url, sent.params, sent.signature, secret, algorithm)


def signature_of(sent):
    """Return the signature that Twilio sends: https drops the port of the URL, http keeps it."""
    secret, algorithm = secret_and_algorithm(sent.settings)
    parts = urlsplit(sent.url)
    url = parts._replace(netloc=parts.hostname).geturl() if parts.scheme == "https" else sent.url
    validator = {"HMAC_SHA1": RequestValidator, "HMAC_SHA256": Sha256}[algorithm.upper()](secret)
    return validator.compute_signature(url, {} if sent.content else sent.params)


def text(rng, longest):
    """Return a text, often an empty one."""
    return "".join(rng.choice(TEXT) for _ in range(rng.randint(0, longest)))


def generate(rng):
    """Return a request with a valid signature."""
    pairs = [("CallSid", f"CA{rng.getrandbits(64):032x}"), ("AccountSid", "AC" + "5" * 32), ("CallStatus", "ringing")]
    pairs += [(f"k{text(rng, 3)}", text(rng, 6)) for _ in range(rng.randint(0, 8))]
    pairs += rng.sample(pairs, rng.randint(0, 2))  # names with several values, equal ones or different ones
    pairs += [(rng.choice(pairs)[0], text(rng, 3)) for _ in range(rng.randint(0, 2))]
    scheme, port = rng.choice(["http", "https"]), rng.choice(["", "", ":80", ":443", ":8443"])
    url = f"{scheme}://ivr.example.com{port}/webhook/status"
    query = rng.choice(["", "", "b=2&a=1%20x&c=", "x=%c3%a4+%7e&&y", "a=1"])
    method, content = rng.choice(["POST", "POST", "POST", "GET"]), ""
    if method == "GET":
        query = "&".join(filter(None, [query, urlencode(pairs)]))
    elif rng.random() < 0.15:
        content = json.dumps({"text": text(rng, 6)}, ensure_ascii=rng.random() < 0.5)
        query = "&".join(filter(None, [query, f"bodySHA256={hashlib.sha256(content.encode()).hexdigest()}"]))
    key, algorithm = rng.choice([*KEYS]), rng.choice(["HMAC_SHA1", "HMAC_SHA256", "HMAC_SHA256"])
    settings = rng.choice([None, None, "", f"key={key},algorithm={algorithm}", f"key={key},algorithm={algorithm}"])
    sent = Sent(method, f"{url}{'?' * bool(query)}{query}", tuple(pairs), content, "", settings)
    return replace(sent, signature=signature_of(sent))


def change_a_value(rng, sent):
    """Change the value of one parameter."""
    at = rng.randrange(len(sent.pairs))
    return replace(sent, pairs=(*sent.pairs[:at], (sent.pairs[at][0], text(rng, 6)), *sent.pairs[at + 1 :]))


def change_a_name(rng, sent):
    """Change the name of one parameter."""
    at = rng.randrange(len(sent.pairs))
    return replace(sent, pairs=(*sent.pairs[:at], (f"x{text(rng, 2)}", sent.pairs[at][1]), *sent.pairs[at + 1 :]))


def move_a_border(rng, sent):
    """Move a letter from a value to its name: the signed text is the same, so the signature is still valid."""
    at = rng.randrange(len(sent.pairs))
    name, value = sent.pairs[at]
    return replace(sent, pairs=(*sent.pairs[:at], (name + value[:1], value[1:]), *sent.pairs[at + 1 :]))


def drop_a_parameter(rng, sent):
    """Leave out one parameter."""
    return replace(sent, pairs=tuple(rng.sample(sent.pairs, len(sent.pairs) - 1)))


def shuffle(rng, sent):
    """Change the order of the parameters."""
    return replace(sent, pairs=tuple(rng.sample(sent.pairs, len(sent.pairs))))


def repeat_a_parameter(rng, sent):
    """Send one parameter twice, with the same value or another one."""
    name, value = rng.choice(sent.pairs)
    return replace(sent, pairs=(*sent.pairs, (name, rng.choice([value, "", text(rng, 3)]))))


def change_the_port(rng, sent):
    """Change the port of the URL."""
    parts = urlsplit(sent.url)
    return replace(sent, url=parts._replace(netloc=parts.hostname + rng.choice(["", ":80", ":443", ":8443"])).geturl())


def change_the_scheme(rng, sent):
    """Change the scheme of the URL."""
    return replace(sent, url=urlsplit(sent.url)._replace(scheme=rng.choice(["http", "https"])).geturl())


def change_the_query(rng, sent):
    """Change the order, the end or the encoding of the query."""
    parts = urlsplit(sent.url)
    words = parts.query.split("&")
    queries = ["", "&".join(rng.sample(words, len(words))), f"{parts.query}&", parts.query.replace("+", "%20")]
    return replace(sent, url=parts._replace(query=rng.choice(queries)).geturl())


def change_the_body(rng, sent):
    """Change the body if it is JSON."""
    return replace(sent, content=sent.content and json.dumps({"text": text(rng, 6)}))


def forge_the_hash(rng, sent):
    """Sign another hash of a JSON body."""
    other = rng.choice(["", "0", "%c3%a4", hashlib.sha256(b"another body").hexdigest()])
    forged = replace(sent, url=re.sub("bodySHA256=[0-9a-f]+", f"bodySHA256={other}", sent.url))
    return replace(forged, signature=signature_of(forged))


def change_the_signature(rng, sent):
    """Shorten, lengthen or change the signature."""
    at = rng.randrange(len(sent.signature))
    return replace(
        sent,
        signature=rng.choice(
            [
                sent.signature[:at],
                f"{sent.signature[:at]}{rng.choice('abcXYZ019+/=')}{sent.signature[at + 1 :]}",
                sent.signature.lower(),
                sent.signature.rstrip("="),
                f"{sent.signature}=",
                f"{sent.signature},{sent.signature}",
                "",
            ]
        ),
    )


def change_the_settings(rng, sent):
    """Change the header that names the shared key and the algorithm."""
    first, second = KEYS
    algorithms = ["HMAC_SHA1", "HMAC_SHA256", "hmac_sha256", "HMAC_SHA512", "", "none"]
    key = rng.choice([first, second, "webhooks_sharedkey_03", "", first[:-1]])
    named = f"key={key},algorithm={rng.choice(algorithms)}"
    return replace(
        sent, settings=rng.choice([None, "", named, f"key={key}", "algorithm=HMAC_SHA256", "x", f"{named},a=b"])
    )


def sign_with_another_secret(rng, sent):
    """Sign with the token or a shared key that the header does not name."""
    settings = rng.choice([None, *(f"key={key},algorithm=HMAC_SHA1" for key in KEYS)])
    return replace(sent, signature=signature_of(replace(sent, settings=settings)))


CHANGES = [
    change_a_value,
    change_a_name,
    move_a_border,
    drop_a_parameter,
    shuffle,
    repeat_a_parameter,
    change_the_port,
    change_the_scheme,
    change_the_query,
    change_the_body,
    forge_the_hash,
    change_the_signature,
    change_the_settings,
    sign_with_another_secret,
]


@pytest.mark.parametrize("count", [1_000, pytest.param(10_000, marks=pytest.mark.deep)])
def test_the_same_requests_are_accepted_as_by_the_library(make_app, count):
    """Valid requests are accepted and changed ones are refused exactly as by the library, for SHA-1 and SHA-256."""
    rng = random.Random(20261130 + count)
    client = in_process(make_app(shared_keys=KEYS))
    differences, results = [], Counter()
    for number in range(count):
        sent = generate(rng)
        change = rng.choice(CHANGES) if number % 3 else None
        if change:
            sent = change(rng, sent)
        expected = library_accepts(sent)
        assert change or expected, sent
        body = sent.content or urlencode(sent.pairs)
        headers = {"X-Twilio-Signature": sent.signature, "Content-Type": JSON if sent.content else FORM}
        if sent.settings is not None:
            headers[HEADER] = sent.settings
        status = client(sent.method, sent.url, body.encode() if sent.method == "POST" else b"", headers).status
        # 400 is the response to an accepted request without CallSid, such as a JSON body.
        assert status in (204, 400, 403), sent
        if (status != 403) is not expected:
            differences.append((change and change.__name__, expected, sent))
        results[change and change.__name__, expected] += 1
    assert differences == []
    # Each change is refused at least once, except for those that keep the signed text.
    refused = {name for name, accepted in results if not accepted}
    assert refused == {each.__name__ for each in CHANGES} - {"shuffle"}
    accepted = {name for name, accepted in results if accepted}
    assert accepted >= {None, "move_a_border", "shuffle", "repeat_a_parameter", "change_the_port", "change_the_query"}


def test_the_documented_formula_is_that_of_the_library():
    """Where the library has SHA-256, it computes the same signature as the formula."""
    form = MultiDict([("b", "2"), ("b", "1"), ("a", ""), ("ä", "漢")])
    assert Sha256("s").compute_signature("https://x/", form) == OPENSSL
    if KNOWS_SHA256:
        assert RequestValidator("s").compute_signature("https://x/", form, "HMAC_SHA256") == OPENSSL
