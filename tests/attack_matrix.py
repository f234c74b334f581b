"""The attack matrix: every attack of web/lab/attacks on every level, tried on real pages, and what people see of it.

    python -m tests.attack_matrix [--write]

Prints the table as Markdown, from the run alone; with --write it goes into the specification, section 8.
"""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "web"))

from attack_arena import Arena, NoAttack
from conftest import Server, launch, open_context
from lab.attacks import ATTACKS
from lab.attacks.attack import Attack
from lab.outcome import NO_EFFECT
from protocol.ladder import LADDER

TESTS = Path(__file__).resolve().parent
SPECIFICATION = TESTS.parent / "web" / "protocol" / "README.md"
BEGIN, END = "<!-- the attack matrix: written by tests/attack_matrix.py -->\n", "<!-- end of the attack matrix -->\n"


def matrix(arena: Arena) -> list[tuple[type[Attack], list[str]]]:
    """Each attack with its outcome on each level."""
    rows = {attack: [] for attack in ATTACKS}
    for level in LADDER.levels:
        control = arena.run(NoAttack, level)
        assert control == NO_EFFECT, f"honest talk at level {level.id}: {control}"
        for attack in ATTACKS:
            rows[attack].append(arena.run(attack, level))
    return list(rows.items())


def table(rows: list[tuple[type[Attack], list[str]]]) -> str:
    heads = ["attack", "by", *(level.id for level in LADDER.levels)]
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for attack, outcomes in rows:
        lines.append("| " + " | ".join([f"**{attack.name}.** {attack.sentence}", attack.needs, *outcomes]) + " |")
    return "\n".join(lines) + "\n"


def in_specification() -> str:
    """The table as it stands in the specification."""
    return SPECIFICATION.read_text("utf-8").partition(BEGIN)[2].partition(END)[0]


def write(text: str) -> None:
    before, begin, rest = SPECIFICATION.read_text("utf-8").partition(BEGIN)
    assert begin, "the specification has no place for the table"
    SPECIFICATION.write_text(before + begin + text + END + rest.partition(END)[2], "utf-8")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = Server(Path(folder)).start()
        browser = launch(playwright)
        try:
            arena = Arena(server, [open_context(browser) for _ in range(2)])
            text = table(matrix(arena))
            arena.close()
        finally:
            browser.close()
            server.stop()
    print(text, end="")
    if "--write" in sys.argv[1:]:
        write(text)


if __name__ == "__main__":
    main()
