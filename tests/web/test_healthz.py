"""The health check gives its details to users of the machine and to those who know the auth token."""

import pytest
from tests.web.webhook_calls import ACCOUNT, TOKEN

from ivrkit.web.webhook import HEALTHY

DETAILS = {"plugins", "states", "quarantine", "problems"}


def details(app, base_url="http://localhost:5000", address="127.0.0.1", **headers):
    """Return the names of the details in the response to a request."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    response = app.test_client().get(
        "/healthz", base_url=base_url, headers=named, environ_overrides={"REMOTE_ADDR": address}
    )
    assert response.status_code == 200
    assert response.json["status"] == HEALTHY
    return set(response.json) - {"status", "store"}


@pytest.mark.parametrize("settings", [{}, {"dev": True}, {"dev": True, "auth_token": ()}, {"trusted_proxies": 1}])
def test_a_user_of_the_machine_sees_the_details(make_app, settings):
    """A request from the loopback address for a loopback host sees the details."""
    assert details(make_app(**settings)) == DETAILS


@pytest.mark.parametrize("settings", [{}, {"dev": True}, {"dev": True, "auth_token": ()}, {"trusted_proxies": 1}])
def test_a_stranger_sees_no_details(make_app, settings):
    """A request from elsewhere, through a proxy or tunnel, for another host or of a web page sees no details."""
    app = make_app(**settings)
    assert details(app, address="203.0.113.9") == set()
    assert details(app, base_url="https://ivr.example.com") == set()
    assert details(app, X_Forwarded_For="203.0.113.9") == set()
    assert details(app, X_Forwarded_For="127.0.0.1", X_Forwarded_Host="localhost") == set()
    assert details(app, CF_Ray="1") == set()
    assert details(app, Origin="https://evil.example") == set()
    assert details(app, Sec_Fetch_Site="cross-site") == set()


def test_a_proxy_without_headers_sees_no_details(make_app):
    """With a public URL a proxy on the same machine may send no header, so only dev mode shows details there."""
    public = {"public_url": "https://ivr.example.com"}
    assert details(make_app(**public)) == set()
    assert details(make_app(**public, dev=True)) == DETAILS


@pytest.mark.parametrize("secret", ["new", "old", "sub", "key"])
@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
def test_a_monitor_with_the_token_sees_the_details(make_app, secret, scheme):
    """A request with an auth token or the secret of a shared key in ``Authorization`` sees the details everywhere."""
    app = make_app(auth_token=("new", "old"), accounts={ACCOUNT: "sub"}, shared_keys={"a": "key"})
    assert details(app, "https://ivr.example.com", "203.0.113.9", Authorization=f"{scheme} {secret}") == DETAILS


@pytest.mark.parametrize("value", ["", "Bearer", "Bearer ", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer \xe4", TOKEN])
def test_a_wrong_token_shows_no_details(make_app, value):
    """A request with a wrong token sees no details."""
    assert details(make_app(), "https://ivr.example.com", "203.0.113.9", Authorization=value) == set()


def test_without_a_token_no_bearer_sees_the_details(make_app):
    """Without an auth token in the settings, an empty token shows no details."""
    app = make_app(auth_token=(), dev=True)
    assert details(app, address="203.0.113.9", Authorization="Bearer ") == set()
