"""The public URL of a host, and the URLs that follow from it."""

import pytest

from ivrkit import IvrkitError
from ivrkit.doctor.public_url import parse_public_url, without_extra_slashes


@pytest.mark.parametrize(
    ("url", "prefix", "webhook"),
    [
        ("https://ivr.example.com", "", "https://ivr.example.com/webhook"),
        ("https://IVR.example.com/", "", "https://ivr.example.com/webhook"),
        ("https://ivr.example.com/webhook", "", "https://ivr.example.com/webhook"),
        ("https://ivr.example.com/webhook/?x=1#rc=2", "/phone", "https://ivr.example.com/webhook"),
        ("https://example.com:8443/ivr", "", "https://example.com:8443/ivr/webhook"),
        ("https://example.com", "/phone", "https://example.com/phone/webhook"),
        ("https://example.com/ivr", "/phone", "https://example.com/ivr/phone/webhook"),
        ("https://example.com/phone", "/phone", "https://example.com/phone/webhook"),
        ("https://example.com/ivr/phone", "/phone/v1", "https://example.com/ivr/phone/v1/webhook"),
        ("https://example.com/pho", "/phone", "https://example.com/pho/phone/webhook"),
        ("http://[::1]:5000", "", "http://[::1]:5000/webhook"),
    ],
)
def test_a_base_url_or_a_webhook_url_gives_the_webhook(url, prefix, webhook):
    """The setting ``url_prefix`` and ``/webhook`` are added to a public URL unless they are there already."""
    public_url = parse_public_url(url, prefix)
    assert public_url.webhook == webhook
    assert public_url.doctor_page == f"{webhook}/doctor?a=1&b=%20x"
    assert public_url.authorization == ""
    assert webhook.startswith(f"{public_url.origin}/")


@pytest.mark.parametrize(
    ("url", "better"),
    [
        ("https://a.example", "https://a.example"),
        ("https://a.example/", "https://a.example/"),
        ("https://a.example/phone/", "https://a.example/phone/"),
        ("https://me@a.example/webhook?x=//#rc=1", "https://me@a.example/webhook?x=//#rc=1"),
        ("https://a.example/webhook/", "https://a.example/webhook"),
        ("https://a.example/webhook//#rc=1", "https://a.example/webhook#rc=1"),
        ("https://a.example//phone//webhook", "https://a.example/phone/webhook"),
    ],
)
def test_extra_slashes_are_removed(url, better):
    """Repeated slashes and a slash behind the webhook's path are removed, and the rest of the URL is kept."""
    assert without_extra_slashes(url) == better


def test_user_and_password_are_sent_but_not_signed():
    """The user and password of a URL become a header and are removed from the URL, as Twilio does it."""
    public_url = parse_public_url("https://ivr:s%40me@example.com/phone/webhook", "")
    assert public_url.webhook == "https://example.com/phone/webhook"
    assert public_url.authorization == "Basic aXZyOnNAbWU="


@pytest.mark.parametrize(
    "url",
    ["ivr.example.com", "ftp://a.example", "https://", "https://a b", "https://h\u00e9", "http://[x", "http://a:0x"],
)
def test_an_invalid_public_url_is_refused(url):
    """The error quotes the invalid URL, and its hint shows a valid one."""
    with pytest.raises(IvrkitError) as caught:
        parse_public_url(url, "")
    assert str(caught.value) == (
        f"the public URL must be an http or https URL in ASCII, not {url!r}\n"
        "  hint: give a base URL such as https://ivr.example.com"
    )
