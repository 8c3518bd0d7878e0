"""The checks that need only this machine: settings, plugins, session store and clock."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Mapping
from datetime import datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from ivrkit.doctor.results import CheckResult, failed, ok, warning
from ivrkit.errors import IvrkitError, LoadError, Problem
from ivrkit.plugins.load import find_plugins, load
from ivrkit.sessions import SharedStore, StoredSession
from ivrkit.sessions.open import make_sessions
from ivrkit.settings import Settings
from ivrkit.settings.redaction import redact_url

#: The lifetime of the session that the check writes, in seconds.
LIFETIME = 60.0
#: The largest difference of two clocks without a warning, in seconds. ``web.doctor_endpoint`` has a larger limit.
TOLERANCE = 30.0
RUN_DEV = "or, to check a host in dev mode, run ivrkit doctor --dev"
SET_CLOCK = "synchronize both clocks: timedatectl set-ntp true"


def check_settings(settings: Settings) -> list[CheckResult]:
    """Check that an auth token is set, and that the setting ``public_url`` is an https URL if it is set."""
    results = []
    # Without a token the host starts only in dev mode, and then answers only requests from this machine.
    if not settings.secrets():
        hint = "set TWILIO_AUTH_TOKEN to the auth token of your account, from Twilio's console"
        missing = "there is no auth token, so no signature can be checked"
        results.append(
            warning("settings", f"{missing}: in dev mode only this machine may send requests", hint)
            if settings.dev
            else failed("settings", f"{missing}, and the host starts only in dev mode", hint, RUN_DEV)
        )
    if settings.public_url and urlsplit(settings.public_url).scheme != "https":
        hint = f"set IVRKIT_PUBLIC_URL=https://{settings.public_url.partition('://')[2]}"
        message = f"public_url is {settings.public_url!r}: the input of callers would be sent unencrypted"
        results.append(warning("settings", message, hint))
    public = f"public_url is {settings.public_url}" if settings.public_url else "public_url is not set"
    return results or [ok("settings", f"the settings load; {_secrets_in_words(settings)}; {public}")]


def _secrets_in_words(settings: Settings) -> str:
    count = len(settings.shared_keys)
    keys = f"{count} shared key{'s' * (count > 1)}"
    if not (settings.auth_token or settings.accounts):
        return f"there {'are' if count > 1 else 'is'} {keys}, and no auth token"
    return f"there is an auth token and {keys}" if count else "there is an auth token"


def check_plugins(settings: Settings, plugins: Mapping[str, object] | None = None) -> list[CheckResult]:
    """Load all plugins, and report their problems.

    :param plugins: name -> plugin object, for the plugins that the app registers in addition to the installed plugins.
    """
    try:
        loaded = load(settings, plugins)
    except IvrkitError as error:
        return results_of_error("plugins", error)
    results = results_of_problems("plugins", loaded.problems)
    results += [warning("plugins", _one_line(each.located_message), each.hint) for each in loaded.startup_warnings]
    served = [each.owner for each in loaded.plugins if each.status != "blocked"]
    names = ", ".join(f"{owner.plugin} {owner.version}" for owner in served)
    return results or [ok("plugins", f"{len(loaded.flow.states)} states are served, from {names}")]


def check_store(settings: Settings, plugins: Mapping[str, object] | None = None) -> list[CheckResult]:
    """Check that a session can be written to the session store and read again."""
    where = redact_url(settings.session_url)
    try:
        stores = find_plugins(settings, plugins).stores  # a plugin can register the store that session_url names
        sessions = make_sessions(settings.session_url, stores, settings.secrets(), settings.language)
        try:
            works = _keeps_a_session(sessions.store) if sessions.store else True
        finally:
            sessions.close()
    except IvrkitError as error:
        return results_of_error("store", error)
    if not works:
        return [failed("store", f"{where}: a session was written but could not be read", "choose another session_url")]
    if not sessions.store:
        return [ok("store", "sessions are kept in cookies only")]
    return [ok("store", f"{where}: a session was written and read")]


def _keeps_a_session(store: SharedStore) -> bool:
    """Write a session to a store, and return whether the store returns the same session.

    This function does not delete the session. The store removes the session after :data:`LIFETIME`.
    """
    stored = StoredSession(f"doctor-{secrets.token_hex(8)}", 1, time.time() + LIFETIME, '{"responses":[]}')
    return store.save(stored, 0) and store.load(stored.sid) == stored


def check_time_zone(settings: Settings, now: float) -> list[CheckResult]:
    """Report this machine's time in the setting ``timezone``, so that the user can compare the time with a clock."""
    local = datetime.fromtimestamp(now, ZoneInfo(settings.timezone))
    return [ok("clock", f"it is {local:%Y-%m-%d %H:%M:%S} in the time zone {settings.timezone}")]


def check_clock(here: float, there: float) -> list[CheckResult]:
    """Check that the clock of the server agrees with the clock of this machine.

    :param here: the time on this machine, in seconds since 1970.
    :param there: the time on the server, in seconds since 1970.
    """
    difference = there - here
    if abs(difference) <= TOLERANCE:
        return [ok("clock", "the server's clock agrees with this machine's")]
    direction = "ahead of" if difference > 0 else "behind"
    return [warning("clock", f"the server's clock is {abs(difference):.0f} s {direction} this machine's", SET_CLOCK)]


def results_of_error(check: str, error: IvrkitError) -> list[CheckResult]:
    """Return a failed result for an error, or for each problem of a ``LoadError``.

    :param check: the name of the check, such as ``plugins``.
    """
    if isinstance(error, LoadError):
        return results_of_problems(check, error.problems)
    return [failed(check, _one_line(error.message), _one_line(error.hint))]


def results_of_problems(check: str, problems: Iterable[Problem]) -> list[CheckResult]:
    """Return a failed result for each problem.

    :param check: the name of the check, such as ``plugins``.
    """
    return [failed(check, _one_line(problem.located_message), _one_line(problem.hint)) for problem in problems]


def _one_line(text: str) -> str:
    """Return a text as one line: line breaks and other white space become single spaces."""
    return " ".join(text.split())
