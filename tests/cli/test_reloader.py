"""The development server: it watches the files of the phone tree, and replaces its processes after a change.

The real command runs in a process of its own, with real files.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from tests.installed_plugins import write_metadata
from tests.processes import ask, environment, free_port, start, wait_until
from tests.watchdog import kill_session, processes_of

from ivrkit.cli.reloader.reloader import STABLE_AFTER

pytestmark = pytest.mark.once

TIME = r"\d\d:\d\d:\d\d"
STATE = """
from ivrkit import HOME, MenuOption, State, Text
hello = State(Text({!r}), HOME, options=MenuOption("5", "hello"))
"""
#: A state whose first call is answered only when a file exists.
SLOW_STATE = """
import time
from pathlib import Path
from ivrkit import HOME, State

def enter(call):
    if not Path("entered").exists():
        Path("entered").touch()
        while not Path("go").exists():
            time.sleep(0.05)
    return "Answered by the old tree."

hello = State(enter, HOME)
"""
#: A plugin that says when its import has begun, and whose import does not end in the time of a test.
SLOW_IMPORT = """
import time
from pathlib import Path
Path("importing").touch()
time.sleep(600)
"""
#: A plugin that fails and is fixed in the meantime.
FIXED_MEANWHILE = """
from pathlib import Path
Path(__file__).write_text({!r}, encoding="utf-8")
raise RuntimeError("It was broken.")
"""
#: A state that ends its process when it is entered.
CRASH = "import os\nfrom ivrkit import State\nhello = State(lambda call: os._exit(3) or {!r})\n"
NEWS = 'from ivrkit import HOME, MenuOption, State\nnews = State("News.", HOME, options=MenuOption("6", {!r}))\n'
FLOW = '[states.news]\nkind = "message"\ntext = "News."\nkey = "6"\nlabel = "our news"\n'
PO = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n\nmsgid "Hello."\nmsgstr "Hola."\n'


class Development:
    """The command ``ivrkit serve --dev``, and an editable plugin in another folder.

    :param folder: the working folder of the command.
    :param code: the folder of the plugin.
    """

    def __init__(self, folder: Path, code: Path) -> None:
        self.folder = folder
        self.code = code
        self.package = code / "hello_ivr"
        self.package.mkdir(parents=True)
        self.calls = 0
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None
        self.write(self.package / "__init__.py", "")
        self.write(self.package / "states.py", STATE.format("Hello."))
        write_metadata(code, "hello-ivr", "1.0", "[ivrkit.states]\nhello = hello_ivr.states:hello\n")
        self.write(folder / "ivrkit.toml", 'start = "hello"\n')

    def write(self, path: Path, text: str) -> None:
        """Write a file as an editor does: a reader sees the old or the new text."""
        path.parent.mkdir(parents=True, exist_ok=True)
        (path.parent / f"{path.name}.new").write_text(text, encoding="utf-8")
        (path.parent / f"{path.name}.new").replace(path)

    def start(self, *options: str, **environ: str) -> "Development":
        """Start the command."""
        command = [sys.executable, "-c", "from ivrkit.cli.main import main; main(prog_name='ivrkit')", "serve", "--dev"]
        path = os.pathsep.join([str(self.code), os.environ.get("PYTHONPATH", "")])
        with (self.folder / "output").open("wb") as output:
            self.process = start(
                [*command, "--port", str(self.port), *options],
                cwd=self.folder,
                # Without compiled files: Python does not notice a second change of a file within one second.
                env=environment(PYTHONPATH=path, PYTHONDONTWRITEBYTECODE="1", **environ),
                stdout=output,
                stderr=output,
            )
        return self

    @property
    def output(self) -> str:
        """Everything that the command printed."""
        return (self.folder / "output").read_text(encoding="utf-8")

    def answer(self) -> str:
        """Return the answer to the first webhook of a new call, or ``""`` if nothing answers."""
        self.calls += 1
        form = {"CallSid": f"CA{self.calls:032}", "From": "+14155550100", "To": "+15005550006"}
        return ask(f"{self.address}/webhook", form)[1]

    def wait_for_answer(self, words: str) -> None:
        """Wait until a new call hears the words."""
        wait_until(lambda: self.is_running() and words in self.answer(), lambda: self.output)

    def wait_for_output(self, text: str, count: int = 1) -> None:
        """Wait until the command has printed a text so many times."""
        wait_until(lambda: self.is_running() and self.output.count(text) >= count, lambda: self.output)

    def is_running(self) -> bool:
        """Return True. Fail if the command has ended."""
        assert self.process is not None
        assert self.process.poll() is None, self.output
        return True

    def workers(self) -> set[int]:
        """Return the ids of the processes that the command has started and that still run."""
        assert self.process is not None
        return {pid for pid in processes_of(self.process.pid) if pid != self.process.pid}

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal to the command, and return its exit code. No other process is left."""
        assert self.process is not None
        self.process.send_signal(number)
        code = self.process.wait(60)
        assert processes_of(self.process.pid) == set()
        return code


