"""Requests and answers, URLs, and what the fragment of a URL may ask for."""

import pytest

from ivrkit.simulator.wire.messages import (
    Failure,
    Response,
    absolute_url,
    make_file_request,
    make_request,
    requested_url,
)
from ivrkit.simulator.wire.overrides import Overrides, overrides_of


def test_a_form_is_posted():
    """With the headers that Twilio sends."""
    request = make_request(
        "POST",
        "https://x.example.com/a?b=1#rc=2",
        {"Digits": "1 2", "To": "+1"},
        token="t",
        idempotency="i",
        cookies="c=1",
    )
    assert (request.method, request.url, request.body) == ("POST", "https://x.example.com/a?b=1", b"Digits=1+2&To=%2B1")
    assert dict(request.headers) == {
        "Accept": "*/*",
        "User-Agent": "TwilioProxy/1.1",
        "I-Twilio-Idempotency-Token": "i",
        "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
        "X-Twilio-Signature": request.headers["X-Twilio-Signature"],
        "Cookie": "c=1",
    }


@pytest.mark.parametrize(
    ("url", "params", "asked"),
    [
        ("https://x.example.com/path?b=2&a=1", {"foo": "bar"}, "https://x.example.com/path?b=2&a=1&foo=bar"),
        ("https://x.example.com/path", {"foo": "bar"}, "https://x.example.com/path?foo=bar"),
        ("https://x.example.com", {}, "https://x.example.com/"),
    ],
)
def test_the_parameters_of_a_get_stand_behind_the_query(url, params, asked):
    """What the URL had stays first."""
    request = make_request("GET", url, params, token="", idempotency="i")
    assert (request.url, request.body) == (asked, b"")
    assert "Content-Type" not in request.headers
    assert "X-Twilio-Signature" not in request.headers


def test_a_file_is_fetched_as_anybody_would():
    """No parameters, no signature, no token."""
    request = make_file_request("https://user:secret@x.example.com/a.mp3#x")
    assert (request.method, request.url, request.params, request.body) == (
        "GET",
        "https://x.example.com/a.mp3",
        {},
        b"",
    )
    assert dict(request.headers) == {"Accept": "*/*", "User-Agent": "TwilioProxy/1.1"}


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("http://x", "http://x/"),
        ("http://x?a=1", "http://x/?a=1"),
        ("http://u:p@x:80/a#b", "http://x:80/a"),
        ("http://x/a?b#c", "http://x/a?b"),
    ],
)
def test_what_of_a_url_is_requested(url, asked):
    """No fragment, no password, and a path."""
    assert requested_url(url) == asked


@pytest.mark.parametrize(
    ("reference", "url"),
    [
        ("c", "https://x.example.com/a/c"),
        (" \n../c?d=1 ", "https://x.example.com/c?d=1"),
        ("/c#rc=1", "https://x.example.com/c#rc=1"),
        ("?d=1", "https://x.example.com/a/b?d=1"),
        ("", "https://x.example.com/a/b?q=1"),
        ("//y.example.com/c", "https://y.example.com/c"),
        ("http://my_host/c", "http://my_host/c"),
        ("http://[::1]:5000/c", "http://[::1]:5000/c"),
    ],
)
def test_urls_are_read_as_a_browser_reads_them(reference, url):
    """Against the document's own."""
    assert absolute_url("https://x.example.com/a/b?q=1", reference) == url


@pytest.mark.parametrize(
    "reference",
    ["ftp://x/a", "mailto:a@b", "http://", "http://x/a b", "http://x:99999/", "http://[::1/", "https://x/\x00"],
)
def test_a_url_that_can_not_be_requested(reference):
    """It is shown, and has Twilio's code."""
    with pytest.raises(Failure) as failed:
        absolute_url("https://x.example.com/", reference)
    assert (failed.value.code, failed.value.failure_type) == (11100, "other")
    assert str(failed.value) == failed.value.message == f"the URL must be a valid http or https URL, not {reference!r}"


def test_the_headers_of_an_answer():
    """Found in whatever letters they are written; there may be several."""
    answer = Response(headers=(("Set-Cookie", "a=1"), ("content-type", "text/xml"), ("set-cookie", "b=2")))
    assert answer.header("Content-Type") == "text/xml"
    assert answer.headers_of("SET-COOKIE") == ["a=1", "b=2"]
    assert answer.header("Location") == ""


FRAGMENTS = [
    ("", Overrides(), []),
    ("#", Overrides(), []),
    ("#ct=2000", Overrides(connect=2.0), []),
    ("#rt=100&tt=15000", Overrides(read=0.1, total=15.0), []),
    ("#rc=5", Overrides(retries=5), []),
    ("#rp=4xx,5xx", Overrides(retry_on=frozenset({"4xx", "5xx"})), []),
    ("#rp=all", Overrides(retry_on=frozenset({"4xx", "5xx", "ct", "rt"})), []),
    ("#sni=n&e=ashburn", Overrides(), []),
    ("#ct=10001", Overrides(), ["the connection override ct must be from 100 to 10000, not '10001'"]),
    ("#rt=99", Overrides(), ["the connection override rt must be from 100 to 15000, not '99'"]),
    ("#tt=x", Overrides(), ["the connection override tt must be from 100 to 15000, not 'x'"]),
    ("#rc=6", Overrides(), ["the connection override rc must be from 0 to 5, not '6'"]),
    ("#rp=3xx", Overrides(), ["the connection override rp must be one or more of 4xx,5xx,ct,rt,all, not '3xx'"]),
    ("#sni=maybe", Overrides(), ["the connection override sni must be y or n, not 'maybe'"]),
    ("#top", Overrides(), ["the connection override must be ct, rt, tt, rc, rp, sni or e, not 'top'"]),
]


@pytest.mark.parametrize(("fragment", "overrides", "complaints"), FRAGMENTS)
def test_what_a_fragment_asks_for(fragment, overrides, complaints):
    """In thousandths of a second; what can't be is told, and its default used."""
    assert overrides_of(f"https://x.example.com/a{fragment}") == (overrides, complaints)
