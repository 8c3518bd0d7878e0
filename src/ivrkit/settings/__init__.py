"""Settings of the core and of plugins: types, tables, files, environment."""
