"""The diagnosis of an invalid signature: each cause alone, from the request as sent and as received."""

import json

import pytest

from ivrkit.doctor.public_url import parse_public_url
from ivrkit.doctor.signature_diagnosis import ReceivedRequest, compare_requests, parse_diagnosis
from ivrkit.simulator import SharedKey
from ivrkit.web.doctor_endpoint import hash_form

FORM = {"CallSid": "CA1", "Text": "a b"}
REFUSED = "it does not fit"


def diagnosis_page(**changes):
    """Return the doctor's page for a request that arrived as it was sent, except for the changes."""
    settings = {"public_url": None, "trusted_proxies": 0, "url_prefix": "", "shared_keys": []}
    page = {
        "ivrkit": "1.0",
        "time": 1000.5,
        "method": "POST",
        "query": "a=1&b=%20x",
        "headers": [],
        "remote_address": "127.0.0.1",
        "content_type": "application/x-www-form-urlencoded; charset=UTF-8",
        "parameters": sorted(FORM),
        "form": hash_form(FORM.items()),
        "signed": True,
        "signature_settings": None,
        "signed_url": "https://ivr.example.com/webhook/doctor?a=1&b=%20x",
        "refusal": REFUSED,
    }
    settings |= {name: changes.pop(name) for name in list(changes) if name in settings}
    return {**page, **changes, "settings": settings}


def received(url="https://ivr.example.com/webhook/doctor?a=1&b=%20x", **changes):
    """Return the request that an app received."""
    parsed = parse_diagnosis(json.dumps(diagnosis_page(signed_url=url, **changes)).encode())
    assert isinstance(parsed, ReceivedRequest)
    return parsed


def failures(request, base="https://ivr.example.com", key=None):
    """Return the message and the hints of each failure."""
    results = compare_requests(parse_public_url(base, ""), FORM, request, key)
    assert {each.check for each in results} == {"webhook"}
    assert {each.status for each in results} == {"failed"}
    return [(each.message, each.hints) for each in results]


def forwarded(**headers):
    """Return ``X-Forwarded-`` headers as the doctor's page lists them."""
    return [[f"X-Forwarded-{name}", value] for name, value in headers.items()]


def test_a_valid_signature_is_ok_even_if_the_urls_differ():
    """If the signature is valid, differences do not matter: over https, for example, the port is not signed."""
    (result,) = compare_requests(parse_public_url("https://ivr.example.com:8443", ""), FORM, received(refusal=None))
    assert result.status == "ok"
    assert result.message == (
        "the signature is valid: ivrkit 1.0 received https://ivr.example.com:8443/webhook/doctor?a=1&b=%20x as it was "
        "sent"
    )
    assert result.hints == ()


HEADER = "X-Twilio-Webhooks-Signature-Settings"
KEY = SharedKey("key_a", "sesame")
SETTINGS_FIXES = (
    "nginx: proxy_set_header X-Twilio-Webhooks-Signature-Settings $http_x_twilio_webhooks_signature_settings;",
    "Caddy: remove header_up -X-Twilio-Webhooks-Signature-Settings",
    "Heroku: already passes it on; another proxy in front of it removes it",
)


@pytest.mark.parametrize(
    ("header", "known", "expected"),
    [
        (None, ["key_a"], [(f"{HEADER} did not arrive", SETTINGS_FIXES)]),
        (
            "key=key_a,algorithm=HMAC_SHA1",
            ["key_a"],
            [
                (
                    f"{HEADER} was changed from 'key=key_a,algorithm=HMAC_SHA256' to 'key=key_a,algorithm=HMAC_SHA1'",
                    SETTINGS_FIXES,
                )
            ],
        ),
        (
            KEY.header,
            ["key_b", "key_c"],
            [
                (
                    "the app does not have the shared key 'key_a', only 'key_b', 'key_c'",
                    ("set IVRKIT_SHARED_KEYS__key_a in the environment of the app to the secret of the key",),
                )
            ],
        ),
        (
            KEY.header,
            [],
            [
                (
                    "the app does not have the shared key 'key_a', and no other",
                    ("set IVRKIT_SHARED_KEYS__key_a in the environment of the app to the secret of the key",),
                )
            ],
        ),
        (
            KEY.header,
            ["KEY_A"],
            [
                (
                    f"the request arrived as it was sent, but the signature is invalid: {REFUSED!r}",
                    (
                        (
                            "set the same secret for the shared key 'key_a' here and for the app, or find "
                            "the proxy that changes X-Twilio-Signature"
                        ),
                    ),
                )
            ],
        ),
    ],
    ids=["header-dropped", "algorithm-changed", "unknown-id", "no-ids", "other-secret"],
)
def test_a_signature_with_a_shared_key(header, known, expected):
    """The header, the id, the algorithm and the secret of a shared key each have a failure with its fix."""
    assert failures(received(signature_settings=header, shared_keys=known), key=KEY) == expected


