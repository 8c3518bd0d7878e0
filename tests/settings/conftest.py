"""An empty working folder for each test, with no settings in the environment."""

from tests.plugins.conftest import bare, clean_place, install  # noqa: F401  pytest finds fixtures by their names
