"""Draws the picture of a call in a terminal, ``docs/_static/phone.svg``, for the README and the home page.

Run it as ``python -m docs.picture`` in the checkout, with ivrkit, the ACME package and rich installed. It runs the real
``ivrkit phone`` in a pseudo-terminal, types keys, and draws what the terminal shows.
"""

from __future__ import annotations

import io
import os
import pty
import re
import select
import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "_static" / "phone.svg"
COMMAND = "ivrkit phone"
#: A text in the terminal, and the line that is typed when it appears. Nothing in this call depends on the time of day.
TYPED = (("press nine.", "1"), ("when you are done.", '"I need an anvil."'), ("(recording)", "#"))
COLUMNS, LINES = 84, 60
#: How long a text may take to appear, in seconds.
PATIENCE = 30.0
#: A dark theme: background, text, the eight ANSI colours, and their bright variants.
THEME = TerminalTheme(
    (24, 26, 32),
    (222, 222, 222),
    [
        (24, 26, 32),
        (235, 110, 100),
        (130, 200, 120),
        (235, 195, 100),
        (110, 165, 240),
        (205, 140, 225),
        (95, 200, 205),
        (222, 222, 222),
    ],
    [
        (130, 135, 145),
        (245, 140, 130),
        (160, 220, 150),
        (245, 215, 140),
        (150, 190, 250),
        (220, 170, 235),
        (135, 220, 225),
        (255, 255, 255),
    ],
)
#: The SVG. It loads no font from the network, but uses a fixed-width font of the reader's machine.
FORMAT = """<svg viewBox="0 0 {width} {height}" width="{width}" xmlns="http://www.w3.org/2000/svg" role="img">
<title>A call in the terminal</title>
<style>
.phone-matrix {{
  font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: {char_height}px;
  line-height: {line_height}px;
}}
{styles}
</style>
<rect width="100%" height="100%" rx="8" fill="#181a20"/>
<g class="phone-matrix" transform="translate({terminal_x}, 24)">
{backgrounds}
{matrix}
</g>
</svg>
"""


def transcript(folder: Path) -> str:
    """Return everything that ``ivrkit phone`` shows in a terminal during a call, with its escape sequences.

    :param folder: the working folder, with its ``ivrkit.toml``.
    """
    master, child = pty.openpty()
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("IVRKIT_", "TWILIO_", "NO_COLOR"))
    }
    environ = {**inherited, "TERM": "xterm-256color", "COLUMNS": str(COLUMNS), "LINES": str(LINES)}
    program = [sys.executable, "-c", "from ivrkit.cli.main import main; main()", "phone"]
    process = subprocess.Popen(program, cwd=folder, env=environ, stdin=child, stdout=child, stderr=child)  # noqa: S603  our own command
    os.close(child)
    shown, seen = "", 0
    for text, line in TYPED:
        shown = _read_until(master, shown, text, seen)
        seen = len(shown)
        os.write(master, f"{line}\n".encode())
    shown = _read_until(master, shown, "ended:", seen)
    process.terminate()
    process.wait(PATIENCE)
    os.close(master)
    return shown


def _read_until(master: int, shown: str, text: str, seen: int) -> str:
    """Wait until a text appears after a position and the terminal is quiet; return the content of the terminal."""
    end = time.monotonic() + PATIENCE
    while True:
        ready, _, _ = select.select([master], [], [], 0.5)
        if ready:
            shown += os.read(master, 65536).decode(errors="replace")
        elif text in shown[seen:]:
            return shown
        if time.monotonic() > end:
            raise TimeoutError(f"the terminal did not show {text!r}:\n{shown}")


def draw(shown: str) -> str:
    """Return the SVG of a terminal with the command and its output."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text(f"$ {COMMAND}", style="bold"))
    lines = shown.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")
    console.print(Text.from_ansi(lines))
    drawn = console.export_svg(title="", theme=THEME, code_format=FORMAT, unique_id="phone")
    return re.sub(r' clip-path="[^"]*"', "", drawn)


def main() -> None:
    """Draw the picture."""
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(draw(transcript(ROOT)), encoding="utf-8")


if __name__ == "__main__":
    main()
