"""The attributes of TwiML verbs that the installed ``twilio`` library knows.

The classes of ``twilio.twiml`` take any keyword as an attribute. So a misspelled one is written into the document, and
Twilio ignores it.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Iterator, Mapping
from functools import cache

from twilio.twiml import TwiML, voice_response


def unknown_attributes(verb: TwiML) -> Iterator[tuple[str, str]]:
    """Yield each attribute of a verb that the installed library does not know.

    :param verb: a verb, a noun or an SSML element, without its children.
    :returns: pairs of the attribute and the most similar keyword of the library, or ``""`` if none is similar. Elements
        of ``add_child`` have no known attributes, and are skipped.
    """
    known = _known_attributes().get(type(verb))
    if known is None:
        return
    for attribute in verb.attrs:
        if attribute not in known:
            close = difflib.get_close_matches(attribute, known, n=1)
            yield attribute, known[close[0]] if close else ""


@cache
def _known_attributes() -> Mapping[type[TwiML], Mapping[str, str]]:
    """Return class -> attribute -> keyword: ``Gather`` -> ``numDigits`` -> ``num_digits``.

    The signature of a class names no attributes: ``Gather(**kwargs)``. The methods that create its objects do:
    ``VoiceResponse.gather(num_digits=...)``. So each method is called once, with the name of each parameter as value.
    """
    known: dict[type[TwiML], dict[str, str]] = {}
    for parent in vars(voice_response).values():
        if not (inspect.isclass(parent) and issubclass(parent, TwiML)):
            continue
        holder = TwiML.__new__(parent)
        TwiML.__init__(holder)
        for method in vars(parent).values():
            element = _call_with_names(method, holder)
            if isinstance(element, TwiML):
                known.setdefault(type(element), {}).update(element.attrs)
    return known


def _call_with_names(method: object, holder: TwiML) -> object:
    """Call a method with the name of each parameter as its value, and return the result.

    Return ``None`` for anything that does not create an element.
    """
    if (
        not inspect.isfunction(method)
        or method.__name__.startswith("_")
        or method.__module__ != voice_response.__name__
    ):
        return None
    parameters = list(inspect.signature(method).parameters.values())[1:]
    names = [each.name for each in parameters if each.kind is each.POSITIONAL_OR_KEYWORD]
    return method(holder, **{name: name for name in names})
