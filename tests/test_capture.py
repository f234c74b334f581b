"""What is taken home of a room, and the program that opens it, in a process of its own with nothing of web/ beside."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import ROOT
from known_answers import TEXT, WORDS, attacks, every
from lab.capture import file_name, pieces
from lab.levels import LAB
from people import AT, entry
from protocol.encoding import BASE64URL
from protocol.ladder import LADDER
from reference import ReferencePlatform, run

PROGRAM = ROOT / "web" / "lab" / "open_capture.py"
KNOWN = every()
# What a page refuses and sixty lines do not look at: a session's name and parameters, the form of names, the padding,
# and how long a text is.
NOT_LOOKED_AT = {
    "another name in a session",
    "the kdf of a session",
    "a name with a right-to-left override",
    "a name that is not composed",
    "no padding of the text",
    "an empty text",
    "too long a text",
}


def capture(address: str, *entries) -> str:
    return "".join(pieces(address, "a-log", list(entries)))


def opens(folder: Path, text: str, passphrase: str = WORDS):
    """(exit status, lines) of the program, alone in a folder with the capture, for who types this passphrase."""
    program = shutil.copy(PROGRAM, folder)
    (folder / "room.capture.json").write_text(text, "utf-8")
    # In a session of its own it has no terminal, so the passphrase is read from standard input.
    done = subprocess.run(
        [sys.executable, "-I", "-X", "utf8", program, folder / "room.capture.json"],
        input=f"{passphrase}\n".encode(), capture_output=True, timeout=60, start_new_session=True, cwd=folder,
    )  # fmt: skip
    assert b"Traceback" not in done.stderr, done.stderr.decode()
    return done.returncode, done.stdout.decode().splitlines()


def test_the_program_has_at_most_sixty_lines():
    assert len(PROGRAM.read_text("utf-8").splitlines()) <= 60


@pytest.mark.parametrize("level", ["classic", "passphrase"])
def test_messages_of_both_levels_and_of_both_kdfs_are_opened(tmp_path, level):
    for number, known in enumerate(KNOWN[level]):
        folder = tmp_path / str(number)
        folder.mkdir()
        text = capture(f"{level}/{known.get('room', 'anywhere')}", entry(7, known["body"]))
        name = known.get("name", "Someone")
        assert opens(folder, text, known["passphrase"]) == (0, [f"7 {AT} {name!r} {known['text']!r}"])


@pytest.mark.parametrize("level", [one for one in LAB.levels if one.secret == "passphrase"], ids=lambda one: one.id)
def test_in_the_lab_too_and_with_one_bit_flipped_no_longer(tmp_path, level):
    platform = ReferencePlatform()
    alice = run(level.start(platform, "Küche 🍵/2", "Zoëy", WORDS.encode()))
    run(alice.prepare())
    body = run(alice.seal(TEXT))
    parts, bodies = level.parts(platform, body), []
    for at, (field, octets) in enumerate(parts):
        for flipped in (bytes([octets[0] ^ 0x80]) + octets[1:], octets[:-1] + bytes([octets[-1] ^ 1])):
            bodies.append(level.body_of(platform, [*parts[:at], (field, flipped), *parts[at + 1 :]]))
    # Of the last letter of 442 bytes, or of 16, four bits are spare, and a lenient decoder would not see one flipped.
    last = len(body.rstrip('"}')) - 1
    spare = BASE64URL[BASE64URL.index(body[last]) ^ 1]
    bodies += [body[:last] + spare + body[last + 1 :], chr(ord(body[0]) ^ 1) + body[1:], body[:-1], body + "A"]
    bodies += [body, body]  # behind them, so that none is refused as a repeat
    entries = [entry(seq, one, name="Zoëy") for seq, one in enumerate(bodies, 1)]
    status, lines = opens(tmp_path, capture(f"{level.id}/Küche 🍵/2", *entries))
    repeat, honest = lines.pop(), lines.pop()
    assert status == 1 and honest == f"{len(bodies) - 1} {AT} 'Zoëy' {TEXT!r}"
    assert repeat == f"{len(bodies)} {AT} does not open: ValueError it came before"
    assert len(lines) == 2 * len(parts) + 4
    for seq, line in enumerate(lines, 1):
        assert line.startswith(f"{seq} {AT} does not open: ") and "before" not in line, line


def test_with_another_passphrase_nothing_opens(tmp_path):
    for level in ("classic", "passphrase"):
        text = capture(f"{level}/kitchen", entry(1, KNOWN[level][0]["body"]))
        assert opens(tmp_path, text, "another") == (1, [f"1 {AT} does not open: InvalidTag "])


def test_a_passphrase_is_the_same_however_its_letters_are_composed(tmp_path):
    platform = ReferencePlatform()
    level = run(LADDER.of("classic").start(platform, "kitchen", "Zoë", "schlüssel".encode()))
    run(level.prepare())
    text = capture("classic/kitchen", entry(1, run(level.seal(TEXT))))
    assert opens(tmp_path, text, "schlu\u0308ssel")[0] == 0


def test_each_attack_that_a_page_refuses_is_refused_but_for_what_the_program_does_not_look_at(tmp_path):
    cases = [case for case in attacks() if case[0] not in NOT_LOOKED_AT]
    assert len(attacks()) - len(cases) == len(NOT_LOOKED_AT)
    text = capture("passphrase/kitchen", *[entry(seq, body) for seq, (_, body, _) in enumerate(cases, 1)])
    status, lines = opens(tmp_path, text)
    assert status == 1
    for (what, _, code), line in zip(cases, lines, strict=True):
        assert (code == "opened") is ("does not open: " not in line), what
        if what in ("Argon2id, 3 passes of 256 MiB", "Argon2id of 1 GiB", "cost 2^31"):
            assert "too dear" in line


def test_what_a_member_writes_moves_nothing_on_the_terminal(tmp_path):
    platform = ReferencePlatform()
    mallory = run(LADDER.of("classic").start(platform, "kitchen", "Mallory", WORDS.encode()))
    run(mallory.prepare())
    one = entry(1, run(mallory.seal("\x1b[2J\r\x00gone\u202e")), name="\x1b]0;Bob")
    assert opens(tmp_path, capture("classic/kitchen", one)) == (
        0, [rf"1 {AT} '\x1b]0;Bob' '\x1b[2J\r\x00gone\u202e'"],
    )  # fmt: skip


def test_an_empty_room_opens(tmp_path):
    assert opens(tmp_path, capture("passphrase/kitchen")) == (0, [])


def test_a_capture_is_json_with_the_entries_as_the_relay_had_them():
    shown = entry(1, 'a "body" \\', name="\x00\x1f\u2028🍵") | {"row": "s0-1"}
    read = json.loads(capture("lab-classic/a/b", shown, entry(2, "b")))
    about = read.pop("about")
    assert "open_capture.py" in about
    assert read == {
        "room": "lab-classic/a/b",
        "level": "lab-classic",
        "log": "a-log",
        "entries": [{field: value for field, value in shown.items() if field != "row"}, entry(2, "b")],
    }


@pytest.mark.parametrize(
    ("room", "name"),
    [
        ("kitchen", "kitchen"),
        ("a/b", "a-b"),
        ("../../.bashrc", "-------bashrc"),
        ("$(x) `y` \"z\" 'é'", "--x---y---z---é-"),
    ],
)
def test_the_name_of_its_file_leads_nowhere_and_needs_no_quotes(room, name):
    assert file_name(f"lab-classic/{room}") == f"{name}.capture.json"
