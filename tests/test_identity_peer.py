"""The peer of level identity (identity_peer.py) among its like: all that web/protocol/identity.md lets members do."""

import hashlib
import json
from itertools import count
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from identity_memory_log import MemoryLog, NotNewest, Person
from identity_peer import DAY, PeerRoom
from identity_peer_bodies import Anchors, Counters, pad, read_message, unpad
from identity_peer_directory import Pin, check_found, make_bundle, read_bundle
from identity_peer_keys import (
    HPKE,
    Identity,
    Refused,
    check_identity,
    check_signature,
    digits,
    hpke_context,
    hpke_seal,
    is_clean,
    of_base64url,
    safety_number,
    x25519_public,
)
from identity_peer_list import Member
from identity_story import NOON, ORDER

VECTORS = Path(__file__).with_name("vectors")
ALICE, BOB = Identity(bytes(range(32))), Identity(bytes(range(32, 64)))
CAROL, MALLORY = [Identity(hashlib.sha256(name).digest()) for name in (b"carol", b"mallory")]


class Room:
    """Alice has opened the room with Bob in it. One clock for all."""

    def __init__(self, now=NOON):
        self.log, self.now, self.draws = MemoryLog(), now, count()
        self.alice, self.bob = self.person("Alice", ALICE), self.person("Bob", BOB)
        self.alice.does(self.alice.peer.open_room("Alice", (Member(BOB.public, False, "Bob"),)))

    def person(self, name, identity, pinned=(ALICE.public,)):
        peer = PeerRoom(identity, "kitchen", pinned, self.random, lambda: self.now)
        return Person(self.log, name, peer)

    def random(self, size):
        return hashlib.sha256(b"%d" % next(self.draws)).digest()[:size]

    def add_carol(self):
        self.alice.does(self.alice.peer.add(CAROL.public, "Carol"))
        return self.person("Carol", CAROL)


@pytest.fixture
def room():
    return Room()


def code_of(function, *given):
    with pytest.raises(Refused) as refused:
        function(*given)
    return refused.value.code


def texts(outcomes):
    return [outcome[-1] if outcome[0] == "text" else outcome[0] for outcome in outcomes]


# Identities and numbers


def test_the_known_answers_of_the_specification():
    assert ALICE.public.hex() == "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"
    assert x25519_public(ALICE.public).hex() == "4701d08488451f545a409fb58ae3e58581ca40ac3f7f114698cd71deac73ca01"
    assert digits(ALICE.public) == "26319 73774 35699 43224 99235 54486 22557 98386 40959 17172 14883 35858"
    number = "36006 49809 13585 52905 51700 66370 59176 23252 30688 02751 69551 00144"
    assert safety_number(ALICE.public, BOB.public) == safety_number(BOB.public, ALICE.public) == number


def test_both_halves_of_an_identity_belong_together_and_pyca_opens_what_is_sealed_here():
    for identity in (ALICE, BOB, CAROL, MALLORY):
        sealed = hpke_seal(identity.public, b"info", b"text", lambda size: bytes(size - 1) + b"\x07")
        assert HPKE.decrypt(sealed, identity._x25519, b"info") == identity.open(b"info", sealed) == b"text"
        assert identity.open(b"other", sealed) is None


def test_the_context_of_a_seal_is_that_of_rfc_9180():
    found = next(one for one in json.loads((VECTORS / "hpke.json").read_text()) if one["aead_id"] == 2)
    vector = {name: bytes.fromhex(value) for name, value in found.items() if name != "aead_id"}
    enc, key, nonce = hpke_context(vector["pkRm"], vector["skEm"], vector["info"])
    assert (enc, key, nonce) == (vector["enc"], vector["key"], vector["base_nonce"])
    assert AESGCM(key).encrypt(nonce, vector["pt"], vector["aad"]) == vector["ct"]


@pytest.mark.parametrize("y", [0, 1, 2**255 - 20, 2**255 - 19, 2**255 - 1])
@pytest.mark.parametrize("sign", [0, 2**255])
def test_a_y_of_small_order_or_out_of_range_is_no_identity(y, sign):
    assert code_of(check_identity, (y + sign).to_bytes(32, "little")) == "bad-identity"


