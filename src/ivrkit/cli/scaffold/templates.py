"""Makes the files of a new folder from templates, and writes all of them or none.

A template is a file that ends in ``.jinja``. Its name and the folders above it may have places too:
``src/{{ package }}/{{ module }}.py.jinja``. One that comes to nothing, though there is something in it, gives no file.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from ivrkit.errors import IvrkitError

#: Where the templates are: a folder for each kind.
TEMPLATES = Path(__file__).parents[2] / "templates"
_SUFFIX = ".jinja"
#: How long a line of code may be, as the ``pyproject.toml`` among the templates has it.
_WIDTH = 100


def render(folder: Path, values: Mapping[str, Any]) -> dict[str, str]:
    """Return the files that the templates of a folder give: path, with slashes -> what is in it.

    :param folder: the folder of the templates.
    :param values: what is filled in. A template that asks for anything else fails.
    """
    jinja = Environment(  # noqa: S701  files of Python, TOML and Markdown: to escape for HTML would damage them
        undefined=StrictUndefined, keep_trailing_newline=True, trim_blocks=True, lstrip_blocks=True
    )
    jinja.filters.update(python=python_text, quoted=quoted)
    jinja.globals["text_of"] = text_of
    files: dict[str, str] = {}
    for path in sorted(folder.rglob(f"*{_SUFFIX}")):
        source = path.read_text(encoding="utf-8")
        made = jinja.from_string(source).render(values)
        if made.strip() or not source:
            name = path.relative_to(folder).as_posix().removesuffix(_SUFFIX)
            files[jinja.from_string(name).render(values)] = made
    return files


def refuse_taken(target: Path) -> None:
    """Refuse a folder that holds something, or a file of its name.

    :raises IvrkitError: with the mend.
    """
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        what = "is a folder that is not empty" if target.is_dir() else "is a file"
        raise IvrkitError(f"{target} {what}, and nothing is written over", hint="choose another name, or remove it")


def write(target: Path, files: Mapping[str, str]) -> None:
    """Write files into a new folder.

    They are written beside it first, so that a folder which is there is a whole one.

    :param target: the folder, which must not be there, or be empty.
    :param files: path in it -> what is in it.
    :raises IvrkitError: for a folder that holds something, and where nothing can be written.
    """
    try:
        refuse_taken(target)
        with tempfile.TemporaryDirectory(prefix=".ivrkit-new-", dir=target.parent) as beside:
            made = Path(beside) / target.name
            for name, content in files.items():
                path = made / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(content, encoding="utf-8", newline="\n")
            if target.exists():
                target.rmdir()
            made.rename(target)
    except OSError as error:
        raise IvrkitError(
            f"{target} can't be written: {error.strerror}", hint="go to a folder in which you may write"
        ) from error


def python_text(words: str) -> str:
    """Return a text as Python code, in the quotes that a formatter would choose."""
    quote = "'" if words.count('"') > words.count("'") else '"'
    return quote + words.replace("\\", "\\\\").replace(quote, f"\\{quote}") + quote


def quoted(words: str) -> str:
    """Return a text as TOML and PO files write it."""
    return json.dumps(words, ensure_ascii=False)


def text_of(name: str, words: str) -> str:
    """Return the line, or the three lines, that give a ``Text`` a name: as a formatter sets it.

    :param name: the name of the constant.
    :param words: the sentence.
    """
    line = f"{name} = Text({python_text(words)})"
    return line if len(line) <= _WIDTH else f"{name} = Text(\n    {python_text(words)}\n)"
