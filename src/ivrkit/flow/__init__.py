"""The call flow: the model of a phone tree, its compiler and its engine.

This package is pure: it uses no web framework, no I/O and no clock. The engine takes a webhook as a
:class:`~ivrkit.flow.model.call.Call`, and returns the response as a :class:`~ivrkit.flow.run.turn.Turn`.
"""
