"""The call flow: the model of a phone tree, its compiler and its engine.

This package is pure: it uses no web framework, no I/O and no clock. A webhook comes in as a
:class:`~ivrkit.flow.model.call.Call`, and the response goes out as a :class:`~ivrkit.flow.run.turn.Turn`.
"""