def test_a_signature_has_one_spelling_and_one_size():
    signature = ALICE.sign(b"data")
    check_signature(ALICE.public, signature, b"data")
    added = int.from_bytes(signature[32:], "little") + ORDER
    for wrong in (signature[:32] + added.to_bytes(32, "little"), signature + b"\0", signature[:-1], b""):
        assert code_of(check_signature, ALICE.public, wrong, b"data") == "bad-signature"


@pytest.mark.parametrize("text", ["A", "AB", "AA=", "AA==", "A A", "AA\n", "+A", "/A", "Ä"])
def test_base64url_has_one_spelling(text):
    assert code_of(of_base64url, text) == "malformed"


@pytest.mark.parametrize(
    "name", ["", " Ann", "Ann ", "a" * 65, "A\u200bnn", "e\u0301", "A\nn", "\u3000Ann", "\U000e0001"]
)
def test_a_name_that_is_not_clean(name):
    assert not is_clean(name)
    assert is_clean("Ann \u3000 of É")


# The directory


def test_a_chain_of_bundles_moves_a_pin_from_one_device_to_the_next():
    first = make_bundle(ALICE, "Alice")
    second = make_bundle(ALICE, "Alice", read_bundle(first))
    third = make_bundle(BOB, "Alice", read_bundle(second), ALICE)
    fourth = make_bundle(BOB, "Alice", read_bundle(third))
    assert check_found("Alice", [first]) == Pin(ALICE.public, 1)
    assert check_found("Alice", [second], Pin(ALICE.public, 1)) == Pin(ALICE.public, 2)
    assert check_found("Alice", [third, fourth], Pin(ALICE.public, 2)) == Pin(BOB.public, 4)
    assert check_found("Alice", [third, fourth], Pin(BOB.public, 4)) == Pin(BOB.public, 4)
    assert check_found("Alice", [third, fourth], Pin(ALICE.public, 0)) == Pin(BOB.public, 4)
    assert check_found("Alice", []) is None


def test_a_bundle_that_is_not_as_it_should_be():
    first = make_bundle(ALICE, "Alice")
    unsigned = make_bundle(MALLORY, "Alice", read_bundle(first), MALLORY)  # the handover is not by Alice
    wrong = [first[:-1], first + "AAAA", "bundle-2." + first[9:], unsigned, first[:-9] + "A" * 9, ""]
    for bundles in [[one] for one in wrong] + [[first, first], [make_bundle(ALICE, "Bob")]]:
        assert code_of(check_found, "Alice", bundles) == "bad-bundle"


def test_a_directory_that_goes_back_or_names_somebody_else():
    first, other = make_bundle(ALICE, "Alice"), make_bundle(MALLORY, "Alice")
    assert code_of(check_found, "Alice", [first], Pin(ALICE.public, 2)) == "old-bundle"
    assert code_of(check_found, "Alice", [other], Pin(ALICE.public, 1)) == "other-identity"
    rotation = make_bundle(BOB, "Alice", read_bundle(other), MALLORY)
    assert code_of(check_found, "Alice", [rotation], Pin(ALICE.public, 1)) == "other-identity"
    back = make_bundle(ALICE, "Alice", read_bundle(rotation), BOB)  # of a later one, and shown with an older rotation
    own = make_bundle(BOB, "Alice", read_bundle(first), ALICE)
    assert code_of(check_found, "Alice", [own], Pin(ALICE.public, 2)) == "other-identity"
    assert check_found("Alice", [own, back], Pin(BOB.public, 2)) == Pin(ALICE.public, 3)


# A room


def test_two_talk_and_both_see_the_same_number(room):
    assert room.alice.says("meet at noon") == ("text", ALICE.public, "Alice", "meet at noon")
    assert room.bob.says("where?") == ("text", BOB.public, "Bob", "where?")
    room.alice.read()
    assert room.bob.peer.outcomes == {seq: room.alice.peer.outcomes[seq] for seq in (1, 2, 3)}
    assert room.bob.peer.outcomes[1] == ("members", ALICE.public, 0, 1)
    numbers = {one.peer.membership.newest.room_number() for one in (room.alice, room.bob)}
    assert len(numbers) == 1


def test_a_list_that_nobody_known_has_opened_is_said_to_be_unproven(room):
    stranger = room.person("Bob", BOB, pinned=())
    assert stranger.read() == room.bob.read()
    assert (room.bob.peer.says[1], stranger.peer.says[1]) == ([], ["unproven"])


