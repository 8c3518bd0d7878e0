"""The model of a phone tree: calls, states, routes, prompts and texts."""
