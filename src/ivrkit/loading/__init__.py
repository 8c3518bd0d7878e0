"""What loading is made of: offers of states, settings and catalogues of plugins, hooks, and how a fault is told.

``ivrkit.plugins`` goes the whole way with it.
"""