def test_who_is_added_reads_nothing_from_before_until_it_is_shared(room):
    room.alice.says("before")
    carol = room.add_carol()
    room.alice.says("after")
    assert texts(carol.read()) == ["members", "refused", "members", "after"]
    assert carol.peer.outcomes[2] == ("refused", "not-for-you")
    assert room.alice.does(room.alice.peer.share(CAROL.public, 1, 1)) == ("history", ALICE.public, ())
    assert carol.read() == [("history", ALICE.public, (2,))]
    assert carol.peer.outcomes[2] == ("text", ALICE.public, "Alice", "before")


def test_a_key_that_is_not_of_its_epoch_is_not_used(room):
    room.alice.says("before")
    carol = room.add_carol()
    room.alice.peer.keys[1] = bytes(32)
    room.alice.does(room.alice.peer.share(CAROL.public, 1, 2))
    assert carol.read()[-1] == ("history", ALICE.public, ())
    assert carol.peer.outcomes[2] == ("refused", "not-for-you")


def test_who_is_removed_reads_nothing_afterwards_and_what_it_writes_does_not_count(room):
    carol = room.add_carol()
    carol.read()
    room.alice.does(room.alice.peer.remove(CAROL.public))
    room.alice.says("without her")
    late = carol.peer.seal("I am still here")
    assert carol.does(late) == room.alice.read()[-1] == ("refused", "old-epoch")
    assert carol.peer.outcomes[4] == ("refused", "not-for-you")
    assert set(carol.peer.keys) == {2}


def test_a_leave_waits_for_an_epoch_and_any_other_member_begins_it(room):
    carol = room.add_carol()
    carol.read()
    assert carol.does(carol.peer.leave()) == ("members", CAROL.public, 2, None)
    assert room.bob.says("she is gone")[0] == "text"
    assert room.bob.peer.outcomes[4] == ("members", CAROL.public, 2, 3)
    room.alice.read()
    assert texts(room.alice.peer.outcomes.values())[-1] == "she is gone"
    carol.read()
    assert carol.peer.outcomes[5] == ("refused", "not-for-you")


def test_an_admin_who_leaves_last_names_another(room):
    assert room.alice.does(room.alice.peer.leave()) == ("refused", "malformed")
    assert room.alice.does(room.alice.peer.leave(heir=BOB.public)) == ("members", ALICE.public, 1, None)
    assert room.bob.says("my room")[0] == "text"
    assert room.bob.does(room.bob.peer.add(CAROL.public, "Carol")) == ("members", BOB.public, 2, 3)


def test_nothing_follows_a_list_without_members(room):
    room.alice.does(room.alice.peer.remove(BOB.public))
    assert room.alice.does(room.alice.peer.leave()) == ("members", ALICE.public, 2, None)
    assert room.alice.does(room.alice.peer.change((Member(ALICE.public, True, "Alice"),)))[1] == "not-a-member"


def test_a_text_that_came_after_a_change_is_sealed_again_and_nobody_sees_a_gap(room):
    room.bob.says("first")
    late = room.bob.peer.seal("under way")
    carol = room.add_carol()
    assert room.bob.does(late) == ("refused", "old-epoch")
    assert texts(room.bob.says_again()) == ["under way"]
    assert texts(carol.read())[-2:] == ["refused", "under way"]
    room.alice.read()
    assert room.alice.peer.says[max(room.alice.peer.says)] == []
    assert room.bob.peer.under_way == {}


def test_an_old_body_that_is_appended_again_is_not_sealed_a_third_time(room):
    room.bob.read()
    late = room.bob.peer.seal("under way")
    room.add_carol()
    room.bob.does(late)
    [again] = room.bob.peer.reseal()
    assert room.bob.does(late) == ("refused", "replayed")
    assert room.bob.peer.reseal() == []
    room.bob.does(again)
    assert room.bob.peer.under_way == {}


def test_of_two_changes_at_once_the_second_is_refused_by_the_log_and_by_all_if_the_log_ignores_it(room):
    room.alice.does(room.alice.peer.name_admin(BOB.public))
    room.bob.read()
    one, other = room.alice.peer.add(CAROL.public, "Carol"), room.bob.peer.remove(ALICE.public)
    room.alice.does(one)
    with pytest.raises(NotNewest):
        room.bob.does(other)
    assert room.bob.does(other, if_newest=False) == ("refused", "old-list")
    assert room.alice.read() == [("refused", "old-list")]
    assert len(room.alice.peer.membership.newest.members) == 3


