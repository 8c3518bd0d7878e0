"""``ivrkit phone``: the keyboard, the screen, and a real terminal."""

import io
import json
import os
import pty
import select
import subprocess
import sys
import time

import pytest
from click.testing import CliRunner
from tests.simulator.cases import response
from tests.web.sample_trees import SHOP, TreePlugin
from tests.web.webhook_calls import serving

from ivrkit.cli.main import main
from ivrkit.cli.phone.command import open_simulator
from ivrkit.cli.phone.keyboard import HELP, Keyboard
from ivrkit.cli.phone.screen import JsonLines, Screen, SpeechProgram
from ivrkit.errors import IvrkitError
from ivrkit.simulator import Failure, Simulator
from ivrkit.testing import make_app

BEGIN = "Type keys and press Enter, or ? for help."
ASK = "<Gather numDigits='1' action='/go'><Say>{}</Say></Gather>"
DOCUMENTS = {
    "/": response("<Play>https://cdn.example.com/hello.mp3</Play><Pause length='2'/>" + ASK.format("One or two?")),
    "/go": lambda request: {
        "1": response("<Say>You said one.</Say>"),
        "2": response(ASK.format("Two. Again?")),
        "3": response("<Dial action='/go'><Number url='/screen'>+15550100</Number></Dial>"),
        "4": response("<Enqueue>support</Enqueue>"),
        "5": response("<Record action='/go'/>"),
        "6": response("<Sing/><Gather input='speech' action='/go'/>"),
    }.get(request.params.get("Digits"), response("<Say>Bye.</Say>")),
    "/screen": response("<Gather numDigits='1' action='/accept'><Say>Press one to accept.</Say></Gather><Hangup/>"),
    "/accept": response(""),
}


@pytest.fixture
def type_lines(monkeypatch, capsys):
    """Return a function that types lines and returns the lines of output after the first one."""
    monkeypatch.delenv("COLUMNS", raising=False)

    def type_lines(*lines, display=None, documents=DOCUMENTS, fails=False, **number):
        simulator = Simulator.for_documents(documents, **number)
        monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
        went_well = Keyboard(simulator.call, display or Screen()).run()
        shown = capsys.readouterr().out.splitlines()
        assert shown[0] == BEGIN or display
        assert went_well is not fails
        return shown[1:]

    return type_lines


FIRST = ["(plays https://cdn.example.com/hello.mp3)", "(pauses 2 s)", "One or two?"]
ENDED = "ended: the document had no more verbs (completed, {} s, 1 minute)"
HANGS_UP = "> caller hangs up"


def test_the_screen_shows_what_the_caller_hears(type_lines):
    """The screen shows sounds, pauses, sentences and actions; the last line has reason, length and billed minutes."""
    assert type_lines("1") == [*FIRST, "> caller presses 1", "You said one.", ENDED.format(14)]


def test_the_end_of_the_input_hangs_up(type_lines):
    """The caller hangs up at the end of the input, and on ``q``."""
    end = ["> caller hangs up", "ended: the caller hung up (completed, 13 s, 1 minute)"]
    assert type_lines() == [*FIRST, *end]
    assert type_lines("q", "1") == [*FIRST, *end]


def test_ctrl_c_hangs_up_and_leaves(monkeypatch, capsys):
    """Ctrl-C hangs up and quits, as the end of the input does."""

    class Interrupted(io.StringIO):
        def readline(self, *args):
            raise KeyboardInterrupt

    monkeypatch.setattr(sys, "stdin", Interrupted())
    assert Keyboard(Simulator.for_documents(DOCUMENTS).call, Screen()).run()
    assert "> caller hangs up" in capsys.readouterr().out


def test_silence_and_hanging_up(type_lines):
    """``t`` and an empty line stay silent, and ``h`` hangs up."""
    for silence in ("t", "", "  "):
        assert type_lines(silence) == [*FIRST, "> caller stays silent", ENDED.format(18)]
    assert type_lines("h") == [*FIRST, HANGS_UP, "ended: the caller hung up (completed, 13 s, 1 minute)"]


