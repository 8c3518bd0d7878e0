"""What came, went and changed between two inventories, in words."""

from __future__ import annotations

from collections.abc import Iterator

import click

from ivrkit.cli.packages.inventory import Inventory, Item


def tell_changes(before: Inventory, after: Inventory) -> bool:
    """Print what came, went and changed; return whether anything did."""
    lines = list(_changes(before, after))
    for line in lines:
        click.echo(line)
    return bool(lines)


def tell_start(now: Inventory) -> bool:
    """Print whether the tree starts, and what keeps it from starting; return whether it does."""
    if now.starts:
        states = "1 state" if now.states == 1 else f"{now.states} states"
        owners = sum(bool(item.states) for item in now.plugins.values())
        click.echo(f"The tree starts: {states} of {'1 plugin' if owners == 1 else f'{owners} plugins'}.")
    else:
        click.echo("The tree does not start:", err=True)
    for problem in now.problems:
        click.echo(problem, err=True)
    return now.starts


def _changes(before: Inventory, after: Inventory) -> Iterator[str]:
    for word, items, others in (("Came", after, before), ("Went", before, after)):
        for name in sorted(items.plugins.keys() - others.plugins.keys()):
            item = items.plugins[name]
            yield f"{word}: {name} {item.version}".rstrip()
            yield from _told(item)
    for name in sorted(before.plugins.keys() & after.plugins.keys()):
        old, new = before.plugins[name], after.plugins[name]
        if old != new:
            version = f" {old.version} -> {new.version}" if old.version != new.version else f" {new.version}"
            yield f"Changed: {name}{version}".rstrip()
            yield from _differences(old, new)


def _told(item: Item) -> Iterator[str]:
    for name, keys in item.states.items():
        yield f"  state    {name}{_keys(keys)}"
    for name in item.hooks:
        yield f"  hook     {name}"
    for name, takes in item.settings.items():
        yield f"  setting  {name}: {takes}"


def _differences(old: Item, new: Item) -> Iterator[str]:
    for sign, mine, others in (("-", old, new), ("+", new, old)):
        states = {name: keys for name, keys in mine.states.items() if others.states.get(name) != keys}
        hooks = [name for name in mine.hooks if name not in others.hooks]
        settings = {name: takes for name, takes in mine.settings.items() if others.settings.get(name) != takes}
        for line in _told(Item("", states, hooks, settings)):
            yield f"{sign} {line[2:]}"


def _keys(keys: list[str]) -> str:
    return f" (key {', '.join(keys)})" if keys else ""
