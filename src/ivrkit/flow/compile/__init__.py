"""The compiler: turns states into a checked call flow with ready-made TwiML."""