def test_words_are_said_in_quotes(type_lines):
    """Words in single or double quotes are said to the call."""
    for words in ('"sales please"', "'sales please'"):
        shown = type_lines("6", words)
        assert '> caller says "sales please"' in shown
        assert shown[-2:] == ["Bye.", ENDED.format(20)]


def test_one_step_back_replays_the_call(type_lines):
    """``b`` makes a new call and repeats all actions but the last one."""
    shown = type_lines("2", "2", "b", "q")
    again = shown.index("-- new call --")
    assert shown[again + 1 : again + 6] == [*FIRST, "> caller presses 2", "Two. Again?"]
    assert shown[again + 6 :] == [HANGS_UP, "ended: the caller hung up (completed, 14 s, 1 minute)"]


def test_repeat_the_call_or_call_as_a_new_caller(type_lines):
    """``r`` repeats all actions in a new call, and ``n`` repeats none; both work after the end of a call."""
    shown = type_lines("1", "r", "n")
    assert shown == [
        *FIRST,
        "> caller presses 1",
        "You said one.",
        ENDED.format(14),
        "-- new call --",
        *FIRST,
        "> caller presses 1",
        "You said one.",
        ENDED.format(14),
        "-- new call --",
        *FIRST,
        HANGS_UP,
        "ended: the caller hung up (completed, 13 s, 1 minute)",
    ]


@pytest.mark.parametrize("repeat", ["r", "b"])
def test_the_hangup_of_the_caller_is_not_repeated(type_lines, repeat):
    """After a hang-up of the caller, ``r`` and ``b`` repeat the call up to the hang-up, and the call goes on."""
    shown = type_lines("2", "h", repeat, "1", "q")
    again = shown.index("-- new call --")
    assert shown[again + 1 :] == [
        *FIRST,
        "> caller presses 2",
        "Two. Again?",
        "> caller presses 1",
        "You said one.",
        ENDED.format(15),
    ]


def test_the_hangup_of_a_callee_is_repeated(type_lines):
    """``r`` repeats the hang-up of a callee, because the call goes on after it."""
    shown = type_lines("3", "a", "1", "e", "r")
    again = shown[shown.index("-- new call --") :]
    assert again[-4:] == ["> callee hangs up", "(+15550100: completed)", "Bye.", shown[-1]]


def test_a_replay_stops_when_the_call_ends(type_lines):
    """If the app responds differently and the call ends, the rest of the actions is not repeated."""
    documents = {
        "/": [response(ASK.format("Key?")), response("<Say>Closed.</Say>")],
        "/go": response(ASK.format("More?")),
    }
    assert type_lines("1", "1", "r", documents=documents)[-2:] == ["Closed.", ENDED.format(0)]


def test_help_and_unknown_lines(type_lines):
    """``?`` shows the help, and an unknown line is an error message."""
    assert type_lines("?", "xyz", "q")[3:-2] == [
        *HELP.splitlines(),
        "'xyz' is neither keys nor a command. Type ? for help.",
    ]


def test_an_impossible_action_is_a_message(type_lines):
    """An action that is not possible now is a message of the simulator, without a transcript."""
    message = "callee is busy, but no phone is ringing; the call waits in <Gather> (gather)"
    assert message in type_lines("u", "q")


def test_after_the_end_the_commands_are_named(type_lines):
    """After the end of the call, keys are answered with the commands that are possible."""
    message = "The call has ended. n calls again, r repeats the call, b goes back one line."
    assert type_lines("1", "1")[-1] == message


def test_the_last_request_and_its_response(type_lines):
    """``x`` shows the last request with all parameters, and its TwiML."""
    shown = type_lines("2", "x", "q")
    at = shown.index("POST https://ivr.example.com/go")
    assert "  Digits=2" in shown[at:]
    assert response(ASK.format("Two. Again?")) in shown[at:]


