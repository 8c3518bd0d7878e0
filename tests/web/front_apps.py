"""Apps that respond with the environ of the request, for granian's WSGI and for the front."""

import json

from ivrkit.web.front.environ import environ_of

#: Values that a text shows well enough.
_PLAIN = (str, bool, int, list, tuple)


def _show(environ):
    shown = {name: value if isinstance(value, _PLAIN) else None for name, value in environ.items()}
    return json.dumps(shown).encode()


def wsgi(environ, start_response):
    """Respond with the environ that granian made, in WSGI."""
    environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "application/json")])
    return [_show(environ)]


async def rsgi(scope, protocol):
    """Respond with the environ that the front makes, in RSGI."""
    await protocol()
    protocol.response_bytes(200, [("Content-Type", "application/json")], _show(environ_of(scope)))
