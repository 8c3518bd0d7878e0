"""The host: it answers one webhook and writes the log, without Flask."""