def test_after_the_end_the_last_document_is_shown_with_its_own_request(type_lines):
    """``x`` after hanging up shows the request that the last document answers, not the status callback."""
    shown = type_lines("2", "h", "x", "q", status_callback="https://ivr.example.com/status")
    exchange = shown[shown.index("> caller hangs up") :]
    assert "POST https://ivr.example.com/go" in exchange
    assert "  Digits=2" in exchange
    assert response(ASK.format("Two. Again?")) in exchange
    assert "POST https://ivr.example.com/status" not in exchange


def test_the_last_request_is_shown_if_it_failed(type_lines):
    """``x`` shows a request that had no response as such, and not with the document of an earlier request."""
    documents = {"/": response(ASK.format("One?")), "/go": Failure(11205, "ct", "no connection")}
    exchange = type_lines("1", "x", documents=documents, fails=True)[-28:]
    assert "  Digits=1" in exchange
    assert exchange[-1] == "(no response)"
    assert not [line for line in exchange if "One?" in line]
    assert type_lines("x", documents={"/": documents["/go"]}, fails=True)[-1] == "(no response)"


SAME = "(sent again, as Twilio does after a lost response: the same answer)"
DIFFERENT = "(sent again, as Twilio does after a lost response: a different answer)"


def test_the_last_request_is_sent_again(type_lines):
    """``w`` sends the last request again, shows that the answer is the same, and the call goes on as before."""
    seen = []

    def count(request):
        seen.append(request)
        return response(ASK.format("Two. Again?"))

    documents = {**DOCUMENTS, "/go": count}
    shown = type_lines("2", "w", "w", "h", "w", "q", documents=documents)
    assert shown[3:] == [
        "> caller presses 2",
        "Two. Again?",
        SAME,
        SAME,
        HANGS_UP,
        "ended: the caller hung up (completed, 14 s, 1 minute)",
        SAME,
    ]
    assert len(seen) == 4
    assert {each.headers["I-Twilio-Idempotency-Token"] for each in seen} == {
        seen[0].headers["I-Twilio-Idempotency-Token"]
    }
    assert {each.body for each in seen} == {seen[0].body}


def test_a_different_answer_is_shown(type_lines):
    """``w`` shows both answers if an app answers the same request differently."""
    documents = {"/": [response(ASK.format("First?")), response(ASK.format("Second?"))]}
    assert type_lines("w", "q", documents=documents)[1:4] == [
        DIFFERENT,
        f"first answer:  200 {response(ASK.format('First?'))}",
        f"second answer: 200 {response(ASK.format('Second?'))}",
    ]


def test_a_retry_that_fails_is_no_comparison(type_lines):
    """``w`` says that there are no two answers if one of the requests failed."""
    answers = [response(ASK.format("First?")), Failure(11205, "ct", "no connection")]
    shown = type_lines("w", "q", documents={"/": lambda _request: answers.pop(0)})
    assert shown[1].startswith("warning 11205, ")
    assert shown[2] == "(sent again: there are no two answers to compare)"


@pytest.mark.parametrize(
    ("lines", "output"),
    [
        (["u"], ["(+15550100: ringing)", "> callee is busy", "(+15550100: busy)", "Bye."]),
        (["o"], ["(+15550100: ringing)", "> callee does not answer", "(+15550100: no-answer)", "Bye."]),
        (["f"], ["(+15550100: ringing)", "> callee can't be reached", "(+15550100: failed)", "Bye."]),
        (
            ["a", "1", "e"],
            [
                "(+15550100: ringing)",
                "> callee picks up",
                "(+15550100: answered)",
                "callee hears: Press one to accept.",
                "> callee presses 1",
                "> callee hangs up",
                "(+15550100: completed)",
                "Bye.",
            ],
        ),
        (
            ["a", "t"],
            [
                "(+15550100: ringing)",
                "> callee picks up",
                "(+15550100: answered)",
                "callee hears: Press one to accept.",
                "> callee stays silent",
                "(+15550100: completed, not connected)",
                "Bye.",
            ],
        ),
    ],
)
def test_a_phone_that_rings(type_lines, lines, output):
    """While a phone rings, the person at the keyboard acts for the callee."""
    assert type_lines("3", *lines)[4:-1] == output


