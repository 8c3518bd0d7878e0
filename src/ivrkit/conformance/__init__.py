"""The conformance kit: checks of the rules that every plugin must keep, run on the installed package.

``pytest --ivrkit-conformance DISTRIBUTION`` runs the checks that ``suite`` lists. Each other module has
the checks of one rule. ``stores`` has the tests that every session store must pass.
"""
