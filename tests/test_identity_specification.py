"""The specification of level identity: its labels, codes and sizes hold together, and with the rest."""

import re
from pathlib import Path

from protocol.envelope import BODY_CHARACTERS

FOLDER = Path(__file__).resolve().parent.parent / "web" / "protocol"
IDENTITY, SHARED = [(FOLDER / name).read_text("utf-8") for name in ("identity.md", "README.md")]
RULES, REFUSALS = IDENTITY.partition("\n## 8. Refusals")[::2]


def codes_of(text: str) -> set[str]:
    """Those that have a line of a table."""
    return {code for line in re.findall(r"^\| (`.+?`) \|", text, re.MULTILINE) for code in re.findall(r"[a-z-]+", line)}


def test_no_label_begins_with_another():
    labels = sorted(set(re.findall(r'"(secure-chat [a-z0-9 -]+)"', IDENTITY + SHARED)))
    assert len(labels) > 12
    assert [(one, other) for one in labels for other in labels if one != other and other.startswith(one)] == []


def test_every_label_in_the_program_is_one_of_the_specification():
    used = [
        label for path in FOLDER.glob("*.py") for label in re.findall(r'LABEL \+ b"([^"]+)"', path.read_text("utf-8"))
    ]
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


def test_the_largest_list_fits_into_one_body():
    members = int(re.search(r"\| members of a room \| (\d+)", IDENTITY)[1])
    member, wrapped_key = 32 + 1 + 4 + 256, 32 + 48
    fields = 4 + 32 + 8 + 32 + 1 + members * member
    epoch_fields = 8 + 32 + 32 + members * wrapped_key
    octets = fields + 64 + epoch_fields + 64
    assert len("identity-members-1.") + -(-octets * 4 // 3) <= BODY_CHARACTERS
