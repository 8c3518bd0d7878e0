"""All checks of a distribution, each by itself, so that each failure is told by itself."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import NamedTuple

from ivrkit.conformance.at_once import calls_do_not_mix
from ivrkit.conformance.documented import settings_are_described
from ivrkit.conformance.interrupted import an_interrupted_handler_hurts_nobody, an_interrupted_hook_hurts_nobody
from ivrkit.conformance.module_state import modules_keep_nothing_of_a_call
from ivrkit.conformance.outcomes import every_outcome_is_answered
from ivrkit.conformance.project import it_is_tested, it_says_what_it_is
from ivrkit.conformance.run_twice import a_handler_that_is_run_twice_gives_the_same
from ivrkit.conformance.subject import Subject
from ivrkit.conformance.translated import texts_are_translated
from ivrkit.conformance.typed import it_is_typed
from ivrkit.flow.compile.languages import base_language


class Check(NamedTuple):
    """One check, to be run.

    :param name: what it is called in pytest.
    :param run: raises :class:`~ivrkit.conformance.subject.Nonconformity` when it is not kept.
    """

    name: str
    run: Callable[[], None]


#: The checks of the whole distribution.
WHOLE = (
    an_interrupted_hook_hurts_nobody,
    modules_keep_nothing_of_a_call,
    settings_are_described,
    it_is_typed,
    it_says_what_it_is,
    it_is_tested,
)
#: The checks of each state.
OF_STATES = (calls_do_not_mix, a_handler_that_is_run_twice_gives_the_same, an_interrupted_handler_hurts_nobody)


def checks_of(subject: Subject) -> Iterator[Check]:
    """Return every check of a distribution, in one order.

    :raises IvrkitError: for a distribution of which no tree can be made.
    """
    languages, own = subject.languages(), subject.language()
    spoken = [own, *(tag for tag in languages if base_language(tag) != base_language(own))]
    for begun in subject.tried():
        for language in spoken:
            yield _check(subject, every_outcome_is_answered, begun, language)
        for check in OF_STATES:
            yield _check(subject, check, begun)
    for language in languages:
        yield _check(subject, texts_are_translated, language)
    for whole in WHOLE:
        yield _check(subject, whole)


def _check(subject: Subject, check: Callable[..., None], *about: str) -> Check:
    name = check.__name__.replace("_", " ")
    return Check(f"{name}[{'-'.join(about)}]" if about else name, functools.partial(check, subject, *about))
