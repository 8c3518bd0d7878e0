"""The TwiML reader: XML, the elements of TwiML, and the warnings about a document."""
