"""The host: one webhook in, one answer out, without Flask."""
