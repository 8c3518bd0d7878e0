"""The translations in the packages of plugins: PO files of gettext, which Babel reads.

A package keeps its PO files in a folder ``locale`` beside its modules, such as ``locale/es/LC_MESSAGES/messages.po``.
The name ``messages`` may be any other name. PO files are read directly and need not be compiled:
https://www.gnu.org/software/gettext/manual/html_node/PO-Files.html.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from ivrkit.errors import FlowError, IvrkitError, Problems
from ivrkit.flow.compile.languages import Translations, base_language
from ivrkit.flow.model.state import Owner
from ivrkit.flow.model.text import check_placeholders, placeholders_in
from ivrkit.plugins.problems import leave_out, plugin_problem

FOLDER = "locale"
#: A line of a PO file that has a text: a keyword in most lines, then the text in quotes.
_LINE_WITH_TEXT = re.compile(r'[^"]*"(?:[^"\\]|\\.)*"')


class PluginTranslations:
    """The translations of the plugins. :meth:`in_language` reads the PO files of one language.

    :param packages: plugin -> top-level packages of the plugin.
    :param problems: the collection to which problems are added.
    """

    def __init__(self, packages: Mapping[Owner, Collection[str]], problems: Problems) -> None:
        self._packages = packages
        self._problems = problems

    def in_language(self, tag: str) -> dict[str, Translations]:
        """Return the translations into one language as a mapping: plugin -> text -> translation.

        :param tag: the tag of the language. For ``es-MX``, the folder ``locale/es_MX`` overrides ``locale/es``.
        """
        return {owner.plugin: found for owner in self._packages if (found := self._of_plugin(owner, tag))}

    def _of_plugin(self, owner: Owner, tag: str) -> Translations:
        translations: dict[str, str] = {}
        for package in self._packages[owner]:
            for folder in _folders(package, tag):
                for path in sorted(folder.glob("LC_MESSAGES/*.po")):
                    try:
                        translations.update(read_po_file(path))
                    except IvrkitError as error:
                        hint = f"{error.hint}; or {leave_out(owner)}"
                        self._problems.add(plugin_problem(owner, error.message, hint))
        return translations


def _folders(package: str, tag: str) -> Iterator[Path]:
    """Yield the folders with translations of a package into a language.

    The folder without a country comes first: ``locale/es`` before ``locale/es_MX``.

    :param package: the name of the package.
    :param tag: the tag of the language.
    """
    exact = tag.replace("-", "_")
    for root in _roots(package):
        # The general folder comes first, so that the translations of the country replace its translations.
        for name in dict.fromkeys((base_language(tag), exact, tag)):
            folder = root / FOLDER / name
            if folder.is_dir():
                yield folder


def _roots(package: str) -> list[Path]:
    try:
        spec = importlib.util.find_spec(package) if package.isidentifier() else None
    except ValueError:  # The module was made by hand and has no spec.
        return []
    return [Path(each) for each in (spec.submodule_search_locations or ())] if spec else []


def read_po_file(path: Path) -> Translations:
    """Return text -> translation, for one PO file. Messages that are untranslated or marked fuzzy are left out.

    :raises IvrkitError: if the file cannot be read, or if a translation has a placeholder that the text does not have.
    """
    # Babel is imported here because its import takes long, and a phone tree in English needs no PO file.
    from babel.messages.pofile import PoFileError, read_po

    try:
        with path.open("rb") as file:
            catalog = read_po(file, abort_invalid=True)
        _check_quotes(path, catalog.charset)
    except PoFileError as error:
        reason = str(error).removesuffix(f" on {error.lineno}")
        # Babel counts the lines from 0.
        raise _invalid_line(path, error.lineno + 1, reason[:1].lower() + reason[1:]) from error
    except (ValueError, LookupError, OSError) as error:
        raise IvrkitError(f"its PO file {path} cannot be read: {error}", hint="write a PO file in UTF-8") from error
    translations: dict[str, str] = {}
    for message in catalog:
        # Texts are looked up without a plural and without a context, so other messages could never be found.
        is_plain = isinstance(message.id, str) and message.id and not message.context
        if is_plain and message.string and not message.fuzzy:
            location = f"{path}:{message.lineno}"
            translations[str(message.id)] = _checked(str(message.id), str(message.string), location)
    return translations


def _check_quotes(path: Path, charset: str) -> None:
    """Check that the text in each line of a PO file is in quotes.

    Babel does not check this. It removes the first and the last character of each text, whether they are quotes or not.

    :raises IvrkitError: if the text in a line is not in quotes.
    """
    with path.open(encoding=charset) as file:
        for number, line in enumerate(file, 1):
            text = line.strip()
            if text and not text.startswith("#") and not _LINE_WITH_TEXT.fullmatch(text):
                raise _invalid_line(path, number, f"its text must be in quotes, not {text!r}")


def _invalid_line(path: Path, number: int, message: str) -> IvrkitError:
    """Return the error about an invalid line of a PO file."""
    hint = 'write a keyword and a text in quotes, such as msgstr "Hola."; write \\" for a quote in the text'
    return IvrkitError(f"{path}:{number}: {message}", hint=hint)


def _checked(text: str, translation: str, location: str) -> str:
    """Return a translation after a check of its placeholders.

    If the original text has braces that are not placeholders, nothing is checked.

    :param text: the original text.
    :param translation: the translation of the text.
    :param location: the file and line of the translation, for the error.
    :raises IvrkitError: if the translation has a placeholder that the text does not have.
    """
    try:
        placeholders = sorted(placeholders_in(text))
    except ValueError:
        return translation
    try:
        check_placeholders("its translation", translation, placeholders)
    except FlowError as error:
        raise IvrkitError(f"{location}: {error.message}", hint=error.hint) from error
    return translation
