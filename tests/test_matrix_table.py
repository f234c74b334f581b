"""The attack matrix as the lab's page reads it from the specification."""

import pytest

import attack_matrix
from lab.attacks import ATTACKS
from lab.matrix import BEGIN, END, kind, pieces, read
from protocol.ladder import LADDER

SPECIFICATION = attack_matrix.SPECIFICATION.read_text("utf-8")
TABLE = """| attack | by | low | high |
|---|---|---|---|
| **replay.** It comes twice. | anyone | succeeds | refused: `replayed` |
| **rename.** It gets another name: Bob's. | the relay | (no names) | seen by Bob: `gap`, `late` |
"""


def marked(table):
    return f"before | it\n{BEGIN}\n{table}{END}\nafter"


def test_the_specifications_table_is_read_to_its_last_attack():
    matrix = read(SPECIFICATION)
    assert matrix.levels == [level.id for level in LADDER.levels]
    read_back = [(attack.name, attack.sentence, attack.by) for attack in matrix.attacks]
    assert read_back == [(attack.name, attack.sentence, attack.needs) for attack in ATTACKS]


def test_what_is_read_is_what_was_written():
    matrix = read(SPECIFICATION)
    by_name = {attack.name: attack for attack in ATTACKS}
    rows = [(by_name[attack.name], attack.outcomes) for attack in matrix.attacks]
    assert attack_matrix.table(rows) == attack_matrix.in_specification()


def test_a_level_and_an_attack_more_are_a_column_and_a_row_more():
    lines = TABLE.splitlines()
    wider = "\n".join([lines[0] + " top |", lines[1] + "---|", *(line + " no effect |" for line in lines[2:]), ""])
    matrix = read(marked(wider + "| **new.** Nobody knew it. | anyone | a | b | c |\n"))
    assert matrix.levels == ["low", "high", "top"]
    assert [attack.name for attack in matrix.attacks] == ["replay", "rename", "new"]
    assert [attack.outcomes[-1] for attack in matrix.attacks] == ["no effect", "no effect", "c"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        TABLE,
        f"{BEGIN}\n{TABLE}",
        f"{TABLE}{END}\n",
        f"{END}\n{TABLE}{BEGIN}\n",
        marked(""),
        marked("|"),
        marked("\n\n\n"),
        marked("nothing of a table\n"),
        marked("\n".join(TABLE.splitlines()[:2]) + "\n"),
        marked(TABLE.replace("| by |", "| who |")),
        marked(TABLE.replace("|---|---|", "| --- | -x- |", 1)),
        marked(TABLE.replace(" succeeds |", "")),
        marked(TABLE.replace(" succeeds |", " succeeds | twice |")),
        marked(TABLE.replace("**replay.** ", "replay: ")),
        marked(TABLE.replace("**replay.** ", "replay.** ")),
        marked(TABLE + "no cell\n"),
        marked(TABLE + "|\n"),
        marked("| attack | by |\n|---|---|\n| **replay.** It comes twice. | anyone |\n"),
    ],
)
def test_what_is_no_such_table_is_none_and_never_half_of_one(text):
    assert read(text) is None


def test_the_table_that_the_above_were_made_of_is_one():
    matrix = read(marked(TABLE))
    assert [vars(attack) for attack in matrix.attacks] == [
        {
            "name": "replay",
            "sentence": "It comes twice.",
            "by": "anyone",
            "outcomes": ["succeeds", "refused: `replayed`"],
        },
        {
            "name": "rename",
            "sentence": "It gets another name: Bob's.",
            "by": "the relay",
            "outcomes": ["(no names)", "seen by Bob: `gap`, `late`"],
        },
    ]


def test_the_codes_of_an_outcome_stand_apart_from_its_words():
    assert pieces("seen by Bob: `gap`, `late` (end)") == [
        ("seen by Bob: ", False), ("gap", True), (", ", False), ("late", True), (" (end)", False),
    ]  # fmt: skip
    assert pieces("no effect") == [("no effect", False)]
    assert pieces("") == []


@pytest.mark.parametrize(
    ("outcome", "word"),
    [
        ("refused: `replayed`; seen: `gap`", "refused"),
        ("refused by the relay: `id-conflict`", "refused"),
        ("seen by Bob: `missing`", "seen"),
        ("no effect", "no"),
        ("succeeds", "succeeds"),
        ("refused: `malformed` (iv); succeeds (salt)", "succeeds"),
        ("(there is no lower level)", ""),
        ("", ""),
    ],
)
def test_an_outcome_is_as_grave_as_its_gravest_part(outcome, word):
    assert kind(outcome) == word


def test_every_outcome_of_the_specification_is_of_a_known_kind():
    outcomes = {outcome for attack in read(SPECIFICATION).attacks for outcome in attack.outcomes}
    assert {kind(outcome) for outcome in outcomes} == {"refused", "seen", "no", "succeeds", ""}
