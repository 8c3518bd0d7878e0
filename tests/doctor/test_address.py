"""Where a host is asked, from whatever was given as its public URL."""

import pytest

from ivrkit import IvrkitError
from ivrkit.doctor.address import address_of


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
def test_a_base_or_a_webhook_may_be_given(url, prefix, webhook):
    """What the host serves under is added, and counts once."""
    address = address_of(url, prefix)
    assert address.webhook == webhook
    assert address.page == f"{webhook}/doctor?a=1&b=%20x"
    assert address.authorization == ""
    assert webhook.startswith(f"{address.origin}/")


def test_user_and_password_are_sent_and_not_signed():
    """As Twilio does with those of a URL."""
    address = address_of("https://ivr:s%40me@example.com/phone/webhook", "")
    assert address.webhook == "https://example.com/phone/webhook"
    assert address.authorization == "Basic aXZyOnNAbWU="


@pytest.mark.parametrize(
    "url",
    ["ivr.example.com", "ftp://a.example", "https://", "https://a b", "https://h\u00e9", "http://[x", "http://a:0x"],
)
def test_what_is_no_url_is_told(url):
    """It is quoted, with what would be right."""
    with pytest.raises(IvrkitError) as caught:
        address_of(url, "")
    assert str(caught.value) == (
        f"{url!r} is no URL that Twilio could ask\n  hint: give a base such as https://ivr.example.com, in ASCII"
    )
