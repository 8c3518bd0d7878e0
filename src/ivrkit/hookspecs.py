"""The hooks: the functions that a plugin can implement, besides its states.

A plugin with hooks is a module or an object that an entry point of the group ``ivrkit.plugins`` names. A function of
the plugin with the decorator :data:`hookimpl` implements the hook of the same name. The function takes some or all
arguments of the hook, by name.

Each hook implementation is called separately, so that a failing implementation cannot affect the other implementations.
Hook wrappers are therefore rejected. The order of calls comes from pluggy: the plugin that was loaded last is called
first, and the options ``tryfirst`` and ``trylast`` change this order.

The docstrings of the hooks are also reference pages: ``docs/hook_pages.py`` makes a page of each docstring in
``docs/reference/hooks``. The field ``:when:`` names the section of the hook in the list of hooks.
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

#: The name of the project in pluggy.
PROJECT = "ivrkit"

#: The name of an event of a call, or of the quarantine -> the observing hook that is called for it.
OBSERVING_HOOKS: Mapping[str, str] = {
    "started": "ivrkit_call_started",
    "entered": "ivrkit_state_entered",
    "left": "ivrkit_state_left",
    "recorded": "ivrkit_recorded",
    "ended": "ivrkit_call_ended",
    "quarantined": "ivrkit_state_quarantined",
    "released": "ivrkit_state_released",
}

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def ivrkit_declare_settings() -> type:  # type: ignore[empty-body]  # a contract
    """Declare the settings of a plugin, if no other function of the plugin takes the settings as an argument.

    Called once, after all plugins are imported and before any state is registered. A plugin does not need this hook if
    its dataclass of settings is the annotation of an argument of a state function, of the plugin's class, or of
    ``ivrkit_register_states``.

    :when: at start
    :returns: the dataclass of settings. A plugin has only one such dataclass. Each field is a setting in the table
        ``[plugins.NAME]``, and the docstring of the dataclass describes the setting. A field with ``repr=False`` is
        secret. Any other return value is a problem.
    :order: the plugin loaded first is called first. The plugins do not affect each other.
    :failure: a problem of the plugin, so the host does not start. With ``strict = false``, the host starts, and the
        plugin has no settings.

    Example::

        from dataclasses import dataclass

        import ivrkit


        @dataclass
        class CrmSettings:
            \"\"\"Settings of the customer database.

            :param url: the address of the CRM.
            \"\"\"

            url: str = "https://crm.example.com"


        @ivrkit.hookimpl
        def ivrkit_declare_settings():
            return CrmSettings
    """


@hookspec
def ivrkit_register_kinds() -> Mapping[str, Callable[..., State]]:  # type: ignore[empty-body]  # a contract
    """Offer state kinds for TOML states. The key ``kind`` of a table ``[states.NAME]`` is the name of a state kind.

    Called once, after all plugins are imported and before any TOML state is made. The state kinds of ivrkit itself,
    such as ``message`` and ``menu``, are registered by this hook, too.

    :when: at start
    :returns: a dict: name of a state kind -> function that returns a ``State``. The parameters of the function are the
        keys of the table, and the annotations of the parameters are the types of the values. A parameter
        ``*texts: ivrkit.Prompt`` is the key ``text``. The value of a ``Target`` is the name of a state, or
        ``{ to = ..., say = ... }``. A parameter may have any type that settings of plugins have. A parameter that takes
        a function must have a default, because TOML has no functions. Editors show the descriptions in the docstring of
        the function. The keys that every state may have, such as ``key``, ``label`` and ``voice``, are applied to the
        returned state. Any other return value is a problem.
    :order: the plugin loaded first is called first. If two plugins offer a state kind of the same name, the host
        reports a problem that names both plugins.
    :failure: a problem of the plugin, so the host does not start. With ``strict = false``, the host starts without the
        state kinds of this plugin.

    Example::

        import ivrkit


        def forecast(*texts: ivrkit.Prompt, again: str = "1") -> ivrkit.State:
            \"\"\"Say the weather forecast, and say it again if the caller presses a key.

            :param texts: the prompts with the forecast.
            :param again: the key that repeats the forecast.
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
    """Offer session stores. Each store is for one URL scheme, such as ``redis``.

    Called once, after all plugins are imported. A store is only opened if the URL in the setting ``session_url`` has
    the scheme of the store. The stores of ivrkit itself, such as ``sqlite``, ``redis`` and ``postgresql``, are
    registered by this hook, too.

    :when: at start
    :returns: a dict: URL scheme -> function. The function takes the whole URL and returns a store, see
        :class:`~ivrkit.sessions.SharedStore`. Any other return value is a problem.
    :order: the plugin loaded first is called first. If two plugins offer a store for the same scheme, the host reports
        a problem that names both plugins.
    :failure: a problem of the plugin, so the host does not start. With ``strict = false``, the host starts without the
        stores of this plugin. If the returned function raises an error, or returns something else
        than a store, the host does not start. With ``strict = false``, it starts, and keeps the sessions in cookies. If
        the store is only unavailable for the moment, raise ``StoreUnavailable`` in the function or in a method of the
        store: then the host starts and tries again later.

    Example::

        import ivrkit
        from ivrkit.sessions import SQLiteStore


        def open_calls(url: str) -> SQLiteStore:
            \"\"\"Return the store of a URL such as ``team:sales``.\"\"\"
            return SQLiteStore(f"calls-of-{url.removeprefix('team:')}.sqlite3")


        @ivrkit.hookimpl
        def ivrkit_register_stores():
            return {"team": open_calls}
    """


