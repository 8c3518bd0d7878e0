"""The hooks: the functions that a plugin can implement, besides its states.

A plugin with hooks is a module or an object that an entry point of the group ``ivrkit.plugins`` names. Each of its
functions that is marked with :data:`hookimpl` implements the hook of the same name. It takes any of the hook's
arguments, by name.

Each implementation is called alone, so that one that fails cannot affect the others. Hook wrappers are therefore
rejected. The order comes from pluggy: the plugin that was loaded last is called first, and ``tryfirst`` and
``trylast`` change that.

These docstrings are also the reference: ``docs/hook_pages.py`` makes a page of each in ``docs/reference/hooks``. The
field ``:when:`` names the section of the list in which the hook stands.
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
    """Declare the settings of a plugin if no other function of the plugin asks for them.

    Called once, after all plugins are imported and before any state is registered. The hook is not needed if the
    dataclass of settings is the annotation of an argument: of a state function, of a class that makes a plugin, or of
    ``ivrkit_register_states``.

    :when: at start
    :returns: the dataclass. A plugin has only one. Each field is a setting in ``[plugins.NAME]``, described by the
        docstring of the class. A field with ``repr=False`` is secret. Any other return value is a problem.
    :order: the plugin loaded first is called first. The plugins do not affect each other.
    :failure: a problem of the plugin, so the host does not start. With ``strict = false`` it starts, and the plugin
        has no settings.

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
    """Offer state kinds for TOML states: the value of ``kind`` in a table ``[states.NAME]``.

    Called once, after all plugins are imported and before any TOML state is made. The kinds of ivrkit itself, such as
    ``message`` and ``menu``, are registered by this hook, too.

    :when: at start
    :returns: a dict: kind -> function that returns a ``State``. The parameters of the function are the keys of the
        table, and their annotations are the types. ``*texts: ivrkit.Prompt`` is the key ``text``. A ``Target`` is the
        name of a state or ``{ to = ..., say = ... }``. All types of plugin settings are possible, too. A parameter that
        takes a function cannot be set in TOML, so it needs a default. Editors show the descriptions of the docstring.
        The keys that every state has, such as ``key``, ``label`` and ``voice``, are applied to the returned state. Any
        other return value is a problem.
    :order: the plugin loaded first is called first. If two plugins offer the same kind, that is a problem that names
        both, and neither wins.
    :failure: a problem of the plugin, so the host does not start. With ``strict = false`` it starts without the kinds
        of this plugin.

    Example::

        import ivrkit


        def forecast(*texts: ivrkit.Prompt, again: str = "1") -> ivrkit.State:
            \"\"\"Say the weather, and repeat it on a key.

            :param texts: the prompts.
            :param again: the key to hear it again.
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
    """Offer session stores, each for one scheme of URLs.

    Called once, after all plugins are imported. A store is opened only if the setting ``session_url`` has its scheme.
    The stores of ivrkit itself, such as ``sqlite``, ``redis`` and ``postgresql``, are registered by this hook, too.

    :when: at start
    :returns: a dict: scheme -> function. The function takes the whole URL and returns a store, see
        :class:`~ivrkit.sessions.SharedStore`. Any other return value is a problem.
    :order: the plugin loaded first is called first. If two plugins offer the same scheme, that is a problem that names
        both.
    :failure: a problem of the plugin, so the host does not start. With ``strict = false`` it starts without the stores
        of this plugin. An error that the returned function raises for a URL stops the start. If a store is only
        unavailable for the moment, raise ``StoreUnavailable`` instead: the host starts and tries again later.

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
    """Offer states whose number or names are known only when the host starts.

    Called once, after the settings of the plugins are read and before the states are compiled. If you know the name of
    a state beforehand, use an entry point of the group ``ivrkit.states`` instead.

    :when: at start
    :param settings: the settings of the core, or the settings of the plugin if their dataclass is the annotation.
    :returns: a dict: name -> state, or name -> function ``(settings) -> State``. It may be empty. A name that the same
        package also offers as an entry point is a problem. Any other return value is a problem.
    :order: the plugin loaded first is called first. If two plugins offer the same state, that is a problem that names
        both, and neither wins.
    :failure: a problem of the plugin, so the host does not start. With ``strict = false`` it starts without the states
        of this hook.

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
    """Edit a state of any plugin before it is compiled.

    Called once for each state, in the order of loading, after the tables ``[states.NAME]`` of the settings are
    applied. It is not called during calls, so it costs callers no time.

    :when: at start
    :param state: the state, with its ``name`` and ``owner``, as edited by the plugins before.
    :returns: the edited state, made with ``dataclasses.replace``; or ``None`` to keep the state. The name and the
        owner cannot be changed.
    :order: the plugin loaded last is called first. Each plugin gets the result of the one before, so the plugin loaded
        first decides last.
    :failure: a problem of the plugin, so the host does not start. With ``strict = false`` it starts, and the state
        stays as it was before this plugin.

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
    The session is not saved yet. If two copies of the webhook arrive at the same time, the hook may run for both;
    ``call.turn_key`` is the same in both.

    :when: choosing the start
    :param call: the call. ``call.to`` is the called number. The hook may write to ``call.data`` for the states.
    :returns: the name of the state. The language is then the one that the settings have for the caller or the number;
        ``Goto(state, language="es-MX")`` chooses the language, too. ``None`` lets the next plugin decide, and after
        the last plugin the settings. A state that does not exist, or a language that the phone tree does not have, is
        logged and treated as ``None``.
    :order: the plugin loaded last is called first. The first answer wins, and the plugins behind it are not called.
    :failure: logged and treated as ``None``. ``call.data`` is restored. The call goes on.

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

    Called for each webhook, after the engine has made the document and before it is saved and sent. It is not called
    for the empty answer to a caller who has hung up. It costs time in every webhook. The session is not saved yet. If
    two copies of the webhook arrive at the same time, the hook may run for both.

    :when: while a call is answered
    :param call: the call at this webhook. Input in a secret state is hidden. ``call.data`` is a copy.
    :param state: the state in which the caller is now.
    :param response: the element ``Response``, which the hook edits in place. Each plugin gets its own copy. A verb of
        twilio becomes an element by its method ``xml()``.
    :returns: nothing.
    :order: the plugin loaded last is called first. Each plugin gets the document as the one before left it.
    :failure: logged. The document stays as it was before this plugin. The same happens if the edited document is not
        valid XML, or its root is not ``Response``.

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

    Called once per failure, after the failure is logged with its owner and before the caller hears anything. If no
    plugin decides, the call goes to the state's ``on_error``, or else home.

    :when: while a call is answered
    :param call: the call when the state's code ran. Input in a secret state is hidden. ``call.data`` is a copy.
    :param state: the state that failed. ``state.owner`` is its plugin.
    :param error: the error that was raised. If the input was secret, it is another error that does not contain the
        message.
    :returns: the name of a state, or ``None`` to let the next plugin decide. A name that does not exist is logged and
        treated as ``None``.
    :order: the plugin loaded last is called first. The first name wins, and the plugins behind it are not called.
    :failure: logged and treated as ``None``.

    Example::

        import ivrkit


        @ivrkit.hookimpl
        def ivrkit_state_failed(call, state, error):
            return "reception" if state.owner.plugin == "acme-states" else None
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

    Called for each state that a webhook enters, in order, after the session is saved. A state that is repeated is
    entered again.

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

    Called after the session is saved, before ``ivrkit_state_entered`` of the next state. It is also called if the same
    state is entered again, and if the caller hung up while the state waited for a recording, a dialled number or a
    queue. It is not called for a state that a deploy has removed.

    :when: observing
    :param call: the call at this webhook. Input in a secret state is hidden. Changes to ``call.data`` are lost.
    :param state: the state that was left.
    :param outcome: the outcome: keys, ``no-input``, ``busy``, ``recorded`` and so on. It is ``(secret)`` for the input
        in a secret state. It is ``None`` if the state did not wait, or is entered again without an outcome.
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
def ivrkit_call_ended(call: Call, reason: str) -> None:
    """Observe the end of a call.

    Called once per call, after the session is saved: when the phone tree ends the call, or when Twilio reports that
    the caller has hung up, whichever comes first. The result of the last verb, such as a recording, may arrive later.

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
