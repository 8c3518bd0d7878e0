"""The path of a request as the client wrote it, which Twilio signs."""

import http.client
from contextlib import closing

import pytest
from tests.web.sample_trees import sessions_of
from tests.web.webhook_calls import Response, WebhookCall, over_http, serving, sign, twilio_params
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from ivrkit.web.proxies import has_empty_query, requested_path, shared_path


@pytest.mark.parametrize(
    ("environ", "path"),
    [
        ({"PATH_INFO": "/webhook"}, "/webhook"),
        ({"PATH_INFO": ""}, "/"),
        ({"SCRIPT_NAME": "/ivr/", "PATH_INFO": "/webhook"}, "/ivr/webhook"),
        ({"SCRIPT_NAME": "ivr", "PATH_INFO": "/webhook"}, "/ivr/webhook"),
        ({"SCRIPT_NAME": "/my lines", "PATH_INFO": "/webhook"}, "/my%20lines/webhook"),
        ({"SCRIPT_NAME": "/my%20lines", "PATH_INFO": "/webhook"}, "/my%20lines/webhook"),
        ({"SCRIPT_NAME": "/\u00c3\u00bc", "PATH_INFO": "/webhook"}, "/%C3%BC/webhook"),
        ({"SCRIPT_NAME": "/a~b", "PATH_INFO": "/webhook", "RAW_URI": "/a%7eb/webhook?a=%20"}, "/a%7eb/webhook"),
        (
            {"SCRIPT_NAME": "/\u00c3\u00bc", "PATH_INFO": "/webhook", "REQUEST_URI": "/%c3%bc/webhook"},
            "/%c3%bc/webhook",
        ),
        ({"SCRIPT_NAME": "/my lines", "PATH_INFO": "/webhook", "RAW_URI": "/%77ebhook"}, "/my%20lines/%77ebhook"),
        ({"PATH_INFO": "//webhook", "RAW_URI": "//webhook"}, "//webhook"),
        ({"PATH_INFO": "/webhook", "RAW_URI": "//webhook"}, "//webhook"),
        ({"PATH_INFO": "//webhook"}, "//webhook"),
        ({"SCRIPT_NAME": "/ivr", "PATH_INFO": "//webhook", "RAW_URI": "//webhook"}, "/ivr//webhook"),
        ({"SCRIPT_NAME": "/ivr", "PATH_INFO": "/webhook", "RAW_URI": "//webhook"}, "/ivr//webhook"),
        ({"PATH_INFO": "/webhook", "RAW_URI": "/elsewhere"}, "/webhook"),
        ({"PATH_INFO": "/webhook", "RAW_URI": "http://a.example/webhook"}, "/webhook"),
    ],
)
def test_the_path_as_it_was_written(environ, path):
    """The path is the one that the server keeps unchanged, behind a prefix that a proxy removed; else it is encoded."""
    assert requested_path(environ) == path


@pytest.mark.parametrize("mount", ["/my%20lines", "/m%79%20lines", "/%c3%bc", "/a+b,c"])
def test_a_call_below_a_path_with_encoded_characters(make_app, mount):
    """A phone tree below a path with percent-encoding answers the requests that Twilio signed for that path."""
    app = make_app(dev=True)
    decoded = {"/my%20lines": "/my lines", "/m%79%20lines": "/my lines", "/%c3%bc": "/\u00c3\u00bc"}.get(mount, mount)
    with serving(DispatcherMiddleware(None, {decoded: app}), sessions_of(app)) as base:
        call = WebhookCall(over_http, f"{base}{mount}/webhook")
        assert call.dial().state == "menu"
        assert call.press("2").state == "message"


@pytest.mark.parametrize(
    ("environ", "may_be_empty"),
    [
        ({}, True),
        ({"RAW_URI": "/webhook?"}, True),
        ({"REQUEST_URI": "/webhook?"}, True),
        ({"RAW_URI": "/webhook"}, False),
        ({"QUERY_STRING": "a"}, False),
        ({"QUERY_STRING": "a", "RAW_URI": "/webhook?a"}, False),
        ({"QUERY_STRING": "?", "RAW_URI": "/webhook??"}, False),
    ],
)
def test_an_empty_query_is_known_from_the_written_url(environ, may_be_empty):
    """A URL may end with an empty query if it is written so, or if the server does not keep the URL as written."""
    assert has_empty_query(environ) is may_be_empty


@pytest.mark.parametrize(
    ("public", "path", "shared"),
    [
        ("", "/webhook", ""),
        ("/ivr", "/webhook", ""),
        ("/ivr/phone", "/phone/webhook", "/phone"),
        ("/ivr/phone", "/ivr/phone/webhook", "/ivr/phone"),
        ("/phone/ivr", "/phone/webhook", ""),
        ("/webhook", "/webhook", ""),
        ("/%c3%bc", "/%C3%BC/webhook", "/%C3%BC"),
        ("/a/my%20lines", "/%6dy%20lines/webhook", "/%6dy%20lines"),
        ("/a%2Fb", "/a/b/webhook", ""),
    ],
)
def test_a_path_is_not_repeated_behind_the_public_url(public, path, shared):
    """The shared part of the two paths is found although they are percent-encoded in different ways."""
    assert shared_path(public, path) == shared


def test_a_url_with_an_empty_query_is_signed_with_or_without_it(make_app):
    """A URL with a question mark and no query is accepted with the signature of either, as Twilio's library does."""
    app = make_app(dev=True)
    with serving(app, sessions_of(app)) as base:
        for signed in ("/webhook?", "/webhook"):
            call = WebhookCall(over_raw_http, f"{base}/webhook?")
            signature = sign(f"{base}{signed}", twilio_params(call.sid).items())
            assert call.send(f"{base}/webhook?", signature=signature).status == 200
            signature = sign(f"{base}/webhook?", twilio_params(call.sid).items())
            assert call.send(f"{base}/webhook", signature=signature).status == 403


def over_raw_http(method, url, body, headers):
    """Send a request with exactly the path and the query of a URL."""
    host, slash, target = url.partition("//")[2].partition("/")
    with closing(http.client.HTTPConnection(host, timeout=20)) as connection:
        connection.request(method, slash + target, body, dict(headers))
        response = connection.getresponse()
        return Response(response.status, response.headers, response.read())
