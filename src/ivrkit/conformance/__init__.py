"""The conformance kit: what every plugin package keeps, checked on the installed package itself.

``pytest --ivrkit-conformance DISTRIBUTION`` runs it; ``suite`` lists the checks, and each has a file of its own.
"""
