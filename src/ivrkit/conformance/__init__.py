"""The conformance kit: checks of the rules that every plugin must keep, run on the installed package.

``pytest --ivrkit-conformance DISTRIBUTION`` runs the checks that ``suite`` lists. Each file has the checks of one rule.
``stores`` is the contract of session stores.
"""
