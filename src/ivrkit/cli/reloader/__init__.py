"""The development server: it serves the phone tree, and reloads after a change of a file."""
