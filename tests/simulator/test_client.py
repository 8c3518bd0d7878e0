"""Twilio as an HTTP client: retries, redirects, cookies and passwords."""

import base64
import hashlib
import itertools

import pytest

from ivrkit.simulator.wire.client import Client
from ivrkit.simulator.wire.messages import Failure, Response
from ivrkit.simulator.wire.transports import TableTransport

URL = "https://ivr.example.com/a"
NO_CONNECTION = Failure(11205, "ct", "no connection")
TOO_SLOW = Failure(11205, "rt", "too slow")


def redirect(status, location):
    """Return an HTTP redirect."""
    return Response(status, (("Location", location),) if location else ())


class LoggedClient:
    """A client that logs its requests and their results."""

    def __init__(self, documents, **client):
        tokens = itertools.count(1)
        client = {"token": "12345", "new_token": lambda: f"token {next(tokens)}", **client}
        self.inner = Client(TableTransport(documents), **client)
        self.requests, self.results, self.messages = [], [], []

    def record(self, request, result):
        """Log a request and its status, or the code of its failure."""
        self.requests.append(request)
        self.results.append(result.code if isinstance(result, Failure) else result.status)

    def send(self, url=URL, params=None, method="POST"):
        """Send a webhook request."""
        given = {"Digits": "1", "To": "+1"} if params is None else params
        return self.inner.send(method, url, given, on_exchange=self.record, on_invalid_override=self.messages.append)

    def headers(self, name):
        """Return the header of a name of each logged request."""
        return [each.headers.get(name) for each in self.requests]


def test_a_response_is_returned_with_its_url():
    """A request returns the URL without its fragment, and the response with any status."""
    client = LoggedClient({"/a": Response(500)})
    url, response = client.send(URL + "#rc=2")
    assert (url, response.status, client.results) == (URL, 500, [500])


ATTEMPTS = [
    pytest.param("", [NO_CONNECTION], 2, id="a-failed-connection-is-tried-again-once"),
    pytest.param("", [TOO_SLOW], 1, id="a-slow-answer-is-not"),
    pytest.param("#rc=2", [NO_CONNECTION], 3, id="rc-counts-the-retries"),
    pytest.param("#rc=0", [NO_CONNECTION], 1, id="none"),
    pytest.param("#rc=2&rp=rt", [TOO_SLOW], 3, id="rp-rt"),
    pytest.param("#rc=2&rp=rt", [NO_CONNECTION], 1, id="rp-rt-is-not-ct"),
    pytest.param("#rp=all", [TOO_SLOW], 2, id="rp-all"),
]


@pytest.mark.parametrize(("fragment", "served", "attempts"), ATTEMPTS)
def test_failures_are_retried_as_the_fragment_says(fragment, served, attempts):
    """The fragment decides which failures are retried, all with the same token; the last one is raised."""
    client = LoggedClient({"/a": served})
    with pytest.raises(Failure) as failed:
        client.send(URL + fragment)
    assert failed.value is served[0]
    assert client.headers("I-Twilio-Idempotency-Token") == ["token 1"] * attempts


@pytest.mark.parametrize(
    ("fragment", "served", "results"),
    [
        ("#rp=5xx", [Response(503), Response(200)], [503, 200]),
        ("#rp=4xx&rc=3", [Response(404), Response(404), Response(200)], [404, 404, 200]),
        ("#rp=5xx", [Response(404), Response(200)], [404]),
        ("", [Response(503), Response(200)], [503]),
        ("#rp=5xx", [Response(503)], [503, 503]),
        ("", [NO_CONNECTION, Response(200)], [11205, 200]),
    ],
)
def test_a_status_is_retried_as_the_fragment_says(fragment, served, results):
    """A status is retried only if the fragment says so."""
    client = LoggedClient({"/a": served})
    _, response = client.send(URL + fragment)
    assert client.results == results
    assert response.status == results[-1]


def test_invalid_overrides_are_reported():
    """Each invalid override in a fragment is reported with a message."""
    client = LoggedClient({"/a": ""})
    client.send(URL + "#rc=9&x=1")
    assert client.messages == [
        "the connection override rc must be from 0 to 5, not '9'",
        "the connection override must be ct, rt, tt, rc, rp, sni or e, not 'x'",
    ]


@pytest.mark.parametrize("status", [301, 302, 303, 307])
def test_a_redirect_is_followed_without_digits(status):
    """A redirect is followed with GET, without Digits, with the same idempotency token and a new signature."""
    client = LoggedClient({"/a": redirect(status, "b?x=1"), "/b?x=1": "there"})
    url, response = client.send()
    assert (url, response.body) == ("https://ivr.example.com/b?x=1", b"there")
    assert [each.method for each in client.requests] == ["POST", "GET"]
    assert [dict(each.params) for each in client.requests] == [{"Digits": "1", "To": "+1"}, {"To": "+1"}]
    assert client.requests[1].url == "https://ivr.example.com/b?x=1&To=%2B1"
    first, second = client.headers("X-Twilio-Signature")
    assert first != second
    assert client.headers("I-Twilio-Idempotency-Token") == ["token 1"] * 2


