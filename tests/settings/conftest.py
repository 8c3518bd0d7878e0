"""An empty working folder for each test, with no settings in the environment."""

from tests.plugins.conftest import clean_environment, core_only, install  # noqa: F401  pytest finds fixtures by their names
