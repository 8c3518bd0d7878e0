"""deploy/gunicorn.conf.py: the names and values of its settings.

gunicorn ignores unknown names. The tests with a running gunicorn are in test_proxies.py.
"""

import inspect
import runpy

from gunicorn.config import KNOWN_SETTINGS
from tests.processes import DEPLOY

from ivrkit.cli.server.processes import GRACE


def settings() -> dict[str, object]:
    """Return the settings in the file."""
    found = runpy.run_path(str(DEPLOY / "gunicorn.conf.py"))
    return {name: value for name, value in found.items() if not name.startswith("_") and not inspect.ismodule(value)}


def test_every_name_is_a_setting_of_gunicorn():
    """No name in the file is misspelt."""
    assert settings().keys() <= {each.name for each in KNOWN_SETTINGS}


def test_gunicorn_gives_webhooks_the_same_time_to_finish_as_ivrkit_serve():
    """At shutdown, both servers let a webhook finish for as long as Twilio waits."""
    assert settings()["graceful_timeout"] == GRACE


def test_the_number_of_workers_comes_from_the_environment(monkeypatch):
    """WEB_CONCURRENCY sets the number of workers, as in the Procfile; the default is two."""
    monkeypatch.delenv("WEB_CONCURRENCY", raising=False)
    assert settings()["workers"] == 2
    monkeypatch.setenv("WEB_CONCURRENCY", "5")
    assert settings()["workers"] == 5
