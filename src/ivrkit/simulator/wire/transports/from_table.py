"""Documents that are given, in the place of an app: URL -> TwiML."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urlencode, urlsplit

from ivrkit.simulator.actions import SimulatorError
from ivrkit.simulator.wire.messages import Failure, Request, Response
from ivrkit.simulator.wire.overrides import Overrides

#: What is answered once: TwiML, a whole answer, a failure, or a function that gives one of these.
Once = str | bytes | Response | Failure | Callable[[Request], "str | bytes | Response | Failure"]
#: What a URL is answered with; of a list one after the other, the last for ever.
TableEntry = Once | list[Once]


class TableTransport:
    """Documents that are given.

    :param documents: absolute URL or path, with or without a query, -> what it is answered with; one with the query
        goes before one without. What is not there is answered with 404.
    :raises SimulatorError: for a URL that can't be, or is answered with something else.
    """

    def __init__(self, documents: Mapping[str, TableEntry]) -> None:
        for url, served in documents.items():
            if not url.startswith(("/", "http://", "https://")):
                raise SimulatorError(f"the document {url!r} can't be asked for", hint='give "/path", or a whole URL')
            for each in served if isinstance(served, list) else [served]:
                if not (isinstance(each, str | bytes | Response | Failure) or callable(each)):
                    raise SimulatorError(
                        f"the document {url!r} is {each!r}", hint="give TwiML, an Response, a Failure, or a function"
                    )
            if served == []:
                raise SimulatorError(f"the document {url!r} is an empty list", hint="give one document or more")
        self._documents = documents
        self._asked: dict[str, int] = {}

    def serves(self, url: str) -> bool:
        """Return whether there is something at a URL."""
        return self._key(url) is not None

    def send(self, request: Request, overrides: Overrides) -> Response:
        """Return what the table has.

        :raises Failure: when that is one, or took too long.
        """
        # By GET, Twilio's parameters stand behind whatever the URL had: they are no part of what is looked up.
        mine = urlencode(request.params) if request.method == "GET" else ""
        key = self._key(request.url.removesuffix(mine).rstrip("?&") if mine else request.url)
        if key is None:
            return Response(404, (("Content-Type", "text/plain"),), b"There is no such document.")
        served = self._documents[key]
        if isinstance(served, list):
            count = self._asked[key] = self._asked.get(key, -1) + 1
            served = served[min(count, len(served) - 1)]
        if callable(served):
            served = served(request)
        if isinstance(served, Failure):
            raise served
        if isinstance(served, Response):
            if served.took > min(overrides.read, overrides.total):
                raise Failure(
                    11205, "rt", f"the answer took {served.took:.1f} s, and Twilio waits {overrides.read:g} s"
                )
            return served
        return Response(body=served.encode() if isinstance(served, str) else served)

    def _key(self, url: str) -> str | None:
        parts = urlsplit(url)
        path = parts.path or "/"
        whole = f"{path}?{parts.query}" if parts.query else path
        host = f"{parts.scheme}://{parts.netloc}"
        return next((key for key in (host + whole, host + path, whole, path) if key in self._documents), None)
