"""The quarantine: states that fail again and again are left out of calls for a while."""
