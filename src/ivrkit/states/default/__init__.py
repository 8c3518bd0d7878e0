"""The states that ship with ivrkit, loaded through entry points like those of any plugin."""
