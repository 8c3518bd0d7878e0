"""What can be checked on this machine alone: settings, plugins, the session store, and the clock."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Mapping
from datetime import datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from ivrkit.doctor.findings import Finding, failed, ok, warning
from ivrkit.errors import IvrkitError, LoadError, Problem
from ivrkit.plugins.load import find_plugins, load
from ivrkit.sessions import SharedStore, StoredSession, open_sessions
from ivrkit.sessions.remote import shown
from ivrkit.settings.core import Settings
from ivrkit.web.doctor_endpoint import tokens_of

#: When the session that is tried expires, in seconds.
SOON = 60.0
#: How far two clocks may be apart, in seconds, before it is told; what the diagnosis does not forgive is in ``web``.
CLOSE = 30.0


def check_settings(settings: Settings) -> list[Finding]:
    """Return whether the settings let Twilio in, and nobody else."""
    found = []
    if not tokens_of(settings):
        mend = "set TWILIO_AUTH_TOKEN to the Auth Token of your account, as Twilio's console shows it"
        missing = "there is no token, so nobody's signature can be checked"
        found.append(
            warning("settings", f"{missing}: in dev mode this machine alone may ask", mend)
            if settings.dev
            else failed("settings", f"{missing}, and the host starts in dev mode alone", mend)
        )
    if settings.public_url and urlsplit(settings.public_url).scheme != "https":
        mend = f"IVRKIT_PUBLIC_URL=https://{settings.public_url.partition('://')[2]}"
        told = f"public_url is {settings.public_url!r}: what callers press would be sent for everybody to read"
        found.append(warning("settings", told, mend))
    public = f"public_url is {settings.public_url}" if settings.public_url else "public_url is left out"
    return found or [ok("settings", f"they load; there is a token; {public}")]


def check_plugins(settings: Settings, plugins: Mapping[str, object] | None = None) -> list[Finding]:
    """Return what came of loading the installed plugins, and those of the host's own code."""
    try:
        loaded = load(settings, plugins)
    except IvrkitError as error:
        return failures("plugins", error)
    found = faults_found("plugins", loaded.problems)
    found += [warning("plugins", _line(notice)) for notice in loaded.startup_warnings]
    served = [each.owner for each in loaded.plugins if each.status != "blocked"]
    names = ", ".join(f"{owner.plugin} {owner.version}" for owner in served)
    return found or [ok("plugins", f"{len(loaded.flow.states)} states are served, of {names}")]


def check_store(settings: Settings, plugins: Mapping[str, object] | None = None) -> list[Finding]:
    """Return whether a session can be kept: one is written and read."""
    where = shown(settings.session_url)
    try:
        stores = find_plugins(settings, plugins).stores
        sessions = open_sessions(settings.session_url, stores, tokens_of(settings), settings.language)
        try:
            kept = _keeps(sessions.store) if sessions.store else True
        finally:
            sessions.close()
    except IvrkitError as error:
        return failures("store", error)
    if not kept:
        return [failed("store", f"{where} does not keep what is saved", "choose another session_url")]
    if not sessions.store:
        return [ok("store", "calls are kept in their cookies alone")]
    return [ok("store", f"{where}: a session was written and read")]


def _keeps(store: SharedStore) -> bool:
    """Return whether a store has what it was given; it expires by itself, or with the next that do."""
    kept = StoredSession(f"doctor-{secrets.token_hex(8)}", 1, time.time() + SOON, '{"answers":[]}')
    return store.save(kept, 0) and store.load(kept.sid) == kept


def check_zone(settings: Settings, now: float) -> list[Finding]:
    """Return the time as the call flow has it."""
    here = datetime.fromtimestamp(now, ZoneInfo(settings.timezone))
    return [ok("clock", f"it is {here:%Y-%m-%d %H:%M:%S} in the zone {settings.timezone}")]


def check_clock(here: float, there: float) -> list[Finding]:
    """Return whether the server's clock is this machine's.

    :param here: the time here, in seconds since 1970.
    :param there: the time that the server told.
    """
    apart = there - here
    if abs(apart) <= CLOSE:
        return [ok("clock", "the server's clock and this machine's are the same")]
    told = f"the server's clock is {abs(apart):.0f} s {'ahead of' if apart > 0 else 'behind'} this machine's"
    return [warning("clock", told, SET_CLOCK)]


SET_CLOCK = "let both be set by the network: timedatectl set-ntp true"


def failures(check: str, error: IvrkitError) -> list[Finding]:
    """Return an error on purpose as what a check found, each of its problems by itself."""
    if isinstance(error, LoadError):
        return faults_found(check, error.problems)
    return [failed(check, _line(error.message), _line(error.hint))]


def faults_found(check: str, problems: Iterable[Problem]) -> list[Finding]:
    """Return problems as what a check found."""
    return [failed(check, _line(problem.located_message), _line(problem.hint)) for problem in problems]


def _line(text: str) -> str:
    """Return a text in one line."""
    return " ".join(text.split())
