"""``ivrkit phone``: the command, its keyboard and its screen."""