def test_a_queue_and_a_recording(type_lines):
    """In a queue ``a`` takes the call, and words in quotes are recorded as a message."""
    shown = type_lines("4", "t", "a", "e")
    assert shown[4:-1] == [
        "(queue support: joined)",
        "> caller stays silent",
        "(plays hold music)",
        "> agent picks up",
        "(queue support: taken)",
        "> agent hangs up",
        "(queue support: bridged)",
    ]
    shown = type_lines("5", '"Call me."', "#")
    assert shown[4:-1] == [
        "(plays beep)",
        '> caller says "Call me."',
        "> caller presses #",
        '(recorded 2 s "Call me.")',
        "Bye.",
    ]


def test_warnings_have_location_and_hint(type_lines, monkeypatch):
    """A warning is shown with its location and hint, in lines of at most 100 characters."""
    monkeypatch.setenv("COLUMNS", "200")
    shown = type_lines("6", "q")
    warning = (
        "warning 12200, the document does not match Twilio's schema: <Sing> is not an element of TwiML at "
        "https://ivr.example.com/go,"
    )
    assert warning not in shown
    text = " ".join(line.strip() for line in shown)
    assert f"{warning} line 1, column 11 (check the verb or attribute on Twilio's page)" in text
    assert max(map(len, shown)) <= 100


def test_long_lines_are_wrapped(type_lines, monkeypatch):
    """Lines are wrapped between words to the width of the terminal, and continued with an indent."""
    monkeypatch.setenv("COLUMNS", "24")
    documents = {"/": response("<Say>We are open from nine to six on weekdays.</Say>")}
    assert type_lines(documents=documents)[:2] == ["We are open from nine to", "  six on weekdays."]


def test_lines_in_a_pipe_are_not_wrapped(type_lines, monkeypatch):
    """If the output is no terminal and COLUMNS is not set, each sentence is one line, however long it is."""
    monkeypatch.delenv("COLUMNS", raising=False)
    sentence = "We are open from nine to six on weekdays. " * 5
    assert type_lines(documents={"/": response(f"<Say>{sentence}</Say>")})[0] == sentence.strip()


def test_a_text_that_is_cut_off_is_marked(type_lines):
    """A sentence that the caller did not hear to its end is marked with dots."""
    shown = type_lines(documents={"/": response("<Say loop='0'>" + "word " * 60 + "</Say>")})
    assert shown[0].startswith("word word")
    assert shown[-2].endswith("word ...")
    assert shown[-1].startswith("ended: the call reached its maximum length")


def test_events_as_json(type_lines):
    """Each event is a line of JSON on the standard output, and nothing else is."""
    events = [json.loads(line) for line in type_lines("1", "?", display=JsonLines())]
    names = [each["name"] for each in events]
    assert names[0] == "request"
    assert "acted" in names
    assert names[-1] == "ended"


class TestSpeech:
    """``--say`` speaks what the caller hears."""

    def test_texts_are_spoken(self, type_lines, tmp_path, monkeypatch):
        """Sentences are spoken by espeak-ng, in the language of the TwiML."""
        spoken = tmp_path / "spoken"
        program = tmp_path / "espeak-ng"
        program.write_text(f'#!/bin/sh\necho "$@" >> {spoken}\n', encoding="utf-8")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
        documents = {"/": response("<Say language='de-DE'>Hallo.</Say><Say>Hello.</Say>")}
        type_lines(display=Screen(SpeechProgram.find()), documents=documents)
        assert spoken.read_text(encoding="utf-8").splitlines() == ["-v de-de -- Hallo.", "-v en-us -- Hello."]

    def test_without_the_program_the_hint_is_to_install_it(self, monkeypatch):
        """Without espeak-ng, ``--say`` is an error with the install command."""
        monkeypatch.setenv("PATH", "/nowhere")
        with pytest.raises(IvrkitError) as refused:
            SpeechProgram.find()
        assert refused.value.message == "--say needs espeak-ng, which is not installed"
        assert refused.value.hint == "install it (apt install espeak-ng), or leave out --say"


