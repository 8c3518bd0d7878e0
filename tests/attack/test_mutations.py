"""10,000 mutations of valid signed requests: none is accepted that the validator of the package ``twilio`` refuses.

The accepted mutations are those that Twilio's scheme accepts by design, such as other orders of the parameters.
"""

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from tests.attack.client import Client
from tests.attack.mutations import MUTATIONS, Request, Secrets, mutate, valid_request
from tests.attack.odd_requests import call_app
from tests.attack.servers import SERVERS, Server
from tests.attack.size import generator, report, sized
from tests.web.webhook_calls import TOKEN
from werkzeug.test import EnvironBuilder

pytestmark = [pytest.mark.attack, pytest.mark.server]
#: The statuses of accepted requests: 400 is the answer to one without CallSid.
ACCEPTED = {200, 204, 400}
#: A refused request. The others are for paths that do not exist, and bodies that cannot be read.
REFUSED = {308, 403, 404, 405, 411, 413}
SECRETS = Secrets(
    (TOKEN, "the next token"),
    {f"AC{'5' * 32}": ("of the account", "of the account, next")},
    {"a": "of the key", "b": "of the other key"},
)
SETTINGS = {"auth_token": SECRETS.tokens, "accounts": SECRETS.accounts, "shared_keys": SECRETS.shared_keys}
#: Name of a host -> its settings, the URL in front of the path as Twilio requests it, and as it arrives.
HOSTS = {
    "as it is": ({}, "http://ivr.example.com", "http://ivr.example.com"),
    "https": ({}, "https://ivr.example.com", "https://ivr.example.com"),
    "a port": ({}, "http://ivr.example.com:5000", "http://ivr.example.com:5000"),
    "a public URL": ({"public_url": "https://ivr.example.com/ivr"}, "https://ivr.example.com/ivr", "http://10.0.0.7"),
    "a prefix": ({"url_prefix": "/ivr"}, "https://ivr.example.com/ivr", "https://ivr.example.com/ivr"),
    "a proxy": ({"trusted_proxies": 1}, "https://ivr.example.com", "https://ivr.example.com"),
}


class Verdicts:
    """The answers to valid and to mutated requests.

    :param name: the name of the attack in the report.
    :param decodes_paths: whether the server decodes paths before the app gets them. Then ``/%77ebhook`` is the same as
        ``/webhook``, also by https://www.rfc-editor.org/rfc/rfc3986#section-6.2.2.2.
    """

    def __init__(self, name: str, *, decodes_paths: bool = False) -> None:
        self.name = name
        self._decodes_paths = decodes_paths
        self.wrong: list[tuple[str, Request]] = []
        self.counts: Counter[str] = Counter()

    def add(self, mutation: str, request: Request, status: int) -> None:
        """Add the answer to a mutated request, or to a valid one (``""``)."""
        decoded = replace(request, url=request.url.replace("/%77", "/w").replace("o%6b", "ok"))
        expected = (decoded if self._decodes_paths else request).is_accepted_by_twilio(SECRETS)
        is_accepted = status in ACCEPTED
        self.counts["valid" if not mutation else "accepted" if is_accepted else "refused"] += 1
        if status not in ACCEPTED | REFUSED:
            self.wrong.append((f"{mutation}: status {status}", request))
        elif is_accepted and not expected:
            self.wrong.append((f"{mutation}: accepted with status {status}", request.url, request))
        elif not mutation and not is_accepted:
            self.wrong.append((f"a valid request got status {status}", request))

    def __str__(self) -> str:
        counts = ", ".join(f"{count} {name}" for name, count in sorted(self.counts.items()))
        return f"mutations {self.name}: {counts}, {len(self.wrong)} wrong"


@pytest.mark.parametrize("host", HOSTS)
def test_no_mutation_is_accepted_in_process(make_app, caplog, host):
    """A mutated request is refused, unless Twilio's own validator accepts it; a valid request is accepted."""
    caplog.set_level(logging.CRITICAL, logger="ivrkit")
    settings, requested, arrives = HOSTS[host]
    app, verdicts, rng = make_app(**SETTINGS, **settings), Verdicts(host), generator(f"mutations {host}")
    for number in range(sized(1_400)):
        request, mutation = valid_request(rng, requested, SECRETS), ""
        if number % 5:
            mutation = rng.choice([*MUTATIONS])
            request = mutate(rng, request, mutation)
        url = request.url.replace(requested, arrives, 1)
        verdicts.add(mutation, request, call_app(app, environ_of(request, url)).status)
    report(str(verdicts))
    assert verdicts.wrong[:5] == []
    assert verdicts.counts["refused"] > verdicts.counts["accepted"] > 0


def environ_of(request: Request, url: str) -> dict[str, object]:
    """Return the WSGI environ of a request, with the path and the query as they are written.

    :param url: the URL as it arrives.
    """
    parts = urlsplit(url)
    headers = [(name, value.encode("utf-8").decode("latin-1")) for name, value in request.headers]
    builder = EnvironBuilder(method=request.method, base_url=f"{parts.scheme}://a", data=request.body, headers=headers)
    environ = builder.get_environ()
    environ.pop("REQUEST_URI", None)
    path = EnvironBuilder(path=parts.path).get_environ()["PATH_INFO"]
    written = f"{parts.path}?{parts.query}" if parts.query else parts.path
    environ.update(PATH_INFO=path, QUERY_STRING=parts.query, HTTP_HOST=parts.netloc, RAW_URI=written)
    if not request.header("Content-Type"):
        environ.pop("CONTENT_TYPE", None)
    return environ


@pytest.mark.parametrize("server_name", SERVERS)
def test_no_mutation_is_accepted_by_a_server(start_server: Callable[..., Server], server_name: str):
    """A mutated request over HTTP is refused by each server, unless Twilio's own validator accepts it."""
    account, tokens = next(iter(SECRETS.accounts.items()))
    keys = "\n".join(f'{name} = "{secret}"' for name, secret in SECRETS.shared_keys.items())
    server = start_server(
        server_name,
        settings=f'session_url = "sqlite:///calls.sqlite3"\n[shared_keys]\n{keys}\n'
        f'[accounts]\n{account} = ["{tokens[0]}", "{tokens[1]}"]\n',
        TWILIO_AUTH_TOKEN=",".join(SECRETS.tokens),
    )
    verdicts = Verdicts(server_name, decodes_paths=server_name == "serve")
    rng, client = generator(f"mutations {server_name}"), Client(server.port)
    for number in range(sized(1_500)):
        request, mutation = valid_request(rng, server.base, SECRETS), ""
        if number % 5:
            mutation = rng.choice([*MUTATIONS])
            request = mutate(rng, request, mutation)
        parts = urlsplit(request.url)
        if not parts.path.isascii() or request.url.startswith("https") or "\n" in str(request.headers):
            continue
        path = f"{parts.path}{'?' * ('?' in request.url)}{parts.query}"
        headers = [("Host", parts.netloc), *request.headers]
        verdicts.add(mutation, request, client.request(request.method, path, request.body, headers).status)
    client.close()
    report(str(verdicts))
    assert verdicts.wrong[:5] == []
    assert verdicts.counts["refused"] > verdicts.counts["accepted"] > 0
