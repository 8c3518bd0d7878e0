"""``ivrkit new``: begin a plugin, or the folder of a team that runs a tree."""

from __future__ import annotations

import getpass
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import click
import importlib_metadata

from ivrkit.cli import answers
from ivrkit.cli.options import settings_with
from ivrkit.errors import IvrkitError
from ivrkit.flow.language import base_of
from ivrkit.flow.menus import KEY_ORDER
from ivrkit.flow.text import Texts
from ivrkit.plugins import load

Answer = TypeVar("Answer")
#: The key that is proposed where nobody can tell which is free.
USUAL_KEY = "4"
#: What the templates say themselves, in the languages that they speak.
_SAYS = "You have reached {label}."
_AGAIN = "To hear this again, press one. For the menu, press any other key, or just wait."
_TRANSLATED: Mapping[str, tuple[str, str]] = {
    "es": (
        "Se ha comunicado con {label}.",
        "Para escuchar esto otra vez, marque uno. Para ir al menú, marque cualquier otra tecla o espere.",
    ),
}

yes_option = click.option("--yes", is_flag=True, help="Ask nothing: what is not given has its default.")


class Spoken(NamedTuple):
    """What a state says in a language besides English.

    :param tag: the language, such as ``es-MX``.
    :param label: what the state is called in the menu.
    :param says: what it says.
    :param again: how it is heard again.
    """

    tag: str
    label: str
    says: str
    again: str

    @property
    def folder(self) -> str:
        """Return the folder of the language's catalogue, as gettext names it."""
        return self.tag.replace("-", "_")


class Questions:
    """Asks whatever was not given.

    :param yes: whether the defaults are taken instead.
    """

    def __init__(self, yes: bool) -> None:
        self._yes = yes

    def ask(self, question: str, given: str | None, default: str, read: Callable[[str], Answer]) -> Answer:
        """Return an answer; one that is refused is asked for again, unless it was given as an option.

        :param question: what is asked.
        :param given: the value of the option of that name.
        :param default: what is proposed.
        :param read: takes an answer as it is meant.
        :raises IvrkitError: for an answer that was given, or is a default, and is refused.
        """
        if given is not None or self._yes:
            return read(default if given is None else given)

        def checked(answer: str) -> Answer:
            try:
                return read(answer)
            except IvrkitError as error:
                raise click.UsageError(str(error)) from error

        answer: Answer = click.prompt(question, default=default, value_proc=checked)
        return answer


@click.group()
def new() -> None:
    """Begin a plugin, or the folder of a team that runs a tree."""


@new.command()
@click.argument("name")
@click.option("--state", metavar="STATE", help="The name of its state. By default NAME without -ivr.")
@click.option("--key", metavar="KEY", help="The key of the state in the menu. By default one that is free.")
@click.option("--label", metavar="WORDS", help="What the menu calls it. By default its name.")
@click.option("--says", metavar="WORDS", help="What a caller hears there.")
@click.option("--author", metavar="NAME", help="Whose it is. By default the user.name of git.")
@click.option("--languages", metavar="TAGS", help="Besides English, such as es,de, or none. By default es.")
@click.option("--label-in", multiple=True, metavar="TAG=WORDS", help="The label in a language. May be repeated.")
@click.option("--says-in", multiple=True, metavar="TAG=WORDS", help="What is heard in a language. May be repeated.")
@yes_option
def plugin(
    name: str,
    state: str | None,
    key: str | None,
    label: str | None,
    says: str | None,
    author: str | None,
    languages: str | None,
    label_in: tuple[str, ...],
    says_in: tuple[str, ...],
    yes: bool,
) -> None:
    """Make a folder NAME with a plugin that works: a state, its tests, and all that a package needs.

    It asks for what is not given. NAME is what the distribution is called, such as parking-ivr.
    """
    questions = Questions(yes)
    name = answers.distribution(name)
    state = questions.ask("The name of its state", state, name.removeprefix("ivr-").removesuffix("-ivr"), answers.state)
    key = questions.ask("Its key in the menu", key, _free_key() if key is None else key, answers.key)
    label = questions.ask("What the menu calls it", label, state.replace("-", " ").replace("_", " "), answers.words)
    says = questions.ask("What a caller hears there", says, _SAYS.format(label=label), answers.words)
    author = questions.ask("Whose it is", author, _user() if author is None else author, answers.words)
    tags = questions.ask("Languages besides English", languages, "es", answers.languages)
    labels = answers.translations("--label-in", label_in, tags)
    saids = answers.translations("--says-in", says_in, tags)
    spoken = [_spoken(questions, tag, label, says, (labels.get(tag), saids.get(tag))) for tag in tags]
    module = answers.module_of(state)
    values = {
        **_of_every_folder(name),
        "package": answers.package_of(name),
        "state": state,
        "module": module,
        "settings_class": "".join(part.capitalize() for part in module.split("_")) + "Settings",
        "key": key,
        "key_words": Texts().key(key),
        "label": label,
        "says": says,
        "again": _AGAIN,
        "author": author,
        "languages": spoken,
    }
    catalogues = [
        ("language", {**values, "language": each, "pairs": {label: each.label, says: each.says, _AGAIN: each.again}})
        for each in spoken
    ]
    files = _make(name, "plugin", values, catalogues)
    click.echo(f"{name} is there, with the state {state!r} on key {key} of the menu: {files} files.")
    english = [each.tag for each in spoken if says == each.says or each.again == _AGAIN]
    if english:
        where = f"src/{values['package']}/locale"
        click.echo(f"Some of its words are still English in {', '.join(english)}: translate them in {where}.")
    _tell_next(name, "pip install -e .", "ivrkit phone", "pip install tox tox-uv", "tox")


