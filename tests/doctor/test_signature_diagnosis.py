"""Why a signature does not fit: each cause by itself, from what was sent and what was seen."""

import json

import pytest

from ivrkit.doctor.address import address_of
from ivrkit.doctor.findings import FAILED, OK
from ivrkit.doctor.signature_diagnosis import Seen, compare, seen_in
from ivrkit.web.doctor_endpoint import hash_of_form

FORM = {"CallSid": "CA1", "Text": "a b"}
REFUSED = "it does not fit"


def told(**given):
    """Return what an app tells that saw all as it was sent, but for what is given."""
    settings = {"public_url": None, "trusted_proxies": 0, "url_prefix": ""}
    seen = {
        "ivrkit": "1.0",
        "time": 1000.5,
        "method": "POST",
        "query": "a=1&b=%20x",
        "headers": [],
        "remote_address": "127.0.0.1",
        "content_type": "application/x-www-form-urlencoded; charset=UTF-8",
        "parameters": sorted(FORM),
        "form": hash_of_form(FORM.items()),
        "signed": True,
        "signed_url": "https://ivr.example.com/webhook/doctor?a=1&b=%20x",
        "refusal": REFUSED,
    }
    settings |= {name: given.pop(name) for name in list(given) if name in settings}
    return {**seen, **given, "settings": settings}


def saw(url="https://ivr.example.com/webhook/doctor?a=1&b=%20x", **given):
    """Return what an app saw."""
    seen = seen_in(json.dumps(told(signed_url=url, **given)).encode())
    assert isinstance(seen, Seen)
    return seen


def causes(seen, base="https://ivr.example.com"):
    """Return what was found, and the mends of each."""
    found = compare(address_of(base, ""), FORM, seen)
    assert {each.check for each in found} == {"wire"}
    assert {each.status for each in found} == {FAILED}
    return [(each.found, each.mends) for each in found]


def forwarded(**headers):
    """Return the headers of proxies, as the diagnosis has them."""
    return [[f"X-Forwarded-{name}", value] for name, value in headers.items()]


def test_a_signature_that_fits_is_told_whatever_else_is_different():
    """Nothing else counts: over https the port is not signed, for one."""
    (found,) = compare(address_of("https://ivr.example.com:8443", ""), FORM, saw(refusal=None))
    assert found.status == OK
    assert found.found == (
        "the signature fits over https://ivr.example.com:8443/webhook/doctor?a=1&b=%20x, which ivrkit 1.0 saw as it "
        "was sent"
    )
    assert found.mends == ()


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b"null", b'{"settings": {}}', b"\xff"])
def test_what_is_no_diagnosis_is_not_taken_for_one(body):
    """Whatever another program answers, it is not compared."""
    assert seen_in(body) is None


INSECURE = "http://ivr.example.com/webhook/doctor?a=1&b=%20x"
SCHEME = "the scheme is not Twilio's: 'https' was asked, and the app saw 'http': "
ONE_ADDRESS = "or, where there is one public address: IVRKIT_PUBLIC_URL=https://ivr.example.com"


def test_no_forwarded_scheme():
    """A proxy that ends TLS and does not say so: a line for each proxy, and the number of proxies."""
    assert causes(saw(INSECURE)) == [
        (
            f"{SCHEME}no X-Forwarded-Proto came",
            (
                "nginx: proxy_set_header X-Forwarded-Proto $scheme;",
                "Caddy: header_up X-Forwarded-Proto {scheme}",
                "Heroku: sets X-Forwarded-Proto already",
                "and on the app: IVRKIT_TRUSTED_PROXIES=1",
                ONE_ADDRESS,
            ),
        )
    ]


def test_no_forwarded_scheme_where_proxies_are_trusted():
    """Then the number of proxies is no matter."""
    ((_, mends),) = causes(saw(INSECURE, trusted_proxies=1))
    assert mends[2:] == ("Heroku: sets X-Forwarded-Proto already", ONE_ADDRESS)


@pytest.mark.parametrize(
    ("headers", "hops"),
    [
        (forwarded(Proto="https"), 1),
        (forwarded(Proto="https, http"), 2),
        (forwarded(For="198.51.100.7, 10.0.0.1", Proto="https"), 2),
    ],
    ids=["one", "two", "two that the addresses tell of"],
)
def test_a_forwarded_scheme_that_nobody_trusts(headers, hops):
    """The header is there and is not believed: the number of proxies is what is missing."""
    value = dict(headers)["X-Forwarded-Proto"]
    assert causes(saw(INSECURE, headers=headers)) == [
        (
            f"{SCHEME}X-Forwarded-Proto is {value!r}, and trusted_proxies is 0",
            (f"IVRKIT_TRUSTED_PROXIES={hops}", ONE_ADDRESS),
        )
    ]


