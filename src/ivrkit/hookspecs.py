"""The hooks of ivrkit: what a plugin can do besides offering states.

A plugin is a module or object named by an entry point of the group ``ivrkit.plugins``. Each function in it that is
marked with :data:`hookimpl` implements the hook of its name; it takes the arguments it wants, by name. Each plugin is
called by itself, so that one that fails cannot hurt another; hook wrappers are refused for the same reason. Where
several plugins implement a hook they are called as pluggy has it: the one loaded last first, ``tryfirst`` and
``trylast`` observed.

The docstrings are the reference as well: ``docs/hook_pages.py`` writes a page of each, in ``docs/reference/hooks``.
``:when:`` is the part of that list in which a hook stands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

import pluggy

from ivrkit.flow.model.call import Call
from ivrkit.flow.model.routes import Goto
from ivrkit.flow.model.state import State

if TYPE_CHECKING:
    from ivrkit.session_store import SharedStore
    from ivrkit.settings import Settings

#: The name by which pluggy knows these hooks.
PROJECT = "ivrkit"

#: The name of an event of a call -> the observing hook that is called for it.
OBSERVING_HOOKS: Mapping[str, str] = {
    "started": "ivrkit_call_started",
    "entered": "ivrkit_state_entered",
    "left": "ivrkit_state_left",
    "ended": "ivrkit_call_ended",
}

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def ivrkit_declare_settings() -> type:  # type: ignore[empty-body]  # a contract
    """Declare the settings of a plugin, where none of its functions asks for them.

    Called once, after every plugin was imported and before states are registered. A state function, a class that makes
    a plugin, or ``ivrkit_register_states`` that has the dataclass as an annotation declares it as well, and needs no
    hook.

    :when: at start
    :returns: the dataclass; a package has one. Each of its fields can be set in ``[plugins.NAME]``, its docstring
        describes them, and a field with ``repr=False`` is a secret. ``None`` is a problem, as is anything else.
    :order: that of loading. No plugin decides for another.
    :when it raises: a problem of the plugin: the host does not start; with ``strict = false`` it starts without the
        settings.

    Example::

        from dataclasses import dataclass

        import ivrkit


        @dataclass
        class CrmSettings:
            \"\"\"Where the customers are.

            :param url: the address of the CRM.
            \"\"\"

            url: str = "https://crm.example.com"


        @ivrkit.hookimpl
        def ivrkit_declare_settings():
            return CrmSettings
    """


@hookspec
def ivrkit_register_kinds() -> Mapping[str, Callable[..., State]]:  # type: ignore[empty-body]  # a contract
    """Offer kinds of states, for trees that are written without code: ``kind = "..."`` in a table ``[states.NAME]``.

    Called once, after every plugin was imported and before any state is made of a table. ivrkit's own kinds,
    ``message``, ``menu`` and so on, come in by it as well.

    :when: at start
    :returns: kind -> a function that returns a ``State``. Its parameters are the keys of the table, by their
        annotations: ``*texts: ivrkit.Prompt`` is the key ``text``, a ``Target`` a state's name or
        ``{ to = ..., say = ... }``, and whatever else a setting of a plugin can be. A parameter that takes a function
        is for code alone. What its docstring says of each, as the example's does, is what editors show. What every
        state has, such as ``key``, ``label`` and ``voice``, is added to what it returns. ``None`` is a problem.
    :order: that of loading. Where two plugins offer one kind nobody wins: it is a problem that names both.
    :when it raises: a problem of the plugin: the host does not start; with ``strict = false`` it starts without these
        kinds.

    Example::

        import ivrkit


        def forecast(*texts: ivrkit.Prompt, again: str = "1") -> ivrkit.State:
            \"\"\"Read out the weather, and once more on a key.

            :param texts: what is said.
            :param again: the key that reads it again.
            \"\"\"
            return ivrkit.State(
                enter=ivrkit.ask(*texts), exit=ivrkit.Routes({again: ivrkit.SAME}, otherwise=ivrkit.HOME)
            )


        @ivrkit.hookimpl
        def ivrkit_register_kinds():
            return {"forecast": forecast}
    """


@hookspec
def ivrkit_register_stores() -> Mapping[str, Callable[[str], SharedStore]]:  # type: ignore[empty-body]  # a contract
    """Offer stores for what is kept of calls between their webhooks, each by the scheme of its URL.

    Called once, after every plugin was imported. A store is opened only where the setting ``session_url`` names it.
    ivrkit's own, such as ``sqlite``, ``redis`` and ``postgresql``, come in by this hook as well.

    :when: at start
    :returns: scheme -> a function that is given the whole URL and returns a store, see
        :class:`~ivrkit.sessions.SharedStore`. ``None`` is a problem, as is a scheme that two plugins offer.
    :order: that of loading. No plugin decides for another.
    :when it raises: a problem of the plugin: the host does not start; with ``strict = false`` it starts without these
        stores. What the function raises for a URL is told when the host starts; of a store that is only away for a
        while, raise ``StoreUnavailable``, and the host starts all the same.

    Example::

        import ivrkit
        from ivrkit.sessions import SQLiteStore


        def open_calls(url: str) -> SQLiteStore:
            \"\"\"Return the store of a team: ``team:`` and its name.\"\"\"
            return SQLiteStore(f"calls-of-{url.removeprefix('team:')}.sqlite3")


        @ivrkit.hookimpl
        def ivrkit_register_stores():
            return {"team": open_calls}
    """


@hookspec
def ivrkit_register_states(settings: Settings) -> Mapping[str, State | Callable[[Settings], State]]:  # type: ignore[empty-body]  # a contract
    """Offer states whose number or names are known only when the host starts.

    Called once, after the settings of the plugins were read and before the flow is compiled. A state whose name is
    known beforehand is better an entry point of the group ``ivrkit.states``.

    :when: at start
    :param settings: the core's settings; or the plugin's own, where the annotation is their dataclass.
    :returns: name -> state, or a function ``(settings) -> State``. A name that the same package also offers as an
        entry point is a problem. ``None`` is a problem; a plugin that has nothing to offer returns an empty dict.
    :order: that of loading. Where two plugins offer one state nobody wins: it is a problem that names both.
    :when it raises: a problem of the plugin: the host does not start; with ``strict = false`` it starts without these
        states.

    Example::

        from twilio.twiml.voice_response import Record

        import ivrkit


        @ivrkit.hookimpl
        def ivrkit_register_states(settings):
            return {
                f"mailbox-{name}": ivrkit.State(
                    enter=["Please leave a message.", Record(max_length=60)],
                    exit=ivrkit.Routes({"recorded": ivrkit.Goto(None, say="Thank you. Goodbye.")}),
                    options=ivrkit.MenuOption(key=key, label=f"the mailbox of {name}"),
                )
                for key, name in (("6", "ann"), ("7", "bob"))
            }
    """


@hookspec
def ivrkit_edit_state(state: State) -> State | None:
    """Change a state of any plugin before the flow is compiled. It costs nothing when a call comes.

    Called once for each state, in the order of loading, after the tables ``[states.NAME]`` of the settings were
    heeded.

    :when: at start
    :param state: the state, with its ``name`` and ``owner`` bound, as the plugin before left it.
    :returns: the state to take instead, made with ``dataclasses.replace``, or ``None`` to leave it. Its name and
        owner cannot be changed.
    :order: the plugin loaded last first. Each is given what the one before made, so the one loaded first has the last
        word.
    :when it raises: a problem of the plugin: the host does not start; with ``strict = false`` the state is left as it
        was before this plugin.

    Example::

        import dataclasses

        import ivrkit


        @ivrkit.hookimpl
        def ivrkit_edit_state(state):
            if state.name == "support":
                return dataclasses.replace(state, on_error="reception")
    """


@hookspec(firstresult=True)
def ivrkit_choose_start(call: Call) -> str | Goto | None:
    """A call came in, and no state was entered yet.

    Called once a call, at its first webhook, before the settings ``callers``, ``numbers`` and ``start`` are looked at.
    That is before the session is saved: where two copies of the webhook race it can run twice, and ``call.turn_key``
    is the same in both.

    :when: choosing the start
    :param call: the call; ``call.to`` is the number that was called, and ``call.data`` can be filled for the states.
    :returns: the state to begin with, in the language that the settings have for the caller or the number; an
        ``Goto(state, language="es-MX")`` to choose the language as well; or ``None``
        to let the next plugin decide, and the settings after the last. A state that no plugin offers, and a language
        that calls are not held in, are logged and count as ``None``.
    :order: the plugin loaded last first. The first answer wins, and nobody behind it is asked.
    :when it raises: logged, and counts as ``None``; ``call.data`` is as it was before. The caller is never lost over
        it.

    Example::

        import ivrkit


        @ivrkit.hookimpl
        def ivrkit_choose_start(call):
            if call.from_.startswith("+52"):
                return ivrkit.Goto("menu", language="es-MX")
    """


@hookspec
def ivrkit_edit_response(call: Call, state: State, response: Element) -> None:
    """Change the document that one webhook is answered with. It costs time in every webhook.

    Called after the engine has worked out the answer and before it is kept and sent; not for the empty answer to a
    caller who is gone. That is before the session is saved: where two copies of the webhook race it can run twice.

    :when: while a call is answered
    :param call: the call at this webhook; the input of a secret state is hidden, and ``call.data`` is a copy.
    :param state: the state that the caller is in now.
    :param response: the ``Response`` element, a copy of the plugin's own; change it in place. Verbs of twilio become
        elements by their ``xml()``.
    :returns: nothing.
    :order: the plugin loaded last first. Each is given the document as the one before left it.
    :when it raises: logged, and the document goes on as it was before this plugin. What is no document any more counts
        as raised.

    Example::

        from twilio.twiml.voice_response import Start

        import ivrkit


        @ivrkit.hookimpl
        def ivrkit_edit_response(call, response):
            start = Start()
            start.stream(url="wss://listen.example.com/")
            response.insert(0, start.xml())
    """


@hookspec(firstresult=True)
def ivrkit_state_failed(call: Call, state: State, error: BaseException) -> str | None:
    """A state's own code raised while a caller was on the line.

    Called once a failure, after it was logged with its owner and before the caller hears anything. Where no plugin
    decides, the caller goes to the state's ``on_error``, else home.

    :when: while a call is answered
    :param call: the call as it stood when the state's code ran, with a copy of ``data``; the input of a secret state
        is hidden.
    :param state: the state that failed; ``state.owner`` names its package.
    :param error: what it raised; where the input was secret, another error in its place that says none of it.
    :returns: the name of the state to send the caller to, or ``None`` to let the next plugin decide. A name that no
        plugin offers is logged and counts as ``None``.
    :order: the plugin loaded last first. The first name wins, and nobody behind it is asked.
    :when it raises: logged, and counts as ``None``.

    Example::

        import ivrkit


        @ivrkit.hookimpl
        def ivrkit_state_failed(call, state, error):
            return "reception" if state.owner.plugin == "acme-states" else None
    """


@hookspec
def ivrkit_call_started(call: Call) -> None:
    """A call came in.

    Called once a call, after its first webhook was worked out and the session is saved.

    :when: observing
    :param call: the call at its first webhook; what is changed in its ``data`` is not kept.
    :returns: nothing.
    :order: the plugin loaded last first. Every plugin is told.
    :when it raises: logged, and nothing else.

    Example::

        import logging

        import ivrkit

        log = logging.getLogger("acme.calls")


        @ivrkit.hookimpl
        def ivrkit_call_started(call):
            log.info("call %s from %s", call.sid, call.from_)
    """


@hookspec
def ivrkit_state_entered(call: Call, state: State) -> None:
    """A caller came to a state.

    Called for each state that one webhook passes, in order, after the session is saved; for the same one again when it
    was repeated.

    :when: observing
    :param call: the call at this webhook; the input of a secret state is hidden, and what is changed in ``data`` is not
        kept.
    :param state: the state that was entered.
    :returns: nothing.
    :order: the plugin loaded last first. Every plugin is told.
    :when it raises: logged, and nothing else.

    Example::

        from collections import Counter

        import ivrkit


        class Entered:
            def __init__(self):
                self.counted = Counter()

            @ivrkit.hookimpl
            def ivrkit_state_entered(self, call, state):
                self.counted[state.name] += 1


        entered = Entered()
    """


@hookspec
def ivrkit_state_left(call: Call, state: State, outcome: str | None) -> None:
    """A caller left a state.

    Called after the session is saved, before ``ivrkit_state_entered`` of the state that follows; also when the same
    state follows, and when the caller hung up while it waited for a recording, a dial or a queue. A state that was
    removed by a deploy is not told.

    :when: observing
    :param call: the call at this webhook; the input of a secret state is hidden, and what is changed in ``data`` is not
        kept.
    :param state: the state that was left.
    :param outcome: what happened: the keys, ``no-input``, ``busy``, ``recorded`` ...; ``(secret)`` for the input of
        a secret state; ``None`` when the state was left at once, or is entered again without an outcome.
    :returns: nothing.
    :order: the plugin loaded last first. Every plugin is told.
    :when it raises: logged, and nothing else.

    Example::

        from collections import Counter

        import ivrkit


        class Pressed:
            def __init__(self):
                self.counted = Counter()

            @ivrkit.hookimpl
            def ivrkit_state_left(self, call, state, outcome):
                self.counted[state.name, outcome] += 1


        pressed = Pressed()
    """


@hookspec
def ivrkit_call_ended(call: Call, reason: str) -> None:
    """A call is over for the flow.

    Called once a call, after the session is saved: when the flow ends it, or when Twilio tells that the caller is
    gone, whichever comes first. What the last verb brings, such as a recording, may come after it.

    :when: observing
    :param call: the call at this webhook; the input of a secret state is hidden.
    :param reason: ``finished`` when the flow ended the call, else Twilio's CallStatus: ``completed``, ``busy``,
        ``failed``, ``no-answer`` or ``canceled``.
    :returns: nothing.
    :order: the plugin loaded last first. Every plugin is told.
    :when it raises: logged, and nothing else.

    Example::

        import logging

        import ivrkit

        log = logging.getLogger("acme.calls")


        @ivrkit.hookimpl
        def ivrkit_call_ended(call, reason):
            log.info("call %s ended: %s", call.sid, reason)
    """
