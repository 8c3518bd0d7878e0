"""The states that come with ivrkit, through its own entry points like any other plugin's."""
