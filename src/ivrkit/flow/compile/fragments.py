"""Fragments: the rendered verbs of which a TwiML document consists.

Twilio ignores a key that is pressed while a verb outside of a ``Gather`` is played. Prompts that are said before a
question are therefore moved into the ``Gather`` of the question, so that a key interrupts the prompts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

#: The start of a rendered ``Gather``. The tag always has attributes, because a ``Gather`` always gets an ``action``.
_GATHER = b"<Gather "
#: The characters that the value of an XML attribute cannot hold as they are; ``&`` first, so that it is replaced once.
_REFERENCES = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "\n": "&#10;",
    "\r": "&#13;",
    "\t": "&#9;",
}


@dataclass(frozen=True, slots=True)
class Fragment:
    """One or several verbs that are rendered to TwiML.

    :param xml: the TwiML of the verbs, without the element ``Response``.
    :param prompts_start: an index in ``xml``. Every verb from this index on may be inside a ``Gather``. If the last
        verb must not be inside a ``Gather``, the index is the length of ``xml``.
    """

    xml: bytes
    prompts_start: int


@dataclass(frozen=True, slots=True)
class Content(Fragment):
    """The rendered content of a state.

    :param verbs: the names of the verbs, in order.
    :param waiting_verb: the name of the verb that the call waits with, or ``None`` if the call does not wait.
    :param ends_document: whether the content has a verb after which Twilio ignores all other verbs, such as ``Hangup``.
    :param verb_attributes: the attributes of the waiting verb in ``xml``.
    :param custom_action: the ``action`` that the state's author has set for the waiting verb, or ``None``.
    :param has_whisper: whether a noun of a ``Dial`` has the URL of the whisper.
    :param caller_id_position: the index in ``xml`` at which a ``callerId`` can be inserted in a ``Dial``. The index is
        ``None`` if no ``Dial`` rings a phone number, or if the ``Dial`` has a ``callerId`` already.
    """

    verbs: tuple[str, ...]
    waiting_verb: str | None
    ends_document: bool
    verb_attributes: Mapping[str, str]
    custom_action: str | None
    has_whisper: bool = False
    caller_id_position: int | None = None


def move_prompts_into_gather(fragments: Sequence[Fragment]) -> list[bytes]:
    """Return the TwiML of fragments, after moving the prompts before a final ``Gather`` into this ``Gather``.

    Prompts are moved only if the last fragment begins with a ``Gather``. These are the rules:

    1. The caller hears everything in the same order as before.
    2. Only ``Say``, ``Play`` and ``Pause`` are moved, because Twilio allows no other verb in a ``Gather``. Another verb
       and all verbs before it stay before the ``Gather``.
    3. If the content of a state has a prompt before its own ``Gather``, this prompt is not moved, because the state's
       author has decided its position.

    :param fragments: the fragments of a response, in order.
    """
    *before, last = fragments
    if not last.xml.startswith(_GATHER):
        return [each.xml for each in fragments]
    outside = [each.xml for each in before]
    inside: list[bytes] = []
    for fragment in reversed(before):
        outside.pop()
        inside.insert(0, fragment.xml[fragment.prompts_start :])
        if fragment.prompts_start:
            outside.append(fragment.xml[: fragment.prompts_start])
            break
    tag_end = last.xml.index(b">") + 1
    tag, rest = last.xml[:tag_end], last.xml[tag_end:]
    # A Gather without prompts of its own is a single tag.
    if tag.endswith(b"/>"):
        tag, rest = tag[:-2].rstrip() + b">", b"</Gather>" + rest
    return [*outside, tag, *inside, rest]


def quote_attribute(value: str) -> str:
    """Return a text as the value of an XML attribute, in double quotes.

    ``xml.sax.saxutils.quoteattr`` does the same, but its module loads ``http.client`` and ``ssl``.
    """
    for character, reference in _REFERENCES.items():
        value = value.replace(character, reference)
    return f'"{value}"'
