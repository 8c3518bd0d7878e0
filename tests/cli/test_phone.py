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
from ivrkit.cli.phone.keyboard import HELP, Keyboard
from ivrkit.cli.phone.screen import JsonLines, Screen, Voice
from ivrkit.errors import IvrkitError
from ivrkit.simulator import Simulator
from ivrkit.testing import make_app

BEGIN = "Type keys and press Enter; ? shows what else there is."
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
    """Type lines into a keyboard; return what is shown, line by line, without the first one."""

    def type_lines(*lines, display=None, documents=DOCUMENTS):
        simulator = Simulator.for_documents(documents)
        monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
        went_well = Keyboard(simulator.call, display or Screen()).run()
        shown = capsys.readouterr().out.splitlines()
        assert shown[0] == BEGIN or display
        assert went_well
        return shown[1:]

    return type_lines


FIRST = ["(plays https://cdn.example.com/hello.mp3)", "(pauses 2 s)", "One or two?"]
ENDED = "ended: the document had no more verbs (completed, {} s, 1 minute)"
GONE = "> caller hangs up"


def test_what_a_caller_hears_is_shown_and_keys_are_pressed(type_lines):
    """Music and pauses are named; the end tells why, how long, and what it costs."""
    assert type_lines("1") == [*FIRST, "> caller presses 1", "You said one.", ENDED.format(14)]


def test_when_there_are_no_more_lines_the_caller_hangs_up(type_lines):
    """So does a leaving one."""
    end = ["> caller hangs up", "ended: the caller hung up (completed, 13 s, 1 minute)"]
    assert type_lines() == [*FIRST, *end]
    assert type_lines("q", "1") == [*FIRST, *end]


def test_ctrl_c_hangs_up_and_leaves(monkeypatch, capsys):
    """As the end of what is typed does."""

    class Interrupted(io.StringIO):
        def readline(self, *args):
            raise KeyboardInterrupt

    monkeypatch.setattr(sys, "stdin", Interrupted())
    assert Keyboard(Simulator.for_documents(DOCUMENTS).call, Screen()).run()
    assert "> caller hangs up" in capsys.readouterr().out


def test_silence_and_hanging_up(type_lines):
    """Keys t and h."""
    assert type_lines("t") == [*FIRST, "> caller stays silent", ENDED.format(18)]
    assert type_lines("h") == [*FIRST, GONE, "ended: the caller hung up (completed, 13 s, 1 minute)"]


def test_words_are_said_in_quotes(type_lines):
    """Of either kind."""
    for words in ('"sales please"', "'sales please'"):
        shown = type_lines("6", words)
        assert '> caller says "sales please"' in shown
        assert shown[-2:] == ["Bye.", ENDED.format(20)]


def test_one_step_back_replays_the_call_to_there(type_lines):
    """A new call, in which all but the last is done again."""
    shown = type_lines("2", "2", "b", "q")
    again = shown.index("-- another call --")
    assert shown[again + 1 : again + 6] == [*FIRST, "> caller presses 2", "Two. Again?"]
    assert shown[again + 6 :] == [GONE, "ended: the caller hung up (completed, 14 s, 1 minute)"]


def test_the_same_again_and_a_new_caller(type_lines):
    """Key r does everything again, n nothing; both work when the call is over."""
    shown = type_lines("1", "r", "n")
    assert shown == [
        *FIRST,
        "> caller presses 1",
        "You said one.",
        ENDED.format(14),
        "-- another call --",
        *FIRST,
        "> caller presses 1",
        "You said one.",
        ENDED.format(14),
        "-- another call --",
        *FIRST,
        GONE,
        "ended: the caller hung up (completed, 13 s, 1 minute)",
    ]


def test_when_an_app_answers_otherwise_a_replay_ends_where_it_can(type_lines):
    """Nothing is done in a call that is over."""
    documents = {
        "/": [response(ASK.format("Key?")), response("<Say>Closed.</Say>")],
        "/go": response(ASK.format("More?")),
    }
    assert type_lines("1", "1", "r", documents=documents)[-2:] == ["Closed.", ENDED.format(0)]