@hookspec
def ivrkit_register_states(settings: Settings) -> Mapping[str, State | Callable[[Settings], State]]:  # type: ignore[empty-body]  # a contract
    """Offer states whose number or names are only known when the host starts.

    Called once, after the settings of the plugins are read and before the states are compiled. If you know the name of
    a state beforehand, use an entry point of the group ``ivrkit.states`` instead.

    :when: at start
    :param settings: the settings of the core. If the annotation is the plugin's dataclass of settings, the argument is
        an instance of this dataclass.
    :returns: a dict, which may be empty. Each key is the name of a state. Each value is a ``State``, or a function
        ``(settings) -> State``. A name that is also an entry point of the same package is a problem. Any other return
        value is a problem.
    :order: the plugin loaded first is called first. If two plugins offer a state of the same name, the host reports a
        problem that names both plugins.
    :failure: a problem of the plugin, so the host does not start. With ``strict = false``, the host starts without the
        states of this hook.

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
    """Edit a state of any plugin before the state is compiled.

    Called at start, once for each state in the order of loading, after the tables ``[states.NAME]`` of the settings are
    applied. The hook is not called during phone calls, so the hook does not slow calls down.

    :when: at start
    :param state: the state with its ``name`` and ``owner``, and with the edits of the plugins that were called before.
    :returns: the edited state, which is made with ``dataclasses.replace``; or ``None`` to keep the state. The name and
        the owner cannot be changed.
    :order: the plugin loaded last is called first. Each plugin gets the state that the plugin before it has returned.
    :failure: a problem of the plugin, so the host does not start. With ``strict = false``, the host starts, and the
        edit of this plugin is left out.

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
    """Choose the state in which a call begins.

    Called once per call, at its first webhook, before the settings ``callers``, ``numbers`` and ``start`` are applied.
    The session is not saved yet. If two copies of the webhook arrive at the same time, the hook may run for both
    copies. ``call.turn_key`` is then the same.

    :when: choosing the start
    :param call: the call. ``call.to`` is the called number. The hook may store values for the states in ``call.data``.
    :returns: the name of the state, or ``Goto(state, language="es-MX")`` to choose the language of the call, too. With
        a name alone, the settings for the caller or the called number decide the language. ``None`` lets the next
        plugin decide. If all plugins return ``None``, the settings decide. A state that does not exist, or a language
        that the phone tree does not have, is logged and treated as ``None``.
    :order: the plugin loaded last is called first. The first result that is not ``None`` is used, and no further plugin
        is called.
    :failure: logged and treated as ``None``. Changes to ``call.data`` are undone. The call goes on.

    Example::

        import ivrkit


        @ivrkit.hookimpl
        def ivrkit_choose_start(call):
            if call.from_.startswith("+52"):
                return ivrkit.Goto("menu", language="es-MX")
    """


