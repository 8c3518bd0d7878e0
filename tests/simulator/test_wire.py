"""Requests, responses, URLs and connection overrides."""

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


def test_a_post_request_has_a_form_and_twilio_s_headers():
    """A POST request has its parameters as a form and the headers that Twilio sends."""
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
    ("url", "params", "expected"),
    [
        ("https://x.example.com/path?b=2&a=1", {"foo": "bar"}, "https://x.example.com/path?b=2&a=1&foo=bar"),
        ("https://x.example.com/path", {"foo": "bar"}, "https://x.example.com/path?foo=bar"),
        ("https://x.example.com", {}, "https://x.example.com/"),
    ],
)
def test_a_get_request_has_its_parameters_in_the_query(url, params, expected):
    """A GET request has its parameters after the query of the URL, and no form."""
    request = make_request("GET", url, params, token="", idempotency="i")
    assert (request.url, request.body) == (expected, b"")
    assert "Content-Type" not in request.headers
    assert "X-Twilio-Signature" not in request.headers


def test_a_file_request_has_no_parameters_and_no_signature():
    """The request for a file has no parameters, no signature and no idempotency token."""
    request = make_file_request("https://user:secret@x.example.com/a.mp3#x")
    assert (request.method, request.url, request.params, request.body) == (
        "GET",
        "https://x.example.com/a.mp3",
        {},
        b"",
    )
    assert dict(request.headers) == {"Accept": "*/*", "User-Agent": "TwilioProxy/1.1"}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://x", "http://x/"),
        ("http://x?a=1", "http://x/?a=1"),
        ("http://u:p@x:80/a#b", "http://x:80/a"),
        ("http://x/a?b#c", "http://x/a?b"),
    ],
)
def test_a_requested_url_has_no_fragment_and_no_password(url, expected):
    """A requested URL has no fragment, no user and no password, and always a path."""
    assert requested_url(url) == expected


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
def test_urls_are_resolved_as_a_browser_does(reference, url):
    """A URL in a document is resolved against the URL of the document, as a browser does."""
    assert absolute_url("https://x.example.com/a/b?q=1", reference) == url


@pytest.mark.parametrize(
    "reference",
    ["ftp://x/a", "mailto:a@b", "http://", "http://x/a b", "http://x:99999/", "http://[::1/", "https://x/\x00"],
)
def test_an_invalid_url_is_a_failure(reference):
    """An invalid URL is a failure with code 11100 that shows the URL."""
    with pytest.raises(Failure) as failed:
        absolute_url("https://x.example.com/", reference)
    assert (failed.value.code, failed.value.failure_type) == (11100, "other")
    assert str(failed.value) == failed.value.message == f"the URL must be a valid http or https URL, not {reference!r}"


def test_headers_are_found_in_any_case():
    """The headers of a response are found in upper and lower case, and a name can have several."""
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


@pytest.mark.parametrize(("fragment", "overrides", "messages"), FRAGMENTS)
def test_a_fragment_sets_the_overrides(fragment, overrides, messages):
    """The fragment of a URL sets the overrides; an invalid one is reported, and its default is used."""
    assert overrides_of(f"https://x.example.com/a{fragment}") == (overrides, messages)
