"""The response to one webhook: the TwiML of all states that were entered, joined into one document."""

from __future__ import annotations

from ivrkit.errors import FlowError
from ivrkit.flow.compile.fragments import Fragment, move_prompts_into_gather
from ivrkit.flow.compile.twiml import MAX_CONTENT_BYTES, check_size, document

#: More states than this in one response, without one that waits or ends the call, are taken for a loop.
MAX_STATES_PER_RESPONSE = 50


class ResponseBuilder:
    """Collector of the rendered verbs of one response. It checks the size limit that Twilio sets for a document."""

    def __init__(self) -> None:
        self._fragments: list[Fragment] = []
        self._state_count = 0
        self._apologised = False

    def add(self, fragment: Fragment) -> None:
        """Add rendered verbs to the response, without a check of their size."""
        self._fragments.append(fragment)

    def add_verb(self, xml: bytes) -> None:
        """Add a rendered verb that is not a prompt, such as ``Hangup``, to the response."""
        self._fragments.append(Fragment(xml, len(xml)))

    def add_if_it_fits(self, fragment: Fragment) -> None:
        """Add rendered verbs to the response, unless they would make the response too long for Twilio."""
        if self._size() + len(fragment.xml) <= MAX_CONTENT_BYTES:
            self._fragments.append(fragment)

    def apologise(self, apology: Fragment) -> None:
        """Add an apology to the response, unless the response already has an apology.

        :param apology: the rendered apology, or the sentence about a state that is not available.
        """
        if not self._apologised:
            self._apologised = True
            self._fragments.append(apology)

    def check_fits(self, fragment: bytes) -> None:
        """Raise an error if rendered verbs would make the response too long for Twilio. Nothing is added here.

        :raises FlowError: if the response would be too long.
        """
        check_size(self._size() + len(fragment))

    def count_state(self) -> None:
        """Count one more state that this webhook enters.

        :raises FlowError: if the webhook has entered too many states. Before the error is raised, all verbs
            are removed from the response, so that the next state fits into it.
        """
        self._state_count += 1
        if self._state_count > MAX_STATES_PER_RESPONSE:
            self._state_count = 0
            self._fragments.clear()
            raise FlowError(
                f"one response must enter at most {MAX_STATES_PER_RESPONSE} states, and none of these waits",
                hint="let one of the states wait for input: their exit functions form a loop",
            )

    def to_document(self, *, interruptible: bool) -> bytes:
        """Return the response as a whole TwiML document.

        :param interruptible: whether a key interrupts the prompts of the states before the question.
        """
        if interruptible:
            return document(move_prompts_into_gather(self._fragments))
        return document([each.xml for each in self._fragments])

    def _size(self) -> int:
        return sum(len(each.xml) for each in self._fragments)
