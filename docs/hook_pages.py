"""The pages of the hooks, made from the docstrings in ``src/ivrkit/hookspecs.py``: ``python -m docs.hook_pages``.

Each hook has a page in ``docs/reference/hooks``, and a line in the list of ``docs/reference/hooks.md``. The pages are
committed, so that they can be read on GitHub, too. A test fails if they differ from the docstrings.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ivrkit import hookspecs

REFERENCE = Path(__file__).parent / "reference"
HOOKS = [name for name in vars(hookspecs) if name.startswith("ivrkit_")]
#: The lines in ``hooks.md`` around the list of hooks.
BEGIN, END = "<!-- the list of hooks, written by `make pages` -->\n", "<!-- end of the list -->\n"
NOTICE = "<!-- Written by `make pages` from src/ivrkit/hookspecs.py: change the docstring there. -->\n"

#: The sections of the list: when hooks are called -> the introduction of the section.
WHEN = {
    "at start": "These hooks are called when the host starts. An error that a plugin raises here is a "
    "[problem](errors.md#plugins).",
    "choosing the start": "This hook is called once per call, at its first webhook.",
    "while a call is answered": "These hooks decide or change the answer, before the session is saved.",
    "after a failure": "This hook is called during a call, before any other code of a plugin runs.",
    "observing": "These hooks are called after the session is saved, in the order of the events. They return nothing. "
    "An error that a plugin raises here is logged, and has no other effect.",
}
#: The fields of a docstring, besides ``when`` and its arguments.
FIELDS = ("returns", "order", "failure")
#: The last paragraph of every page.
LAST = "See also: [all hooks](../hooks.md), and [how to write a plugin with hooks](../../how-to/hooks.md)."
#: Words that a docstring sets as code -> the page about them. Hooks link to their own pages.
LINKS = {
    "callers": "../settings.md#callers",
    "numbers": "../settings.md#numbers",
    "start": "../settings.md#start",
    "[plugins.NAME]": "../settings.md#settings-of-plugins",
    "[states.NAME]": "../settings.md#decisions-about-a-state",
    "ivrkit.states": "../loading.md",
    "no-input": "../states.md#outcomes",
    "on_error": "../states.md#state",
    "call.turn_key": "../api.md#a-call",
}


@dataclass(frozen=True)
class Hook:
    """A hook as its docstring describes it, in reStructuredText.

    :param name: its name.
    :param signature: its signature.
    :param summary: the first line.
    :param text: the paragraphs between the summary and the fields.
    :param fields: ``when``, ``returns``, ``order``, ``failure``, and ``param NAME`` for each argument.
    :param example: a complete module.
    """

    name: str
    signature: str
    summary: str
    text: tuple[str, ...]
    fields: Mapping[str, str]
    example: str


def read_hook(name: str) -> Hook:
    """Return a hook with the parts of its docstring.

    :raises ValueError: if a part is missing.
    """
    function = getattr(hookspecs, name)
    contract, _, example = (inspect.getdoc(function) or "").partition("\n\nExample::\n\n")
    description, *rest = re.split(r"^:([\w ]+):", contract, flags=re.MULTILINE)
    summary, *text = [" ".join(paragraph.split()) for paragraph in description.strip().split("\n\n")]
    fields = dict(zip(rest[::2], [" ".join(each.split()) for each in rest[1::2]], strict=True))
    arguments = [f"param {each}" for each in inspect.signature(function).parameters]
    if sorted(fields) != sorted(["when", *arguments, *FIELDS]) or fields["when"] not in WHEN or not (text and example):
        raise ValueError(
            f"the docstring of {name} must have a summary, a paragraph, an example, and the fields "
            f"{', '.join(['when', *arguments, *FIELDS])}; `when` must be one of: {', '.join(WHEN)}"
        )
    signature = name + str(inspect.signature(function)).replace("'", "")
    return Hook(name, signature, summary, tuple(text), fields, textwrap.dedent(example).strip())


def page_of(hook: Hook) -> str:
    """Return the page of a hook."""
    when = hook.fields["when"]
    section = f"[{when}](../hooks.md#{when.replace(' ', '-')})"
    arguments = [name.partition(" ")[2] for name in hook.fields if name.startswith("param ")]
    facts = [f"- when: {section}"]
    facts += [f"- `{each}`: {_markdown(hook, hook.fields[f'param {each}'])}" for each in arguments]
    facts += [f"- {each}: {_markdown(hook, hook.fields[each])}" for each in FIELDS]
    parts = [
        f"{NOTICE}\n# `{hook.name}`",
        _wrapped(_markdown(hook, hook.summary)),
        f"## `{hook.signature}`",
        *(_wrapped(_markdown(hook, each)) for each in hook.text),
        "\n".join(_wrapped(each, "  ") for each in facts),
        "## Example",
        f"```python\n{hook.example}\n```",
        _wrapped(LAST),
    ]
    return "\n\n".join(parts) + "\n"


def list_of(hooks: list[Hook]) -> str:
    """Return the list of the hooks, in sections."""
    parts = []
    for when, introduction in WHEN.items():
        parts += [f"## {when.capitalize()}", _wrapped(introduction)]
        lines = [
            f"- [`{hook.name}`](hooks/{hook.name}.md): {hook.summary.replace('``', '`')}"
            for hook in hooks
            if hook.fields["when"] == when
        ]
        parts.append("\n".join(_wrapped(line, "  ") for line in lines))
    pages = "\n".join(f"{hook.name} <hooks/{hook.name}>" for hook in hooks)
    return "\n\n".join([*parts, f"```{{toctree}}\n:hidden:\n\n{pages}\n```"]) + "\n"


def pages() -> Iterator[tuple[Path, str]]:
    """Return the path and text of each page: one per hook, and the page with the list."""
    hooks = [read_hook(name) for name in HOOKS]
    for hook in hooks:
        yield REFERENCE / "hooks" / f"{hook.name}.md", page_of(hook)
    path = REFERENCE / "hooks.md"
    before, rest = path.read_text(encoding="utf-8").split(BEGIN)
    yield path, f"{before}{BEGIN}\n{list_of(hooks)}\n{END}{rest.split(END)[1]}"


def _markdown(hook: Hook, text: str) -> str:
    """Return text of a docstring as Markdown. The first mention of a hook or setting becomes a link."""
    linked: set[str] = set()

    def code(found: re.Match[str]) -> str:
        name = found[1]
        target = f"{name}.md" if name in HOOKS and name != hook.name else LINKS.get(name)
        if not target or name in linked:
            return f"`{name}`"
        linked.add(name)
        return f"[`{name}`]({target})"

    return re.sub(r"``(.+?)``", code, text)


def _wrapped(text: str, indent: str = "") -> str:
    """Return a paragraph in lines of at most 120 characters, without line breaks in code and links."""
    protected = re.sub(r"`[^`]*`|\[[^\]]*\]\([^)]*\)", lambda found: found[0].replace(" ", "\0"), text)
    lines = textwrap.fill(protected, 120, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    return lines.replace("\0", " ")


def main() -> None:
    """Write all pages, and remove the pages of hooks that no longer exist."""
    wanted = dict(pages())
    (REFERENCE / "hooks").mkdir(exist_ok=True)
    for path in set((REFERENCE / "hooks").glob("*.md")) - set(wanted):
        path.unlink()
    for path, text in wanted.items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
