"""The call flow: states, exits, the engine and its checks.

Pure: nothing in here knows the web, a database or a clock. What a webhook brings comes in as a
:class:`~ivrkit.flow.model.call.Call`, what is to be answered goes out as a :class:`~ivrkit.flow.run.turn.Turn`.
"""
