"""Entries that have not opened yet."""

from protocol.shelf import WAITING_MOST, Shelf


def waiting(*names):
    shelf = Shelf()
    shelf.waiting = [(number, name) for number, name in enumerate(names)]
    return shelf


def test_what_is_held_is_taken_once():
    shelf = Shelf()
    shelf.held = ["a", "b"]
    assert (shelf.take_held(), shelf.take_held()) == (["a", "b"], [])


def test_a_key_takes_what_waits_for_it_and_leaves_the_rest_in_its_order():
    shelf = waiting("x", "y", "x", "z")
    assert shelf.take_waiting("x") == [0, 2]
    assert shelf.waiting == [(1, "y"), (3, "z")]
    assert (shelf.take_waiting("x"), shelf.take_waiting(), shelf.waiting) == ([], [1, 3], [])


def test_what_is_not_for_us_is_taken_once_and_only_the_newest_are_kept():
    shelf = Shelf()
    for entry in range(WAITING_MOST + 2):
        shelf.keep_shut(entry)
    taken = shelf.take_shut()
    assert (taken[0], taken[-1], len(taken)) == (2, WAITING_MOST + 1, WAITING_MOST)
    assert shelf.take_shut() == []


def test_of_too_many_that_wait_those_are_dropped_that_waited_longest():
    shelf = waiting(*["x"] * WAITING_MOST)
    assert shelf.surplus() == []
    shelf.waiting += [(WAITING_MOST, "x"), (WAITING_MOST + 1, "x")]
    assert shelf.surplus() == [0, 1]
    assert (len(shelf.waiting), shelf.waiting[0]) == (WAITING_MOST, (2, "x"))


def test_of_all_that_is_given_up_only_what_waits_stands_there_as_waiting():
    shelf = waiting("x", "y")
    shelf.held, shelf.shut = ["held"], ["shut"]
    assert shelf.take_all() == [0, 1]
    assert (shelf.held, shelf.waiting, shelf.shut) == ([], [], [])
