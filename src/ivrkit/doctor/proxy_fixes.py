"""The lines of configuration that mend a header, a path or a body: of nginx, of Caddy, and what Heroku does."""

from __future__ import annotations

from collections.abc import Mapping

#: What is broken -> how it is mended, each line another program. ``{prefix}`` is the path that a proxy takes away.
LINES: Mapping[str, tuple[str, ...]] = {
    "proto": (
        "nginx: proxy_set_header X-Forwarded-Proto $scheme;",
        "Caddy: header_up X-Forwarded-Proto {{scheme}}",
        "Heroku: sets X-Forwarded-Proto already",
    ),
    "inner proto": (
        "nginx, behind another proxy: proxy_set_header X-Forwarded-Proto $http_x_forwarded_proto;",
        "Caddy, behind another proxy: trusted_proxies static private_ranges",
        "Heroku: ask for the https address",
    ),
    "host": (
        "nginx: proxy_set_header Host $http_host;",
        "Caddy: take out header_up Host, or write header_up Host {{hostport}}",
        "Heroku: passes Host on already; another proxy before it changes it",
    ),
    "prefix": (
        "nginx: proxy_set_header X-Forwarded-Prefix {prefix};",
        "Caddy: header_up X-Forwarded-Prefix {prefix}",
        "or let the proxy leave the path as it is, and set IVRKIT_URL_PREFIX={prefix}",
    ),
    "path": (
        "nginx: proxy_pass http://127.0.0.1:5000; without a path behind the port, and no rewrite",
        "Caddy: handle in place of handle_path, and no rewrite or uri",
    ),
    "query": (
        "nginx: proxy_pass http://127.0.0.1:5000; or, with variables, http://127.0.0.1:5000$request_uri;",
        "Caddy: take out what rewrites the query: rewrite, uri",
    ),
    "signature": (
        "nginx: proxy_set_header X-Twilio-Signature $http_x_twilio_signature;",
        "Caddy: take out header_up -X-Twilio-Signature",
        "Heroku: passes it on already; another proxy before it removes it",
    ),
    "type": (
        "nginx: proxy_set_header Content-Type $http_content_type;",
        "Caddy: take out header_up -Content-Type",
    ),
    "body": (
        "nginx: proxy_pass_request_body on; and nothing that sets proxy_set_body",
        "Caddy: take out request_body",
    ),
    "length": (
        "nginx: proxy_request_buffering on;",
        "Caddy: request_buffers 256KiB",
    ),
    "method": (
        "nginx: take out proxy_method, and any return or rewrite that redirects",
        "Caddy: take out method, and any redir",
    ),
    "away": (
        "start the app (ivrkit serve), and look at where the proxy passes requests on to",
        "nginx: proxy_pass http://127.0.0.1:5000;",
        "Caddy: reverse_proxy 127.0.0.1:5000",
        "Heroku: heroku ps:scale web=1, and heroku logs",
    ),
    "password": (
        "nginx: auth_basic off; in the location of the webhook",
        "Caddy: basic_auth with a matcher that leaves the webhook out: not path {path}*",
        "or put user and password into the URL in Twilio's console: https://user:password@host{path}",
    ),
    "route": (
        "nginx: location {prefix}/ {{ proxy_pass http://127.0.0.1:5000; }}",
        "Caddy: handle {prefix}/* {{ reverse_proxy 127.0.0.1:5000 }}",
    ),
    "slash": (
        "nginx: take out the rewrite that adds or removes the slash",
        "Caddy: take out the redir that adds or removes the slash",
    ),
}


def lines_for(broken: str, **given: str) -> tuple[str, ...]:
    """Return how something is mended, line by line.

    :param broken: a key of :data:`LINES`.
    :param given: what its lines leave open.
    """
    return tuple(line.format(**given) for line in LINES[broken])