def test_a_redirect_can_keep_the_method():
    """With redirect_as_get=False, a redirect keeps the method."""
    client = LoggedClient({"/a": redirect(302, "/b"), "/b": ""}, redirect_as_get=False)
    client.send()
    assert [each.method for each in client.requests] == ["POST", "POST"]


@pytest.mark.parametrize(
    ("served", "what"),
    [
        (redirect(302, ""), "the response redirects with 302 without a Location"),
        (redirect(308, "/b"), "the response redirects with 308 to /b, which Twilio does not follow"),
        (redirect(304, ""), "the response redirects with 304 without a Location"),
    ],
)
def test_an_unsupported_redirect_is_a_failure(served, what):
    """A redirect without a Location or with an unsupported status is a failure with code 11216."""
    with pytest.raises(Failure) as failed:
        LoggedClient({"/a": served}).send()
    assert (failed.value.code, failed.value.message) == (11216, what)


def test_a_redirect_to_an_invalid_url_is_a_failure():
    """A redirect to an invalid URL is a failure with code 11100."""
    with pytest.raises(Failure) as failed:
        LoggedClient({"/a": redirect(302, "ftp://x")}).send()
    assert failed.value.code == 11100


@pytest.mark.parametrize("fetched", [False, True])
def test_at_most_ten_redirects_are_followed(fetched):
    """The eleventh redirect of a document or a file is a failure with code 11215."""
    ten = {f"/{index}": redirect(302, f"/{index + 1}") for index in range(10)}
    client = LoggedClient({**ten, "/10": "there"})

    def fetch():
        if fetched:
            return client.inner.fetch_file("https://ivr.example.com/0", on_exchange=client.record)
        return client.send("https://ivr.example.com/0")[1]

    assert fetch().body == b"there"
    client = LoggedClient({**ten, "/10": redirect(302, "/0")})
    with pytest.raises(Failure) as failed:
        fetch()
    what = "file" if fetched else "response"
    assert failed.value.code == 11215
    assert failed.value.message == f"the {what} was redirected more than 10 times, last to https://ivr.example.com/0"
    assert len(client.requests) == 11


def test_cookies_are_sent_back_as_a_browser_does():
    """Cookies are sent back according to their path, host, expiry and scheme."""
    headers = [
        ("Set-Cookie", "all=1; Path=/"),
        ("Set-Cookie", "here=2; Path=/a"),
        ("Set-Cookie", "gone=3; Max-Age=0"),
        ("Set-Cookie", "elsewhere=4; Domain=other.example.org"),
        ("Set-Cookie", "safe=5; Path=/; Secure"),
    ]
    client = LoggedClient(
        {"/a": Response(headers=headers), "/b": "", "http://ivr.example.com/b": "", "https://x.example.com/b": ""}
    )
    client.send()
    client.send("https://ivr.example.com/b")
    client.send("http://ivr.example.com/b")
    client.send("https://x.example.com/b")
    client.send()
    sent = [sorted((each or "").split("; ")) for each in client.headers("Cookie")]
    assert sent == [[""], ["all=1", "safe=5"], ["all=1"], [""], ["all=1", "here=2", "safe=5"]]


def test_cookies_can_be_turned_off():
    """With cookies=False, no cookie is sent back."""
    client = LoggedClient({"/a": Response(headers=(("Set-Cookie", "a=1"),))}, cookies=False)
    client.send()
    client.send()
    assert client.headers("Cookie") == [None, None]


def protected(challenge, accepts):
    """Return a function that serves a document with a password."""

    def serve(request):
        if accepts(request.headers.get("Authorization", "")):
            return "there"
        return Response(401, (("WWW-Authenticate", challenge),))

    return serve


BASIC = "Basic " + base64.b64encode(b"anna:geh:eim").decode()


def test_a_password_is_sent_after_a_401():
    """The first request has no password; after a 401, it is sent at once for the rest of the call."""
    client = LoggedClient({"/a": protected('Basic realm="ivr"', lambda sent: sent == BASIC)})
    url = "https://anna:geh%3Aeim@ivr.example.com/a"
    assert client.send(url)[1].body == b"there"
    assert client.send(url)[1].body == b"there"
    assert client.headers("Authorization") == [None, BASIC, BASIC]
    assert {each.url for each in client.requests} == {"https://ivr.example.com/a"}


def test_a_digest_is_computed_from_the_challenge():
    """A Digest header is computed from the realm and the nonce of the challenge."""
    challenge = 'Digest realm="ivr", nonce="abc", qop="auth", algorithm=MD5'
    client = LoggedClient({"/a": protected(challenge, lambda sent: sent.startswith("Digest "))})
    assert client.send("https://anna:geheim@ivr.example.com/a")[1].body == b"there"
    assert digest_count(client.headers("Authorization")[1], "abc") == "00000001"


