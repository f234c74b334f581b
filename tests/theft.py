"""What a thief opens of a conversation who takes all that a device has, at each level: ratchet.md, section 7.

python -m tests.theft        writes it into the specification anew; test_theft.py compares it with a fresh one
"""

import sys
from pathlib import Path

TESTS = Path(__file__).parent
sys.path[:0] = [str(TESTS), str(TESTS.parent / "web")]

import identity_room  # noqa: E402
from lab.theft import BY_BOB, TEXTS, Theft  # noqa: E402
from protocol.ladder import LADDER  # noqa: E402
from reference import ReferencePlatform, run  # noqa: E402

SPECIFICATION = TESTS.parent / "web" / "protocol" / "ratchet.md"
BEGIN, END = "<!-- theft: written by `python -m tests.theft` -->\n", "<!-- end of theft -->"


def at(level):
    """[numbers of the texts that open] by the number of texts that were said before the theft: as the lab shows it."""
    theft = Theft(ReferencePlatform(), LADDER.of(level))
    run(theft.hold())
    return [run(theft.readable(after)) for after in range(TEXTS + 1)]


def at_identity():
    """The same in whole sessions, where the room gets a new key after half of the texts."""
    room = identity_room.world("Alice", "Bob")
    alice, bob = room.pages
    alice.adds(bob)
    identity_room.settle(alice, bob)
    thieves = []
    for number in range(1, TEXTS + 1):
        thieves.append(bob.device.state)
        if number == 7:
            identity_room.pass_time(room, 25 * 3_600)
        (bob if number in BY_BOB else alice).says(f"text {number}")
        identity_room.settle(alice, bob)
    assert max(alice.level.membership.roster.epoch, 0) >= 3
    return [read_with(room, bob.device, state) for state in [*thieves, bob.device.state]]


def read_with(room, device, state):
    """What a page reads that has the keys of this device, and this state of the room, from all that is in the log."""
    device.state = state
    thief = identity_room.Page(room.relay, device)
    identity_room.settle(*room.pages, thief)
    numbers = [int(text.removeprefix("text ")) for _, text in thief.texts()]
    thief.crash()
    return numbers


def every():
    """{level: [the numbers of the texts that open] by the number of messages before the theft}."""
    return {level.id: at(level.id) for level in LADDER.levels}


def table():
    lines = ["| level | stolen after | " + " | ".join(map(str, range(1, TEXTS + 1))) + " |"]
    lines.append("|---" * (TEXTS + 2) + "|")
    for level, rows in every().items():
        same = all(row == rows[0] for row in rows)
        for number, row in enumerate(rows[:1] if same else rows):
            cells = ["reads" if number in row else " " for number in range(1, TEXTS + 1)]
            lines.append(f"| {level} | {'any' if same else number} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def in_specification():
    return SPECIFICATION.read_text("utf-8").split(BEGIN)[1].split(END)[0]


if __name__ == "__main__":
    before, after = SPECIFICATION.read_text("utf-8").split(BEGIN + in_specification())
    SPECIFICATION.write_text(before + BEGIN + table() + after, "utf-8")