def test_of_two_epochs_at_once_the_second_is_refused(room):
    room.bob.read()
    one, other = room.alice.peer.begin_epoch(), room.bob.peer.begin_epoch()
    assert room.alice.does(one) == ("members", ALICE.public, 0, 2)
    assert room.bob.does(other, if_newest=False) == ("refused", "old-epoch")


# What is due


def test_an_epoch_is_over_after_a_thousand_messages_or_a_day(room):
    for number in range(1_000):
        assert not room.alice.peer.must_begin_epoch(), number
        room.alice.does(room.alice.peer.seal("one more"))
    assert room.alice.peer.must_begin_epoch()
    room.alice.does(room.alice.peer.begin_epoch())
    room.now += DAY - 1
    assert not room.alice.peer.must_begin_epoch()
    room.now += 1
    assert room.alice.peer.must_begin_epoch()


def test_an_admin_signs_the_list_anew_after_a_day_and_others_say_so_after_two(room):
    room.bob.read()
    room.now += DAY - 1
    assert not room.alice.peer.must_confirm()
    room.now += 1
    assert (room.alice.peer.must_confirm(), room.bob.peer.must_confirm()) == (True, False)
    room.now += DAY + 1
    assert room.bob.peer.is_unconfirmed()
    assert room.alice.does(room.alice.peer.confirm()) == ("members", ALICE.public, 1, 2)
    room.bob.read()
    assert not room.bob.peer.is_unconfirmed()


def test_who_got_a_wrong_key_begins_another_epoch_once_a_minute(room):
    room.bob.read()
    good = room.bob.peer.begin_epoch()
    room.bob.peer.random = lambda size: b"\x05" * size
    wrong = room.bob.peer.begin_epoch()
    assert good != wrong
    entry = room.alice.peer
    entry.identity.open, kept = lambda info, sealed: bytes(32), entry.identity.open
    try:
        assert room.bob.does(wrong) == ("members", ALICE.public, 0, 2)
        assert room.alice.read() == [("members", ALICE.public, 0, 2)]
    finally:
        entry.identity.open = kept
    assert room.alice.peer.says[2] == ["bad-wrap"]
    assert room.alice.peer.must_begin_epoch()
    room.alice.peer.begin_epoch()
    assert not room.alice.peer.must_begin_epoch()
    room.now += 60
    assert room.alice.says("again")[0] == "text"


# A log that is not all there


def test_who_begins_late_takes_the_newest_list_and_epoch_as_they_are(room):
    room.alice.says("one")
    room.alice.does(room.alice.peer.begin_epoch())
    room.alice.says("two")
    late = room.person("Bob", BOB)
    late.peer.begin_log(oldest=2)
    assert [late.peer.read(entry) for entry in room.log.entries[1:]] == [
        ("refused", "not-for-you"),
        ("members", ALICE.public, 0, 2),
        ("text", ALICE.public, "Alice", "two"),
    ]


def test_who_lacks_changes_goes_on_from_an_admin_it_knows_and_from_nobody_else(room):
    room.bob.read()
    carol = room.add_carol()
    carol.read()
    room.alice.does(room.alice.peer.name_admin(CAROL.public))
    room.alice.says("unread")
    room.alice.does(room.alice.peer.begin_epoch())
    room.alice.says("read")
    room.bob.peer.resume_log(oldest=4)
    assert [room.bob.peer.read(entry) for entry in room.log.entries[3:]] == [
        ("refused", "not-for-you"),
        ("members", ALICE.public, 2, 4),
        ("text", ALICE.public, "Alice", "read"),
    ]
    assert room.bob.peer.says[5] == ["changes-missing"]
    for change, code in ((room.alice.peer.begin_epoch, "forked-epoch"), (room.alice.peer.confirm, "forked-list")):
        room.alice.does(change())
        room.alice.does(change())  # of these two Bob is shown the second alone, which is no retention any more
        assert room.bob.peer.read(room.log.entries[-1]) == ("refused", code)
    carol.read()
    other = room.person("Bob", BOB)
    other.peer.read(room.log.entries[0])
    carol.does(carol.peer.confirm())
    other.peer.resume_log(oldest=11)
    assert other.peer.read(room.log.entries[10]) == ("refused", "forked-list")


