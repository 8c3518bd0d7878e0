"""``ivrkit connect``: where a number at Twilio sends its calls."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import click

from ivrkit.cli.options import settings_with, table
from ivrkit.cli.twilio_account import Account
from ivrkit.errors import IvrkitError
from ivrkit.flow.compile.twiml import with_overrides
from ivrkit.simulator.wire.overrides import overrides_of

#: What a number has of its own, and how each is called at Twilio's console.
FIELDS = {
    "voice_url": "a call comes in",
    "voice_fallback_url": "primary handler fails",
    "status_callback": "call status changes",
}
METHODS = {"voice_url": "voice_method", "voice_fallback_url": "voice_fallback_method"}
METHODS |= {"status_callback": "status_callback_method"}
#: What wins over these addresses, and is cleared.
WINS = {"voice_application_sid": "TwiML app", "trunk_sid": "SIP trunk"}


@click.command()
@click.argument("number")
@click.option("--url", help="Where the tree is reached, such as https://ivr.example.com. Left out: only show.")
@click.option(
    "--overrides",
    help="Connection overrides for the webhooks, such as 'rc=1&rp=ct'; '' for none. Left out: those of the settings.",
)
@click.option("--dry-run", is_flag=True, help="Show what would be changed, and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask before the change.")
def connect(number: str, url: str | None, overrides: str | None, dry_run: bool, yes: bool) -> None:
    """Show where a Twilio number sends its calls, or send them to a tree.

    The account is that of TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN, or TWILIO_API_KEY and TWILIO_API_SECRET; what is
    not in the environment is asked for.
    """
    if not re.fullmatch(r"\+[1-9]\d{1,14}", number):
        raise IvrkitError(f"{number} is no telephone number", hint="write it with + and the country: +14155550100")
    wanted = _wanted(url, overrides) if url else {}
    account = Account.open()
    found = account.number(number)
    if not url:
        click.echo(table(("WHAT", "NOW"), [(name, _now(found, field)) for field, name in _shown(found)]))
        return
    wanted |= {field: "" for field in WINS if getattr(found, field, None)}
    changed = {field: value for field, value in wanted.items() if (getattr(found, field, None) or "") != value}
    rows = [(name, _now(found, field), _then(field, wanted)) for field, name in _shown(found)]
    click.echo(table(("WHAT", "WAS", "BECOMES"), rows))
    for warning in _warnings(url):
        click.echo(f"Warning: {warning}", err=True)
    if not changed:
        click.echo("Nothing to change.")
    elif dry_run:
        click.echo("Nothing was changed: --dry-run.")
    elif yes or click.confirm("Change these?", err=True):
        account.change(found, changed)
        click.echo(f"{number} is connected: call it.")
    else:
        click.echo("Nothing was changed.")


def _wanted(url: str, overrides: str | None) -> dict[str, str]:
    """Return the fields of a number that sends its calls to a tree.

    :raises IvrkitError: for what is no address, no override, and for settings that can't be read where they decide.
    """
    if not _is_base(url):
        raise IvrkitError(f"--url {url} is no address of a tree", hint="write its base: https://ivr.example.com")
    if overrides is None:
        overrides = settings_with(()).connection_overrides
    complaints = overrides_of(f"#{overrides}")[1] if overrides else []
    if complaints:
        raise IvrkitError(
            f"--overrides {overrides}: {'; '.join(complaints)}",
            hint="rc=1&rp=ct tries once more, when no connection could be made",
        )
    webhook = f"{url.rstrip('/').removesuffix('/webhook')}/webhook"
    addresses = {
        "voice_url": with_overrides(webhook, overrides),
        "voice_fallback_url": with_overrides(f"{webhook}/fallback", overrides),
        "status_callback": f"{webhook}/status",
    }
    return addresses | dict.fromkeys(METHODS.values(), "POST")


def _is_base(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not (parts.query or parts.fragment)


def _shown(found: Any) -> list[tuple[str, str]]:
    """Return the fields that are shown, with their names; of what wins over them, what is set."""
    return [*FIELDS.items(), *((field, name) for field, name in WINS.items() if getattr(found, field, None))]


def _now(found: Any, field: str) -> str:
    return _cell(getattr(found, field, None), getattr(found, METHODS.get(field, ""), None))


def _then(field: str, wanted: dict[str, str]) -> str:
    return _cell(wanted[field], wanted.get(METHODS.get(field, ""))) if wanted[field] else "cleared"


def _cell(value: str | None, method: str | None) -> str:
    return " ".join(each for each in (method, value) if each) if value else "-"


def _warnings(url: str) -> list[str]:
    parts = urlsplit(url)
    warnings = []
    if parts.scheme != "https":
        warnings.append("the address is not https: what callers press would cross the network in clear")
    if parts.hostname in ("localhost", "127.0.0.1", "::1") or str(parts.hostname).endswith(".local"):
        warnings.append(f"Twilio can't reach {parts.hostname}: it is this machine alone")
    return warnings