@new.command()
@click.argument("name")
@click.option("--company", metavar="NAME", help="Who is called. By default NAME.")
@click.option("--timezone", metavar="ZONE", help="Where it is, such as America/New_York. By default UTC.")
@click.option("--languages", metavar="TAGS", help="Besides English, such as es-MX,de-DE. By default none.")
@yes_option
def project(name: str, company: str | None, timezone: str | None, languages: str | None, yes: bool) -> None:
    """Make a folder NAME with a tree that works: settings, states with and without code, and tests.

    It asks for what is not given. NAME is what the folder is called, such as harbour.
    """
    questions = Questions(yes)
    name = answers.name(name)
    values = {
        **_of_every_folder(name),
        "company": questions.ask("Who is called", company, name.replace("-", " ").title(), answers.words),
        "timezone": questions.ask("The time zone it is in", timezone, "UTC", answers.zone),
        "languages": questions.ask("Languages besides English", languages, answers.NONE, answers.languages),
    }
    files = _make(name, "project", values)
    click.echo(f"{name} is there, with a tree of {values['company']}: {files} files.")
    environment = ("python3 -m venv .venv", ". .venv/bin/activate", "pip install -r requirements.txt")
    _tell_next(name, *environment, "ivrkit phone", "pip install tox tox-uv", "tox")


def _spoken(questions: Questions, tag: str, label: str, says: str, given: tuple[str | None, str | None]) -> Spoken:
    """Return what a state says in a language; what nobody translates stays English."""
    known_says, again = _TRANSLATED.get(base_of(tag), (says, _AGAIN))
    its_label = questions.ask(f"What the menu calls it in {tag}", given[0], label, answers.words)
    proposed = known_says.format(label=its_label) if says == _SAYS.format(label=label) else says
    return Spoken(
        tag, its_label, questions.ask(f"What a caller hears there in {tag}", given[1], proposed, answers.words), again
    )


def _free_key() -> str:
    """Return the first key that is free in the menu of the tree that is installed now."""
    try:
        states = load(settings_with(())).flow.states
    except IvrkitError:  # a tree with faults is not what this command is about
        return USUAL_KEY
    menus = [option for each in states.values() for option in each.state.menu_options if option.menu == "menu"]
    taken = {option.key[0] for option in menus}
    return next((key for key in KEY_ORDER[:8] if key not in taken), USUAL_KEY)


def _user() -> str:
    """Return who writes here, as git knows them, else as the system does."""
    git = shutil.which("git")
    if git:
        # S603: the program is git, and nothing that anybody typed is given to it.
        asked = subprocess.run(  # noqa: S603
            [git, "config", "user.name"], capture_output=True, text=True, check=False
        )
        if asked.stdout.strip():
            return asked.stdout.strip()
    return getpass.getuser()


def _of_every_folder(name: str) -> dict[str, Any]:
    """Return the values that every template may ask for."""
    return {
        "name": name,
        "year": datetime.now(UTC).year,
        "ivrkit_version": importlib_metadata.version("ivrkit"),
    }


def _make(name: str, kind: str, values: Mapping[str, Any], more: Sequence[tuple[str, Mapping[str, Any]]] = ()) -> int:
    """Make the folder in the working folder, and return the number of its files."""
    from ivrkit.cli.templates import TEMPLATES, render, write

    files = {}
    for folder, filled_in in [(kind, values), *more]:
        files.update(render(TEMPLATES / folder, filled_in))
    write(Path(name), files)
    return len(files)


def _tell_next(name: str, *commands: str) -> None:
    click.echo("\nNext:\n")
    click.echo("\n".join(f"  {command}" for command in (f"cd {name}", *commands)))
    click.echo("\nREADME.md says how pip and tox find ivrkit while it is on no package index.")
