"""The phone tree of the ACME company: sales, support, hours, reception and what is said to a wrong key."""
