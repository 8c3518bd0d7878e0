"""What can be checked on this machine alone: settings, plugins, the session store, and the clock."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from ivrkit.doctor.findings import Finding, failed, ok, warning
from ivrkit.errors import Fault, IvrkitError, LoadError
from ivrkit.flow.session import Session
from ivrkit.plugins import load
from ivrkit.sessions import SessionStore, open_store
from ivrkit.settings import Settings
from ivrkit.web.diagnosis import tokens_of

#: When the session that is tried expired, in seconds since 1970: before any other, so that it alone is removed.
LONG_AGO = 1.0
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
    found = faults_found("plugins", loaded.faults)
    found += [warning("plugins", _line(notice)) for notice in loaded.notices]
    served = [each.owner for each in loaded.plugins if each.status != "blocked"]
    names = ", ".join(f"{owner.plugin} {owner.version}" for owner in served)
    return found or [ok("plugins", f"{len(loaded.flow.states)} states are served, of {names}")]


def check_store(settings: Settings) -> list[Finding]:
    """Return whether a session can be kept: one is written, read and removed."""
    shown = re.sub(r"//[^/@]*@", "//...@", settings.session_url)
    try:
        store = open_store(settings.session_url)
        try:
            kept = _keeps(store)
        finally:
            store.close()
    except IvrkitError as error:
        return failures("store", error)
    if not kept:
        return [failed("store", f"{shown} does not keep what is saved", "choose another session_url")]
    return [ok("store", f"{shown}: a session was written, read and removed")]


def _keeps(store: SessionStore) -> bool:
    session = Session(f"doctor-{secrets.token_hex(8)}", turn=1, expires=LONG_AGO)
    kept = store.save(session, 0) and store.load(session.sid) == session
    store.remove_expired(LONG_AGO + 1)
    return kept and store.load(session.sid) is None


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
    """Return an error on purpose as what a check found, each of its faults by itself."""
    if isinstance(error, LoadError):
        return faults_found(check, error.faults)
    return [failed(check, _line(error.message), _line(error.hint))]


def faults_found(check: str, faults: Iterable[Fault]) -> list[Finding]:
    """Return faults as what a check found."""
    return [failed(check, _line(fault.message), _line(fault.hint)) for fault in faults]


def _line(text: str) -> str:
    """Return a text in one line."""
    return " ".join(text.split())
