"""A transport without an app: a table of URLs and documents."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urlencode, urlsplit

from ivrkit.simulator.actions import SimulatorError
from ivrkit.simulator.wire.messages import Failure, Request, Response
from ivrkit.simulator.wire.overrides import Overrides

#: One document: TwiML, a whole response, a failure, or a function that returns one of these.
TableDocument = str | bytes | Response | Failure | Callable[[Request], "str | bytes | Response | Failure"]
#: The value of a URL: one document, or a list with a document for each request. The last document is repeated.
TableEntry = TableDocument | list[TableDocument]


class TableTransport:
    """A transport without an app: each document comes from a table.

    :param documents: dict of absolute URL or path -> document. If the table has a URL with and without its query, the
        URL with the query counts. A request for a URL that is not in the table gets a 404.
    :raises SimulatorError: if a URL or a document is invalid.
    """

    def __init__(self, documents: Mapping[str, TableEntry]) -> None:
        for url, entry in documents.items():
            if not url.startswith(("/", "http://", "https://")):
                raise SimulatorError(
                    f"the key of a document must be a path or a URL, not {url!r}", hint='write it as "/path"'
                )
            for each in entry if isinstance(entry, list) else [entry]:
                if not (isinstance(each, str | bytes | Response | Failure) or callable(each)):
                    raise SimulatorError(
                        f"the document {url!r} must be TwiML, a Response, a Failure or a function, not {each!r}",
                        hint="give the TwiML as a str",
                    )
            if entry == []:
                raise SimulatorError(
                    f"the documents of {url!r} must not be an empty list", hint="give at least one document"
                )
        self._documents = documents
        #: Key -> index of the document that was returned last from its list.
        self._last_index: dict[str, int] = {}

    def serves(self, url: str) -> bool:
        """Return whether the table has a document for a URL."""
        return self._key(url) is not None

    def send(self, request: Request, overrides: Overrides) -> Response:
        """Return a response with the document that the table has for the URL of a request.

        If the table has no document for the URL, the status is 404.

        :raises Failure: if the table has a failure for the request, or if the response takes longer than Twilio waits.
        """
        # A GET request has Twilio's parameters at the end of its query. They are not part of the key.
        query = urlencode(request.params) if request.method == "GET" else ""
        key = self._key(request.url.removesuffix(query).rstrip("?&") if query else request.url)
        if key is None:
            return Response(404, (("Content-Type", "text/plain"),), b"There is no such document.")
        document = self._documents[key]
        if isinstance(document, list):
            index = self._last_index[key] = self._last_index.get(key, -1) + 1
            document = document[min(index, len(document) - 1)]
        if callable(document):
            document = document(request)
        if isinstance(document, Failure):
            raise document
        if isinstance(document, Response):
            if document.took > min(overrides.read, overrides.total):
                message = f"the response took {document.took:.1f} s, but Twilio waits {overrides.read:g} s"
                raise Failure(11205, "rt", message)
            return document
        return Response(body=document.encode() if isinstance(document, str) else document)

    def _key(self, url: str) -> str | None:
        """Return the key of the table for a URL, or ``None`` if the table has no document for this URL.

        An absolute URL is preferred to a path. Among two absolute URLs or two paths, the key with a query is preferred.
        """
        parts = urlsplit(url)
        path = parts.path or "/"
        path_and_query = f"{path}?{parts.query}" if parts.query else path
        host = f"{parts.scheme}://{parts.netloc}"
        candidates = (host + path_and_query, host + path, path_and_query, path)
        return next((key for key in candidates if key in self._documents), None)
