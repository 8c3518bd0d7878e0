"""The list of all checks of a plugin. pytest runs each check as one test."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import NamedTuple

from ivrkit.conformance.checked_plugin import CheckedPlugin
from ivrkit.conformance.described_settings import settings_are_described
from ivrkit.conformance.interruptible_handlers import (
    an_interrupted_handler_can_run_again,
    an_interrupted_hook_does_not_break_calls,
)
from ivrkit.conformance.isolated_calls import simultaneous_calls_do_not_mix
from ivrkit.conformance.module_state import calls_do_not_change_modules
from ivrkit.conformance.outcomes import every_outcome_is_answered
from ivrkit.conformance.project_files import (
    every_state_has_a_test,
    the_metadata_is_complete,
    the_project_has_a_changelog,
    the_readme_names_every_state,
)
from ivrkit.conformance.repeatable_handlers import a_repeated_webhook_gives_the_same_result
from ivrkit.conformance.translations import texts_are_translated
from ivrkit.conformance.type_annotations import the_package_is_typed
from ivrkit.flow.compile.languages import base_language


class Check(NamedTuple):
    """One check of a plugin.

    :param name: the name of the check in pytest.
    :param run: a function that runs the check. If the plugin breaks the rule, the function raises
        :class:`~ivrkit.conformance.checked_plugin.ConformanceError`.
    """

    name: str
    run: Callable[[], None]


#: The checks that run once for each start of calls.
START_CHECKS = (
    simultaneous_calls_do_not_mix,
    a_repeated_webhook_gives_the_same_result,
    an_interrupted_handler_can_run_again,
)
#: The checks that run once for the plugin.
PLUGIN_CHECKS = (
    an_interrupted_hook_does_not_break_calls,
    calls_do_not_change_modules,
    settings_are_described,
    the_package_is_typed,
    the_metadata_is_complete,
    every_state_has_a_test,
)
#: The checks that run only with ``--ivrkit-conformance-docs``.
DOCS_CHECKS = (the_readme_names_every_state, the_project_has_a_changelog)


def checks_of(plugin: CheckedPlugin, *, docs: bool = False) -> Iterator[Check]:
    """Yield every check of a plugin, always in the same order.

    :param docs: whether to check the README and the changelog, too.
    :raises IvrkitError: if a phone tree with the plugin does not start.
    """
    languages, main = plugin.languages(), plugin.language()
    spoken = [main, *(tag for tag in languages if base_language(tag) != base_language(main))]
    for start in plugin.starts():
        for language in spoken:
            yield _check(plugin, every_outcome_is_answered, start, language)
        for check in START_CHECKS:
            yield _check(plugin, check, start)
    for language in languages:
        yield _check(plugin, texts_are_translated, language)
    for plugin_check in (*PLUGIN_CHECKS, *(DOCS_CHECKS if docs else ())):
        yield _check(plugin, plugin_check)


def _check(plugin: CheckedPlugin, check: Callable[..., None], *arguments: str) -> Check:
    name = check.__name__.replace("_", " ")
    return Check(f"{name}[{'-'.join(arguments)}]" if arguments else name, functools.partial(check, plugin, *arguments))
