"""Reads what an app answered: XML, the elements of TwiML, and what is wrong with them."""
