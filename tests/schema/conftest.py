"""An empty working folder for each test, without settings in the environment."""

from tests.plugins.conftest import clean_environment, core_only, install  # noqa: F401  fixtures are found by their names