def test_too_few_proxies_are_trusted():
    """The value of an inner proxy is taken where the outer one told what Twilio asked."""
    assert causes(saw(INSECURE, headers=forwarded(Proto="https, http"), trusted_proxies=1)) == [
        (
            f"{SCHEME}X-Forwarded-Proto is 'https, http', and trusted_proxies is 1",
            ("IVRKIT_TRUSTED_PROXIES=2", ONE_ADDRESS),
        )
    ]


def test_too_many_proxies_are_trusted():
    """The value of somebody before the outermost proxy is taken."""
    assert causes(saw(INSECURE, headers=forwarded(Proto="http, https"), trusted_proxies=2)) == [
        (
            f"{SCHEME}X-Forwarded-Proto is 'http, https', and trusted_proxies is 2",
            ("IVRKIT_TRUSTED_PROXIES=1", ONE_ADDRESS),
        )
    ]


def test_a_proxy_that_overwrites_the_scheme():
    """The proxy behind the one that ends TLS tells its own scheme."""
    assert causes(saw(INSECURE, headers=forwarded(Proto="http"), trusted_proxies=1)) == [
        (
            f"{SCHEME}X-Forwarded-Proto is 'http'",
            (
                "nginx, behind another proxy: proxy_set_header X-Forwarded-Proto $http_x_forwarded_proto;",
                "Caddy, behind another proxy: trusted_proxies static private_ranges",
                "Heroku: ask for the https address",
                ONE_ADDRESS,
            ),
        )
    ]


HOST_LINES = (
    "nginx: proxy_set_header Host $http_host;",
    "Caddy: take out header_up Host, or write header_up Host {hostport}",
    "Heroku: passes Host on already; another proxy before it changes it",
)


def test_another_host():
    """A proxy that asks the app by its inner name."""
    assert causes(saw("https://127.0.0.1:5000/webhook/doctor?a=1&b=%20x")) == [
        (
            (
                "Host is not Twilio's: 'ivr.example.com' was asked, and the app saw '127.0.0.1:5000': no "
                "X-Forwarded-Host came"
            ),
            (*HOST_LINES, ONE_ADDRESS),
        )
    ]


def test_a_forwarded_host_that_nobody_trusts():
    """The header is there and is not believed."""
    headers = forwarded(Host="ivr.example.com")
    assert causes(saw("https://inner/webhook/doctor?a=1&b=%20x", headers=headers)) == [
        (
            (
                "Host is not Twilio's: 'ivr.example.com' was asked, and the app saw 'inner': X-Forwarded-Host is "
                "'ivr.example.com', and trusted_proxies is 0"
            ),
            ("IVRKIT_TRUSTED_PROXIES=1", ONE_ADDRESS),
        )
    ]


def test_a_forwarded_host_that_is_another():
    """A trusted proxy tells its inner name."""
    headers = forwarded(Host="inner")
    ((found, mends),) = causes(saw("https://inner/webhook/doctor?a=1&b=%20x", headers=headers, trusted_proxies=1))
    assert found.endswith("and the app saw 'inner': X-Forwarded-Host is 'inner'")
    assert mends == (*HOST_LINES, ONE_ADDRESS)


def test_a_port_that_is_lost():
    """Over http the port is signed, so a proxy that drops it breaks the signature; the usual one is none."""
    seen = saw("http://ivr.example.com/webhook/doctor?a=1&b=%20x")
    ((found, mends),) = causes(seen, "http://ivr.example.com:8080")
    assert found.startswith("Host is not Twilio's: 'ivr.example.com:8080' was asked, and the app saw 'ivr.example.com'")
    assert mends[-1] == "or, where there is one public address: IVRKIT_PUBLIC_URL=http://ivr.example.com:8080"
    ((found, _),) = causes(seen, "http://ivr.example.com:80")
    assert found.startswith("all arrived as it was sent")


def test_a_port_of_https_is_no_cause():
    """Twilio leaves it out of what it signs."""
    ((found, _),) = causes(saw("https://ivr.example.com:5000/webhook/doctor?a=1&b=%20x"))
    assert found.startswith("all arrived as it was sent")


PHONE = "https://ivr.example.com/phone"
AT_PHONE = "or, where there is one public address: IVRKIT_PUBLIC_URL=https://ivr.example.com/phone"
STRIPPED = "the path is not Twilio's: '/phone/webhook/doctor' was asked, and the app saw '/webhook/doctor': "


def test_a_prefix_that_was_taken_away():
    """The proxy answers for a path and passes on the rest: three ways to tell the app."""
    assert causes(saw(), PHONE) == [
        (
            f"{STRIPPED}no X-Forwarded-Prefix came",
            (
                "nginx: proxy_set_header X-Forwarded-Prefix /phone;",
                "Caddy: header_up X-Forwarded-Prefix /phone",
                "or let the proxy leave the path as it is, and set IVRKIT_URL_PREFIX=/phone",
                "and on the app: IVRKIT_TRUSTED_PROXIES=1",
                AT_PHONE,
            ),
        )
    ]


