"""The host: it answers webhooks and writes the log, independently of Flask."""
