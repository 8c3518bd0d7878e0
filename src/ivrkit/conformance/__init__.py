"""The conformance kit, which checks that an installed plugin keeps the rules for all plugins.

``pytest --ivrkit-conformance DISTRIBUTION`` runs the checks that ``suite`` lists. The checks of each rule have
a module of their own. The module ``stores`` has the tests that every session store must pass.
"""
