"""Valid signed requests, and one or more changes of each: whatever Twilio's scheme does not accept must be refused."""

import hashlib
import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from tests.attack.client import FORM
from tests.web.test_like_request_validator import HEADER, library_validates
from tests.web.webhook_calls import sign, twilio_params
from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict
from werkzeug.test import EnvironBuilder

#: Values of a mutation: text of other scripts, and characters that need escaping.
_TEXTS = ["", "0", "1", "é漢🎉", "a b+c&d=e%", "\0", "\r\n", "x" * 300, "+14155550100", "CA1", "true", "'\"<>"]


@dataclass(frozen=True)
class Secrets:
    """The secrets of a host.

    :param tokens: the auth tokens of the main account.
    :param accounts: the SID of an account -> its auth tokens.
    :param shared_keys: the id of a shared key -> its secret.
    """

    tokens: Sequence[str]
    accounts: Mapping[str, Sequence[str]]
    shared_keys: Mapping[str, str]

    def of(self, request: "Request") -> list[tuple[str, str]]:
        """Return the secrets and algorithms with which Twilio may have signed a request, as it arrived."""
        settings = request.header(HEADER).strip()
        if settings:
            parts = dict(reversed([part.strip().split("=", 1) for part in settings.split(",") if "=" in part]))
            key = parts.get("key", "").strip().lower()  # as in the settings, where some systems have only capitals
            secret = {name.lower(): secret for name, secret in self.shared_keys.items()}.get(key)
            return [] if secret is None else [(secret, parts.get("algorithm", "HMAC_SHA1").strip())]
        account = dict(reversed(request.form or request.query)).get("AccountSid", "")
        return [(token, "HMAC_SHA1") for token in self.accounts.get(account, self.tokens)]


@dataclass(frozen=True)
class Request:
    """A request as it arrives.

    :param method: ``GET`` or ``POST``.
    :param url: the URL that Twilio requests.
    :param body: the body.
    :param headers: the headers.
    """

    method: str
    url: str
    body: bytes
    headers: tuple[tuple[str, str], ...]

    def header(self, name: str) -> str:
        """Return the value of a header; ``""`` if it is not there."""
        return next((value for each, value in self.headers if each.lower() == name.lower()), "")

    def with_header(self, name: str, value: str | None) -> "Request":
        """Return the request with another value of a header, or without the header."""
        rest = tuple(each for each in self.headers if each[0].lower() != name.lower())
        return replace(self, headers=rest if value is None else (*rest, (name, value)))

    @property
    def is_form(self) -> bool:
        """``True`` if the body is a form."""
        mimetype = self.header("Content-Type").partition(";")[0].strip().lower()
        return mimetype in ("application/x-www-form-urlencoded", "multipart/form-data")

    @property
    def form(self) -> list[tuple[str, str]]:
        """The fields of the form in the body, as werkzeug reads them for every app."""
        if not self.is_form or self.method != "POST":
            return []
        content_type = self.header("Content-Type")
        request = EnvironBuilder(method="POST", data=self.body, content_type=content_type).get_request()
        return [*request.form.items(multi=True)]

    @property
    def query(self) -> list[tuple[str, str]]:
        """The parameters in the query."""
        return parse_qsl(urlsplit(self.url).query, keep_blank_values=True)

    def is_accepted_by_twilio(self, secrets: Secrets) -> bool:
        """Return whether the validator of the package ``twilio`` accepts the request with one of the secrets."""
        content: object = MultiDict(self.form)
        if self.method == "POST" and not self.is_form and "bodySHA256" in dict(self.query):
            content = self.body.decode("utf-8", "replace")
        signature = self.header("X-Twilio-Signature").strip()  # HTTP removes the white space
        return any(
            library_validates(self.url, content, signature, secret, algorithm) for secret, algorithm in secrets.of(self)
        )