def test_an_app_that_does_not_know_shared_keys():
    """An older version of ivrkit in the app reports no shared keys, and the failure says so."""
    page = diagnosis_page()
    del page["settings"]["shared_keys"], page["signature_settings"]
    request = parse_diagnosis(json.dumps(page).encode())
    message = "the app has ivrkit 1.0, which does not know shared keys"
    assert failures(request, key=KEY) == [(message, ("install the same version of ivrkit for the app as here",))]


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b"null", b'{"settings": {}}', b"\xff"])
def test_another_page_is_not_parsed(body):
    """A response that is not the doctor's page gives no request to compare."""
    assert parse_diagnosis(body) is None


INSECURE = "http://ivr.example.com/webhook/doctor?a=1&b=%20x"
SCHEME_CHANGED = "the scheme was changed from 'https' to 'http': "
ONE_URL = "or, if the app has one public URL, set IVRKIT_PUBLIC_URL=https://ivr.example.com"


def test_a_missing_forwarded_scheme_has_a_hint_for_each_proxy():
    """If a proxy ends TLS without X-Forwarded-Proto, the hints have a line for each proxy and trusted_proxies."""
    assert failures(received(INSECURE)) == [
        (
            f"{SCHEME_CHANGED}X-Forwarded-Proto did not arrive",
            (
                "nginx: proxy_set_header X-Forwarded-Proto $scheme;",
                "Caddy: header_up X-Forwarded-Proto {scheme}",
                "Heroku: already sets X-Forwarded-Proto",
                "and set IVRKIT_TRUSTED_PROXIES=1 for the app",
                ONE_URL,
            ),
        )
    ]


def test_no_hint_about_trusted_proxies_if_the_app_trusts_one():
    """If the app trusts a proxy already, the hints do not mention trusted_proxies."""
    ((_, hints),) = failures(received(INSECURE, trusted_proxies=1))
    assert hints[2:] == ("Heroku: already sets X-Forwarded-Proto", ONE_URL)


@pytest.mark.parametrize(
    ("headers", "proxies"),
    [
        (forwarded(Proto="https"), 1),
        (forwarded(Proto="https, http"), 2),
        (forwarded(For="198.51.100.7, 10.0.0.1", Proto="https"), 2),
    ],
    ids=["one", "two", "two in X-Forwarded-For"],
)
def test_an_untrusted_forwarded_scheme_has_the_number_of_proxies_as_hint(headers, proxies):
    """If X-Forwarded-Proto is right but the app trusts no proxy, the hint has the value for trusted_proxies."""
    value = dict(headers)["X-Forwarded-Proto"]
    assert failures(received(INSECURE, headers=headers)) == [
        (
            f"{SCHEME_CHANGED}X-Forwarded-Proto is {value!r}, and trusted_proxies is 0",
            (f"set IVRKIT_TRUSTED_PROXIES={proxies}", ONE_URL),
        )
    ]


def test_too_few_proxies_are_trusted():
    """If trusted_proxies is too small, the app takes the value of an inner proxy, and the hint has the right number."""
    assert failures(received(INSECURE, headers=forwarded(Proto="https, http"), trusted_proxies=1)) == [
        (
            f"{SCHEME_CHANGED}X-Forwarded-Proto is 'https, http', and trusted_proxies is 1",
            ("set IVRKIT_TRUSTED_PROXIES=2", ONE_URL),
        )
    ]


def test_too_many_proxies_are_trusted():
    """If trusted_proxies is too large, the app takes a forged value, and the hint has the right number."""
    assert failures(received(INSECURE, headers=forwarded(Proto="http, https"), trusted_proxies=2)) == [
        (
            f"{SCHEME_CHANGED}X-Forwarded-Proto is 'http, https', and trusted_proxies is 2",
            ("set IVRKIT_TRUSTED_PROXIES=1", ONE_URL),
        )
    ]


def test_an_inner_proxy_that_overwrites_the_forwarded_scheme():
    """If a proxy behind the one that ends TLS overwrites X-Forwarded-Proto, the hints are for that proxy."""
    assert failures(received(INSECURE, headers=forwarded(Proto="http"), trusted_proxies=1)) == [
        (
            f"{SCHEME_CHANGED}X-Forwarded-Proto is 'http'",
            (
                "nginx, behind another proxy: proxy_set_header X-Forwarded-Proto $http_x_forwarded_proto;",
                "Caddy, behind another proxy: trusted_proxies static private_ranges",
                "Heroku: use the https address",
                ONE_URL,
            ),
        )
    ]