def test_help_and_lines_that_say_nothing(type_lines):
    """? and an empty line show what there is; anything else is told."""
    assert type_lines("?", "", "xyz", "q")[3:-2] == [
        *HELP.splitlines(),
        *HELP.splitlines(),
        "'xyz' is neither keys nor a command; ? shows what there is.",
    ]


def test_what_nobody_can_do_is_told(type_lines):
    """In the simulator's words, without a transcript."""
    told = "callee is busy, but no phone is ringing; the call waits in <Gather> (gather)"
    assert told in type_lines("u", "q")


def test_after_the_end_it_says_what_can_be_done(type_lines):
    """Keys reach nobody any more."""
    over = "The call is over: n for a new caller, r for the same call again, b for one step back."
    assert type_lines("1", "1")[-1] == over


def test_the_last_request_and_its_document(type_lines):
    """x, with every parameter."""
    shown = type_lines("2", "x", "q")
    at = shown.index("POST https://ivr.example.com/go")
    assert "  Digits=2" in shown[at:]
    assert response(ASK.format("Two. Again?")) in shown[at:]


@pytest.mark.parametrize(
    ("lines", "told"),
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
def test_a_telephone_that_is_rung(type_lines, lines, told):
    """Whoever is at the keyboard is the callee as well."""
    assert type_lines("3", *lines)[4:-1] == told


def test_a_queue_and_a_recording(type_lines):
    """Somebody takes the call; a message is left."""
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


def test_faults_are_shown_with_their_place_and_mend(type_lines, monkeypatch):
    """On lines that are no wider than the terminal."""
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


def test_a_narrow_terminal_has_narrow_lines(type_lines, monkeypatch):
    """Words are not broken, and what goes on is indented."""
    monkeypatch.setenv("COLUMNS", "24")
    documents = {"/": response("<Say>We are open from nine to six on weekdays.</Say>")}
    assert type_lines(documents=documents)[:2] == ["We are open from nine to", "  six on weekdays."]


def test_a_text_that_is_cut_has_its_mark(type_lines):
    """Who leaves in the middle of a text has not heard its end."""
    shown = type_lines(documents={"/": response("<Say loop='0'>" + "word " * 60 + "</Say>")})
    assert shown[0].startswith("word word")
    assert shown[-2].endswith("word ...")
    assert shown[-1].startswith("ended: the call reached its maximum length")


def test_events_as_json(type_lines):
    """A line each, and nothing else on standard output; what is about the telephone goes elsewhere."""
    told = [json.loads(line) for line in type_lines("1", "?", display=JsonLines())]
    kinds = [each["name"] for each in told]
    assert kinds[0] == "request"
    assert "acted" in kinds
    assert kinds[-1] == "ended"


class TestVoice:
    """``--say``."""

    def test_texts_are_spoken(self, type_lines, tmp_path, monkeypatch):
        """By espeak-ng, in the language of the document."""
        said = tmp_path / "said"
        program = tmp_path / "espeak-ng"
        program.write_text(f'#!/bin/sh\necho "$@" >> {said}\n', encoding="utf-8")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
        documents = {"/": response("<Say language='de-DE'>Hallo.</Say><Say>Hello.</Say>")}
        type_lines(display=Screen(Voice.found()), documents=documents)
        assert said.read_text(encoding="utf-8").splitlines() == ["-v de-de -- Hallo.", "-v en-us -- Hello."]

    def test_where_there_is_none_it_is_told(self, monkeypatch):
        """With the mend."""
        monkeypatch.setenv("PATH", "/nowhere")
        with pytest.raises(IvrkitError) as refused:
            Voice.found()
        assert refused.value.message == "--say needs espeak-ng, which is not installed"
        assert refused.value.hint == "install it (apt install espeak-ng), or leave out --say"


# The command


def phone(*options, typed=""):
    """Run the command as from a pipe."""
    return CliRunner().invoke(main, ["phone", *options], input=typed)


@pytest.fixture
def shop(tmp_path):
    """The URL of a host that serves the tests' own tree, with a token."""
    folder = tmp_path / "shop"
    folder.mkdir()
    app = make_app(folder, plugins=[], objects={"shop": TreePlugin(SHOP)}, auth_token="54321")
    with serving(app, app.extensions["ivrkit"].sessions) as base:
        yield f"{base}/webhook"


def test_a_url_is_called(monkeypatch, shop):
    """Signed where there is a token; state and owner of an ivrkit host are shown."""
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "54321")
    result = phone(shop, "--from", "+15550111", "--to", "+15550222", typed="1\nx\n")
    assert result.exit_code == 0
    shown = result.output.splitlines()
    assert shown[1].startswith("[menu, ivrkit ")
    assert "> caller presses 1" in shown
    assert "All is well." in shown
    assert "  From=+15550111" in shown
    assert "  To=+15550222" in shown