# The command


def phone(*options, typed=""):
    """Run the command with input from a pipe."""
    return CliRunner().invoke(main, ["phone", *options], input=typed)


@pytest.fixture
def shop(tmp_path):
    """Return the webhook of a server with a small phone tree and a token."""
    folder = tmp_path / "shop"
    folder.mkdir()
    app = make_app(folder, plugins=[], objects={"shop": TreePlugin(SHOP)}, auth_token="54321")
    with serving(app, app.extensions["ivrkit"].sessions) as base:
        yield f"{base}/webhook"


def test_a_url_is_called(monkeypatch, shop):
    """Requests to a URL are signed with the token, and the state and owner of an ivrkit host are shown."""
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "54321")
    result = phone(shop, "--from", "+15550111", "--to", "+15550222", typed="1\nx\n")
    assert result.exit_code == 0
    shown = result.output.splitlines()
    assert shown[1].startswith("[greeting -> menu, ivrkit ")
    assert "> caller presses 1" in shown
    assert "All is well." in shown
    assert "  From=+15550111" in shown
    assert "  To=+15550222" in shown


@pytest.fixture
def shop_with_shared_keys(tmp_path):
    """Return the webhook of a server that knows two shared keys and no token."""
    folder = tmp_path / "shop"
    folder.mkdir()
    keys = {"old_key": "secret of the old key", "new_key": "secret of the new key"}
    settings = {"auth_token": (), "shared_keys": keys}
    app = make_app(folder, plugins=[], objects={"shop": TreePlugin(SHOP)}, **settings)
    with serving(app, app.extensions["ivrkit"].sessions) as base:
        yield f"{base}/webhook"


def test_a_url_is_called_with_a_shared_key(monkeypatch, shop_with_shared_keys):
    """``--shared-key`` names the key that signs; without a token and the option, the last key signs."""
    monkeypatch.setenv("IVRKIT_SHARED_KEYS__old_key", "secret of the old key")
    for options in ([], ["--shared-key", "old_key"]):
        result = phone(shop_with_shared_keys, *options, typed="1\nx\n")
        assert result.exit_code == 0
        assert "All is well." in result.output
    monkeypatch.setenv("IVRKIT_SHARED_KEYS__other", "x")
    assert phone(shop_with_shared_keys).exit_code == 1


def test_an_unknown_shared_key(monkeypatch):
    """A shared key that is not in the settings is an error that names the known ones."""
    monkeypatch.setenv("IVRKIT_SHARED_KEYS__old_key", "sesame")
    result = phone("http://127.0.0.1:1/webhook", "--shared-key", "old_keys")
    assert (result.exit_code, result.stderr) == (
        1,
        (
            "Error: the shared key must be one of the settings, not 'old_keys', did you mean 'old_key'?\n"
            "  hint: set IVRKIT_SHARED_KEYS__old_keys to its secret; the shared keys in the settings: old_key\n"
        ),
    )
    monkeypatch.delenv("IVRKIT_SHARED_KEYS__old_key")
    assert "; the shared keys in the settings: none\n" in phone("http://127.0.0.1:1/", "--shared-key", "x").stderr


