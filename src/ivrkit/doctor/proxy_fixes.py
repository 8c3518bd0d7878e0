"""Fixes for proxies that change requests: configuration lines for nginx and Caddy, and notes on Heroku."""

from __future__ import annotations

from collections.abc import Mapping

#: Defect -> the fixes, usually one line for each proxy. ``{prefix}`` is the path that the proxy removes, and ``{path}``
#: is the path of the webhook.
FIXES: Mapping[str, tuple[str, ...]] = {
    "proto": (
        "nginx: proxy_set_header X-Forwarded-Proto $scheme;",
        "Caddy: header_up X-Forwarded-Proto {{scheme}}",
        "Heroku: already sets X-Forwarded-Proto",
    ),
    "inner proto": (
        "nginx, behind another proxy: proxy_set_header X-Forwarded-Proto $http_x_forwarded_proto;",
        "Caddy, behind another proxy: trusted_proxies static private_ranges",
        "Heroku: use the https address",
    ),
    "host": (
        "nginx: proxy_set_header Host $http_host;",
        "Caddy: remove header_up Host, or write header_up Host {{hostport}}",
        "Heroku: already passes on Host; another proxy in front of it changes it",
    ),
    "prefix": (
        "nginx: proxy_set_header X-Forwarded-Prefix {prefix};",
        "Caddy: header_up X-Forwarded-Prefix {prefix}",
        "or configure the proxy to keep the path, and set IVRKIT_URL_PREFIX={prefix}",
    ),
    "path": (
        "nginx: proxy_pass http://127.0.0.1:5000; without a path after the port, and without rewrite",
        "Caddy: use handle in place of handle_path, and no rewrite or uri",
    ),
    "query": (
        "nginx: proxy_pass http://127.0.0.1:5000; or, with variables, http://127.0.0.1:5000$request_uri;",
        "Caddy: remove rewrite and uri directives that change the query",
    ),
    "signature": (
        "nginx: proxy_set_header X-Twilio-Signature $http_x_twilio_signature;",
        "Caddy: remove header_up -X-Twilio-Signature",
        "Heroku: already passes it on; another proxy in front of it removes it",
    ),
    "signature settings": (
        "nginx: proxy_set_header X-Twilio-Webhooks-Signature-Settings $http_x_twilio_webhooks_signature_settings;",
        "Caddy: remove header_up -X-Twilio-Webhooks-Signature-Settings",
        "Heroku: already passes it on; another proxy in front of it removes it",
    ),
    "type": (
        "nginx: proxy_set_header Content-Type $http_content_type;",
        "Caddy: remove header_up -Content-Type",
    ),
    "body": (
        "nginx: proxy_pass_request_body on; and remove proxy_set_body",
        "Caddy: remove request_body",
    ),
    "length": (
        "nginx: proxy_request_buffering on;",
        "Caddy: request_buffers 256KiB",
        "or serve the app with ivrkit serve or gunicorn, which read chunks",
    ),
    "method": (
        "nginx: remove proxy_method, and any return or rewrite that redirects",
        "Caddy: remove method, and any redir",
    ),
    "app unreachable": (
        "start the app (ivrkit serve), and check the address that the proxy passes requests to",
        "nginx: proxy_pass http://127.0.0.1:5000;",
        "Caddy: reverse_proxy 127.0.0.1:5000",
        "Heroku: run heroku ps:scale web=1, and read heroku logs",
    ),
    "password": (
        "nginx: auth_basic off; in the location of the webhook",
        "Caddy: exclude the webhook with a matcher of basic_auth: not path {path}*",
        "or put user and password in the URL in Twilio's console: https://user:password@host{path}",
    ),
    "route": (
        "nginx: location {prefix}/ {{ proxy_pass http://127.0.0.1:5000; }}",
        "Caddy: handle {prefix}/* {{ reverse_proxy 127.0.0.1:5000 }}",
    ),
    "slash": (
        "nginx: remove the rewrite that adds or removes the slash",
        "Caddy: remove the redir that adds or removes the slash",
    ),
}


def proxy_fixes(defect: str, **values: str) -> tuple[str, ...]:
    """Return hints with the configuration lines that fix a proxy.

    :param defect: a key of :data:`FIXES`, which names the change that the proxy makes to requests.
    :param values: the values of the placeholders in the hints.
    """
    return tuple(line.format(**values) for line in FIXES[defect])
