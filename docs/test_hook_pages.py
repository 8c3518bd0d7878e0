"""Each hook has a page that is made from its docstring, and at least one test.

The examples of the pages are tested in ``tests/plugins/test_hook_examples.py``.
"""

from __future__ import annotations

import ast
import inspect
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import pytest
from docs import hook_pages
from docs.hook_pages import HOOKS, REFERENCE, WHEN, page_of, pages, read_hook
from docs.workspace import ROOT

from ivrkit import hookspecs

DRAWING = ROOT / "docs" / "explanation" / "hooks.svg"


def page(hook: str) -> str:
    return (REFERENCE / "hooks" / f"{hook}.md").read_text(encoding="utf-8")


def hooks_named_in(code: str) -> Iterator[str]:
    """Return the names of the hooks that the tests of a module implement or mention.

    The plugin of a test may be a class or a function beside it. A keyword argument may name a hook without its prefix:
    ``hooks(call_ended=...)``.
    """
    tree = ast.parse(code)
    if not any(isinstance(node, ast.FunctionDef) and node.name.startswith("test_") for node in ast.walk(tree)):
        return
    for node in (each for top in tree.body if not isinstance(top, ast.Assign) for each in ast.walk(top)):
        if isinstance(node, ast.FunctionDef):
            yield node.name.removeprefix("test_")
        elif isinstance(node, ast.keyword) and node.arg:
            yield node.arg if node.arg.startswith("ivrkit_") else f"ivrkit_{node.arg}"
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from re.findall(r"ivrkit_\w+", node.value)


@cache
def hooks_in_tests() -> frozenset[str]:
    """Return the names of the hooks that the tests of the core implement or mention."""
    return frozenset(
        name for path in ROOT.glob("tests/**/test_*.py") for name in hooks_named_in(path.read_text(encoding="utf-8"))
    )


def test_every_page_is_what_the_docstrings_say() -> None:
    """The committed pages are equal to those that ``make pages`` writes."""
    for path, wanted in pages():
        assert path.read_text(encoding="utf-8") == wanted, f"{path.name} is out of date: run `make pages`"


def test_there_is_a_page_for_every_hook_and_for_nothing_else() -> None:
    """The folder of hook pages has one page for each hook, and no others."""
    assert sorted(path.stem for path in (REFERENCE / "hooks").glob("*")) == sorted(HOOKS)


@pytest.mark.parametrize("hook", HOOKS)
def test_a_page_has_a_heading_with_the_exact_signature(hook: str) -> None:
    """The page of a hook has a heading with the exact signature of the hook."""
    exact = str(inspect.signature(getattr(hookspecs, hook))).replace("'", "")
    assert f"\n## `{hook}{exact}`\n" in page(hook)


@pytest.mark.parametrize("hook", HOOKS)
def test_a_page_describes_everything(hook: str) -> None:
    """The page of a hook says when it is called, and describes each argument, the result, the order and a failure."""
    described = re.findall(r"^- `?([\w ]+)`?: \S", page(hook), flags=re.MULTILINE)
    assert described == [
        "when",
        *inspect.signature(getattr(hookspecs, hook)).parameters,
        "returns",
        "order",
        "failure",
    ]
    assert "\n\nCalled " in page(hook)


@pytest.mark.parametrize("hook", HOOKS)
def test_a_page_has_a_whole_example(hook: str) -> None:
    """The example of a page is a complete module that runs and implements the hook."""
    (example,) = re.findall(r"^```python\n(.+?)^```$", page(hook), flags=re.MULTILINE | re.DOTALL)
    space: dict[str, object] = {"__name__": "example"}
    exec(compile(example, hook, "exec", dont_inherit=True), space)  # noqa: S102  our own page
    assert re.search(rf"^ *@ivrkit\.hookimpl\n +def {hook}\(|^@ivrkit\.hookimpl\ndef {hook}\(", example, re.MULTILINE)


@pytest.mark.parametrize("hook", HOOKS)
def test_the_list_has_every_hook_where_it_is_called(hook: str) -> None:
    """The list names a hook in the section in which its docstring puts it."""
    listed = (REFERENCE / "hooks.md").read_text(encoding="utf-8")
    (section,) = [each for each in re.split(r"^## ", listed, flags=re.MULTILINE) if f"(hooks/{hook}.md)" in each]
    assert section.splitlines()[0].lower() == read_hook(hook).fields["when"]


