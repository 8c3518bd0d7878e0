"""The webhook rules of a Twilio account, and their effects on the webhooks of a phone tree.

Twilio applies one rule to each URL. The rule names one or two settings, which decide how Twilio signs and repeats the
requests (https://www.twilio.com/docs/usage/webhooks/webhook-rules).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ivrkit.doctor.public_url import parse_public_url, split_url
from ivrkit.doctor.results import CheckResult, failed, ok, warning
from ivrkit.errors import IvrkitError
from ivrkit.flow.compile.twiml import with_connection_overrides
from ivrkit.flow.compile.whisper import WHISPER_PATH
from ivrkit.settings import Settings
from ivrkit.settings.shared_key_variables import SHARED_KEYS_PREFIX
from ivrkit.web.shared_keys import SHA1, SHA256, matching_ids, others_in_words

#: Twilio tries the types of rules in this order, and the longest URL of each type first.
MATCH_TYPES = ("EXACT_MATCH", "PREFIX_MATCH", "DEFAULT")
#: The conditions under which Twilio repeats a request after a failed connection.
_RETRIES_CONNECTIONS = frozenset({"CONNECTION_TIMEOUT", "ALL"})
_RETRY_HINT = (
    'make a setting whose connection has "retryPolicy": {"retryCount": 1, "retryOn": ["CONNECTION_TIMEOUT"]}, and name '
    "it in the rule"
)


@dataclass(frozen=True, slots=True)
class WebhookSetting:
    """A webhook setting that a rule applies.

    :param name: the name of the setting, or its id.
    :param percentage: the share of the requests that the rule applies the setting to.
    :param retries: how many times Twilio repeats a request.
    :param retry_on: the conditions under which Twilio repeats a request.
    :param shared_key: the id of the shared key that signs, or ``""`` if the auth token signs.
    :param algorithm: the algorithm of a signature with the shared key.
    """

    name: str
    percentage: int = 100
    retries: int = 0
    retry_on: tuple[str, ...] = ()
    shared_key: str = ""
    algorithm: str = SHA256


@dataclass(frozen=True, slots=True)
class WebhookRule:
    """A webhook rule.

    :param name: the name of the rule, or its id.
    :param match_type: one of :data:`MATCH_TYPES`.
    :param pattern: the URL or the beginning of URLs that the rule applies to, or ``""`` for all URLs.
    :param settings: the settings that the rule applies.
    """

    name: str
    match_type: str
    pattern: str
    settings: tuple[WebhookSetting, ...]

    def matches(self, url: str) -> bool:
        """Return whether the rule can apply to a URL. The fragment of the URL is not compared."""
        bare, pattern = _comparable(url), _comparable(self.pattern)
        if self.match_type == "DEFAULT":
            return True
        return bare == pattern if self.match_type == "EXACT_MATCH" else bare.startswith(pattern)


def find_rule(rules: Iterable[WebhookRule], url: str) -> WebhookRule | None:
    """Return the rule that Twilio applies to a URL, or ``None`` if no rule matches."""
    matching = [each for each in rules if each.match_type in MATCH_TYPES and each.matches(url)]
    return min(matching, key=lambda each: (MATCH_TYPES.index(each.match_type), -len(each.pattern)), default=None)


def check_rules(rules: Iterable[WebhookRule], urls: Sequence[str], settings: Settings) -> list[CheckResult]:
    """Check the effects of the rules on the webhooks of a phone tree, and whether the settings have the needed secrets.

    :param rules: the rules of the account.
    :param urls: the URLs of the webhooks, with their connection overrides.
    :param settings: the settings with the auth token and the shared keys.
    :returns: the results. Without a problem and without a matching rule, the list is empty.
    """
    rules = [*rules]
    urls_by_rule: dict[WebhookRule | None, list[str]] = {}
    for url in urls:
        urls_by_rule.setdefault(find_rule(rules, url), []).append(url)
    results: list[CheckResult] = []
    for rule, matched in urls_by_rule.items():
        if rule is None:
            results += _check_token(f"no webhook rule matches {_listed(matched)}", settings)
            continue
        for setting in rule.settings:
            application = _application(rule, setting, matched)
            results += [
                _check_retries(application, setting, matched),
                *_check_signature(application, setting, settings),
            ]
    return results


def webhook_urls(settings: Settings, url: str | None) -> list[str]:
    """Return the URLs of the webhooks of a phone tree, with their connection overrides.

    :param settings: the settings, with the public URL and the connection overrides.
    :param url: the public URL of the app or of its webhook, or ``None`` to use the setting ``public_url``.
    :returns: the URLs, or an empty list if the public URL is not known or is invalid.
    """
    public = url or settings.public_url
    if not public:
        return []
    try:
        webhook = parse_public_url(public, settings.url_prefix).webhook
    except IvrkitError:  # the check of the webhook reports it
        return []
    urls = [f"{webhook}{path}" for path in ("", f"/{WHISPER_PATH}", "/fallback")]
    # Twilio does not wait for the response to a status callback, so ivrkit connect sets no overrides for it.
    return [*(with_connection_overrides(each, settings.connection_overrides) for each in urls), f"{webhook}/status"]


def _check_retries(application: str, setting: WebhookSetting, urls: Sequence[str]) -> CheckResult:
    """Return whether Twilio repeats a request after a failed connection.

    :param application: the rule, the setting and the URLs, in words.
    """
    overrides = sorted({url.partition("#")[2] for url in urls} - {""})
    void = f", which voids the overrides {' and '.join(overrides)}" if overrides else ""
    if setting.retries and _RETRIES_CONNECTIONS & set(setting.retry_on):
        times = "once" if setting.retries == 1 else f"{setting.retries} times"
        conditions = " or ".join(setting.retry_on)
        return ok("rules", f"{application}{void}: Twilio repeats a request {times} after {conditions}")
    not_repeated = "Twilio does not repeat a request after a failed connection"
    return warning("rules", f"{application}{void}: {not_repeated}", _RETRY_HINT)


def _check_signature(application: str, setting: WebhookSetting, settings: Settings) -> Iterator[CheckResult]:
    """Yield a failed result for each reason why the signatures of a setting cannot be checked.

    :param application: the rule, the setting and the URLs, in words.
    """
    if not setting.shared_key:
        yield from _check_token(application, settings)
        return
    if setting.algorithm.upper() not in (SHA1, SHA256):
        yield failed(
            "rules",
            f"{application}: the algorithm of its signature must be {SHA1} or {SHA256}, not {setting.algorithm!r}",
            f"make a setting whose signature has the algorithm {SHA256}, and name it in the rule",
        )
    if not matching_ids(setting.shared_key, settings.shared_keys):
        others = others_in_words(settings.shared_keys)
        yield failed(
            "rules",
            f"{application}: it signs with the shared key {setting.shared_key!r}, which is not set here, {others}",
            f"set {SHARED_KEYS_PREFIX}{setting.shared_key} to the secret of the key",
        )


def _check_token(reason: str, settings: Settings) -> Iterator[CheckResult]:
    """Yield a failed result if Twilio signs with the auth token, but the settings have shared keys only.

    :param reason: why Twilio signs with the auth token.
    """
    if settings.shared_keys and not (settings.auth_token or settings.accounts):
        yield failed(
            "rules",
            f"{reason}: Twilio signs with the auth token, which is not set here",
            "set TWILIO_AUTH_TOKEN, or make a rule whose setting signs with a shared key",
        )


def _application(rule: WebhookRule, setting: WebhookSetting, urls: Sequence[str]) -> str:
    share = "" if setting.percentage == 100 else f"{setting.percentage} % of the requests to "
    return f"the webhook rule {rule.name!r} applies the setting {setting.name!r} to {share}{_listed(urls)}"


def _listed(urls: Sequence[str]) -> str:
    return ", ".join(dict.fromkeys(url.partition("#")[0] for url in urls))


def _comparable(url: str) -> str:
    """Return a URL without its fragment, and with scheme and host in lower case."""
    parts = split_url(url.partition("#")[0])
    return f"{parts.scheme.lower()}://{parts.host}{parts.path}{'?' * bool(parts.query)}{parts.query}"


def parse_setting(payload: Mapping[str, object], percentage: int) -> WebhookSetting:
    """Return a webhook setting from the fields of Twilio's API.

    :param payload: the fields ``id``, ``friendly_name``, ``connection`` and ``signature``. The last two are tables with
        the names of the API, or ``None``.
    :param percentage: the share of the requests that the rule applies the setting to.
    """
    connection, signature = _table(payload.get("connection")), _table(payload.get("signature"))
    policy = _table(connection.get("retryPolicy"))
    return WebhookSetting(
        name=str(payload.get("friendly_name") or payload.get("id") or ""),
        percentage=percentage,
        # Twilio's defaults: no retry.
        retries=int(policy.get("retryCount") or 0),
        retry_on=tuple(map(str, policy.get("retryOn") or ())),
        shared_key=str(signature.get("sharedKeyId") or ""),
        algorithm=str(signature.get("algorithm") or SHA256),
    )


def _table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
