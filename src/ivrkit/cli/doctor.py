"""``ivrkit doctor``: find out why calls are not answered."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from ivrkit.cli.app_tree import app_tree
from ivrkit.cli.options import json_option, tree_options, try_load_settings_with
from ivrkit.errors import IvrkitError

if TYPE_CHECKING:
    from ivrkit.doctor import CheckResult
    from ivrkit.settings import Settings


@click.command()
@click.option("--url", metavar="URL", help="The public URL of the app or of its webhook.")
@click.option("--dev", is_flag=True, help="Check a host that runs in dev mode.")
@tree_options
@json_option
@click.pass_context
def doctor(context: click.Context, url: str | None, dev: bool, block: tuple[str, ...], as_json: bool) -> None:
    """Check settings, plugins, store and webhook.

    The command checks the settings, plugins, session store and clock. Then it sends a signed request to the running app
    through the app's public URL, as Twilio does. If a proxy made the signature invalid, the command shows the change
    and the configuration line that fixes the proxy. If TWILIO_ACCOUNT_SID is set, the command also reads the webhook
    rules of the account. The exit code is 1 if a check failed.

    Without an auth token, a host starts only in dev mode. With --dev, the missing token is a warning.
    """
    from ivrkit.doctor import run_checks

    in_app = app_tree()
    loaded = try_load_settings_with(block, **({"dev": True} if dev else {}))
    plugins = in_app.mounted.plugins if in_app else None
    results = run_checks(loaded, url, plugins, check_account=lambda settings: _check_rules(settings, url))
    click.echo(json.dumps([asdict(each) for each in results], indent=2) if as_json else results_as_text(results))
    context.exit(1 if any(each.status == "failed" for each in results) else 0)


def _check_rules(settings: Settings, url: str | None) -> list[CheckResult]:
    """Return the effects of the account's webhook rules. Without a public URL, return no result."""
    from ivrkit.cli.twilio_account import TwilioAccount
    from ivrkit.doctor.results import ok, warning
    from ivrkit.doctor.webhook_rules import check_rules, webhook_urls

    try:
        urls = webhook_urls(settings, url)
        account = TwilioAccount.if_set() if urls else None
        if not urls:
            return []
        if account is None:
            return [ok("rules", "not checked: set TWILIO_ACCOUNT_SID to check the webhook rules of the account")]
        if not account.can_read_rules():
            return [ok("rules", "not checked: install twilio 9.13 to check the webhook rules of the account")]
        results = check_rules(account.webhook_rules(), urls, settings)
    except IvrkitError as error:
        return [warning("rules", f"the webhook rules of the account were not read: {error.message}", error.hint)]
    return results or [ok("rules", "no webhook rule of the account matches the webhooks")]


def results_as_text(results: Iterable[CheckResult]) -> str:
    """Return the results of the checks as text: a line for each result, and below it the hints of the result."""
    lines = []
    for each in results:
        status = "FAILED" if each.status == "failed" else each.status
        lines.append(f"{status:7}  {each.check:8}  {each.message}")
        lines += [f"{'' if number else 'hint:':>17}  {hint}" for number, hint in enumerate(each.hints)]
    return "\n".join(lines)
