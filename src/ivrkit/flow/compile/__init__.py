"""The compiler: checks the states of a phone tree, and renders them to TwiML."""
