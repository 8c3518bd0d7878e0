"""Installed packages: the installer of this environment, and lines for a ``requirements.txt``."""
