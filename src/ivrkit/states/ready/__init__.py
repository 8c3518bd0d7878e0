"""The ready-made kinds, one file each; ``ivrkit.states`` is their door."""
