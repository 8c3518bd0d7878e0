"""The rule that handlers are repeatable: if a webhook runs twice, both runs give the same result."""

from __future__ import annotations

from ivrkit.conformance.checked_plugin import CheckedPlugin, ConformanceError
from ivrkit.conformance.failures import record_plugin_errors, refuse_errors
from ivrkit.conformance.outcomes import webhooks_for
from ivrkit.conformance.webhook_runner import WebhookResult, WebhookRunner, describe_webhook, first_difference


def a_repeated_webhook_gives_the_same_result(plugin: CheckedPlugin, start: str) -> None:
    """Check that two runs of a webhook with the same ``call.turn_key`` give the same response and session."""
    with plugin.phone(start) as phone, record_plugin_errors() as errors:
        runner = WebhookRunner(phone)
        first, again = runner.start_call(), runner.start_call()
        _compare(plugin, start, "the first webhook", first, again)
        refuse_errors(f"{plugin.where(start)} failed for the first webhook", errors, plugin)
        for params in webhooks_for(phone, first.waiting_verb):
            results = runner.run(first.session, params), runner.run(first.session, params)
            _compare(plugin, start, describe_webhook(params), *results)
            # A handler that fails in both runs gives the same apology in both.
            refuse_errors(f"{plugin.where(start)} failed for {describe_webhook(params)}", errors, plugin)


def _compare(plugin: CheckedPlugin, start: str, webhook: str, first: WebhookResult, second: WebhookResult) -> None:
    difference = first_difference(first, second)
    if difference is not None:
        raise ConformanceError(
            f"{plugin.where(start)}, {webhook}: the first run gives {difference[0]!r}, and the second run of the same "
            f"webhook gives {difference[1]!r}",
            hint="use call.turn_key as the key of side effects, and give the same response for the same key",
        )
