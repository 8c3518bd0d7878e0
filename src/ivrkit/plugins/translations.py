"""Reads the translations that packages bring: gettext catalogues, by Babel.

A package keeps them in a folder ``locale`` beside its modules, as gettext has it:
``locale/es/LC_MESSAGES/messages.po``, whatever the file's own name. They are read as they are written, so that nothing
has to be compiled: https://www.gnu.org/software/gettext/manual/html_node/PO-Files.html.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from ivrkit.errors import FlowError, IvrkitError, Problems
from ivrkit.flow.compile.languages import Translations, base_language
from ivrkit.flow.model.state import Owner
from ivrkit.flow.model.text import check_placeholders, placeholders_in
from ivrkit.plugins.problems import leave_out, plugin_problem

FOLDER = "locale"


class TranslationFiles:
    """The catalogues of the plugins, each read when it is asked for.

    :param packages: plugin -> its top-level packages.
    :param problems: where problems are collected.
    """

    def __init__(self, packages: Mapping[Owner, Collection[str]], problems: Problems) -> None:
        self._packages = packages
        self._problems = problems

    def in_language(self, tag: str) -> dict[str, Translations]:
        """Return plugin -> words as they are written -> words in a language.

        :param tag: such as ``es-MX``: what ``locale/es`` has, and over it what ``locale/es_MX`` has.
        """
        return {owner.plugin: found for owner in self._packages if (found := self._of(owner, tag))}

    def _of(self, owner: Owner, tag: str) -> Translations:
        words: dict[str, str] = {}
        for package in self._packages[owner]:
            for folder in _folders(package, tag):
                for path in sorted(folder.glob("LC_MESSAGES/*.po")):
                    try:
                        words.update(read_catalogue(path))
                    except IvrkitError as error:
                        self._problems.add(plugin_problem(owner, error.message, f"{error.hint}; or {leave_out(owner)}"))
        return words


def _folders(package: str, tag: str) -> Iterator[Path]:
    """Return the folders of a package for a language, the general one first."""
    exact = tag.replace("-", "_")
    for root in _roots(package):
        for name in dict.fromkeys((base_language(tag), exact, tag)):
            folder = root / FOLDER / name
            if folder.is_dir():
                yield folder


def _roots(package: str) -> list[Path]:
    try:
        spec = importlib.util.find_spec(package) if package.isidentifier() else None
    except ValueError:  # of a module that was made by hand
        return []
    return [Path(each) for each in (spec.submodule_search_locations or ())] if spec else []


def read_catalogue(path: Path) -> Translations:
    """Return the words of one catalogue; what is not translated, or marked fuzzy, is left out.

    :raises IvrkitError: for a file that is none, and for a translation with places that the sentence does not have.
    """
    from babel.messages.pofile import PoFileError, read_po  # whoever speaks English alone does not wait for it

    try:
        with path.open("rb") as file:
            found = read_po(file, abort_invalid=True)
    except (PoFileError, ValueError, LookupError, OSError) as error:
        raise IvrkitError(f"its catalogue {path} can't be read: {error}", hint="it is a PO file, in UTF-8") from error
    words: dict[str, str] = {}
    for message in found:
        is_one = isinstance(message.id, str) and message.id and not message.context
        if is_one and message.string and not message.fuzzy:
            words[str(message.id)] = _checked(str(message.id), str(message.string), f"{path}:{message.lineno}")
    return words


def _checked(written: str, translation: str, place: str) -> str:
    """Return a translation whose places are those of its sentence; braces that are no places are said as they are.

    :raises IvrkitError: with the file and the line.
    """
    try:
        places = sorted(placeholders_in(written))
    except ValueError:
        return translation
    try:
        check_placeholders("its translation", translation, places)
    except FlowError as error:
        raise IvrkitError(f"{place}: {error.message}", hint=error.hint) from error
    return translation
