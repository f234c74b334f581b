"""Who is in a room, as the relay says."""

import pytest

from protocol.encoding import NAME_NOT_SHOWN
from protocol.levels import SharedSecret
from protocol.members import Members
from reference import ReferencePlatform


class Shown:
    """The room's view and its clock: every list that is shown, and what is due."""

    def __init__(self):
        self.lists, self.due = [], []

    def members(self, listed):
        self.lists.append([person["name"] for person in listed])

    def later(self, seconds, work):
        self.due.append(work)


def make():
    shown = Shown()
    return Members(ReferencePlatform(), SharedSecret(), shown, shown.later)


@pytest.fixture
def members():
    members = make()
    members.replace(2, [{"member": 1, "name": "Zoë"}, {"member": 2, "name": "Mia"}, {"member": 3, "name": "Bob"}])
    return members


def names(members):
    return [person["name"] for person in members.listed()]


def test_we_come_first_and_the_others_in_alphabetical_order(members):
    assert names(members) == ["Mia", "Bob", "Zoë"]
    assert [person["you"] for person in members.listed()] == [True, False, False]


def test_two_joinings_under_one_name_are_listed_once_and_counted(members):
    members.change("member-joined", 4, "Bob")
    assert {person["name"]: person["count"] for person in members.listed()} == {"Mia": 1, "Bob": 2, "Zoë": 1}


def test_who_comes_and_goes_is_told(members):
    assert members.change("member-joined", 4, "Ann") == ("“Ann” joined.", "joined")
    assert "Ann" in names(members)
    assert members.change("member-left", 4, "Ann") == ("“Ann” left.", "left")
    assert "Ann" not in names(members)


def test_who_leaves_without_having_been_there_changes_nothing(members):
    members.change("member-left", 99, "Nobody")
    assert names(members) == ["Mia", "Bob", "Zoë"]


def test_one_of_two_joinings_that_leaves_stays_listed_once(members):
    members.change("member-joined", 4, "Bob")
    members.change("member-left", 3, "Bob")
    assert names(members) == ["Mia", "Bob", "Zoë"]


@pytest.mark.parametrize("name", ["Bob\u202e", "Bo\u200bb", " Bob", "Zoe\u0308", "B\nob", "x" * 65])
def test_a_name_that_nobody_could_have_typed_is_not_shown(members, name):
    assert members.change("member-joined", 4, name)[0] == f"“{NAME_NOT_SHOWN}” joined."
    assert names(members) == ["Mia", "Bob", "Zoë", NAME_NOT_SHOWN]
    assert members.change("member-left", 4, name)[0] == f"“{NAME_NOT_SHOWN}” left."
    members.replace(1, [{"member": 1, "name": name}])
    assert names(members) == [NAME_NOT_SHOWN]


def test_a_notice_cannot_be_made_to_say_more_by_a_name(members):
    assert members.change("member-joined", 4, "Bob left. Ann")[0] == "“Bob left. Ann” joined."


def test_a_new_list_replaces_the_old_one(members):
    members.replace(9, [{"member": 9, "name": "Mia"}])
    assert members.listed() == [{"name": "Mia", "count": 1, "you": True, "alike": False}]


def test_nobody_is_there_before_the_relay_has_said_so():
    assert make().listed() == []


def test_a_whole_room_that_comes_in_a_moment_is_listed_once(members):
    shown = members.show
    assert shown.lists == [["Mia", "Bob", "Zoë"]]
    for number in range(4, 504):
        members.change("member-joined", number, f"Person {number}")
    [tell] = shown.due
    tell()
    assert [len(each) for each in shown.lists] == [3, 503]
    members.change("member-left", 4, "Person 4")
    assert len(shown.due) == 2


def test_names_that_look_alike_are_marked_and_counted_together(members):
    members.change("member-joined", 4, "\u0412\u043eb")
    members.change("member-joined", 5, "bob")
    assert [person["name"] for person in members.listed() if person["alike"]] == ["Bob", "bob", "\u0412\u043eb"]
    members.change("member-joined", 6, "Bob")
    assert (members.present("BOB"), members.present("MIA"), members.present("ANN")) == (4, 1, 0)


def test_one_name_twice_is_counted_and_not_marked_as_looking_like_another(members):
    members.change("member-joined", 4, "Bob")
    assert not any(person["alike"] for person in members.listed())
