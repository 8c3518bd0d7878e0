"""``ivrkit new``: create a plugin, or a project with a phone tree."""

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

from ivrkit.cli.scaffold import answers
from ivrkit.cli.scaffold.installed_tree import InstalledTree
from ivrkit.cli.scaffold.plugin import NewPlugin, Translation, default_says, default_says_in, repeat_sentence_in
from ivrkit.errors import IvrkitError

Answer = TypeVar("Answer")


def parsed_by(parse: Callable[[str], Any]) -> Callable[[click.Context, click.Parameter, str | None], Any]:
    """Return a click callback that parses the value of a command-line option.

    An invalid value ends the command before the user is asked the first question.

    :param parse: a function that parses and checks the value.
    """
    return lambda context, option, value: None if value is None else parse(value)


yes_option = click.option("--yes", is_flag=True, help="Ask no questions, and use the defaults.")


class Questions:
    """Asks the user each question that no command-line option answers.

    :param yes: whether to use the default answers instead of asking.
    """

    def __init__(self, yes: bool) -> None:
        self._yes = yes

    def ask(self, question: str, given: Answer | None, default: str, parse: Callable[[str], Answer]) -> Answer:
        """Return the answer to a question. The question is repeated until the user's answer is valid.

        :param question: the text of the question.
        :param given: the parsed value of the command-line option. If the value is not ``None``, the question is not
            asked.
        :param default: the default answer. With ``--yes``, the default answer is used without asking.
        :param parse: a function that parses and checks an answer.
        :raises IvrkitError: if ``--yes`` is given and the default answer is invalid, or if the standard input ends.
        """
        if given is not None:
            return given
        if self._yes:
            return parse(default)

        def parse_typed(answer: str) -> Answer:
            try:
                return parse(answer)
            except IvrkitError as error:
                raise click.UsageError(str(error)) from error

        try:
            answer: Answer = click.prompt(question, default=default, value_proc=parse_typed)
        except click.Abort:
            if sys.stdin.isatty():
                raise
            click.echo()
            raise IvrkitError("there is no input to answer the questions", hint="use the defaults: --yes") from None
        return answer


@click.group()
def new() -> None:
    """Create a plugin or a project."""


@new.command()
@click.argument("name")
@click.option(
    "--state",
    callback=parsed_by(answers.state),
    metavar="STATE",
    help="The name of its state. Default: NAME without -ivr, or another free name.",
)
@click.option(
    "--key",
    callback=parsed_by(answers.key),
    metavar="KEY",
    help="The key of the state in the menu. Default: the first free key.",
)
@click.option(
    "--label",
    callback=parsed_by(answers.line),
    metavar="TEXT",
    help="The label in the menu. Default: the state's name.",
)
@click.option("--says", callback=parsed_by(answers.line), metavar="TEXT", help="The sentence that the state says.")
@click.option(
    "--author", callback=parsed_by(answers.line), metavar="NAME", help="The author. Default: git's user.name."
)
@click.option(
    "--languages",
    callback=parsed_by(answers.languages),
    metavar="TAGS",
    help="Languages besides English, such as es,de, or none. Default: those of the installed phone tree.",
)
@click.option("--label-in", multiple=True, metavar="TAG=TEXT", help="The label in a language. May be repeated.")
@click.option("--says-in", multiple=True, metavar="TAG=TEXT", help="The sentence in a language. May be repeated.")
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
    """Create a plugin: a state, tests, packaging.

    Writes a complete package into the folder NAME. The package works at once. NAME is the name of the distribution,
    such as parking-ivr. The command asks for everything that no option sets.
    """
    questions = Questions(yes)
    name = _parse_folder_name(name, answers.distribution)
    tree = InstalledTree.of_working_folder(name)
    if state is None and (about := tree.about_default_state()):
        click.echo(about, err=True)
    state = questions.ask("Name of the state", state, tree.default_state(), answers.state)
    key = questions.ask("Key in the menu", key, tree.default_key(), answers.key)
    label = questions.ask("Label in the menu", label, state.replace("-", " ").replace("_", " "), answers.line)
    says = questions.ask("Sentence that it says", says, default_says(label), answers.line)
    author = questions.ask("Author", author, author or _git_user() or f"{name} contributors", answers.line)
    tags = questions.ask("Languages besides English", languages, tree.default_languages(), answers.languages)
    labels = answers.translations("--label-in", label_in, tags)
    sentences = answers.translations("--says-in", says_in, tags)
    translations = []
    for tag in tags:
        its_label = questions.ask(f"Label in {tag}", labels.get(tag), label, answers.line)
        default = default_says_in(tag, label, its_label, says)
        its_says = questions.ask(f"Sentence in {tag}", sentences.get(tag), default, answers.line)
        translations.append(Translation(tag, its_label, its_says, repeat_sentence_in(tag)))
    for clash in tree.clashes(state, key):
        click.echo(f"Warning: {clash}", err=True)
    _create_plugin(NewPlugin(name, state, key, label, says, author, tuple(translations)))