def valid_request(rng: random.Random, base: str, secrets: Secrets) -> Request:
    """Return a request that Twilio could have sent.

    :param base: the URL in front of ``/webhook/status``.
    """
    account = rng.choice([None, None, *secrets.accounts])
    tokens = secrets.accounts[account] if account else secrets.tokens
    key = rng.choice([*secrets.shared_keys]) if rng.random() < 0.4 else None
    secret = secrets.shared_keys[key] if key else rng.choice([*tokens])
    algorithm = rng.choice(["sha1", "sha256"]) if key else "sha1"
    params = twilio_params(f"CA{rng.getrandbits(128):032x}", "completed")
    pairs = [*{**params, "AccountSid": account or params["AccountSid"]}.items()]
    pairs += [(f"Custom{rng.randrange(5)}", rng.choice(_TEXTS)) for _ in range(rng.randrange(3))]
    url = f"{base}/webhook/status{rng.choice(['', '', '?a=1', '?b=%20x&a=', '?x=%c3%a4+%7e'])}"
    headers = [("Content-Type", FORM)]
    method, body, signed = "POST", urlencode(pairs).encode(), pairs
    if rng.random() < 0.2:
        method, body, signed = "GET", b"", []
        url = f"{url}{'&' if '?' in url else '?'}{urlencode(pairs)}"
    if key:
        headers.append((HEADER, f"key={key},algorithm=HMAC_{algorithm.upper()}"))
    headers.append(("X-Twilio-Signature", sign(url, signed, secret, algorithm)))
    return Request(method, url, body, tuple(headers))


def _change_url(change: Callable[[random.Random, str], str]) -> Callable[[random.Random, Request], Request]:
    return lambda rng, request: replace(request, url=change(rng, request.url))


def _change_body(change: Callable[[random.Random, bytes], bytes]) -> Callable[[random.Random, Request], Request]:
    return lambda rng, request: replace(request, body=change(rng, request.body))


def _change_signature(
    change: Callable[[random.Random, str], str | None],
) -> Callable[[random.Random, Request], Request]:
    name = "X-Twilio-Signature"
    return lambda rng, request: request.with_header(name, change(rng, request.header(name)))


def _change_pairs(
    change: Callable[[random.Random, list[tuple[str, str]]], list[tuple[str, str]]],
) -> Callable[[random.Random, Request], Request]:
    """Return a mutation of the parameters, in the form or in the query."""

    def changed(rng: random.Random, request: Request) -> Request:
        if request.method == "POST":
            return replace(request, body=urlencode(change(rng, request.form)).encode())
        base = request.url.partition("?")[0]
        return replace(request, url=f"{base}?{urlencode(change(rng, request.query))}")

    return changed


def _at(rng: random.Random, text: str, new: str, *, cut: int = 0) -> str:
    """Put a text at a random position, in place of some characters."""
    at = rng.randrange(len(text)) if text else 0
    return text[:at] + new + text[at + cut :]


def _replace_pair(rng: random.Random, pairs: list[tuple[str, str]], name: str | None, value: str) -> list:
    if not pairs:
        return [("Digits", value)]
    at = rng.randrange(len(pairs))
    return [*pairs[:at], (name if name is not None else pairs[at][0], value), *pairs[at + 1 :]]


def _set(pairs: list[tuple[str, str]], name: str, value: str) -> list[tuple[str, str]]:
    return [*(each for each in pairs if each[0] != name), (name, value)]


