"""The list of members: who may change what, and what a page takes that reads from the middle.

Random sequences against a second implementation: test_roster_model.py. The form of a body: test_identity_envelope.py.
"""

import pytest

from known_roster import ALICE, BOB, CAROL, DAVE, ROOM, Person, body_of, entry, epoch_part, hash_of, list_part, people
from protocol.errors import Refusal
from protocol.identity_envelope import MEMBERS_PREFIX
from protocol.roster import Roster
from reference import ReferencePlatform, run

PLATFORM = ReferencePlatform()


def again(roster, wrapper, epoch):
    """Another epoch on the newest list."""
    part = roster.list.fields + roster.list.signature
    return body_of(part, epoch_part(wrapper, ROOM, roster.list_hash, epoch, len(roster.list.members)))


def applied(roster, body, **how):
    return run(roster.apply(PLATFORM, body, **how))


def code(roster, body, **how):
    before = dict(vars(roster))
    try:
        applied(roster, body, **how)
    except Refusal as refusal:
        return refusal.code
    finally:
        assert vars(roster) == before  # a state never changes
    return "accepted"


def change(roster, signer, members, epoch=None, **how):
    """The next list after the roster's, and by default the next epoch."""
    epoch = roster.epoch + 1 if epoch is None else epoch
    return entry(signer, roster.list.number + 1, roster.list_hash, members, epoch, **how)


def names(roster):
    return [member.name + "*" * member.admin for member in roster.list.members]


@pytest.fixture
def opened():
    """Alice has opened the room, with Bob and Carol in it."""
    return applied(Roster(ROOM), entry(ALICE, 0, bytes(32), people(ALICE, BOB, CAROL), 1))


@pytest.fixture
def without_bob(opened):
    """And Bob has left."""
    return applied(opened, entry(BOB, 1, opened.list_hash, people(ALICE, CAROL)))


# Who may change what


def test_an_admin_opens_adds_removes_and_names_another_admin(opened):
    assert names(opened) == ["Alice*", "Bob \U0001f44b", "Carol"]
    added = applied(opened, change(opened, ALICE, people(ALICE, BOB, CAROL, DAVE)))
    named = applied(added, change(added, ALICE, people(ALICE, BOB, CAROL, DAVE, admins=(ALICE, BOB))))
    removed = applied(named, change(named, BOB, people(BOB, DAVE, admins=(BOB,))))
    assert names(removed) == ["Bob \U0001f44b*", "Dave"]
    assert (removed.list.number, removed.epoch, removed.proven) == (3, 4, True)


def test_an_admin_signs_the_same_members_anew(opened):
    signed_anew = applied(opened, change(opened, ALICE, people(ALICE, BOB, CAROL)))
    assert names(signed_anew) == names(opened)
    assert signed_anew.list_hash != opened.list_hash


def test_a_member_leaves_and_another_begins_the_epoch_without_them(without_bob):
    assert names(without_bob) == ["Alice*", "Carol"]
    assert (without_bob.epoch, without_bob.current) == (1, None)
    begun = applied(without_bob, again(without_bob, CAROL, 2))
    assert (begun.list_hash, begun.epoch) == (without_bob.list_hash, 2)
    assert begun.current.wrapper == CAROL.public


def test_who_left_was_removed_or_never_was_a_member_changes_nothing(without_bob):
    for signer in (BOB, DAVE):
        assert code(without_bob, change(without_bob, signer, people(ALICE, CAROL, BOB))) == "not-a-member"
        assert code(without_bob, change(without_bob, signer, people(CAROL, admins=(CAROL,)))) == "not-a-member"
        assert code(without_bob, again(without_bob, signer, 2)) == "not-a-member"


