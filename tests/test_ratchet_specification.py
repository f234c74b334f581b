"""The specification of level ratchet: its labels, codes and limits hold together, and with the program."""

import re

from protocol import double_ratchet, ratchet_errors, ratchet_record
from protocol.errors import Refusal
from test_identity_specification import FOLDER, IDENTITY, SHARED, codes_of, is_of_ratchet

RATCHET = (FOLDER / "ratchet.md").read_text("utf-8")
LABEL = re.compile(r'"(secure-chat [a-z0-9 -]+)"')


def test_no_label_begins_with_another():
    labels = sorted(set(LABEL.findall(RATCHET + IDENTITY + SHARED)))
    assert [(one, other) for one in labels for other in labels if one != other and other.startswith(one)] == []


def test_every_label_in_the_program_is_one_of_the_specification_and_every_one_there_is_used():
    texts = [path.read_text("utf-8") for path in FOLDER.glob("*.py") if is_of_ratchet(path.name)]
    used = {label for text in texts for label in re.findall(r'LABEL \+ b"([^"]+)"', text)}
    assert {f"secure-chat ratchet 1 {label}" for label in used} == set(LABEL.findall(RATCHET))


def test_every_refusal_has_its_sentence_there_and_is_named_by_a_rule():
    refusals = [one for one in vars(ratchet_errors).values() if isinstance(one, type) and issubclass(one, Refusal)]
    own = {(one.code, one.for_people) for one in refusals if one is not Refusal}
    assert set(re.findall(r"^\| `(.+?)` \| (.+?) \|$", RATCHET, re.MULTILINE)) == own
    rules = re.sub(r"^\|.*$", "", RATCHET, flags=re.MULTILINE)
    named = set(re.findall(r"`([a-z]+(?:-[a-z]+)+)`", rules))
    assert {code for code, _ in own} <= named
    assert named <= {code for code, _ in own} | codes_of(SHARED) | codes_of(IDENTITY)


def test_no_code_of_this_level_means_something_else_at_the_others():
    assert codes_of(RATCHET).isdisjoint(codes_of(IDENTITY) | codes_of(SHARED.partition("\n## 2. ")[2]))


def test_the_limits_are_those_of_the_program():
    for limit in (double_ratchet.MAX_SKIP, double_ratchet.SKIPPED):
        assert f"{limit:,}" in RATCHET
    assert f"none longer than {double_ratchet.SKIPPED_AGE // 86_400} days" in RATCHET
    assert f"a room keeps {ratchet_record.THREADS} sessions" in RATCHET
    assert f"all rooms of a name {ratchet_record.SKIPPED_IN_ALL:,} such keys" in RATCHET
    assert f"the last {ratchet_record.USED} are remembered" in RATCHET
