"""The ready-made state kinds, one file each."""