@pytest.fixture
def development(folder, tmp_path):
    """Return the command, which is not started yet. It is ended after the test."""
    development = Development(folder, tmp_path / "elsewhere")
    yield development
    if development.process is not None:
        try:
            if development.process.poll() is None:
                development.end()
        finally:
            kill_session(development.process.pid)
            development.process.wait(60)


def test_a_broken_file_is_reported_once_and_the_last_good_tree_stays(development):
    """A syntax error in a plugin is printed once, without a traceback. Calls get the old tree until it is fixed."""
    development.start().wait_for_answer("Hello.")
    development.write(development.package / "states.py", "from ivrkit import State\nhello = State('Broken.'\n")
    development.wait_for_output("it is loaded again after the next change")
    assert all("Hello." in development.answer() for _ in range(5))
    printed = development.output.partition("hello_ivr/states.py changed, reloading\n")[2].splitlines()[:4]
    assert printed[0] == "Error: the phone tree has 1 problem and was not started:"
    assert printed[1].startswith("plugin hello-ivr 1.0: its entry point hello = 'hello_ivr.states:hello'")
    assert printed[1].endswith("SyntaxError: '(' was never closed (states.py, line 2)")
    assert printed[2].startswith("  hint: fix or reinstall the package")
    served = "WARNING the phone tree is still served as it was before; it is loaded again after the next change"
    assert re.fullmatch(f"{TIME} {served}", printed[3])
    development.write(development.package / "states.py", STATE.format("Fixed."))
    development.wait_for_answer("Fixed.")
    assert development.output.count("\nError: ") == 1
    assert "Traceback" not in development.output
    assert development.end() == 0


def test_a_broken_tree_at_the_start_is_served_after_its_fix(development):
    """If the first tree has problems, they are printed once, nothing listens, and the server starts after the fix."""
    development.write(development.folder / "ivrkit.toml", 'start = "hello"\ncompny = "ACME"\n')
    development.start().wait_for_output("the phone tree is not served yet; it is loaded again after the next change")
    assert development.answer() == ""
    assert development.output.startswith("Error: ivrkit.toml:2: unknown key 'compny', did you mean 'company'?\n")
    assert "Serving" not in development.output
    development.write(development.folder / "ivrkit.toml", 'start = "hello"\ncompany = "ACME"\n')
    development.wait_for_answer("Hello.")
    lines = development.output.splitlines()
    served = lines.index(f"Serving {development.address}/webhook in dev mode (stop with Ctrl-C)")
    assert re.fullmatch(f"{TIME} ivrkit.toml changed, reloading", lines[served - 1])
    assert re.fullmatch(f"{TIME} phone tree 'ivrkit' at /webhook: states .*", lines[served + 1])
    assert (development.output.count("Serving"), development.output.count("Error: ")) == (1, 1)
    assert development.end() == 0


@pytest.mark.parametrize(
    ("name", "text", "heard"),
    [
        ("work/ivrkit.toml", 'start = "greeting"\ncompany = "New Company"\n', "New Company"),
        ("work/.env", "IVRKIT_START=greeting\nIVRKIT_COMPANY=Env Company\n", "Env Company"),
        ("elsewhere/hello_ivr/states.py", STATE.format("Another text."), "Another text."),
        ("elsewhere/hello_ivr/locale/es/LC_MESSAGES/messages.po", PO, "Hola."),
        ("work/new.flow.toml", FLOW, "our news"),
        ("files/own.py", NEWS.format("our news"), "our news"),
    ],
    ids=["settings", ".env", "plugin", "translation", "flow file", "plugin file"],
)
def test_a_change_of_a_file_reloads(development, tmp_path, name, text, heard):
    """A changed or new file of the settings, of a plugin or of a flow is served, and the log names the file."""
    (tmp_path / "files").mkdir()
    settings = 'start = "hello"\nlanguage = "es-MX"\nplugins_dir = "../files"\n'
    development.write(development.folder / "ivrkit.toml", settings)
    development.start().wait_for_answer("Hello.")
    development.write(tmp_path / name, text)
    development.wait_for_answer(heard)
    assert re.search(rf"\n{TIME} \S*{re.escape(Path(name).name)} changed, reloading\n", development.output)
    assert development.end() == 0


