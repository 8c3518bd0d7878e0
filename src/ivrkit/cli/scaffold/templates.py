"""Render the templates of a new folder, and write either all files or none.

A template is a file that ends in ``.jinja``. The path of a template may contain placeholders too:
``src/{{ package }}/{{ module }}.py.jinja``. An empty template makes an empty file. Any other template that renders to
an empty text makes no file.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from ivrkit.errors import IvrkitError

#: The folder of the templates, with a subfolder for each command.
TEMPLATES = Path(__file__).parents[2] / "templates"
_SUFFIX = ".jinja"
#: The longest line of code, as in the ``pyproject.toml`` of the templates.
_MAX_LINE = 120


def render(folder: Path, values: Mapping[str, Any]) -> dict[str, str]:
    """Render a folder of templates.

    :param folder: the folder of the templates.
    :param values: the values of the placeholders. An unknown placeholder raises an error.
    :returns: path -> content of each new file. The path is relative and has slashes on every system.
    """
    jinja = Environment(  # noqa: S701  the files are Python, TOML and Markdown, where HTML escapes would be wrong
        undefined=StrictUndefined, keep_trailing_newline=True, trim_blocks=True, lstrip_blocks=True
    )
    jinja.filters.update(python=python_text, quoted=quoted)
    jinja.globals["text_constant"] = text_constant
    files: dict[str, str] = {}
    for path in sorted(folder.rglob(f"*{_SUFFIX}")):
        source = path.read_text(encoding="utf-8")
        content = jinja.from_string(source).render(values)
        if content.strip() or not source:
            name = path.relative_to(folder).as_posix().removesuffix(_SUFFIX)
            files[jinja.from_string(name).render(values)] = content
    return files


def refuse_existing(target: Path) -> None:
    """Check that a new folder does not exist yet, or is empty.

    :raises IvrkitError: if the path is a file, or a folder that is not empty.
    """
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        what = "is a folder that is not empty" if target.is_dir() else "is a file"
        raise IvrkitError(f"{target} {what}; it is not overwritten", hint="choose another name, or remove it")


def write(target: Path, files: Mapping[str, str]) -> None:
    """Write files into a new folder.

    The files are written to a temporary folder first. If the function fails, no incomplete folder is left behind.

    :param target: the new folder. An existing folder must be empty.
    :param files: path in the folder -> content.
    :raises IvrkitError: if the target is a file or a folder that is not empty, or if the target can't be written.
    """
    try:
        refuse_existing(target)
        with tempfile.TemporaryDirectory(prefix=".ivrkit-new-", dir=target.parent) as temporary:
            # The folder below the temporary one has the usual permissions; the temporary one is private.
            folder = Path(temporary) / target.name
            for name, content in files.items():
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(content, encoding="utf-8", newline="\n")
            if target.exists():
                target.rmdir()
            folder.rename(target)
    except OSError as error:
        raise IvrkitError(
            f"{target} can't be written: {error.strerror}", hint="change to a folder in which you may write"
        ) from error


def python_text(text: str) -> str:
    """Return a text as a Python literal, with the quotes that ``ruff format`` would choose."""
    quote = "'" if text.count('"') > text.count("'") else '"'
    return quote + text.replace("\\", "\\\\").replace(quote, f"\\{quote}") + quote


def quoted(text: str) -> str:
    """Return a text as a string of a TOML or PO file, with quotes and escapes."""
    return json.dumps(text, ensure_ascii=False)


def text_constant(name: str, text: str) -> str:
    """Return the Python code that assigns a ``Text`` to a constant. Code that is too long for one line has three lines.

    :param name: the name of the constant.
    :param text: the sentence.
    """
    line = f"{name} = Text({python_text(text)})"
    return line if len(line) <= _MAX_LINE else f"{name} = Text(\n    {python_text(text)}\n)"