@pytest.mark.parametrize("hook", HOOKS)
def test_there_is_a_test_of_every_hook(hook: str) -> None:
    """At least one test of the core implements or mentions each hook."""
    assert hook in hooks_in_tests()


def test_a_hook_without_a_test_is_found() -> None:
    """A list of hook names does not count as a test, and neither does a module without tests."""
    assert "ivrkit_x" not in hooks_named_in('NAMES = ["ivrkit_x"]\ndef test_all(): ...')
    assert "ivrkit_x" not in hooks_named_in("def ivrkit_x(): ...")
    assert "ivrkit_x" in hooks_named_in("class Plugin:\n    def ivrkit_x(self): ...\ndef test_it(): ...")
    assert "ivrkit_x" in hooks_named_in("def test_it():\n    hooks(x=print)")
    assert "ivrkit_x" in hooks_named_in('def test_it():\n    log("ivrkit_x of it failed")')


@pytest.mark.parametrize(
    "missing",
    [
        ":when: at start\n",
        ":param state: the state.\n",
        ":returns: nothing.\n",
        ":order: any.\n",
        ":failure: a problem.\n",
        "Called once.\n",
        "Example::\n",
    ],
)
def test_a_docstring_with_a_missing_part_is_rejected(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """If a part of a docstring is missing, the error lists the required parts."""
    docstring = (
        "A hook.\n\nCalled once.\n\n:when: at start\n:param state: the state.\n:returns: nothing.\n:order: any.\n"
        ":failure: a problem.\n\nExample::\n\n    x = 1\n"
    )

    def ivrkit_new(state): ...

    monkeypatch.setattr(hook_pages, "hookspecs", SimpleNamespace(ivrkit_new=ivrkit_new))
    ivrkit_new.__doc__ = docstring
    assert "## `ivrkit_new(state)`" in page_of(read_hook("ivrkit_new"))
    ivrkit_new.__doc__ = docstring.replace(missing, "")
    with pytest.raises(
        ValueError, match=f"the docstring of ivrkit_new must have .*; `when` must be one of: {', '.join(WHEN)}"
    ):
        read_hook("ivrkit_new")


def drawn() -> list[tuple[str, str]]:
    """Return the elements of the drawing from top to bottom: the class and the first text of each."""
    svg = "{http://www.w3.org/2000/svg}"
    root = ElementTree.fromstring(DRAWING.read_text(encoding="utf-8"))  # noqa: S314  our own drawing
    parts = [each for each in root.iter() if each.tag in (f"{svg}g", f"{svg}text") and each.get("class")]
    return [(part.get("class", ""), part.findtext(f"{svg}text") or part.text or "") for part in parts]


def test_every_hook_is_drawn_as_what_it_is() -> None:
    """The drawing shows exactly the hooks: deciding hooks before the session is saved, observing hooks after it."""
    shown = [(kind, name) for kind, name in drawn() if name.startswith("ivrkit_")]
    hooks = [(kind, name) for kind, name in shown if kind != "hook"]
    assert sorted(name for _, name in hooks) == sorted(HOOKS)
    assert {name for kind, name in hooks if kind == "observes"} == set(hookspecs.OBSERVING_HOOKS.values())
    names = [name for _, name in drawn()]
    saved = names.index("the session is saved")
    assert all((kind == "observes") == (names.index(name) > saved) for kind, name in hooks)


def test_the_drawing_has_the_order_in_which_hooks_are_called() -> None:
    """The drawing shows the hooks in the order of the sections of the list."""
    order = [name for kind, name in drawn() if kind in ("decides", "observes") and name in HOOKS]
    whens = [read_hook(name).fields["when"] for name in order]
    assert whens == sorted(whens, key=list(WHEN).index)


def test_the_list_keeps_its_headings() -> None:
    """The page with the list keeps the headings that other pages and sites link to."""
    headings = re.findall(r"^## (.+)$", (REFERENCE / "hooks.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert {"At start", "While a call is answered", "Observing", "Plugins of the host's own code"} <= set(headings)
    assert Path(REFERENCE / "hooks.md").exists()
