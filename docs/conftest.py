"""Fixtures of the documentation's tests."""

from tests.installed_plugins import only_named_plugins  # noqa: F401  pytest finds fixtures by their names