HOST_LINES = (
    "nginx: proxy_set_header Host $http_host;",
    "Caddy: remove header_up Host, or write header_up Host {hostport}",
    "Heroku: already passes on Host; another proxy in front of it changes it",
)


def test_a_proxy_that_changes_the_host():
    """If a proxy replaces Host by an inner name, the hints have a line for each proxy."""
    assert failures(received("https://127.0.0.1:5000/webhook/doctor?a=1&b=%20x")) == [
        (
            "the host was changed from 'ivr.example.com' to '127.0.0.1:5000': X-Forwarded-Host did not arrive",
            (*HOST_LINES, ONE_URL),
        )
    ]


def test_an_untrusted_forwarded_host_has_the_number_of_proxies_as_hint():
    """If X-Forwarded-Host is right but the app trusts no proxy, the hint has the value for trusted_proxies."""
    headers = forwarded(Host="ivr.example.com")
    assert failures(received("https://inner/webhook/doctor?a=1&b=%20x", headers=headers)) == [
        (
            (
                "the host was changed from 'ivr.example.com' to 'inner': X-Forwarded-Host is 'ivr.example.com', and "
                "trusted_proxies is 0"
            ),
            ("set IVRKIT_TRUSTED_PROXIES=1", ONE_URL),
        )
    ]


def test_a_trusted_proxy_that_forwards_the_wrong_host():
    """If a trusted proxy sets X-Forwarded-Host to an inner name, the hints are those for a changed host."""
    headers = forwarded(Host="inner")
    ((message, hints),) = failures(
        received("https://inner/webhook/doctor?a=1&b=%20x", headers=headers, trusted_proxies=1)
    )
    assert message.endswith("to 'inner': X-Forwarded-Host is 'inner'")
    assert hints == (*HOST_LINES, ONE_URL)


def test_a_dropped_port_of_http_is_a_failure():
    """Over http a port other than 80 is signed, so a proxy that drops it makes the signature invalid."""
    request = received("http://ivr.example.com/webhook/doctor?a=1&b=%20x")
    ((message, hints),) = failures(request, "http://ivr.example.com:8080")
    assert message.startswith("the host was changed from 'ivr.example.com:8080' to 'ivr.example.com'")
    assert hints[-1] == "or, if the app has one public URL, set IVRKIT_PUBLIC_URL=http://ivr.example.com:8080"
    ((message, _),) = failures(request, "http://ivr.example.com:80")
    assert message.startswith("the request arrived as it was sent")


def test_the_port_of_https_does_not_matter():
    """Twilio does not sign the port of an https URL, so a different port is not a cause."""
    ((message, _),) = failures(received("https://ivr.example.com:5000/webhook/doctor?a=1&b=%20x"))
    assert message.startswith("the request arrived as it was sent")


PHONE = "https://ivr.example.com/phone"
AT_PHONE = "or, if the app has one public URL, set IVRKIT_PUBLIC_URL=https://ivr.example.com/phone"
STRIPPED = "the path was changed from '/phone/webhook/doctor' to '/webhook/doctor': "


def test_a_proxy_that_removes_the_prefix():
    """If a proxy removes a prefix from the path, the hints show three ways to make the prefix known to the app."""
    assert failures(received(), PHONE) == [
        (
            f"{STRIPPED}X-Forwarded-Prefix did not arrive",
            (
                "nginx: proxy_set_header X-Forwarded-Prefix /phone;",
                "Caddy: header_up X-Forwarded-Prefix /phone",
                "or configure the proxy to keep the path, and set IVRKIT_URL_PREFIX=/phone",
                "and set IVRKIT_TRUSTED_PROXIES=1 for the app",
                AT_PHONE,
            ),
        )
    ]


def test_an_untrusted_forwarded_prefix_has_the_number_of_proxies_as_hint():
    """If X-Forwarded-Prefix is right but the app trusts no proxy, the hint has the value for trusted_proxies."""
    assert failures(received(headers=forwarded(Prefix="/phone")), PHONE) == [
        (
            f"{STRIPPED}X-Forwarded-Prefix is '/phone', and trusted_proxies is 0",
            ("set IVRKIT_TRUSTED_PROXIES=1", AT_PHONE),
        )
    ]


PATH_LINES = (
    "nginx: proxy_pass http://127.0.0.1:5000; without a path after the port, and without rewrite",
    "Caddy: use handle in place of handle_path, and no rewrite or uri",
)


