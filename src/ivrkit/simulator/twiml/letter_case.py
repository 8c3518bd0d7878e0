"""The letter case of words in attributes, such as ``post`` for ``POST``.

Twilio's pages spell each word in one letter case. They do not say what Twilio does with any other letter case.
"""

from __future__ import annotations

from dataclasses import replace

from ivrkit.simulator.twiml.elements import ELEMENTS
from ivrkit.simulator.twiml.markup import Element
from ivrkit.simulator.twiml.schema import AttributeSchema


def with_usual_letter_case(element: Element) -> Element:
    """Return an element whose attributes spell each known word in the letter case of Twilio's pages.

    The elements in this element are changed in the same way.
    """
    schema = ELEMENTS.get(element.name)
    known = (schema and schema.attributes) or {}
    attributes = {
        name: _usual_value(known[name], value) if name in known else value for name, value in element.attributes.items()
    }
    content = tuple(each if isinstance(each, str) else with_usual_letter_case(each) for each in element.content)
    return replace(element, attributes=attributes, content=content)


def _usual_value(attribute: AttributeSchema, value: str) -> str:
    """Return the value of an attribute, with each known word in the letter case of Twilio's pages.

    Unknown words are not changed.
    """
    usual = {word.lower(): word for word in attribute.words}
    words = [usual.get(word.lower(), word) for word in value.split()]
    # A value without known words keeps its white space, because it is invalid or not made of words.
    return " ".join(words) if usual and words else value
