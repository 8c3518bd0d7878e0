"""The engine: answers one webhook of one call."""
