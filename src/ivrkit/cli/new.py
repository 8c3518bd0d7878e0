"""``ivrkit new``: begin a plugin, or the folder of a team that runs a tree."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click
import importlib_metadata

from ivrkit.cli.options import settings_with
from ivrkit.cli.scaffold import answers
from ivrkit.cli.scaffold.plugin import NewPlugin, Spoken, again_in, proposed_in, proposed_says
from ivrkit.errors import IvrkitError
from ivrkit.flow.compile.menus import KEY_ORDER
from ivrkit.plugins.load import load

Answer = TypeVar("Answer")
#: The key that is proposed where nobody can tell which is free.
USUAL_KEY = "4"


def given_as(read: Callable[[str], Any]) -> Callable[[click.Context, click.Parameter, str | None], Any]:
    """Return what takes the value of an option as an answer: one that is refused ends the command at once."""
    return lambda context, option, value: None if value is None else read(value)


yes_option = click.option("--yes", is_flag=True, help="Ask nothing: what is not given has its default.")


class Questions:
    """Asks whatever was not given.

    :param yes: whether the defaults are taken instead.
    """

    def __init__(self, yes: bool) -> None:
        self._yes = yes

    def ask(self, question: str, given: Answer | None, default: str, read: Callable[[str], Answer]) -> Answer:
        """Return an answer; one that is refused is asked for again.

        :param question: what is asked.
        :param given: what was given as the option of that name.
        :param default: what is proposed.
        :param read: takes an answer as it is meant.
        :raises IvrkitError: for a default that is refused, where nothing is asked.
        """
        if given is not None:
            return given
        if self._yes:
            return read(default)

        def checked(answer: str) -> Answer:
            try:
                return read(answer)
            except IvrkitError as error:
                raise click.UsageError(str(error)) from error

        try:
            answer: Answer = click.prompt(question, default=default, value_proc=checked)
        except click.Abort:
            if sys.stdin.isatty():
                raise
            click.echo()
            raise IvrkitError("nobody answers the questions", hint="take the defaults: --yes") from None
        return answer


@click.group()
def new() -> None:
    """Begin a plugin, or the folder of a team that runs a tree."""


@new.command()
@click.argument("name")
@click.option(
    "--state",
    callback=given_as(answers.state),
    metavar="STATE",
    help="The name of its state. By default NAME without -ivr.",
)
@click.option(
    "--key",
    callback=given_as(answers.key),
    metavar="KEY",
    help="The key of the state in the menu. By default one that is free.",
)
@click.option(
    "--label", callback=given_as(answers.words), metavar="WORDS", help="What the menu calls it. By default its name."
)
@click.option("--says", callback=given_as(answers.words), metavar="WORDS", help="What a caller hears there.")
@click.option(
    "--author", callback=given_as(answers.words), metavar="NAME", help="Whose it is. By default the user.name of git."
)
@click.option(
    "--languages",
    callback=given_as(answers.languages),
    metavar="TAGS",
    help="Besides English, such as es,de, or none. By default es.",
)
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
    languages: tuple[str, ...] | None,
    label_in: tuple[str, ...],
    says_in: tuple[str, ...],
    yes: bool,
) -> None:
    """Make a folder NAME with a plugin that works: a state, its tests, and all that a package needs.

    It asks for what is not given. NAME is what the distribution is called, such as parking-ivr.
    """
    questions = Questions(yes)
    name = _name_of_folder(name, answers.distribution)
    state = questions.ask("The name of its state", state, name.removeprefix("ivr-").removesuffix("-ivr"), answers.state)
    key = questions.ask("Its key in the menu", key, key or _free_key(), answers.key)
    label = questions.ask("What the menu calls it", label, state.replace("-", " ").replace("_", " "), answers.words)
    says = questions.ask("What a caller hears there", says, proposed_says(label), answers.words)
    author = questions.ask("Whose it is", author, author or _user() or f"{name} contributors", answers.words)
    tags = questions.ask("Languages besides English", languages, "es", answers.languages)
    labels = answers.translations("--label-in", label_in, tags)
    saids = answers.translations("--says-in", says_in, tags)
    spoken = []
    for tag in tags:
        its = questions.ask(f"What the menu calls it in {tag}", labels.get(tag), label, answers.words)
        proposed = proposed_in(tag, label, its, says)
        said = questions.ask(f"What a caller hears there in {tag}", saids.get(tag), proposed, answers.words)
        spoken.append(Spoken(tag, its, said, again_in(tag)))
    _make_plugin(NewPlugin(name, state, key, label, says, author, tuple(spoken)))


@new.command()
@click.argument("name")
@click.option("--company", callback=given_as(answers.words), metavar="NAME", help="Who is called. By default NAME.")
@click.option(
    "--timezone",
    callback=given_as(answers.zone),
    metavar="ZONE",
    help="Where it is, such as America/New_York. By default UTC.",
)
@click.option(
    "--languages",
    callback=given_as(answers.languages),
    metavar="TAGS",
    help="Besides English, such as es-MX,de-DE. By default none.",
)
@yes_option
def project(name: str, company: str | None, timezone: str | None, languages: tuple[str, ...] | None, yes: bool) -> None:
    """Make a folder NAME with a tree that works: settings, states with and without code, and tests.

    It asks for what is not given. NAME is what the folder is called, such as harbour.
    """
    questions = Questions(yes)
    name = _name_of_folder(name, answers.name)
    values = {
        "company": questions.ask("Who is called", company, name.replace("-", " ").title(), answers.words),
        "timezone": questions.ask("The time zone it is in", timezone, "UTC", answers.zone),
        "languages": questions.ask("Languages besides English", languages, answers.NONE, answers.languages),
    }
    files = _make(name, ("project", values))
    click.echo(f"{name} is there, with a tree of {values['company']}: {files} files.")
    environment = ("python3 -m venv .venv", ". .venv/bin/activate", "pip install -r requirements.txt")
    _tell_next(name, *environment, "ivrkit phone", "pip install tox tox-uv", "tox")


def _make_plugin(made: NewPlugin) -> None:
    """Make the folder of a plugin, and tell what is in it."""
    values = made.values()
    catalogues = [("language", {**values, **each}) for each in made.catalogues()]
    files = _make(made.name, ("plugin", values), *catalogues)
    click.echo(f"{made.name} is there, with the state {made.state!r} on key {made.key} of the menu: {files} files.")
    english = made.left_in_english()
    if english:
        where = f"src/{made.package}/locale"
        click.echo(f"Some of its words are still English in {', '.join(english)}: translate them in {where}.")
    _tell_next(made.name, "pip install -e .", "ivrkit phone", "pip install tox tox-uv", "tox")


def _name_of_folder(name: str, read: Callable[[str], str]) -> str:
    """Return the name of the new folder.

    :raises IvrkitError: when it can't be, or something of that name is there: before anybody answers questions.
    """
    from ivrkit.cli.scaffold.templates import refuse_taken

    name = read(name)
    refuse_taken(Path(name))
    return name


def _free_key() -> str:
    """Return the first key that is free in the menu of the tree that is installed now."""
    try:
        states = load(settings_with(())).flow.states
    except IvrkitError:  # a tree with problems is not what this command is about
        return USUAL_KEY
    menus = [option for each in states.values() for option in each.state.menu_options if option.menu == "menu"]
    taken = {option.key[0] for option in menus}
    return next((key for key in KEY_ORDER[:8] if key not in taken), USUAL_KEY)


def _user() -> str:
    """Return who writes here, as git knows them, ``""`` where it knows nobody."""
    git = shutil.which("git")
    if git is None:
        return ""
    command = [git, "config", "user.name"]
    asked = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  nothing typed is in it
    return asked.stdout.strip()


def _make(name: str, *templates: tuple[str, Mapping[str, Any]]) -> int:
    """Make the folder in the working folder.

    :param name: its name.
    :param templates: folders of templates, each with what it may ask for besides what all may.
    :returns: the number of its files.
    """
    from ivrkit.cli.scaffold.templates import TEMPLATES, render, write

    of_all = {"name": name, "year": datetime.now(UTC).year, "ivrkit_version": importlib_metadata.version("ivrkit")}
    files = {}
    for folder, values in templates:
        files.update(render(TEMPLATES / folder, {**of_all, **values}))
    write(Path(name), files)
    return len(files)


def _tell_next(name: str, *commands: str) -> None:
    click.echo("\nNext:\n")
    click.echo("\n".join(f"  {command}" for command in (f"cd {name}", *commands)))
    click.echo("\nREADME.md says how pip and tox find ivrkit while it is on no package index.")
