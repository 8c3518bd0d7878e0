"""``ivrkit connect``: show or set the webhooks of a Twilio number."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import click

from ivrkit.cli.options import load_settings_with, table, try_load_settings_with
from ivrkit.cli.twilio_account import TwilioAccount
from ivrkit.errors import IvrkitError
from ivrkit.flow.compile.twiml import with_connection_overrides
from ivrkit.simulator.wire.overrides import overrides_of

#: Field of a number -> its name in Twilio's console.
FIELDS = {
    "voice_url": "a call comes in",
    "voice_fallback_url": "primary handler fails",
    "status_callback": "call status changes",
}
#: Field of a number -> the field with its HTTP method.
METHODS = {
    "voice_url": "voice_method",
    "voice_fallback_url": "voice_fallback_method",
    "status_callback": "status_callback_method",
}
#: Fields that take precedence over the webhooks, so they are cleared.
PRECEDING = {"voice_application_sid": "TwiML app", "trunk_sid": "SIP trunk"}


@click.command()
@click.argument("number")
@click.option("--url", help="The public URL of the app or of its webhook. Without it, only show the webhooks.")
@click.option(
    "--overrides",
    help="Connection overrides of the webhooks, such as 'rc=1&rp=ct', or '' for none. Default: the settings' value.",
)
@click.option("--dry-run", is_flag=True, help="Show the changes without making them.")
@click.option("--yes", is_flag=True, help="Do not ask before the change.")
def connect(number: str, url: str | None, overrides: str | None, dry_run: bool, yes: bool) -> None:
    """Show or set the webhooks of a Twilio number.

    Set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN in the environment or in .env. In place of the auth token, you can set
    TWILIO_API_KEY and TWILIO_API_SECRET. The command asks for missing values.
    """
    if not re.fullmatch(r"\+[1-9]\d{1,14}", number):
        raise IvrkitError(
            f"NUMBER must be a phone number in E.164 form, not {number}",
            hint="write + and the country code: +14155550100",
        )
    webhooks = _webhook_fields(url, overrides) if url else {}
    account = TwilioAccount.from_environment()
    found = account.number(number)
    if not url:
        click.echo(table(("WEBHOOK", "NOW"), [(name, _current(found, field)) for field, name in _rows(found)]))
        _print_rules(account, [getattr(found, field) for field in FIELDS if getattr(found, field, None)])
        return
    new = webhooks | {field: "" for field in PRECEDING if getattr(found, field, None)}
    changed = {field: value for field, value in new.items() if (getattr(found, field, None) or "") != value}
    rows = [(name, _current(found, field), _new(field, new)) for field, name in _rows(found)]
    click.echo(table(("WEBHOOK", "NOW", "NEW"), rows))
    for warning in _warnings(url):
        click.echo(f"Warning: {warning}", err=True)
    _print_rules(account, [webhooks[field] for field in FIELDS])
    if not changed:
        click.echo("Nothing to change.")
    elif dry_run:
        click.echo("Nothing was changed (--dry-run).")
    elif yes or click.confirm("Make these changes?", err=True):
        account.change(found, changed)
        click.echo(f"{number} is connected. Call it to try it.")
    else:
        click.echo("Nothing was changed.")


def _print_rules(account: TwilioAccount, urls: list[str]) -> None:
    """Print how the webhook rules of an account change the requests to some URLs."""
    if not account.can_read_rules():
        return
    from ivrkit.doctor.webhook_rules import check_rules

    try:
        rules = account.webhook_rules()
    except IvrkitError as error:
        click.echo(f"Warning: the webhook rules of the account were not read: {error.message}", err=True)
        return
    for each in check_rules(rules, urls, try_load_settings_with(()).settings):
        click.echo(f"{'Note' if each.status == 'ok' else 'Warning'}: {each.message}", err=True)
        for hint in each.hints:
            click.echo(f"  hint: {hint}", err=True)


def _webhook_fields(url: str, overrides: str | None) -> dict[str, str]:
    """Return the fields of a Twilio number that connect the number to a phone tree: field -> value.

    :param url: the public URL of the app or of its webhook. The setting ``url_prefix`` is appended to the URL of an
        app.
    :param overrides: the connection overrides, or ``None`` to use the overrides in the settings.
    :raises IvrkitError: if the URL or an override is invalid, or if ``overrides`` is ``None`` and the settings are
        invalid.
    """
    if not _is_base_url(url):
        raise IvrkitError(
            f"--url must be the public URL of a phone tree, not {url}", hint="write it as https://ivr.example.com"
        )
    settings = try_load_settings_with(()).settings if overrides is not None else load_settings_with(())
    if overrides is None:
        overrides = settings.connection_overrides
    complaints = overrides_of(f"#{overrides}")[1] if overrides else []
    if complaints:
        raise IvrkitError(
            f"--overrides {overrides}: {'; '.join(complaints)}",
            hint="rc=1&rp=ct retries once if the connection fails",
        )
    webhook = _webhook(url, settings.url_prefix)
    addresses = {
        "voice_url": with_connection_overrides(webhook, overrides),
        "voice_fallback_url": with_connection_overrides(f"{webhook}/fallback", overrides),
        "status_callback": f"{webhook}/status",
    }
    return addresses | dict.fromkeys(METHODS.values(), "POST")


def _webhook(url: str, prefix: str) -> str:
    """Return the URL of the webhook.

    :param url: the public URL of the app or of its webhook.
    :param prefix: the setting ``url_prefix``.
    """
    from ivrkit.doctor.public_url import WEBHOOK, join_paths

    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    path = path if path.endswith(WEBHOOK) else join_paths(path, prefix) + WEBHOOK
    return parts._replace(path=path).geturl()


def _is_base_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    is_endpoint = parts.path.rstrip("/").endswith(("/webhook/status", "/webhook/fallback"))
    has_more = is_endpoint or parts.query or parts.fragment
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not has_more


def _rows(found: Any) -> list[tuple[str, str]]:
    """Return the fields of a Twilio number that the command shows, as pairs of a field and its name in the output.

    The fields are the webhook URLs, and the TwiML app and the SIP trunk if they are set for the number.
    """
    return [*FIELDS.items(), *((field, name) for field, name in PRECEDING.items() if getattr(found, field, None))]


def _current(found: Any, field: str) -> str:
    return _cell(getattr(found, field, None), getattr(found, METHODS.get(field, ""), None))


def _new(field: str, fields: dict[str, str]) -> str:
    return _cell(fields[field], fields.get(METHODS.get(field, ""))) if fields[field] else "cleared"


def _cell(value: str | None, method: str | None) -> str:
    return " ".join(each for each in (method, value) if each) if value else "-"


def _warnings(url: str) -> list[str]:
    parts = urlsplit(url)
    warnings = []
    if parts.scheme != "https":
        warnings.append("the URL is not https: everything that callers press crosses the network unencrypted")
    if parts.hostname in ("localhost", "127.0.0.1", "::1") or str(parts.hostname).endswith(".local"):
        warnings.append(f"Twilio can't reach {parts.hostname}: it is an address of this machine")
    return warnings
