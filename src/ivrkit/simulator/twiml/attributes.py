"""Values of the attributes of TwiML elements, with Twilio's default values."""

from __future__ import annotations

from ivrkit.simulator.twiml.elements import ELEMENTS
from ivrkit.simulator.twiml.markup import Element
from ivrkit.simulator.twiml.schema import AttributeSchema


def text_attribute(element: Element, name: str) -> str:
    """Return the value of an attribute.

    :returns: the value in the document if this value is valid, otherwise the default value of the attribute. An
        attribute without a default value has ``""``.
    """
    schema = _schema(element, name)
    # No page says what Twilio does with an invalid value. The default lets the call go on, as a warning promises.
    value = element.attributes.get(name)
    if value is not None and schema.accepts(value):
        return value
    return schema.default or ""


def int_attribute(element: Element, name: str) -> int:
    """Return the value of an attribute as a number.

    :returns: the number in the document if this number is valid, otherwise the default value of the attribute. The word
        ``auto`` also becomes the default value. An attribute without a default value has 0.
    """
    value = text_attribute(element, name)
    if not value.isdigit():
        value = _schema(element, name).default or "0"
    return int(value)


def bool_attribute(element: Element, name: str) -> bool:
    """Return whether an attribute is ``true``."""
    return text_attribute(element, name) == "true"


def _schema(element: Element, name: str) -> AttributeSchema:
    return (ELEMENTS[element.name].attributes or {})[name]
