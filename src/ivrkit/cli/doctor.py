"""``ivrkit doctor``: what keeps calls from being answered, and how it is mended."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from ivrkit.cli.mounted import mounted
from ivrkit.cli.options import gathered_with, json_option, tree_options

if TYPE_CHECKING:
    from ivrkit.doctor import Finding


@click.command()
@click.option("--url", metavar="URL", help="Where Twilio reaches the app: a base, or its webhook.")
@tree_options
@json_option
@click.pass_context
def doctor(context: click.Context, url: str | None, block: tuple[str, ...], as_json: bool) -> None:
    """Check what calls need, and why a signature does not fit.

    Looks at settings, plugins, session store and clock. Then it asks the running app through its public URL, signed as
    Twilio signs, and names the header that breaks the signature and the line of the proxy's configuration that mends
    it. Routes with 1 when a check failed.
    """
    from ivrkit.doctor import FAILED, examine

    inside = mounted()
    found = examine(gathered_with(block), url, inside.host.plugins if inside else None)
    click.echo(json.dumps([asdict(each) for each in found], indent=2) if as_json else told(found))
    context.exit(1 if any(each.status == FAILED for each in found) else 0)


def told(found: Iterable[Finding]) -> str:
    """Return what was found, a line each, with the mends below it."""
    lines = []
    for each in found:
        lines.append(f"{each.status:7}  {each.check:8}  {each.found}")
        lines += [f"{'' if number else 'mend:':>17}  {mend}" for number, mend in enumerate(each.mends)]
    return "\n".join(lines)