def test_a_forwarded_prefix_that_nobody_trusts():
    """The header is there and is not believed."""
    assert causes(saw(headers=forwarded(Prefix="/phone")), PHONE) == [
        (
            f"{STRIPPED}X-Forwarded-Prefix is '/phone', and trusted_proxies is 0",
            ("IVRKIT_TRUSTED_PROXIES=1", AT_PHONE),
        )
    ]


PATH_LINES = (
    "nginx: proxy_pass http://127.0.0.1:5000; without a path behind the port, and no rewrite",
    "Caddy: handle in place of handle_path, and no rewrite or uri",
)


def test_a_path_that_was_put_in_front():
    """The proxy adds a path; where it tells of one that is there already, that is named."""
    url = "https://ivr.example.com/phone/webhook/doctor?a=1&b=%20x"
    found = "the path is not Twilio's: '/webhook/doctor' was asked, and the app saw '/phone/webhook/doctor'"
    assert causes(saw(url)) == [(found, (*PATH_LINES, ONE_ADDRESS))]
    headers = forwarded(Prefix="/phone")
    assert causes(saw(url, headers=headers)) == [(found, (*PATH_LINES, ONE_ADDRESS))]
    assert causes(saw(url, headers=headers, trusted_proxies=1)) == [
        (
            f"{found}: X-Forwarded-Prefix is '/phone'",
            ('nginx: proxy_set_header X-Forwarded-Prefix "";', *PATH_LINES, ONE_ADDRESS),
        )
    ]


def test_a_public_url_that_is_another():
    """The app was told another address than the one that was asked."""
    url = "https://old.example.com/webhook/doctor?a=1&b=%20x"
    assert causes(saw(url, public_url="https://old.example.com")) == [
        (
            f"the app takes Twilio's URL for {url!r}, because its public_url is 'https://old.example.com'",
            ("IVRKIT_PUBLIC_URL=https://ivr.example.com", "or give Twilio, and --url, the URL that it has"),
        )
    ]
    ((found, _),) = causes(saw(public_url="https://ivr.example.com"))
    assert found.startswith("all arrived as it was sent")


QUERY_LINES = (
    "nginx: proxy_pass http://127.0.0.1:5000; or, with variables, http://127.0.0.1:5000$request_uri;",
    "Caddy: take out what rewrites the query: rewrite, uri",
)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", "the query was dropped: 'a=1&b=%20x'"),
        ("a=1&b=+x", "the query was changed: 'a=1&b=%20x' came as 'a=1&b=+x'"),
    ],
    ids=["dropped", "changed"],
)
def test_a_query_that_is_not_what_was_sent(query, found):
    """It is signed byte for byte."""
    assert causes(saw(query=query)) == [(found, QUERY_LINES)]


BODY_LINES = (
    "nginx: proxy_pass_request_body on; and nothing that sets proxy_set_body",
    "Caddy: take out request_body",
)


@pytest.mark.parametrize(
    ("given", "found", "mends"),
    [
        (
            {"parameters": [], "form": "0"},
            "the body was dropped: it came without CallSid, Text",
            BODY_LINES,
        ),
        ({"form": "0"}, "the body was changed: its parameters are not those that were sent", BODY_LINES),
        (
            {"parameters": [], "form": "0", "content_type": None},
            "Content-Type was changed: application/x-www-form-urlencoded came as None",
            (
                "nginx: proxy_set_header Content-Type $http_content_type;",
                "Caddy: take out header_up -Content-Type",
            ),
        ),
        (
            {"signed": False},
            "X-Twilio-Signature did not arrive",
            (
                "nginx: proxy_set_header X-Twilio-Signature $http_x_twilio_signature;",
                "Caddy: take out header_up -X-Twilio-Signature",
                "Heroku: passes it on already; another proxy before it removes it",
            ),
        ),
        (
            {"method": "GET", "form": "0"},
            "the method was changed: POST came as 'GET'",
            (
                "nginx: take out proxy_method, and any return or rewrite that redirects",
                "Caddy: take out method, and any redir",
            ),
        ),
    ],
    ids=["body dropped", "body changed", "type", "signature", "method"],
)
def test_what_else_is_lost_on_the_way(given, found, mends):
    """What is signed beside the URL, and the signature itself."""
    assert causes(saw(**given)) == [(found, mends)]


def test_several_causes_are_told_at_once():
    """Nobody has to ask again for each."""
    seen = saw("http://inner/webhook/doctor", query="", signed=False)
    assert [found.split(":")[0] for found, _ in causes(seen, PHONE)] == [
        "X-Twilio-Signature did not arrive",
        "the query was dropped",
        "the scheme is not Twilio's",
        "Host is not Twilio's",
        "the path is not Twilio's",
    ]


def test_no_cause_at_all():
    """Where all arrived, the signature itself is left."""
    assert causes(saw()) == [
        (
            "all arrived as it was sent, and the signature does not fit: 'it does not fit'",
            ("X-Twilio-Signature was changed on the way, or the account's token there is another one than here",),
        )
    ]