def test_a_plugin_that_is_installed_meanwhile_is_loaded(development):
    """A plugin that is installed while the server runs is loaded, and its files are watched from then on."""
    development.start().wait_for_answer("Hello.")
    development.write(development.code / "more_ivr.py", NEWS.format("our news"))
    write_metadata(development.code, "more-ivr", "1.0", "[ivrkit.states]\nnews = more_ivr:news\n")
    development.wait_for_answer("our news")
    development.write(development.code / "more_ivr.py", NEWS.format("fresh news"))
    development.wait_for_answer("fresh news")
    assert "more_ivr-1.0.dist-info/entry_points.txt changed, reloading\n" in development.output
    assert development.end() == 0


def test_no_call_is_lost_by_reloads(development):
    """While files change, every webhook is answered, by the old tree or by the new one."""
    development.start("--workers", "2").wait_for_answer("Hello.")
    answers: list[str] = []
    done = threading.Event()

    def call_again_and_again() -> None:
        while not done.is_set():
            answers.append(development.answer())

    caller = threading.Thread(target=call_again_and_again)
    caller.start()
    try:
        for count in range(3):
            development.write(development.package / "states.py", STATE.format(f"Tree {count}."))
            wait_until(lambda count=count: f"Tree {count}." in "".join(answers[-1:]), lambda: development.output)
    finally:
        done.set()
        caller.join()
    assert [each for each in answers if "<Response>" not in each] == []
    assert development.end() == 0


def test_an_answer_that_has_begun_is_finished_by_the_old_tree(development):
    """A webhook that is being answered when the tree is replaced gets its answer from the old tree."""
    development.write(development.package / "states.py", SLOW_STATE)
    development.start().wait_for_output("Serving")
    answers: list[str] = []
    caller = threading.Thread(target=lambda: answers.append(development.answer()))
    caller.start()
    wait_until((development.folder / "entered").exists, lambda: development.output)
    development.write(development.package / "states.py", STATE.format("The new tree."))
    development.wait_for_answer("The new tree.")
    (development.folder / "go").touch()
    caller.join()
    assert "Answered by the old tree." in answers[0]
    wait_until(lambda: len(development.workers()) == 1)
    assert development.end() == 0


def test_an_old_process_that_does_not_end_is_killed(development):
    """An old process whose answer takes longer than Twilio waits is killed."""
    development.write(development.package / "states.py", SLOW_STATE)
    development.start().wait_for_output("Serving")
    caller = threading.Thread(target=development.answer)
    caller.start()
    wait_until((development.folder / "entered").exists, lambda: development.output)
    development.write(development.package / "states.py", STATE.format("The new tree."))
    development.wait_for_answer("The new tree.")
    wait_until(lambda: len(development.workers()) == 1, lambda: development.output)
    caller.join()
    assert development.end() == 0


def test_several_workers_log_each_line_once(development):
    """With two workers, the start is logged once, and so is each turn."""
    development.start("--workers", "2").wait_for_answer("Hello.")
    wait_until(lambda: len(development.workers()) == 2)
    assert development.output.count("phone tree 'ivrkit' at /webhook") == 1
    lines = development.output.splitlines()
    turns = [line for line in lines if re.fullmatch(rf"{TIME} CA\d{{4}} \*\*\*0100 hello -> menu \d+ ms", line)]
    assert len(turns) == len(set(turns)) == 1
    assert development.end() == 0


def test_a_process_that_crashes_soon_waits_for_a_change(development):
    """A process that crashes soon after its start is reported, and started again after the next change."""
    development.write(development.package / "states.py", CRASH.format("Crash."))
    development.start().wait_for_output("Serving")
    assert development.answer() == ""
    development.wait_for_output("WARNING the process is started again after the next change")
    assert "ERROR a process of the server exited with code 3\n" in development.output
    development.write(development.package / "states.py", STATE.format("Fixed."))
    development.wait_for_answer("Fixed.")
    assert development.end() == 0


def test_a_process_that_crashes_later_is_replaced(development):
    """A process that has run for a while and is killed is replaced without a change."""
    development.start().wait_for_answer("Hello.")
    time.sleep(STABLE_AFTER)
    (worker,) = development.workers()
    os.kill(worker, signal.SIGKILL)
    development.wait_for_output("ERROR a process of the server exited with code -9\n")
    development.wait_for_answer("Hello.")
    assert development.end() == 0