@hookspec
def ivrkit_edit_response(call: Call, state: State, response: Element) -> None:
    """Edit the TwiML document that answers a webhook.

    Called for each webhook, after the document is made and before the document is saved and sent. The hook slows down
    every webhook. The hook is not called for the empty document after the caller has hung up. The session is not saved
    yet. If two copies of the webhook arrive at the same time, the hook may run for both copies.

    :when: while a call is answered
    :param call: the call at this webhook. Input in a secret state is hidden. ``call.data`` is a copy.
    :param state: the state in which the caller is now.
    :param response: the XML element ``Response`` of the document, as an ``xml.etree.ElementTree.Element``. The hook
        edits the element in place. To add a verb of the package ``twilio``, append the result of its method ``xml()``.
    :returns: nothing.
    :order: the plugin loaded last is called first. Each plugin gets the document with the edits of the plugins before.
    :failure: logged. The edits of this plugin are left out. The same happens if the edited document is not valid XML,
        if its root element is not ``Response``, if it has more than 64,000 bytes, or if the verb that waits for the
        caller is removed without another verb that waits or ends the document.

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
    """Choose the state to go to after the code of a state has failed.

    Called once per failure, after the failure is logged and before the caller hears anything. If no plugin chooses a
    state, the call goes to the state in ``on_error`` of the failed state, or else HOME.

    :when: while a call is answered
    :param call: the call at this webhook. Input in a secret state is hidden. ``call.data`` is a copy.
    :param state: the state that failed. ``state.owner`` is the plugin of the state.
    :param error: the error that the state's code raised. If the input was secret, the argument is another error that
        does not contain the message of the original error.
    :returns: the name of a state, or ``None`` to let the next plugin decide. The name of a state that does not exist is
        logged and treated as ``None``.
    :order: the plugin loaded last is called first. The first name is used, and no further plugin is called.
    :failure: logged and treated as ``None``.

    Example::

        import ivrkit


        @ivrkit.hookimpl
        def ivrkit_state_failed(call, state, error):
            return "reception" if state.owner.plugin == "acme-states" else None
    """


@hookspec
def ivrkit_clean_up() -> None:
    """Undo changes that failed code of a plugin has left behind, such as an open database transaction.

    Called after each failure of an enter function, an exit function or a hook implementation during a call, when the
    failure is logged and before any other code of a plugin runs. Without it, the states and hooks that run later in the
    same request would find the half-done changes, and might commit them. It is called inside the request, also after an
    observing hook has failed.

    :when: after a failure
    :returns: nothing.
    :order: the plugin loaded last is called first. All plugins are called.
    :failure: logged. The call goes on. The hook is not called again for this failure.

    Example::

        import sqlite3

        import ivrkit


        class Visits:
            def __init__(self, path=":memory:"):
                self.database = sqlite3.connect(path, check_same_thread=False)
                self.database.execute("CREATE TABLE IF NOT EXISTS visits (caller TEXT)")

            def count(self, call):
                self.database.execute("INSERT INTO visits VALUES (?)", (call.from_,))
                if not call.from_.startswith("+"):
                    raise ValueError("only phone numbers are counted")
                self.database.commit()

            @ivrkit.hookimpl
            def ivrkit_call_started(self, call):
                self.count(call)

            @ivrkit.hookimpl
            def ivrkit_clean_up(self):
                self.database.rollback()


        visits = Visits()
    """


@hookspec
def ivrkit_call_started(call: Call) -> None:
    """Observe the start of a call.

    Called once per call, at its first webhook, after the session is saved.

    :when: observing
    :param call: the call at its first webhook. Changes to ``call.data`` are lost.
    :returns: nothing.
    :order: the plugin loaded last is called first. All plugins are called.
    :failure: logged. The call goes on.

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
    """Observe that a caller entered a state.

    Called after the session is saved, once for each state that the call has entered at this webhook, in order. The hook
    is also called if the call enters the same state again.

    :when: observing
    :param call: the call at this webhook. Input in a secret state is hidden. Changes to ``call.data`` are lost.
    :param state: the state that was entered.
    :returns: nothing.
    :order: the plugin loaded last is called first. All plugins are called.
    :failure: logged. The call goes on.

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
    """Observe that a caller left a state, and with which outcome.

    Called after the session is saved, before ``ivrkit_state_entered`` is called for the next state. The hook is also
    called if the call enters the same state again, and if the caller has hung up while the state waited for a
    recording, a dialled number or a queue. The hook is not called for a state that a deploy has removed.

    :when: observing
    :param call: the call at this webhook. Input in a secret state is hidden. Changes to ``call.data`` are lost.
    :param state: the state that the caller left.
    :param outcome: the outcome: keys, ``no-input``, ``busy``, ``recorded`` and so on. In a secret state, the outcome is
        ``(secret)`` for any input. If the webhook had no outcome, the argument is ``None``, for example because the
        state did not wait.
    :returns: nothing.
    :order: the plugin loaded last is called first. All plugins are called.
    :failure: logged. The call goes on.

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
def ivrkit_recorded(call: Call, state: State | None, url: str, sid: str, duration: int) -> None:
    """Observe that a caller left a message.

    Called for the recording of a ``Record``, after the session is saved, before ``ivrkit_state_left`` with the outcome
    ``recorded``. It is also called if the caller ended the message by hanging up, which may be after
    ``ivrkit_call_ended``. It is not called for an empty recording, whose outcome is ``no-message``.

    :when: observing
    :param call: the call at this webhook. Changes to ``call.data`` are lost.
    :param state: the state that recorded the message, or ``None`` if a deploy has removed the state.
    :param url: the address of the recording, Twilio's ``RecordingUrl``. The file may not be ready yet.
    :param sid: the identifier of the recording, Twilio's ``RecordingSid``, or ``""`` if Twilio did not send it.
    :param duration: the length of the recording in seconds, a whole number, or 0 if Twilio did not send it.
    :returns: nothing.
    :order: the plugin loaded last is called first. All plugins are called.
    :failure: logged. The call goes on.

    Example::

        import ivrkit


        class Messages:
            def __init__(self):
                self.messages = []

            @ivrkit.hookimpl
            def ivrkit_recorded(self, call, url, duration):
                self.messages.append(f"{call.from_} left a message of {duration} seconds: {url}.mp3")


        messages = Messages()
    """


