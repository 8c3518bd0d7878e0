"""The contents of the folders that ``ivrkit new`` creates."""
