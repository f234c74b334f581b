"""What a member wants changed, and what a change reads like."""

import pytest

from known_roster import ALICE, BOB, CAROL, DAVE, Signer
from protocol.errors import Problem
from protocol.identity_envelope import MEMBERS, Member
from protocol.levels.changes import Add, MakeAdmin, Remove, Replace, described, is_done

NAMES = {ALICE: "Alice", BOB: "Bob", CAROL: "Carol", DAVE: "Dave"}


def people(*signers, admins=(ALICE,)):
    return [Member(one.public, NAMES[one], one in admins) for one in signers]


def after(change, members):
    return [(member.name, member.admin, member.identity) for member in change.apply(members)]


def entries(*signers, admins=(ALICE,)):
    return [(NAMES[one], one in admins, one.public) for one in signers]


def problem(change, members):
    with pytest.raises(Problem) as problem:
        change.apply(members)
    return problem.value.code


def test_who_is_added_comes_last_and_is_no_admin():
    assert after(Add(CAROL.public, "Carol"), people(ALICE, BOB)) == entries(ALICE, BOB, CAROL)


def test_who_is_a_member_is_not_added_again_even_under_another_name():
    assert after(Add(BOB.public, "Robert"), people(ALICE, BOB)) == entries(ALICE, BOB)


def test_nobody_is_added_under_the_name_of_another_key():
    assert problem(Add(CAROL.public, "Bob"), people(ALICE, BOB)) == "name-in-list"


def test_a_full_room_takes_nobody():
    members = [Member(Signer(number).public, f"{number}", True) for number in range(MEMBERS)]
    assert problem(Add(Signer(MEMBERS).public, "one more"), members) == "room-full"
    assert len(Add(Signer(MEMBERS).public, "one more").apply(members[1:])) == MEMBERS


def test_who_is_removed_is_gone_and_the_others_stay_in_their_order():
    assert after(Remove(BOB.public), people(ALICE, BOB, CAROL)) == entries(ALICE, CAROL)
    assert after(Remove(DAVE.public), people(ALICE, BOB)) == entries(ALICE, BOB)


def test_members_are_never_without_an_admin_but_a_room_can_end():
    assert problem(Remove(ALICE.public), people(ALICE, BOB)) == "no-admin"
    assert after(Remove(ALICE.public), people(ALICE)) == []
    assert after(Remove(ALICE.public), people(ALICE, BOB, admins=(ALICE, BOB))) == entries(BOB, admins=(BOB,))


def test_an_admin_is_named_in_place_and_no_other_loses_that():
    both = (ALICE, BOB)
    assert after(MakeAdmin(BOB.public), people(ALICE, BOB, CAROL)) == entries(ALICE, BOB, CAROL, admins=both)


def test_a_new_device_takes_place_name_and_rights_of_the_old_one():
    found = after(Replace(ALICE.public, DAVE.public), people(ALICE, BOB))
    assert found == [("Alice", True, DAVE.public), ("Bob", False, BOB.public)]


def test_a_change_is_done_if_it_changes_nothing_more():
    members = people(ALICE, BOB)
    for change in (Add(BOB.public, "Bob"), Remove(CAROL.public), MakeAdmin(ALICE.public)):
        assert is_done(change, members)
    for change in (Add(CAROL.public, "Carol"), Remove(BOB.public), MakeAdmin(BOB.public)):
        assert not is_done(change, members)
    assert not is_done(Replace(BOB.public, DAVE.public), members)


def said(before, new, signer="“Alice”", ours=DAVE):
    return described(before, new, signer, ours.public)


def test_changes_are_said_by_the_names_of_those_concerned():
    before = people(ALICE, BOB)
    assert said(before, people(ALICE, BOB, CAROL)) == ["“Alice” added “Carol”."]
    assert said(before, people(ALICE)) == ["“Alice” removed “Bob”."]
    assert said(before, people(BOB, admins=(BOB,))) == [
        "“Alice” left the room for good.",
        "“Alice” made “Bob” an admin.",
    ]
    assert said(before, people(ALICE, BOB, admins=(BOB,))) == [
        "“Alice” is no longer an admin.",
        "“Alice” made “Bob” an admin.",
    ]
    assert said(before, before) == []


def test_changes_of_ourselves_are_said_to_us():
    before = people(ALICE, BOB)
    assert said(before, people(ALICE, BOB, CAROL), ours=CAROL) == ["“Alice” added you."]
    assert said(before, people(ALICE), ours=BOB) == ["“Alice” removed you."]
    assert said(before, people(ALICE), "You", ours=BOB) == ["You left the room for good."]
    assert said(before, people(ALICE), "You", ours=ALICE) == ["You removed “Bob”."]
    assert said(before, people(ALICE, BOB, admins=(ALICE, BOB)), ours=BOB) == ["“Alice” made you an admin."]


def test_a_new_device_reads_as_one_that_came_and_one_that_went():
    new = Replace(BOB.public, DAVE.public).apply(people(ALICE, BOB))
    assert said(people(ALICE, BOB), new, ours=ALICE) == ["“Alice” added “Bob”.", "“Alice” removed “Bob”."]