def test_a_proxy_that_adds_a_prefix():
    """If a proxy adds a prefix to the path, the hints remove it, and a wrong X-Forwarded-Prefix as well."""
    url = "https://ivr.example.com/phone/webhook/doctor?a=1&b=%20x"
    message = "the path was changed from '/webhook/doctor' to '/phone/webhook/doctor'"
    assert failures(received(url)) == [(message, (*PATH_LINES, ONE_URL))]
    headers = forwarded(Prefix="/phone")
    assert failures(received(url, headers=headers)) == [(message, (*PATH_LINES, ONE_URL))]
    assert failures(received(url, headers=headers, trusted_proxies=1)) == [
        (
            f"{message}: X-Forwarded-Prefix is '/phone'",
            ('nginx: proxy_set_header X-Forwarded-Prefix "";', *PATH_LINES, ONE_URL),
        )
    ]


def test_a_different_public_url():
    """If the app's public_url is not the URL that was requested, the result names both."""
    url = "https://old.example.com/webhook/doctor?a=1&b=%20x"
    assert failures(received(url, public_url="https://old.example.com")) == [
        (
            f"the app checks the signature over {url!r}, because its public_url is 'https://old.example.com'",
            (
                "set IVRKIT_PUBLIC_URL=https://ivr.example.com",
                "or use the app's public_url in Twilio's console and for --url",
            ),
        )
    ]
    ((message, _),) = failures(received(public_url="https://ivr.example.com"))
    assert message.startswith("the request arrived as it was sent")


QUERY_LINES = (
    "nginx: proxy_pass http://127.0.0.1:5000; or, with variables, http://127.0.0.1:5000$request_uri;",
    "Caddy: remove rewrite and uri directives that change the query",
)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("", "the query was dropped: 'a=1&b=%20x'"),
        ("a=1&b=+x", "the query was changed from 'a=1&b=%20x' to 'a=1&b=+x'"),
    ],
    ids=["dropped", "changed"],
)
def test_a_changed_query_is_a_failure(query, message):
    """A query that a proxy dropped or encoded differently makes the signature invalid."""
    assert failures(received(query=query)) == [(message, QUERY_LINES)]


BODY_LINES = (
    "nginx: proxy_pass_request_body on; and remove proxy_set_body",
    "Caddy: remove request_body",
)


@pytest.mark.parametrize(
    ("changes", "message", "hints"),
    [
        (
            {"parameters": [], "form": "0"},
            "the body was dropped: CallSid, Text did not arrive",
            BODY_LINES,
        ),
        ({"form": "0"}, "the body was changed: other parameters arrived than were sent", BODY_LINES),
        (
            {"parameters": [], "form": "0", "content_type": None},
            "Content-Type was changed from 'application/x-www-form-urlencoded' to None",
            (
                "nginx: proxy_set_header Content-Type $http_content_type;",
                "Caddy: remove header_up -Content-Type",
            ),
        ),
        (
            {"signed": False},
            "X-Twilio-Signature did not arrive",
            (
                "nginx: proxy_set_header X-Twilio-Signature $http_x_twilio_signature;",
                "Caddy: remove header_up -X-Twilio-Signature",
                "Heroku: already passes it on; another proxy in front of it removes it",
            ),
        ),
        (
            {"method": "GET", "form": "0"},
            "the method was changed from POST to GET",
            (
                "nginx: remove proxy_method, and any return or rewrite that redirects",
                "Caddy: remove method, and any redir",
            ),
        ),
    ],
    ids=["body dropped", "body changed", "type", "signature", "method"],
)
def test_a_changed_body_method_or_header_is_a_failure(changes, message, hints):
    """Each change to the body, its type, the method or the signature itself has a message and hints of its own."""
    assert failures(received(**changes)) == [(message, hints)]


def test_all_causes_are_reported_together():
    """If several parts of a request were changed, each of them is a failure of the same run."""
    request = received("http://inner/webhook/doctor", query="", signed=False)
    assert [message.split(" from ")[0].split(":")[0] for message, _ in failures(request, PHONE)] == [
        "X-Twilio-Signature did not arrive",
        "the query was dropped",
        "the scheme was changed",
        "the host was changed",
        "the path was changed",
    ]


def test_an_invalid_signature_without_a_cause():
    """If the request arrived as it was sent but the signature is invalid, the hint names the token."""
    assert failures(received()) == [
        (
            "the request arrived as it was sent, but the signature is invalid: 'it does not fit'",
            ("set the same auth token here and for the app, or find the proxy that changes X-Twilio-Signature",),
        )
    ]