def test_without_the_token_the_host_refuses(monkeypatch, shop):
    """The refusal is shown, and the exit code tells."""
    result = phone(shop)
    assert result.exit_code == 1
    text = " ".join(line.strip() for line in result.output.splitlines())
    assert "error 11200, the document could not be fetched: the response has the status 403" in text
    assert "ended: Twilio gave up on the call" in text


def test_a_url_that_is_none(monkeypatch):
    """One message, and the mend."""
    result = phone("ftp://x")
    assert (result.exit_code, result.stderr) == (
        1,
        (
            "Error: the URL must be a valid http or https URL, not 'ftp://x'\n"
            "  hint: give a webhook such as http://127.0.0.1:5000/webhook\n"
        ),
    )


def test_json_of_the_command(monkeypatch):
    """Standard output is events alone."""
    result = phone("--json", typed="?\n")
    for line in result.stdout.splitlines():
        assert json.loads(line)["at"] >= 0
    assert result.stderr.startswith(BEGIN)


def test_a_tree_with_faults_is_one_message(folder, monkeypatch):
    """As every command says it."""
    (folder / "ivrkit.toml").write_text('operator = "nowhere"\n', encoding="utf-8")
    result = phone()
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: the call flow has 1 problem and was not started:\n")


def test_say_needs_a_voice(monkeypatch):
    """Before anybody is called."""
    monkeypatch.setenv("PATH", "/nowhere")
    result = phone("--say")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: --say needs espeak-ng")


@pytest.mark.acme
def test_the_installed_tree_is_called_in_process(folder, monkeypatch):
    """With no URL; the folder's settings are obeyed, and nothing is left in it."""
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
    """--block, as with every command."""
    result = phone("--block", "acme-states")
    assert "For sales" not in result.output


class Terminal:
    """A real terminal with the command in it.

    :param environ: variables besides this process's own.
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
        """Wait until something is shown that was not before; return what was shown until then."""
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
        """Take the terminal away, and return the exit code."""
        code = self.process.wait(60)
        os.close(self._master)
        return code


@pytest.mark.acme
def test_a_real_terminal(tmp_path):
    """Colours, a prompt that says what is waited for, and Ctrl-D to leave."""
    terminal = Terminal(tmp_path)
    shown = terminal.wait_for("(keys) ")
    assert "\x1b[1mFor sales, press one.\x1b[0m" in shown
    terminal.type("0\n")
    assert "ringing" in terminal.wait_for("(ringing +15550100) ")
    terminal.type("a\n")
    terminal.wait_for("(talking) ")
    terminal.type("e\n")
    terminal.wait_for("(over; n, r or q) ")
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
    """Nothing but text."""
    terminal = Terminal(tmp_path, **environ)
    shown = terminal.wait_for("(keys) ")
    assert "For sales, press one." in shown
    assert "\x1b[1m" not in shown
    terminal.type("q\n")
    terminal.wait_for("ended: the caller hung up")
    assert terminal.close() == 0


def test_help_waits_for_nothing():
    """`ivrkit --help` imports neither the host nor the simulator."""
    code = (
        "import sys\nfrom click.testing import CliRunner\nfrom ivrkit.cli.main import main\n"
        "CliRunner().invoke(main, ['phone', '--help'])\n"
        "print([each for each in ('flask', 'twilio.rest') if each in sys.modules])\n"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown == "[]\n"
