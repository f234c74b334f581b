"""vectors/identity.json is what its peer makes, and has something to say of every rule and every refusal."""

import json
import re
from pathlib import Path

import pytest

import identity_answers
from identity_answers import as_json
from identity_peer_keys import Identity
from identity_peer_reader import PeerReader

SPECIFICATION = Path(__file__).parent.parent / "web" / "protocol" / "identity.md"
ANSWERS = json.loads(identity_answers.FILE.read_text("utf-8"))
ROOMS = {room["name"]: room for room in ANSWERS["rooms"]}
OF_ALL_LEVELS = {"not-encrypted", "other-level", "malformed", "unknown-kind", "replayed", "bad-signature"}
OF_ALL_LEVELS |= {"bad-padding", "not-text"}


def read_by(room, name):
    """-> {seq: (outcome, what is said besides)} of who is shown all of a room, at first and in the end."""
    [reader] = [one for one in ROOMS[room]["readers"] if (one["name"], one["shown"]) == (name, "all")]
    first = {seq: (outcome, says) for seq, outcome, says in reader["outcomes"]}
    return first, first | {seq: (outcome, says) for seq, outcome, says in reader["later"]}


def what(room):
    return {made["what"]: int(seq) for seq, made in ROOMS[room]["made"].items()}


def test_the_file_is_what_its_command_writes():
    assert identity_answers.written(identity_answers.every()) + "\n" == identity_answers.FILE.read_text("utf-8")


READERS = [(room["name"], number) for room in ROOMS.values() for number in range(len(room["readers"]))]


@pytest.mark.parametrize(("name", "number"), READERS)
def test_a_peer_that_is_shown_the_entries_says_what_the_file_says(name, number):
    room, reader = ROOMS[name], ROOMS[name]["readers"][number]
    people = {one["name"]: one for one in ANSWERS["people"]}
    pinned = [bytes.fromhex(people[one]["identity"]) for one in reader["pinned"]]
    peer = PeerReader(Identity(bytes.fromhex(people[reader["name"]]["seed"])), room["room"], pinned)
    outcomes = iter(reader["outcomes"])
    for part in reader["parts"]:
        peer.resume_log(part["oldest"])
        for seq in part["seqs"]:
            read = [seq, peer.read(room["entries"][seq - 1]), peer.says[seq]]
            assert as_json(read) == next(outcomes), room["made"][str(seq)]["what"]
    assert next(outcomes, None) is None
    assert as_json([[seq, peer.outcomes[seq], peer.says[seq]] for seq, _, _ in reader["later"]]) == reader["later"]
    assert as_json(peer.keys) == reader["epoch_keys"]


def test_entries_are_as_the_relay_has_them():
    for room in ROOMS.values():
        assert [entry["seq"] for entry in room["entries"]] == list(range(1, len(room["entries"]) + 1))
        assert {int(seq) for seq in room["made"]} == {entry["seq"] for entry in room["entries"]}
        for entry in room["entries"]:
            assert entry.keys() == {"seq", "kind", "id", "name", "at", "body"}
            assert 0 < len(entry["body"]) <= 65_536


def test_every_refusal_of_the_specification_occurs():
    table = SPECIFICATION.read_text("utf-8").partition("\n## 8. Refusals")[2].partition("\n## 9.")[0]
    codes = set(re.findall(r"^\| `([a-z-]+)` \|", table, re.MULTILINE))
    assert len(codes) > 10
    readers = [reader for room in ROOMS.values() for reader in room["readers"]]
    outcomes = [(outcome, says) for reader in readers for _, outcome, says in reader["outcomes"]]
    refused = {outcome[1] for outcome, _ in outcomes if outcome[0] == "refused"}
    refused |= {one["refused"] for one in ANSWERS["directory"] if "refused" in one}
    said = {code for _, says in outcomes for code in says}
    assert refused == (codes | OF_ALL_LEVELS) - {"bad-wrap"}
    assert said == {"bad-wrap", "unproven", "changes-missing", "gap", "late", "forked", "out-of-order"}


def test_members_read_alike_and_an_outsider_nothing():
    bob, mallory = read_by("story", "Bob")[0], read_by("story", "Mallory")[0]
    assert [outcome[0] for outcome, _ in mallory.values()].count("text") == 0
    last = what("story")["Bob's last message"]
    for seq, (outcome, _) in read_by("story", "Alice")[0].items():
        assert bob[seq][0] == outcome or seq == last
    assert bob[last][0][0] == "text"


def test_carol_reads_what_was_shared_and_nothing_of_when_she_was_out():
    first, then = read_by("story", "Carol")
    seqs = what("story")
    opened = [seq for seq in then if then[seq] != first[seq]]
    assert opened == [seqs["Alice's first message"], seqs["a long answer"]]
    assert first[seqs["Alice shares the first epoch with Carol"]][0][2] == opened
    for seq in (seqs["Bob says something without Carol"], seqs["Alice's last message"]):
        assert then[seq][0] == ["refused", "not-for-you"]


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("two are left out", ["gap"]),
        ("one of them", ["late"]),
        ("the other", ["late"]),
        ("an anchor on an entry that nobody was shown yet", ["out-of-order"]),
        ("an anchor on another entry than stands there", ["forked"]),
        ("an anchor on the entry that stands there", []),
    ],
)
def test_what_is_said_beside_an_odd_message(entry, says):
    outcome, said = read_by("hostile", "Alice")[0][what("hostile")[entry]]
    assert (outcome[0], said) == ("text", says)


def test_a_wrong_key_is_seen_by_whom_it_was_given_to_and_by_nobody_else():
    seqs = what("hostile")
    zeros, nothing = [
        seqs[f"Bob begins an epoch and gives {one}"] for one in ("Alice a key of zeros", "Carol what is no key")
    ]
    said = {name: read_by("hostile", name)[0] for name in ("Alice", "Bob", "Carol")}
    assert [said[name][zeros][1] for name in said] == [["bad-wrap"], [], []]
    assert [said[name][nothing][1] for name in said] == [[], [], ["bad-wrap"]]
    assert said["Alice"][seqs["what Alice cannot read"]][0] == ["refused", "not-for-you"]


def test_nothing_is_the_same_twice_that_must_not_be():
    for room in ROOMS.values():
        pairs = [(message["key"], message["nonce"]) for message in room["messages"]]
        assert len(set(pairs)) == len(pairs) > 0
        drawn = [draw for made in room["made"].values() for draw in made["drawn"]]
        assert len(set(drawn)) == len(drawn)
