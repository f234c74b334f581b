"""The specification of level identity: its labels, codes and sizes hold together, and with the rest."""

import re
from pathlib import Path

import server
from protocol import export, identity_bodies, identity_envelope, identity_errors, keeping, trust
from protocol.envelope import BODY_CHARACTERS
from protocol.errors import Refusal
from protocol.identity_errors import IDENTITY_REFUSALS
from protocol.levels import epochs, membership, messages, steward

WEB = Path(__file__).resolve().parent.parent / "web"
FOLDER = WEB / "protocol"
IDENTITY, SHARED = [(FOLDER / name).read_text("utf-8") for name in ("identity.md", "README.md")]
RULES, REFUSALS = IDENTITY.partition("\n## 8. Refusals")[::2]


def codes_of(text: str) -> set[str]:
    """Those that have a line of a table."""
    return {code for line in re.findall(r"^\| (`.+?`) \|", text, re.MULTILINE) for code in re.findall(r"[a-z-]+", line)}


def is_of_ratchet(name: str) -> bool:
    """Whether a module is of the level that test_ratchet_specification.py is about."""
    return name.startswith(("ratchet_", "double_ratchet", "x3dh", "prekeys"))


def test_no_label_begins_with_another():
    labels = sorted(set(re.findall(r'"(secure-chat [a-z0-9 -]+)"', IDENTITY + SHARED)))
    assert len(labels) > 12
    assert [(one, other) for one in labels for other in labels if one != other and other.startswith(one)] == []


def test_every_label_in_the_program_is_one_of_the_specification():
    texts = [path.read_text("utf-8") for path in FOLDER.glob("*.py") if not is_of_ratchet(path.name)]
    used = [label for text in texts for label in re.findall(r'LABEL \+ b"([^"]+)"', text)]
    assert len(used) >= 4
    assert [label for label in used if f'"secure-chat identity 1 {label}"' not in IDENTITY] == []


def test_every_code_that_the_rules_name_has_its_sentence_and_none_has_one_for_nothing():
    own, of_the_relay = codes_of(REFUSALS), codes_of(RULES)
    named = set(re.findall(r"`([a-z]+(?:-[a-z]+)+)`", RULES))
    assert own <= named
    assert named <= own | of_the_relay | codes_of(SHARED)


def test_no_code_of_this_level_means_something_else_at_the_others():
    # In section 1 are those of the relay's error frames, which are no refusals: its `bad-bundle` is about our own.
    refusals = codes_of(SHARED.partition("\n## 2. ")[2])
    assert "bad-signature" in refusals
    assert codes_of(REFUSALS).isdisjoint(refusals)


def test_every_refusal_has_its_sentence_there():
    rows = re.findall(r"^\| `(.+?)` \| (.+?) \|$", REFUSALS.partition("\n## 9. ")[0], re.MULTILINE)
    assert sorted(rows) == sorted((refusal.code, refusal.for_people) for refusal in IDENTITY_REFUSALS)


def test_no_refusal_of_this_level_is_left_out():
    defined = [one for one in vars(identity_errors).values() if isinstance(one, type) and issubclass(one, Refusal)]
    assert set(defined) - {Refusal} == set(IDENTITY_REFUSALS)


def constant(module: str, name: str) -> int:
    """Of a module that only a page can import."""
    return int(re.search(rf"^{name} = ([\d_]+)", (WEB / module).read_text("utf-8"), re.MULTILINE)[1])


def test_its_limits_are_those_of_the_code():
    table = IDENTITY.partition("\n## 9. Limits")[2].partition("\n## ")[0]
    assert dict(re.findall(r"^\| (?!value|-)(.+?) \| (.+?) \|$", table, re.MULTILINE)) == {
        "members of a room": f"{identity_envelope.MEMBERS}: then a `members` entry fits into one body",
        "messages of an epoch": f"{epochs.MESSAGES:,}, by all members together",
        "age of an epoch, of a list before it is signed anew": f"{hours(epochs.AGE, steward.DAY)} hours",
        "between two epochs begun without anything to say": f"{steward.WRAP_AGAIN} seconds",
        "age of a list before a page says so": f"{hours(membership.UNCONFIRMED)} hours",
        "rotations of a name": f"{server.ROTATIONS}",
        "former keys shared at once": f"{identity_bodies.SHARED:,}",
        "epochs whose commitments a page remembers, the newest": f"{epochs.EPOCHS:,}",
        "messages that wait for a shared key, the newest": f"{messages.SHUT:,}",
        "pins of a name on a device": f"{trust.PINS:,}",
        "what is kept of a message": f"{keeping.RECORD_BYTES:,} bytes in {keeping.FIELDS} fields",
        "messages kept of a room that a page reads, the newest": f"{constant('device/history.py', 'NEWEST'):,}",
        "minutes until a device locks by itself": f"{constant('device/locking.py', 'LONGEST_IDLE'):,}",
        "a line of a file to take along": f"{export.LINE_BYTES:,} bytes before base64url",
        "a file that a page makes or takes over": f"{largest_file():,} bytes",
    }


def hours(*seconds: int) -> int:
    [same] = set(seconds)
    return same // 3600


def largest_file() -> int:
    [same] = {export.FILE_BYTES, constant("view/device_panel.py", "_LARGEST_FILE")}
    return same


def test_the_largest_list_fits_into_one_body():
    members = int(re.search(r"\| members of a room \| (\d+)", IDENTITY)[1])
    member, wrapped_key = 32 + 1 + 4 + 256, 32 + 48
    fields = 4 + 32 + 8 + 32 + 1 + members * member
    epoch_fields = 8 + 32 + 32 + members * wrapped_key
    octets = fields + 64 + epoch_fields + 64
    assert len("identity-members-1.") + -(-octets * 4 // 3) <= BODY_CHARACTERS