def test_a_process_that_ends_while_it_loads_is_a_problem(development):
    """A plugin that ends the process while it is imported is a problem with the exit code."""
    development.start().wait_for_answer("Hello.")
    development.write(development.package / "states.py", "import os\nos._exit(7)\n")
    development.wait_for_output("Error: the process exited with code 7 while it loaded the phone tree\n")
    assert "Hello." in development.answer()
    assert development.end() == 0


def test_an_error_of_ivrkit_itself_has_its_traceback(development):
    """An error that ivrkit does not raise on purpose is printed with its traceback."""
    development.write(
        development.code / "sitecustomize.py",
        "import sys\nif '-m' in sys.orig_argv:\n    sys.modules['ivrkit.web'] = None\n",
    )
    development.start().wait_for_output("is not served yet")
    assert "Error: Traceback (most recent call last):\n" in development.output
    assert "import of ivrkit.web halted" in development.output
    assert development.end() == 0


def test_a_save_while_the_tree_is_loading_starts_again(development):
    """A file that is saved while a slow tree is loading is served, and the slow process is abandoned."""
    development.start().wait_for_answer("Hello.")
    development.write(development.package / "states.py", SLOW_IMPORT)
    wait_until((development.folder / "importing").exists, lambda: development.output)
    development.write(development.package / "states.py", STATE.format("Fast."))
    development.wait_for_answer("Fast.")
    wait_until(lambda: len(development.workers()) == 1)
    assert development.end() == 0


def test_a_process_that_is_loading_ends_with_the_command(development):
    """A signal ends the command at once, although a new tree is still loading."""
    development.write(development.package / "states.py", SLOW_IMPORT)
    development.start()
    wait_until((development.folder / "importing").exists, lambda: development.output)
    assert development.end() == 0


def test_a_problem_that_is_fixed_meanwhile_is_not_reported(development):
    """If a file changes while the tree is loading, its problem may be fixed. Only the next result is reported."""
    development.start().wait_for_answer("Hello.")
    development.write(development.package / "states.py", FIXED_MEANWHILE.format(STATE.format("Fixed.")))
    development.wait_for_answer("Fixed.")
    assert development.output.count("states.py changed, reloading") == 2
    assert "It was broken." not in development.output
    assert development.end() == 0


def test_a_port_that_is_taken_before_the_fix_is_a_problem(development):
    """If another program takes the port while the tree has problems, that is reported after the fix."""
    development.write(development.folder / "ivrkit.toml", "start = 1\n")
    development.start().wait_for_output("is not served yet")
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", development.port))
        other.listen()
        development.write(development.folder / "ivrkit.toml", 'start = "hello"\n')
        development.wait_for_output(f"Error: can't listen on port {development.port}: Address already in use\n")
    assert development.end() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_all_processes(development, number):
    """SIGTERM, Ctrl-C and a closed terminal end the command and its processes."""
    development.start("--workers", "2").wait_for_answer("Hello.")
    assert development.end(number) == 0
    assert "exited with code" not in development.output


def test_a_second_signal_kills_at_once(development):
    """A second signal does not wait for an answer that has begun."""
    development.write(development.package / "states.py", SLOW_STATE)
    development.start().wait_for_output("Serving")
    caller = threading.Thread(target=development.answer)
    caller.start()
    wait_until((development.folder / "entered").exists, lambda: development.output)
    development.process.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        development.process.wait(2)
    assert development.end(signal.SIGINT) == 0
    caller.join()


def test_it_listens_on_an_ipv6_address(development):
    """With ``--host ::1`` the server listens on the IPv6 address of this machine."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no ::1")
    development.address = f"http://[::1]:{development.port}"
    development.start("--host", "::1").wait_for_answer("Hello.")
    assert f"Serving {development.address}/webhook in dev mode" in development.output
    assert development.end() == 0


def test_the_processes_end_with_a_killed_command(development):
    """If the command itself is killed, its processes end too and free the port."""
    development.start("--workers", "2").wait_for_answer("Hello.")
    development.process.kill()
    development.process.wait(60)
    wait_until(lambda: not processes_of(development.process.pid))


def test_problems_are_red_on_request(development):
    """With FORCE_COLOR, a problem is red and a warning is yellow. Without it, a file gets no colours."""
    development.write(development.folder / "ivrkit.toml", "start = 1\n")
    development.start(FORCE_COLOR="1").wait_for_output("is not served yet")
    assert development.output.startswith("\x1b[31mError: ivrkit.toml:1: start must be")
    assert "\x1b[33mWARNING the phone tree is not served yet" in development.output
    assert development.end() == 0
