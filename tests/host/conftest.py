"""Fixtures of the host's tests: the apps and calls that the web host's tests use as well."""

from tests.web.conftest import logged, make_app, new_call, no_settings, session_file

__all__ = ["logged", "make_app", "new_call", "no_settings", "session_file"]
