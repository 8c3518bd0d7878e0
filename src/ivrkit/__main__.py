"""``python -m ivrkit``: the command ``ivrkit``, for an environment whose scripts are not on the PATH."""

from ivrkit.cli.main import main

main()
