"""A place of its own for each test, without settings."""

from tests.plugins.conftest import clean_place, install  # noqa: F401  fixtures are found by their names
