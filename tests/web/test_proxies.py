"""The path of a request as the client wrote it, which Twilio signs."""

import pytest
from tests.web.sample_trees import sessions_of
from tests.web.webhook_calls import WebhookCall, over_http, serving
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from ivrkit.web.proxies import requested_path


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
