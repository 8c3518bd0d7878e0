"""Loading of plugins: entry points, files, TOML states, hooks, translations."""