@new.command()
@click.argument("name")
@click.option(
    "--company", callback=parsed_by(answers.line), metavar="NAME", help="The company that is called. Default: NAME."
)
@click.option(
    "--timezone",
    callback=parsed_by(answers.zone),
    metavar="ZONE",
    help="Its time zone, such as America/New_York. Default: UTC.",
)
@click.option(
    "--languages",
    callback=parsed_by(answers.languages),
    metavar="TAGS",
    help="Languages besides English, such as es-MX,de-DE. Default: none.",
)
@yes_option
def project(name: str, company: str | None, timezone: str | None, languages: tuple[str, ...] | None, yes: bool) -> None:
    """Create a project: settings, states, tests.

    Writes a complete phone tree into the folder NAME, with states in TOML and in Python. The command asks for
    everything that no option sets.
    """
    questions = Questions(yes)
    name = _parse_folder_name(name, answers.name)
    values = {
        "company": questions.ask("Company that is called", company, name.replace("-", " ").title(), answers.line),
        "timezone": questions.ask("Time zone", timezone, "UTC", answers.zone),
        "languages": questions.ask("Languages besides English", languages, answers.NONE, answers.languages),
    }
    files = _create(name, ("project", values))
    click.echo(f"Created {name}: a phone tree for {values['company']}, {files} files.")
    environment = ("python3 -m venv .venv", ". .venv/bin/activate", "pip install -r requirements.txt")
    _print_next_steps(name, *environment, "ivrkit phone", "pip install tox tox-uv", "tox")


def _create_plugin(made: NewPlugin) -> None:
    """Create the folder of a plugin, and print a summary."""
    values = made.values()
    po_files = [("language", {**values, **each}) for each in made.po_files()]
    files = _create(made.name, ("plugin", values), *po_files)
    click.echo(f"Created {made.name}: a plugin with the state {made.state!r} on key {made.key}, {files} files.")
    untranslated = made.untranslated()
    if untranslated:
        locale = f"src/{made.package}/locale"
        click.echo(f"Some sentences are still English in {', '.join(untranslated)}. Translate them in {locale}.")
    _print_next_steps(made.name, "pip install -e .", "ivrkit phone", "pip install tox tox-uv", "tox")


def _parse_folder_name(name: str, parse: Callable[[str], str]) -> str:
    """Parse and return the name of the new folder.

    The commands call this function before the first question, so that an invalid name is reported at once.

    :param parse: a function that parses and checks the name.
    :raises IvrkitError: if the name is invalid. Also if a file of that name exists, or a folder that is not empty.
    """
    from ivrkit.cli.scaffold.templates import refuse_existing

    name = parse(name)
    refuse_existing(Path(name))
    return name


def _git_user() -> str:
    """Return git's setting ``user.name``, or ``""`` if git is not installed or the setting is missing."""
    git = shutil.which("git")
    if git is None:
        return ""
    command = [git, "config", "user.name"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  a fixed command line
    return done.stdout.strip()


def _create(name: str, *templates: tuple[str, Mapping[str, Any]]) -> int:
    """Create a new folder in the working folder, with the files that the templates give.

    :param name: the name of the new folder.
    :param templates: pairs of a folder of templates and the values of the placeholders in these templates.
    :returns: the number of created files.
    """
    from ivrkit.cli.scaffold.templates import TEMPLATES, render, write

    common = {"name": name, "year": datetime.now(UTC).year, "ivrkit_version": importlib_metadata.version("ivrkit")}
    files = {}
    for folder, values in templates:
        files.update(render(TEMPLATES / folder, {**common, **values}))
    write(Path(name), files)
    return len(files)


def _print_next_steps(name: str, *commands: str) -> None:
    click.echo("\nNext steps:\n")
    click.echo("\n".join(f"  {command}" for command in (f"cd {name}", *commands)))
    click.echo("\nREADME.md explains how pip and tox find ivrkit before its first release.")
