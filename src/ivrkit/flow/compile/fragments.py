"""Fragments: the rendered pieces of a response, and the order in which a document has them.

Twilio ignores a key that is pressed while a verb outside of a ``Gather`` is played. So the prompts on the way to a
question are moved into the question's ``Gather``, where a key cuts them short.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

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
    """Rendered verbs.

    :param xml: the TwiML of the verbs, without the element ``Response``.
    :param prompts_start: the index in ``xml`` after which all verbs can stand inside a ``Gather``. It is the length of
        ``xml`` if the last verb cannot.
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

    def with_caller_id(self, number: str) -> Content:
        """Return a copy whose ``Dial`` shows a number to the callee. A ``callerId`` of the author is kept."""
        if self.caller_id_position is None:
            return self
        before, after = self.xml[: self.caller_id_position], self.xml[self.caller_id_position :]
        caller_id = f" callerId={quote_attribute(number)}".encode()
        return replace(self, xml=before + caller_id + after, prompts_start=self.prompts_start + len(caller_id))


def move_prompts_into_gather(fragments: Sequence[Fragment]) -> list[bytes]:
    """Return the XML of fragments. If the last one begins with a ``Gather``, the prompts before it are moved into it.

    These are the rules:

    1. The caller hears everything in the same order as before.
    2. Only ``Say``, ``Play`` and ``Pause`` are moved, because Twilio allows no other verb in a ``Gather``. Another verb
       stays before the ``Gather``, and so does everything before that verb.
    3. A prompt that a state itself says before its own ``Gather`` is not moved, because its author wrote it there.

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