def digest_count(sent, nonce):
    """Return the count in a Digest header if its hash is right (RFC 7616, section 3.4.1), or else None."""
    fields = dict(part.replace('"', "").split("=", 1) for part in sent.removeprefix("Digest ").split(", "))
    one = hashlib.md5(b"anna:ivr:geheim").hexdigest()
    two = hashlib.md5(b"POST:/a").hexdigest()
    text = f"{one}:{nonce}:{fields.get('nc')}:{fields.get('cnonce')}:auth:{two}"
    return fields["nc"] if fields.get("response") == hashlib.md5(text.encode()).hexdigest() else None


DIGEST_URL = "https://anna:geheim@ivr.example.com/a"


def test_a_digest_is_computed_for_every_request_of_a_call():
    """After the first 401, each request has a digest of its own, whose count grows."""
    challenge = 'Digest realm="ivr", nonce="abc", qop="auth"'
    counts = []

    def accepts(sent):
        counts.append(digest_count(sent, "abc") if sent else None)
        return counts[-1] is not None and counts.count(counts[-1]) == 1

    client = LoggedClient({"/a": protected(challenge, accepts)})
    for _ in range(3):
        assert client.send(DIGEST_URL)[1].body == b"there"
    assert client.results == [401, 200, 200, 200]
    assert counts == [None, "00000001", "00000002", "00000003"]


def test_a_new_challenge_is_answered():
    """If a host accepts each challenge for one request only, the next 401 is answered with the new challenge."""
    nonces = ["first"]

    def serve(request):
        sent = request.headers.get("Authorization", "")
        if sent and digest_count(sent, nonces[-1]):
            nonces.append(f"nonce{len(nonces)}")
            return "there"
        return Response(401, (("WWW-Authenticate", f'Digest realm="ivr", nonce="{nonces[-1]}", qop="auth"'),))

    client = LoggedClient({"/a": serve})
    for _ in range(2):
        assert client.send(DIGEST_URL)[1].body == b"there"
    assert client.results == [401, 200, 401, 200]


def test_a_wrong_digest_is_refused_at_each_request():
    """A digest of a wrong password is refused, and each refusal is answered once."""
    client = LoggedClient({"/a": protected('Digest realm="ivr", nonce="abc", qop="auth"', lambda sent: False)})
    for _ in range(2):
        assert client.send(DIGEST_URL)[1].status == 401
    assert client.results == [401] * 4


def test_a_password_is_kept_by_its_host_and_user():
    """Another user of the same host begins without a password."""
    client = LoggedClient({"/a": protected('Basic realm="ivr"', lambda sent: sent == BASIC)})
    assert client.send("https://bob:x@ivr.example.com/a")[1].status == 401
    assert client.send("https://anna:geh%3Aeim@ivr.example.com/a")[1].body == b"there"
    assert client.results == [401, 401, 401, 200]


@pytest.mark.parametrize(
    ("url", "challenge"),
    [
        ("https://ivr.example.com/a", "Basic realm=x"),
        ("https://anna:x@ivr.example.com/a", "Bearer"),
        ("https://anna:x@ivr.example.com/a", 'Digest realm="x"'),
        ("https://anna:x@ivr.example.com/a", "Digest"),
        ("https://anna:x@ivr.example.com/a", "Digest realm, nonce=a"),
        ("https://anna:x@ivr.example.com/a", "Digest realm=x, nonce=a, algorithm=SHA-512-256"),
        ("https://anna:x@ivr.example.com/a", "Digest realm=x, nonce=a, qop=auth-int"),
    ],
    ids=["no-password", "another-scheme", "half-a-challenge", "none", "no-value", "algorithm", "auth-int"],
)
def test_a_401_without_a_usable_password_is_returned(url, challenge):
    """Without a password or a supported challenge, the 401 is returned and no second request is sent."""
    client = LoggedClient({"/a": protected(challenge, lambda sent: False)})
    assert client.send(url)[1].status == 401
    assert len(client.requests) == 1


def test_a_wrong_password_is_sent_once():
    """A wrong password is sent once, and then the 401 is returned."""
    client = LoggedClient({"/a": protected("Basic realm=x", lambda sent: False)})
    assert client.send("https://anna:x@ivr.example.com/a")[1].status == 401
    assert client.results == [401, 401]


def test_a_file_is_fetched():
    """A file is fetched with GET through redirects, and returned with any status."""
    client = LoggedClient({"/a": redirect(302, "/b"), "/b": Response(404)})
    assert client.inner.fetch_file(URL, on_exchange=client.record).status == 404
    assert [(each.method, dict(each.params)) for each in client.requests] == [("GET", {}), ("GET", {})]


def test_a_failed_file_request_is_reported_and_raised():
    """The failure of a file request is reported and raised."""
    client = LoggedClient({"/a": NO_CONNECTION})
    with pytest.raises(Failure):
        client.inner.fetch_file(URL, on_exchange=client.record)
    assert client.results == [11205]