def test_a_gap_that_no_retention_explains_is_a_fork(room):
    room.bob.read()
    room.add_carol()
    room.alice.does(room.alice.peer.confirm())
    assert room.bob.peer.read(room.log.entries[2]) == ("refused", "forked-list")


def test_a_list_that_follows_another_one_is_a_fork_even_where_entries_are_missing(room):
    room.bob.read()
    other = Room(NOON + 60)
    other.alice.does(other.alice.peer.confirm())
    room.bob.peer.resume_log(oldest=5)
    assert room.bob.peer.read(other.log.entries[1] | {"seq": 5}) == ("refused", "forked-list")
    other.alice.does(other.alice.peer.confirm())
    # Of two steps and more nobody can tell.
    assert room.bob.peer.read(other.log.entries[2] | {"seq": 6})[0] == "members"


def test_a_log_that_began_anew_is_opened_again_with_the_kept_list(room):
    room.add_carol()
    room.log.entries.clear()
    room.alice.peer.begin_log()
    assert room.alice.does(room.alice.peer.open_again()) == ("members", ALICE.public, 0, 1)
    carol = room.person("Carol", CAROL)
    assert room.alice.says("again") == carol.read()[-1]


# Counters, anchors, padding


def test_counters_of_a_session():
    counters = Counters()
    assert [counters.take(number) for number in (3, 4, 9, 6)] == [[], [], ["gap"], ["late"]]
    for number in (2, 3, 9, 6):
        assert code_of(counters.take, number) == "replayed"
    assert [counters.take(number) for number in (5, 7, 8, 10)] == [["late"], ["late"], ["late"], []]
    assert counters.missing == []


def test_of_more_than_a_hundred_gaps_the_lowest_is_forgotten():
    counters = Counters()
    for number in range(0, 204, 2):
        counters.take(number)
    assert code_of(counters.take, 1) == "replayed"
    assert counters.take(3) == ["late"]


def test_anchors_that_fit_and_that_do_not():
    anchors = Anchors()
    for seq in (1, 2, 4):
        anchors.shown(seq, f"body {seq}")
    right = [(2, hashlib.sha256(b"body 2").digest()), (0, bytes(32))]
    wrong = [(2, bytes(32)), (3, bytes(32)), (5, bytes(32)), (9, bytes(32))]
    assert [anchors.compare(5, *one) for one in right] == [[], []]
    assert [anchors.compare(5, *one) for one in wrong] == [["forked"]] * 2 + [["out-of-order"]] * 2
    anchors.oldest = 4
    assert [anchors.compare(5, *one) for one in wrong[:2]] == [[], []]


def test_an_anchor_before_the_newest_two_thousand_is_not_compared():
    anchors = Anchors()
    for seq in range(1, 2_011):
        anchors.shown(seq, "body")
    assert [anchors.compare(2_011, seq, bytes(32)) for seq in (10, 11)] == [[], ["forked"]]


@pytest.mark.parametrize(("length", "padded"), [(0, 256), (255, 256), (256, 272), (999, 1_024), (16_384, 17_408)])
def test_padding_has_one_form(length, padded):
    text = b"x" * length
    assert len(pad(text)) == padded
    assert unpad(pad(text)) == text
    for wrong in (pad(text) + b"\0", pad(text)[:-1] + b"\1", bytes(256), b""):
        assert code_of(unpad, wrong) == "bad-padding"


def test_a_message_says_where_it_was_sealed_and_nothing_of_it_can_be_changed(room):
    body = room.alice.peer.seal("meet at noon").body
    message = read_message("kitchen", body)
    assert (message.epoch, message.counter, message.anchor_seq) == (1, 0, 1)
    assert message.anchor_hash == hashlib.sha256(room.log.entries[0]["body"].encode()).digest()
    assert code_of(read_message, "cellar", body) == "bad-signature"
    for name in ("session", "epoch", "list_hash", "counter", "anchor_seq", "anchor_hash", "sender"):
        value = getattr(message, name)
        changed = message._replace(**{name: value + 1 if type(value) is int else BOB.public[: len(value)]})
        assert code_of(changed.open, "kitchen", room.alice.peer.keys[1]) == "other-key"
