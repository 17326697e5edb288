"""`docs/pictures/demo.svg`: what `chatsnapshot demo --once` prints, as a picture. Runs the demo (about 40 seconds).

python -m docs.tools.demo_picture            run it on a folder of its own and write the picture
python -m docs.tools.demo_picture out.ansi   from output that was kept (with its colours)
"""

import os
import re
import subprocess
import sys
import tempfile
from io import StringIO
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

PICTURE = Path(__file__).resolve().parents[1] / "pictures" / "demo.svg"
COLUMNS = 118
WITHIN_S = 300
"""Usually a tenth of it; the first run downloads Kafka's jars."""
TITLE = "chatsnapshot demo --once"
SHOWN_MESSAGES = 5
"""Of the transcript; then a line that says how many were left out, and the last one."""
LAST_SECTION = "What to try next"
"""Commands with this machine's paths: not shown."""

_HEADING = re.compile(r"^\S.* \d\d:\d\d:\d\d +#\d+$")
"""Who spoke, when, and the sequence number."""
_ELSEWHERE = re.compile(r"@font-face \{\{.*?\}\}\s*|<!--.*?-->\s*", re.DOTALL)
"""In rich's own format: fonts from a server, which pages that show pictures do not load anyway."""
THEME = TerminalTheme(
    (22, 27, 34),
    (201, 209, 217),
    [
        (72, 79, 88),
        (255, 123, 114),
        (63, 185, 80),
        (210, 153, 34),
        (88, 166, 255),
        (188, 140, 255),
        (57, 197, 207),
        (177, 186, 196),
    ],
)


def main(arguments: list[str]) -> int:
    """The command."""
    output = Path(arguments[0]).read_text("utf-8") if arguments else run_demo()
    PICTURE.write_text(picture(output), "utf-8")
    print(f"wrote {PICTURE} ({PICTURE.stat().st_size:,} bytes)")
    return 0


def run_demo() -> str:
    """Output of a real run. Raises CalledProcessError when it did not find exactly what it planted."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CHATSNAPSHOT_")}
    with tempfile.TemporaryDirectory(prefix="chatsnapshot-demo-") as folder:
        command = [sys.executable, "-m", "chatsnapshot", "demo", "--once", "--data-dir", folder]
        environment = kept | {"FORCE_COLOR": "1", "COLUMNS": str(COLUMNS)}
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, timeout=WITHIN_S, check=True)
    return done.stdout


def picture(output: str) -> str:
    """The picture of that output, its transcript shortened."""
    console = Console(record=True, width=COLUMNS, file=StringIO(), force_terminal=True, color_system="truecolor")
    for line in shortened([Text.from_ansi(line) for line in output.splitlines()]):
        console.print(line, soft_wrap=len(line.plain.rstrip()) <= COLUMNS, highlight=False)
    svg = console.export_svg(
        title=TITLE, theme=THEME, code_format=_ELSEWHERE.sub("", CONSOLE_SVG_FORMAT), unique_id="demo"
    )
    return "\n".join(line.rstrip() for line in svg.splitlines()) + "\n"


def shortened(lines: list[Text]) -> list[Text]:
    """Without the last section, and without the middle of the transcript."""
    end = next((at for at, line in enumerate(lines) if LAST_SECTION in line.plain), len(lines))
    lines = lines[:end]
    headings = [at for at, line in enumerate(lines) if _HEADING.match(line.plain.rstrip())]
    if len(headings) <= SHOWN_MESSAGES + 1:
        return lines
    left_out = len(headings) - SHOWN_MESSAGES - 1
    gap = [Text(f"  ...  {left_out} more", style="dim"), Text("")]
    return [*lines[: headings[SHOWN_MESSAGES]], *gap, *lines[headings[-1] :]]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
