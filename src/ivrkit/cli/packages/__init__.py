"""What `ivrkit install`, `uninstall` and `plugins --requirements` know of installed packages."""