@hookspec
def ivrkit_call_ended(call: Call, reason: str) -> None:
    """Observe the end of a call.

    Called once per call, after the session is saved. The call ends when the phone tree ends the call, or when Twilio
    reports that the caller has hung up. The result of the last verb, such as a recording, may arrive after this hook.

    :when: observing
    :param call: the call at this webhook. Input in a secret state is hidden. Changes to ``call.data`` are lost.
    :param reason: ``finished`` if the phone tree ended the call; otherwise the CallStatus of Twilio: ``completed``,
        ``busy``, ``failed``, ``no-answer`` or ``canceled``.
    :returns: nothing.
    :order: the plugin loaded last is called first. All plugins are called.
    :failure: logged. The call goes on.

    Example::

        import logging

        import ivrkit

        log = logging.getLogger("acme.calls")


        @ivrkit.hookimpl
        def ivrkit_call_ended(call, reason):
            log.info("call %s ended: %s", call.sid, reason)
    """


@hookspec
def ivrkit_state_quarantined(state: State, reason: str) -> None:
    """Observe that a state was put in quarantine.

    Called once for each time that a state is put in quarantine, in the process that does it. If the state has failed
    too often, this is the worker that answers the call of the last failure, after it has saved the session. If
    somebody runs the command ``ivrkit quarantine add``, it is the process of the command.

    :when: observing
    :param state: the state. ``state.owner`` is the plugin of the state.
    :param reason: why the state is in quarantine, as a text for people: ``5 failures in 60 s``.
    :returns: nothing.
    :order: the plugin loaded last is called first. All plugins are called.
    :failure: logged. The state is in quarantine.

    Example::

        import logging

        import ivrkit

        log = logging.getLogger("acme.pager")


        @ivrkit.hookimpl
        def ivrkit_state_quarantined(state, reason):
            log.critical("callers cannot reach %s of %s: %s", state.name, state.owner, reason)
    """


@hookspec
def ivrkit_state_released(state: State) -> None:
    """Observe that a state was released from quarantine.

    Called once for each time that a state is released, in the process that does it: a worker after a call has succeeded
    in the state, or the command ``ivrkit quarantine clear``. The hook is not called if another version of the plugin is
    deployed, which is served at once.

    :when: observing
    :param state: the state. ``state.owner`` is the plugin of the state.
    :returns: nothing.
    :order: the plugin loaded last is called first. All plugins are called.
    :failure: logged. The state is released.

    Example::

        import logging

        import ivrkit

        log = logging.getLogger("acme.pager")


        @ivrkit.hookimpl
        def ivrkit_state_released(state):
            log.critical("callers can reach %s of %s again", state.name, state.owner)
    """
