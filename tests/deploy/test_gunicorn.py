"""deploy/gunicorn.conf.py: gunicorn passes over a name that it does not know, so a test looks.

How it runs is in test_proxies.py.
"""

import runpy

from gunicorn.config import KNOWN_SETTINGS
from tests.processes import DEPLOY

from ivrkit.cli.supervisor import GRACE


def settings() -> dict[str, object]:
    """Return what the file sets."""
    found = runpy.run_path(str(DEPLOY / "gunicorn.conf.py"))
    return {name: value for name, value in found.items() if not name.startswith("__") and name != "os"}


def test_every_name_is_one_of_gunicorns_settings():
    """Nothing is misspelt."""
    assert settings().keys() <= {each.name for each in KNOWN_SETTINGS}


def test_webhooks_that_have_begun_are_given_as_long_as_with_the_other_server():
    """As long as Twilio waits for an answer."""
    assert settings()["graceful_timeout"] == GRACE


def test_there_are_as_many_workers_as_the_environment_says(monkeypatch):
    """WEB_CONCURRENCY, as with the Procfile; else two."""
    monkeypatch.delenv("WEB_CONCURRENCY", raising=False)
    assert settings()["workers"] == 2
    monkeypatch.setenv("WEB_CONCURRENCY", "5")
    assert settings()["workers"] == 5
