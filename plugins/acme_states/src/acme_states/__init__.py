"""The phone tree of the ACME company: sales, support, opening hours, reception and the answer to an invalid key."""
