"""Fifty installed packages, each broken in turn: strict refuses it by name, not strict serves the others."""

import contextlib
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.attack.size import FULL, report
from tests.attack.wheels import write_wheel
from tests.plugins.packages import Environment

pytestmark = pytest.mark.attack
NAMES = [f"pack{number:02}" for number in range(50)]
CORE = {"greeting", "menu"}
_STATE = 'from ivrkit import State\n\nfound = State("This is {name}.")\n'
_HOOK = (
    "from ivrkit import State, hookimpl\n\n\n@hookimpl\ndef ivrkit_register_states():\n"
    '    return {{"{name}": State("This is {name}.")}}\n'
)


class Package:
    """An installed package.

    :param packages: the folder of all packages.
    :param name: its name.
    """

    def __init__(self, packages: Path, name: str) -> None:
        self.module = packages / f"{name}.py"
        self.info = packages / f"{name}-1.0.dist-info"
        self.entry_points = self.info / "entry_points.txt"


def replace_code(code: str) -> Callable[[Package], None]:
    """Return a function that replaces the code of a package."""
    return lambda package: _write(package.module, code)


def replace_entry_points(text: str) -> Callable[[Package], None]:
    """Return a function that replaces the entry points of a package.

    :param text: their text, with ``{module}`` for the package's module.
    """
    return lambda package: _write(package.entry_points, text.format(module=package.module.stem))


def _write(path: Path, text: str | bytes) -> None:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())


#: Name -> a function that breaks a package.
WAYS = {
    "does not import": replace_code("import nowhere_to_be_found\n"),
    "a syntax error": replace_code("def\n"),
    "an empty module": replace_code(""),
    "no module": lambda package: package.module.unlink(),
    "a module that is no text": replace_code("\0"),
    "another encoding": lambda package: _write(package.module, b"# \xff\xfe\n"),
    "an unreadable module": lambda package: (package.module.unlink(), package.module.mkdir()),
    "sys.exit": replace_code("import sys\nsys.exit(3)\n"),
    "a panic": replace_code("class Panic(BaseException):\n    pass\n\n\nraise Panic\n"),
    "an error that cannot be printed": replace_code(
        "class Odd(Exception):\n    def __str__(self):\n        raise self\n\n\nraise Odd\n"
    ),
    "recursion": replace_code("def found():\n    return found()\n\n\nfound()\n"),
    "no state": replace_code("found = 5\n"),
    "a function that fails": replace_code("def found(settings):\n    raise ValueError\n"),
    "a state with an invalid target": replace_code("from ivrkit import State\n\nfound = State('x', 'nowhere')\n"),
    "an invalid attribute": replace_code(
        "from ivrkit import State, ask\n\nfound = State(ask('x', input='telepathy'), 'menu')\n"
    ),
    "an entry point without a value": replace_entry_points("[ivrkit.states]\nbroken\n"),
    "an entry point to nothing": replace_entry_points("[ivrkit.states]\nbroken = nowhere:found\n"),
    "an entry point with an invalid name": replace_entry_points("[ivrkit.states]\nno name! = {module}:found\n"),
    "entry points that are no text": lambda package: _write(package.entry_points, b"[ivrkit.states]\n\xff = \xfe\n"),
    "a hook that does not exist": lambda package: (
        replace_code("import ivrkit\n\n\n@ivrkit.hookimpl\ndef ivrkit_nothing():\n    pass\n")(package),
        _write(package.entry_points, f"[ivrkit.plugins]\n{package.module.stem} = {package.module.stem}\n"),
    ),
    "a number as plugin": lambda package: (
        replace_code("found = 5\n")(package),
        _write(package.entry_points, f"[ivrkit.plugins]\n{package.module.stem} = {package.module.stem}:found\n"),
    ),
    "the name of another entry point": lambda package: (
        replace_code(_HOOK.format(name="other"))(package),
        _write(package.entry_points, f"[ivrkit.plugins]\nivrkit-kinds = {package.module.stem}\n"),
    ),
}
#: (package, the way in which it is broken): each package once, or at full size each package in each way.
CASES = [
    (name, way)
    for number, name in enumerate(NAMES)
    for index, way in enumerate(WAYS)
    if FULL or index == number % len(WAYS)
]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Environment, Path]:
    """Return an environment with the fifty packages, and the folder that they are installed in."""
    folder = tmp_path_factory.mktemp("fifty")
    wheels = folder / "wheels"
    wheels.mkdir()
    for number, name in enumerate(NAMES):
        if number % 3:
            write_wheel(wheels, name, _STATE.format(name=name), states={name: f"{name}:found"})
        else:
            write_wheel(wheels, name, _HOOK.format(name=name), plugins={name: name})
    environment = Environment.make(folder / "env")
    environment.install("--no-deps", "--no-index", *sorted(wheels.iterdir()))
    (packages,) = environment.folder.glob("lib/python*/site-packages")
    return environment, packages


@contextlib.contextmanager
def broken(packages: Path, name: str, way: str) -> Iterator[None]:
    """Break a package in the ``with`` block."""
    package = Package(packages, name)
    code, entry_points = package.module.read_bytes(), package.entry_points.read_bytes()
    WAYS[way](package)
    try:
        yield
    finally:
        if package.module.is_dir():
            package.module.rmdir()
        _write(package.module, code)
        _write(package.entry_points, entry_points)


def test_each_package_broken_in_turn(installed, tmp_path):
    """The one error of a strict tree names the broken package; otherwise all other packages are served."""
    environment, packages = installed
    folders = {}
    for mode in ("strict", "lenient"):
        folders[mode] = tmp_path / mode
        folders[mode].mkdir()
        (folders[mode] / "ivrkit.toml").write_text(f"strict = {str(mode == 'strict').lower()}\n", encoding="utf-8")
    problems = []
    assert served(environment.run("ivrkit", "states", "--json", at=folders["strict"])) == CORE | {*NAMES}
    with ThreadPoolExecutor(2) as pool:
        for name, way in CASES:
            with broken(packages, name, way):
                strict, lenient = pool.map(
                    lambda mode: environment.run("ivrkit", "states", "--json", at=folders[mode]), folders
                )
            problems += [f"{name}, {way}: {each}" for each in problems_of(name, strict, lenient)]
    report(f"fifty packages: {len(CASES)} broken, {len(problems)} problems")
    assert "\n".join(problems) == ""


def served(result: tuple[int, str, str]) -> set[str]:
    """Return the states in the output of ``ivrkit states --json``."""
    code, out, err = result
    assert code == 0, err
    return {each["state"] for each in json.loads(out)}


def problems_of(name: str, strict: tuple[int, str, str], lenient: tuple[int, str, str]) -> Iterator[str]:
    """Yield everything that is wrong with two starts.

    :param name: the broken package.
    :param strict: the exit code and the outputs of the strict start.
    :param lenient: the same of the other start.
    """
    if strict[0] != 1 or name not in strict[2]:
        yield f"strict: exit code {strict[0]}, {strict[2][-300:]!r}"
    if lenient[0] != 0 or name not in lenient[2]:
        yield f"not strict: exit code {lenient[0]}, {lenient[2][-300:]!r}"
    elif not served(lenient) >= (CORE | {*NAMES}) - {name}:
        yield f"not served: {sorted((CORE | {*NAMES}) - {name} - served(lenient))}"
    for mode, (_, _, err) in (("strict", strict), ("not strict", lenient)):
        others = [each for each in NAMES if each != name and each in err]
        if others or "Traceback" in err:
            yield f"{mode}: names {others}, {err[-300:]!r}"