@pytest.mark.parametrize(
    "members",
    [
        people(ALICE, BOB, CAROL, DAVE),
        people(ALICE, BOB, CAROL),
        people(ALICE, BOB),
        people(BOB, CAROL, admins=(BOB,)),
        people(ALICE, BOB, CAROL, admins=(ALICE, BOB)),
        people(ALICE, CAROL, admins=(ALICE, CAROL)),
        people(CAROL, ALICE),
        [*people(ALICE), Person(CAROL.public, False, "Caroline")],
        [*people(ALICE), Person(DAVE.public, False, "Carol")],
    ],
)
def test_a_member_who_is_no_admin_changes_nothing_but_their_own_leave(opened, members):
    assert code(opened, change(opened, BOB, members, wrapper=ALICE)) == "not-an-admin"


def test_an_admin_who_is_one_no_more_changes_nothing(opened):
    changed = applied(opened, change(opened, ALICE, people(ALICE, BOB, CAROL, admins=(BOB,))))
    assert code(changed, change(changed, ALICE, people(ALICE, BOB, CAROL))) == "not-an-admin"


def test_after_the_last_one_has_left_nothing_follows():
    alone = applied(Roster(ROOM), entry(ALICE, 0, bytes(32), people(ALICE), 1))
    ended = applied(alone, entry(ALICE, 1, alone.list_hash, []))
    assert names(ended) == []
    assert code(ended, change(ended, ALICE, people(ALICE))) == "not-a-member"
    assert code(ended, again(ended, ALICE, 2)) == "not-a-member"


def test_a_room_is_opened_by_who_is_its_admin():
    assert code(Roster(ROOM), entry(BOB, 0, bytes(32), people(ALICE), 1, wrapper=ALICE)) == "not-a-member"
    assert code(Roster(ROOM), entry(BOB, 0, bytes(32), people(ALICE, BOB), 1)) == "not-an-admin"
    assert code(Roster(ROOM), entry(ALICE, 0, bytes(32), people(ALICE), 2)) == "forked-epoch"


# Order, repeats and forks


def test_of_two_changes_of_one_list_the_first_counts(opened):
    one, other = [change(opened, ALICE, people(*those)) for those in ((ALICE, BOB), (ALICE, CAROL))]
    assert code(applied(opened, one), other) == "old-list"
    assert code(applied(opened, other), one) == "old-list"


def test_what_follows_the_other_branch_is_a_fork(opened):
    ours = applied(opened, change(opened, ALICE, people(ALICE, BOB)))
    theirs = applied(opened, change(opened, ALICE, people(ALICE, CAROL)))
    assert code(ours, change(theirs, ALICE, people(ALICE, CAROL, DAVE))) == "forked-list"


def test_a_list_that_skips_a_number_is_a_fork_even_if_it_follows_ours(opened):
    assert code(opened, entry(ALICE, 2, opened.list_hash, people(ALICE, BOB), 2)) == "forked-list"


def test_a_hidden_removal_shows_with_the_next_change(opened):
    removed = applied(opened, change(opened, ALICE, people(ALICE, BOB)))
    later = change(removed, ALICE, people(ALICE, BOB, DAVE))
    assert code(opened, later) == "forked-list"


def test_repeats_change_nothing(opened):
    opening = entry(ALICE, 0, bytes(32), people(ALICE, BOB, CAROL), 1)
    leave = entry(BOB, 1, opened.list_hash, people(ALICE, CAROL))
    left = applied(opened, leave)
    assert [code(opened, opening), code(left, opening), code(left, leave)] == ["old-epoch", "old-list", "old-list"]


def test_any_member_begins_an_epoch_and_each_only_once(opened):
    begun = applied(opened, again(opened, CAROL, 2))
    assert begun.epoch == 2
    for wrapper in (ALICE, BOB, CAROL):
        assert code(begun, again(begun, wrapper, 2)) == "old-epoch"
        assert code(begun, again(begun, wrapper, 4)) == "forked-epoch"
        assert code(begun, again(begun, wrapper, 3)) == "accepted"


def test_a_change_with_a_bad_epoch_changes_nothing_at_all(opened):
    for epoch, found in ((1, "old-epoch"), (0, "old-epoch"), (3, "forked-epoch")):
        assert code(opened, change(opened, ALICE, people(ALICE, BOB), epoch)) == found
    assert code(opened, change(opened, ALICE, people(ALICE, BOB), 2, wrapper=CAROL)) == "not-a-member"