def _move_border(rng: random.Random, pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    at = rng.randrange(len(pairs)) if pairs else 0
    return [*pairs[:at], *((name + value[:1], value[1:]) for name, value in pairs[at : at + 1]), *pairs[at + 1 :]]


def _to_query(rng: random.Random, request: Request) -> Request:
    """Move the form to the query, and request the page with GET."""
    return replace(request, method="GET", url=f"{request.url.partition('?')[0]}?{urlencode(request.form)}", body=b"")


def _to_body(rng: random.Random, request: Request) -> Request:
    """Move the query to the body, and post it."""
    return replace(request, method="POST", body=urlencode(request.query).encode(), url=request.url.partition("?")[0])


def _to_json(rng: random.Random, request: Request) -> Request:
    """Send the form as JSON, with or without its hash in the query."""
    body = json.dumps(dict(request.form)).encode()
    query = rng.choice(["", f"?bodySHA256={hashlib.sha256(body).hexdigest()}", "?bodySHA256=", "?bodySHA256=00"])
    sent = replace(request, body=body, url=request.url.partition("?")[0] + query)
    return sent.with_header("Content-Type", "application/json")


def _multipart(rng: random.Random, request: Request) -> Request:
    """Send the form as multipart."""
    parts = "".join(
        f'--x\r\nContent-Disposition: form-data; name="{quote(name)}"\r\n\r\n{value}\r\n'
        for name, value in request.form
    )
    sent = replace(request, body=f"{parts}--x--\r\n".encode())
    return sent.with_header("Content-Type", "multipart/form-data; boundary=x")


def _settings(value: Callable[[random.Random], str | None]) -> Callable[[random.Random, Request], Request]:
    return lambda rng, request: request.with_header(HEADER, value(rng))


def _wrong_secret(rng: random.Random, request: Request) -> Request:
    """Sign with a secret that the host does not have, or has for something else."""
    secret = rng.choice(["", "0", "of the account", "of the key", "12345,the next token", "the next token "])
    validator = RequestValidator(secret)
    signature = validator.compute_signature(request.url, MultiDict(request.form))
    return request.with_header("X-Twilio-Signature", signature)


_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
#: Name -> a mutation.
MUTATIONS: dict[str, Callable[[random.Random, Request], Request]] = {
    "value changed": _change_pairs(lambda rng, pairs: _replace_pair(rng, pairs, None, rng.choice(_TEXTS))),
    "name changed": _change_pairs(lambda rng, pairs: _replace_pair(rng, pairs, rng.choice(["Digits", "x", ""]), "1")),
    "name and value border moved": _change_pairs(_move_border),
    "parameter added": _change_pairs(lambda rng, pairs: [*pairs, (rng.choice(["Digits", "x", "ä"]), "1")]),
    "empty parameter added": _change_pairs(lambda rng, pairs: [*pairs, (rng.choice(["Digits", "", "a"]), "")]),
    "parameter dropped": _change_pairs(lambda rng, pairs: rng.sample(pairs, max(0, len(pairs) - 1))),
    "all parameters dropped": _change_pairs(lambda rng, pairs: []),
    "parameters shuffled": _change_pairs(lambda rng, pairs: rng.sample(pairs, len(pairs))),
    "parameter repeated": _change_pairs(lambda rng, pairs: [*pairs, *rng.sample(pairs, min(1, len(pairs)))]),
    "parameter repeated with another value": _change_pairs(
        lambda rng, pairs: [*pairs, *((name, rng.choice(_TEXTS)) for name, _ in rng.sample(pairs, min(1, len(pairs))))]
    ),
    "another call": _change_pairs(lambda rng, pairs: _set(pairs, "CallSid", f"CA{rng.getrandbits(128):032x}")),
    "another account": _change_pairs(
        lambda rng, pairs: _set(pairs, "AccountSid", rng.choice([f"AC{'5' * 32}", f"AC{'6' * 32}", "AC", ""]))
    ),
    "account in other case": _change_pairs(
        lambda rng, pairs: [(name, value.swapcase() if name == "AccountSid" else value) for name, value in pairs]
    ),
    "two accounts": _change_pairs(lambda rng, pairs: [("AccountSid", f"AC{'5' * 32}"), *pairs]),
    "values stripped": _change_pairs(lambda rng, pairs: [(name, value.strip()[1:]) for name, value in pairs]),
    "values in upper case": _change_pairs(lambda rng, pairs: [(name, value.upper()) for name, value in pairs]),
    "names in lower case": _change_pairs(lambda rng, pairs: [(name.lower(), value) for name, value in pairs]),
    "body byte changed": _change_body(
        lambda rng, body: bytes(each if rng.random() > 0.01 else rng.randrange(256) for each in body)
    ),
    "body cut": _change_body(lambda rng, body: body[: rng.randrange(len(body) + 1)]),
    "body doubled": _change_body(lambda rng, body: body + b"&" + body),
    "body with a separator more": _change_body(lambda rng, body: body.replace(b"&", b"&&", 1)),
    "body with semicolons": _change_body(lambda rng, body: body.replace(b"&", b";")),
    "body with another encoding": _change_body(lambda rng, body: body.replace(b"+", b"%20").replace(b"%2B", b"%2b")),
    "body with a byte order mark": _change_body(lambda rng, body: b"\xef\xbb\xbf" + body),
    "body with an invalid byte": _change_body(lambda rng, body: body + rng.choice([b"&a=%ff", b"&a=\xff", b"%"])),
    "body of another request": _change_body(
        lambda rng, _: urlencode(twilio_params(f"CA{rng.getrandbits(128):032x}")).encode()
    ),
    "form in the query": _to_query,
    "query in the body": _to_body,
    "form as JSON": _to_json,
    "form as multipart": _multipart,
    "no content type": lambda rng, request: request.with_header("Content-Type", None),
    "another content type": lambda rng, request: request.with_header(
        "Content-Type", rng.choice(["text/plain", "application/json", "APPLICATION/X-WWW-FORM-URLENCODED", "*/*", ""])
    ),
    "another method": lambda rng, request: replace(request, method="GET" if request.method == "POST" else "POST"),
    "another scheme": _change_url(lambda rng, url: url.replace("http:", "https:", 1)),
    "another host": _change_url(
        lambda rng, url: url.replace(urlsplit(url).netloc, rng.choice(["evil.example", "ivr.example.com.", "a:1"]), 1)
    ),
    "host in upper case": _change_url(lambda rng, url: url.replace(urlsplit(url).netloc, urlsplit(url).netloc.upper())),
    "another port": _change_url(
        lambda rng, url: url.replace(urlsplit(url).netloc, f"{urlsplit(url).hostname}:{rng.choice([80, 443, 8443])}", 1)
    ),
    "a user in the URL": _change_url(lambda rng, url: url.replace("//", "//user:pass@", 1)),
    "another endpoint": _change_url(
        lambda rng, url: url.replace("/webhook/status", rng.choice(["/webhook", "/webhook/fallback"]), 1)
    ),
    "a slash more": _change_url(lambda rng, url: url.replace("/webhook", rng.choice(["//webhook", "/./webhook"]), 1)),
    "a slash at the end": _change_url(lambda rng, url: url.replace("/status", "/status/", 1)),
    "path encoded": _change_url(lambda rng, url: url.replace("/webhook", rng.choice(["/%77ebhook", "/webhoo%6b"]), 1)),
    "path with a parameter": _change_url(lambda rng, url: url.replace("/status", "/status;a=b", 1)),
    "path in upper case": _change_url(lambda rng, url: url.replace("/status", "/STATUS", 1)),
    "query added": _change_url(
        lambda rng, url: f"{url}{'&' if '?' in url else '?'}{rng.choice(['a=1', '', 'again=1'])}"
    ),
    "query dropped": _change_url(lambda rng, url: url.partition("?")[0]),
    "query shuffled": _change_url(
        lambda rng, url: (
            f"{url.partition('?')[0]}?"
            f"{'&'.join(rng.sample(url.partition('?')[2].split('&'), len(url.partition('?')[2].split('&'))))}"
        )
    ),
    "query with another encoding": _change_url(lambda rng, url: url.replace("%20", "+").replace("%c3", "%C3")),
    "query with an empty part": _change_url(lambda rng, url: f"{url}{'&' if '?' in url else '?'}&&"),
    "signature: one character": _change_signature(lambda rng, text: _at(rng, text, rng.choice(_ALPHABET), cut=1)),
    "signature: one more": _change_signature(lambda rng, text: _at(rng, text, rng.choice(_ALPHABET))),
    "signature: one fewer": _change_signature(lambda rng, text: _at(rng, text, "", cut=1)),
    "signature: cut": _change_signature(lambda rng, text: text[: len(text) * rng.randrange(10) // 10]),
    "signature: another case": _change_signature(lambda rng, text: text.swapcase()),
    "signature: no padding": _change_signature(lambda rng, text: text.rstrip("=")),
    "signature: more padding": _change_signature(lambda rng, text: f"{text}="),
    "signature: other alphabet": _change_signature(lambda rng, text: text.replace("+", "-").replace("/", "_")),
    "signature: quoted": _change_signature(lambda rng, text: f'"{text}"'),
    "signature: two": _change_signature(lambda rng, text: rng.choice([f"{text},{text}", f"{text}, x", f"x,{text}"])),
    "signature: white space": _change_signature(lambda rng, text: _at(rng, text, " ")),
    "signature: reversed": _change_signature(lambda rng, text: text[::-1]),
    "signature: zeros": _change_signature(lambda rng, text: "A" * 27 + "="),
    "signature: empty": _change_signature(lambda rng, text: ""),
    "signature: none": _change_signature(lambda rng, text: None),
    "signature: another name": lambda rng, request: request.with_header("X-Twilio-Signature", None).with_header(
        "X-Twilio-Email-Event-Webhook-Signature", request.header("X-Twilio-Signature")
    ),
    "signature: another secret": _wrong_secret,
    "settings: another key": _settings(lambda rng: f"key={rng.choice(['a', 'b', 'c', 'A', ''])},algorithm=HMAC_SHA1"),
    "settings: another algorithm": _settings(
        lambda rng: (
            f"key={rng.choice('ab')},algorithm={rng.choice(['HMAC_SHA256', 'HMAC_SHA1', 'none', 'HMAC_MD5', ''])}"
        )
    ),
    "settings: none": _settings(lambda rng: None),
    "settings: nonsense": _settings(lambda rng: rng.choice(["x", "=", "key", "algorithm=HMAC_SHA1", ",,,", "key=a;b"])),
}


def mutate(rng: random.Random, request: Request, name: str) -> Request:
    """Return a request with a mutation, and sometimes with a second one."""
    changed = MUTATIONS[name](rng, request)
    return MUTATIONS[rng.choice([*MUTATIONS])](rng, changed) if rng.random() < 0.15 else changed
