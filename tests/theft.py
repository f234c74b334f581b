"""What a thief opens of a conversation who takes all that a device has, at each level: ratchet.md, section 7.

python -m tests.theft        writes it into the specification anew; test_theft.py compares it with a fresh one
"""

import sys
from pathlib import Path

TESTS = Path(__file__).parent
sys.path[:0] = [str(TESTS), str(TESTS.parent / "web")]

import identity_room  # noqa: E402
import ratchet_room  # noqa: E402
from both import opened  # noqa: E402
from people import WORDS, classic_joined, joined  # noqa: E402
from protocol.ladder import LADDER  # noqa: E402
from protocol.levels import MESSAGE  # noqa: E402
from reference import ReferencePlatform, run  # noqa: E402

SPECIFICATION = TESTS.parent / "web" / "protocol" / "ratchet.md"
BEGIN, END = "<!-- theft: written by `python -m tests.theft` -->\n", "<!-- end of theft -->"
TEXTS = [f"text {number}" for number in range(1, 13)]
BY_BOB = [2, 3, 6, 7, 10, 11]  # who is robbed; the others are Alice's


def at_a_passphrase(level, make):
    """[texts that open] by the number of messages that were said before the theft, at a level with a passphrase."""
    alice, bob = make("Alice"), make("Bob")
    bodies = [run((bob if number in BY_BOB else alice).seal(text)) for number, text in enumerate(TEXTS)]
    found = []
    for _ in range(len(TEXTS) + 1):
        thief = run(LADDER.of(level).start(ReferencePlatform(), "kitchen", "Bob", WORDS))
        found.append({text for text, _ in run(opened(thief, bodies))} - {None})
    return found


def at_identity():
    """The same; the room gets a new key after half of the texts."""
    room = identity_room.world("Alice", "Bob")
    alice, bob = room.pages
    alice.adds(bob)
    identity_room.settle(alice, bob)
    thieves = []
    for number, text in enumerate(TEXTS):
        thieves.append(bob.device.state)
        if number == 6:
            identity_room.pass_time(room, 25 * 3_600)
        (bob if number in BY_BOB else alice).says(text)
        identity_room.settle(alice, bob)
    assert max(alice.level.membership.roster.epoch, 0) >= 3
    return [read_with(room, bob.device, state) for state in [*thieves, bob.device.state]]


def read_with(room, device, state):
    """What a page reads that has the keys of this device, and this state of the room, from all that is in the log."""
    device.state = state
    thief = identity_room.Page(room.relay, device)
    identity_room.settle(*room.pages, thief)
    texts = {text for _, text in thief.texts()}
    thief.crash()
    return texts


def at_ratchet():
    alice, bob = ratchet_room.met()
    thieves = [ratchet_room.thief_of(bob)]
    for number, text in enumerate(TEXTS):
        (bob if number in BY_BOB else alice).says(text)
        ratchet_room.settle(alice, bob)
        thieves.append(ratchet_room.thief_of(bob))
    entries = [entry for entry in alice.relay.entries if entry["kind"] == MESSAGE]
    return [set(ratchet_room.opened_by(thief, entries)) for thief in thieves]


def every():
    """{level: [the texts that open] by the number of messages before the theft}."""
    return {
        "classic": at_a_passphrase("classic", classic_joined),
        "passphrase": at_a_passphrase("passphrase", joined),
        "identity": at_identity(),
        "ratchet": at_ratchet(),
    }


def table():
    lines = ["| level | stolen after | " + " | ".join(map(str, range(1, len(TEXTS) + 1))) + " |"]
    lines.append("|---" * (len(TEXTS) + 2) + "|")
    for level, rows in every().items():
        same = all(row == rows[0] for row in rows)
        for number, row in enumerate(rows[:1] if same else rows):
            cells = ["reads" if text in row else " " for text in TEXTS]
            lines.append(f"| {level} | {'any' if same else number} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def in_specification():
    return SPECIFICATION.read_text("utf-8").split(BEGIN)[1].split(END)[0]


if __name__ == "__main__":
    before, after = SPECIFICATION.read_text("utf-8").split(BEGIN + in_specification())
    SPECIFICATION.write_text(before + BEGIN + table() + after, "utf-8")