@pytest.mark.parametrize("at", [-1, -64, 36, -65, -200])
def test_a_changed_bit_is_a_bad_signature(opened, at):
    data = PLATFORM.from_base64url(change(opened, ALICE, people(ALICE, BOB))[len(MEMBERS_PREFIX) :])
    at %= len(data)
    changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
    assert code(opened, body_of(changed)) == "bad-signature"


def test_a_part_of_one_entry_does_not_go_with_a_part_of_another(opened):
    one, other = [list_part(ALICE, ROOM, 1, opened.list_hash, people(*who)) for who in ((ALICE, BOB), (ALICE, CAROL))]
    epoch = epoch_part(ALICE, ROOM, hash_of(ROOM, one), 2, 2)
    assert code(opened, body_of(one, epoch)) == "accepted"
    assert code(opened, body_of(other, epoch)) == "bad-signature"
    assert code(opened, body_of(one)) == "malformed"  # a relay that takes the epoch off


def test_an_entry_of_another_room_is_a_bad_signature(opened):
    elsewhere = entry(ALICE, 1, opened.list_hash, people(ALICE, BOB), 2, room=b"cellar")
    assert code(opened, elsewhere) == "bad-signature"


# Reading from the middle


def test_a_page_without_a_list_takes_the_first_and_knows_that_nothing_proves_it(opened):
    later = applied(opened, change(opened, ALICE, people(ALICE, BOB)))
    newcomer = applied(Roster(ROOM), again(later, BOB, 7))
    assert (names(newcomer), newcomer.epoch, newcomer.proven) == (["Alice*", "Bob \U0001f44b"], 7, False)
    assert applied(newcomer, change(newcomer, ALICE, people(ALICE))).proven is False


def test_after_a_leave_that_stands_alone_any_epoch_may_be_the_next(opened):
    leave = entry(BOB, 1, opened.list_hash, people(ALICE, CAROL))
    newcomer = applied(Roster(ROOM), leave)
    begun = applied(newcomer, again(newcomer, CAROL, 9))
    assert begun.epoch == 9
    assert code(begun, again(begun, CAROL, 11)) == "forked-epoch"


def test_where_entries_are_no_longer_kept_an_admin_is_followed_and_nobody_else(opened):
    def later(signer, number=5):
        return entry(signer, number, b"\x01" * 32, people(ALICE, BOB, admins=(ALICE, BOB)), 9)

    assert code(opened, later(ALICE)) == "forked-list"
    followed = applied(opened, later(ALICE), missing=True)
    assert (followed.list.number, followed.epoch, followed.proven) == (5, 9, False)
    assert [code(opened, later(one), missing=True) for one in (BOB, DAVE)] == ["forked-list"] * 2
    assert code(opened, later(ALICE, number=1), missing=True) == "forked-list"
    assert code(followed, later(ALICE, number=4), missing=True) == "old-list"


def test_a_page_that_lacks_entries_takes_no_epoch_after_which_none_could_follow():
    begun = applied(Roster(ROOM), entry(ALICE, 0, bytes(32), people(ALICE, BOB), 1))
    for epoch, found in ((2**53 - 1, "accepted"), (2**53, "forked-epoch"), (2**64 - 1, "forked-epoch")):
        assert code(begun, again(begun, BOB, epoch), missing=True) == found


def test_where_entries_are_no_longer_kept_epochs_of_the_same_list_may_be_among_them(opened):
    begun = applied(opened, again(opened, BOB, 6), missing=True)
    assert (begun.epoch, begun.proven) == (6, True)
    assert code(begun, again(begun, BOB, 6), missing=True) == "old-epoch"
    left = applied(opened, entry(BOB, 1, opened.list_hash, people(ALICE, CAROL)), missing=True)
    assert applied(left, again(left, CAROL, 8)).epoch == 8
