"""The model of a phone tree: calls, states, targets, routes, prompts, texts."""