def test_the_tree_in_process_is_called_with_a_shared_key(monkeypatch):
    """Without a URL the requests to the installed phone tree are signed with the shared key of the settings."""
    monkeypatch.setenv("IVRKIT_SHARED_KEYS__old_key", "sesame")
    assert phone("--shared-key", "old_key").exit_code == 0
    with open_simulator(None, ("acme-states",), "old_key") as simulator:
        call = simulator.call()
    assert [each.status for each in call.responses] == [200]
    sent = [each.headers for each in call.events if each.name == "request"]
    assert {each["X-Twilio-Webhooks-Signature-Settings"] for each in sent} == {"key=old_key,algorithm=HMAC_SHA256"}


def test_without_the_token_the_host_refuses(monkeypatch, shop):
    """A refused request is shown as an error, and the exit code is 1."""
    result = phone(shop)
    assert result.exit_code == 1
    text = " ".join(line.strip() for line in result.output.splitlines())
    assert "error 11200, the document could not be fetched: the response has the status 403" in text
    assert "ended: Twilio gave up on the call" in text


def test_an_invalid_url(monkeypatch):
    """An invalid URL is one message with a hint."""
    result = phone("ftp://x")
    assert (result.exit_code, result.stderr) == (
        1,
        (
            "Error: the URL must be a valid http or https URL, not 'ftp://x'\n"
            "  hint: give a webhook such as http://127.0.0.1:5000/webhook\n"
        ),
    )


def test_json_of_the_command(monkeypatch):
    """With ``--json`` the standard output has events only."""
    result = phone("--json", typed="?\n")
    for line in result.stdout.splitlines():
        assert json.loads(line)["at"] >= 0
    assert result.stderr.startswith(BEGIN)


def test_a_tree_with_problems_is_one_message(folder, monkeypatch):
    """A problem of the phone tree is an error of the command."""
    (folder / "ivrkit.toml").write_text('operator = "nowhere"\n', encoding="utf-8")
    result = phone()
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: the phone tree has 1 problem and was not started:\n")


def test_say_needs_a_program(monkeypatch):
    """Without espeak-ng the command ends before it calls."""
    monkeypatch.setenv("PATH", "/nowhere")
    result = phone("--say")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: --say needs espeak-ng")


@pytest.mark.acme
def test_the_installed_tree_is_called_in_process(folder, monkeypatch):
    """Without a URL the installed phone tree is called with the folder's settings, and no file is left behind."""
    (folder / "ivrkit.toml").write_text('company = "ACME"\nurl_prefix = "/ivr"\n', encoding="utf-8")
    monkeypatch.setenv("IVRKIT_PUBLIC_URL", "https://elsewhere.example.com")
    monkeypatch.setenv("IVRKIT_TRUSTED_PROXIES", "2")
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "54321")
    result = phone(typed="3\n")
    assert result.exit_code == 0
    assert "Thank you for calling ACME." in result.output
    assert "> caller presses 3\n[hours, acme-states " in result.output
    assert [each.name for each in folder.iterdir()] == ["ivrkit.toml"]


@pytest.mark.acme
def test_a_blocked_plugin_is_not_called(monkeypatch):
    """The states of a plugin that ``--block`` names are not in the menu."""
    result = phone("--block", "acme-states")
    assert "For sales" not in result.output


@pytest.mark.acme
def test_safe_mode_calls_no_plugin(folder):
    """With ``--safe`` the caller hears the greeting and the apology, and is connected to the operator."""
    (folder / "ivrkit.toml").write_text('operator_number = "+15550100"\n', encoding="utf-8")
    result = phone("--safe")
    assert "Thank you for calling our company.\nWe are sorry, something went wrong.\nOne moment" in result.output
    assert "(+15550100: ringing)" in result.output


