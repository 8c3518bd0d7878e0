"""The states that ship with ivrkit, loaded through entry points like the states of any plugin."""
