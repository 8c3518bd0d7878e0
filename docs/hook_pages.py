"""Writes the pages of the hooks, of the docstrings in ``src/ivrkit/hookspecs.py``: ``python -m docs.hook_pages``.

Each hook has a page in ``docs/reference/hooks``, and a line in the list of ``docs/reference/hooks.md``. They are
committed, so that they can be read where the repository is; a test fails when they are not what this writes.
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
#: Where the list of the hooks begins and ends in ``hooks.md``.
BEGIN, END = "<!-- the list of hooks, written by `make pages` -->\n", "<!-- end of the list -->\n"
NOTICE = "<!-- Written by `make pages` from src/ivrkit/hookspecs.py: change the docstring there. -->\n"

#: When a hook is called -> what is true of all that are called then.
WHEN = {
    "at start": "Called when the host starts. What a plugin raises here is a [problem](errors.md#plugins).",
    "choosing the start": "Called once a call, at its first webhook.",
    "while a call is answered": "These decide or change what the caller hears, before the session is saved.",
    "observing": "These are told what happened, after the session is saved, in the order in which it happened. They "
    "return nothing, and what they raise is logged and nothing else.",
}
#: The fields of a docstring, besides ``when`` and its arguments.
FIELDS = ("returns", "order", "when it raises")
#: What stands below every page.
LAST = (
    "All hooks are in [the list](../hooks.md); how a module with one becomes a plugin is in "
    "[Write a plugin with hooks](../../how-to/hooks.md)."
)
#: What a docstring sets in code -> the page that has more of it. Hooks are found by their names.
MORE = {
    "callers": "../settings.md#callers",
    "numbers": "../settings.md#numbers",
    "start": "../settings.md#start",
    "[plugins.NAME]": "../settings.md#settings-of-plugins",
    "[states.NAME]": "../settings.md#decisions-about-a-state",
    "ivrkit.states": "../loading.md",
    "no-input": "../states.md#outcomes",
    "fallback": "../states.md#state",
    "call.turn_key": "../api.md#a-call",
}


@dataclass(frozen=True)
class Hook:
    """A hook as its docstring has it, in the docstring's own markup.

    :param name: its name.
    :param signature: as its author wrote it.
    :param summary: the first line.
    :param text: the paragraphs up to the fields.
    :param fields: ``when``, ``returns``, ``order``, ``when it raises``, and ``param NAME`` of each argument.
    :param example: a whole module.
    """

    name: str
    signature: str
    summary: str
    text: tuple[str, ...]
    fields: Mapping[str, str]
    example: str


def read_hook(name: str) -> Hook:
    """Return what the docstring of a hook says.

    :raises ValueError: when it lacks something.
    """
    function = getattr(hookspecs, name)
    told, _, example = (inspect.getdoc(function) or "").partition("\n\nExample::\n\n")
    said, *rest = re.split(r"^:([\w ]+):", told, flags=re.MULTILINE)
    summary, *text = [" ".join(paragraph.split()) for paragraph in said.strip().split("\n\n")]
    fields = dict(zip(rest[::2], [" ".join(each.split()) for each in rest[1::2]], strict=True))
    arguments = [f"param {each}" for each in inspect.signature(function).parameters]
    if sorted(fields) != sorted(["when", *arguments, *FIELDS]) or fields["when"] not in WHEN or not (text and example):
        raise ValueError(
            f"the docstring of {name} needs what it is, when it is called, an example, and the fields "
            f"{', '.join(['when', *arguments, *FIELDS])}; `when` is one of: {', '.join(WHEN)}"
        )
    signature = name + str(inspect.signature(function)).replace("'", "")
    return Hook(name, signature, summary, tuple(text), fields, textwrap.dedent(example).strip())


def page_of(hook: Hook) -> str:
    """Return the page of a hook."""
    when = hook.fields["when"]
    where = f"[{when}](../hooks.md#{when.replace(' ', '-')})"
    arguments = [name.partition(" ")[2] for name in hook.fields if name.startswith("param ")]
    facts = [f"- when: {where}"]
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
    """Return the list of the hooks, by when they are called."""
    parts = []
    for when, told in WHEN.items():
        parts += [f"## {when.capitalize()}", _wrapped(told)]
        lines = [
            f"- [`{hook.name}`](hooks/{hook.name}.md): {hook.summary.replace('``', '`')}"
            for hook in hooks
            if hook.fields["when"] == when
        ]
        parts.append("\n".join(_wrapped(line, "  ") for line in lines))
    pages = "\n".join(f"{hook.name} <hooks/{hook.name}>" for hook in hooks)
    return "\n\n".join([*parts, f"```{{toctree}}\n:hidden:\n\n{pages}\n```"]) + "\n"


def pages() -> Iterator[tuple[Path, str]]:
    """Return each page as it should be: that of every hook, and the one with the list."""
    hooks = [read_hook(name) for name in HOOKS]
    for hook in hooks:
        yield REFERENCE / "hooks" / f"{hook.name}.md", page_of(hook)
    path = REFERENCE / "hooks.md"
    before, rest = path.read_text(encoding="utf-8").split(BEGIN)
    yield path, f"{before}{BEGIN}\n{list_of(hooks)}\n{END}{rest.split(END)[1]}"


def _markdown(hook: Hook, text: str) -> str:
    """Return a docstring's text as Markdown, with a link at the first mention of what has a page."""
    linked: set[str] = set()

    def code(found: re.Match[str]) -> str:
        name = found[1]
        target = f"{name}.md" if name in HOOKS and name != hook.name else MORE.get(name)
        if not target or name in linked:
            return f"`{name}`"
        linked.add(name)
        return f"[`{name}`]({target})"

    return re.sub(r"``(.+?)``", code, text)


def _wrapped(text: str, indent: str = "") -> str:
    """Return a paragraph in lines of the pages' length; code and links are not broken."""
    held = re.sub(r"`[^`]*`|\[[^\]]*\]\([^)]*\)", lambda found: found[0].replace(" ", "\0"), text)
    lines = textwrap.fill(held, 120, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    return lines.replace("\0", " ")


def main() -> None:
    """Write the pages, and remove those of hooks that are gone."""
    wanted = dict(pages())
    (REFERENCE / "hooks").mkdir(exist_ok=True)
    for path in set((REFERENCE / "hooks").glob("*.md")) - set(wanted):
        path.unlink()
    for path, text in wanted.items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