@pytest.mark.parametrize(("code", "ends"), [("raise KeyboardInterrupt", False), ("os.kill(os.getpid(), 2)", True)])
def test_only_the_user_interrupts_the_phone(folder, code, ends):
    """A KeyboardInterrupt that a plugin raises is a failure of its state. Ctrl-C ends the command."""
    (folder / "files").mkdir()
    (folder / "files" / "evil.py").write_text(
        "import os\nfrom ivrkit import *\n"
        f"def enter(call):\n    {code}\n    return 'On.'\n"
        "evil = State(enter, HOME, options=MenuOption('7', 'evil'))\n",
        encoding="utf-8",
    )
    command = [sys.executable, "-c", "from ivrkit.cli.main import main; main()", "phone", "--plugins-dir", "files"]
    done = subprocess.run(command, input="7\nq\n", capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == (1 if ends else 0)
    assert ("We are sorry, something went wrong." in done.stdout) is not ends
    assert ("Aborted!" in done.stderr) is ends
    assert ("state 'evil' of evil.py failed in call" in done.stderr) is not ends


class Terminal:
    """A real terminal that runs the command.

    :param environ: more environment variables.
    """

    def __init__(self, folder, **environ):
        self._master, child = pty.openpty()
        variables = {name: value for name, value in os.environ.items() if not name.startswith(("IVRKIT_", "TWILIO_"))}
        variables |= {"TERM": "xterm", "COLUMNS": "80", **environ}
        variables.pop("NO_COLOR", None) if "NO_COLOR" not in environ else None
        command = [sys.executable, "-c", "from ivrkit.cli.main import main; main()", "phone"]
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env=variables,
            stdin=child,
            stdout=child,
            stderr=child,
            start_new_session=True,
        )
        os.close(child)
        self.shown = ""

    def wait_for(self, text):
        """Wait for a text in the new output, and return the new output."""
        start, until = len(self.shown), time.monotonic() + 60
        while text not in self.shown[start:]:
            assert time.monotonic() < until, f"{text!r} is not shown: {self.shown}"
            if select.select([self._master], [], [], 0.1)[0]:
                try:
                    self.shown += os.read(self._master, 65536).decode()
                except OSError:
                    break
        return self.shown[start:]

    def type(self, keys):
        """Type keys."""
        os.write(self._master, keys.encode())

    def close(self):
        """Close the terminal, and return the exit code."""
        code = self.process.wait(60)
        os.close(self._master)
        return code


@pytest.mark.acme
def test_a_real_terminal(tmp_path):
    """A terminal has colours and a prompt that names the awaited input; Ctrl-D quits."""
    terminal = Terminal(tmp_path)
    shown = terminal.wait_for("(keys) ")
    assert "\x1b[1mFor sales, press one.\x1b[0m" in shown
    terminal.type("0\n")
    assert "ringing" in terminal.wait_for("(ringing +15550100) ")
    terminal.type("a\n")
    terminal.wait_for("(talking) ")
    terminal.type("e\n")
    terminal.wait_for("(call ended: n, r, b or q) ")
    terminal.type("n\n")
    terminal.wait_for("(keys) ")
    terminal.type("1\n")
    terminal.wait_for("(recording) ")
    terminal.type("b\n")
    terminal.wait_for("(keys) ")
    terminal.type("2\n")
    terminal.wait_for("(in the queue) ")
    terminal.type("\x04")
    terminal.wait_for("ended: the caller hung up")
    assert terminal.close() == 0


@pytest.mark.acme
@pytest.mark.parametrize("environ", [{"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=["NO_COLOR", "dumb"])
def test_a_terminal_without_colour(tmp_path, environ):
    """With NO_COLOR, or in a dumb terminal, the output has no colours."""
    terminal = Terminal(tmp_path, **environ)
    shown = terminal.wait_for("(keys) ")
    assert "For sales, press one." in shown
    assert "\x1b[1m" not in shown
    terminal.type("q\n")
    terminal.wait_for("ended: the caller hung up")
    assert terminal.close() == 0


def test_help_imports_nothing_slow():
    """``ivrkit phone --help`` imports neither Flask nor Twilio's client."""
    code = (
        "import sys\nfrom click.testing import CliRunner\nfrom ivrkit.cli.main import main\n"
        "CliRunner().invoke(main, ['phone', '--help'])\n"
        "print([each for each in ('flask', 'twilio.rest') if each in sys.modules])\n"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown == "[]\n"
