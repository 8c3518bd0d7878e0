"""The host: answers one webhook and writes the log, without Flask."""
