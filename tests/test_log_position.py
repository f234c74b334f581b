"""Where a session is in the relay's log."""

from protocol.log_position import LogPosition


def joined(log="L1", after=0, oldest=1, newest=0):
    return {"log": log, "after": after, "oldest": oldest, "newest": newest}


def at(last, **frame):
    """A position that has read until `last`."""
    position = LogPosition()
    position.ask()
    position.joined(joined(newest=last, **frame))
    for seq in range(frame.get("oldest", 1), last + 1):
        position.follow({"seq": seq})
    return position


def test_the_first_joining_asks_for_everything_and_a_later_one_for_what_came_since():
    assert LogPosition().ask() == {"after": 0}
    assert at(3).ask() == {"after": 3, "log": "L1"}


def test_nothing_is_read_before_the_relay_has_said_how_much_there_is():
    position = LogPosition()
    assert not position.is_read()
    position.joined(joined(newest=2))
    assert not position.is_read()
    position.follow({"seq": 1})
    assert not position.is_read()
    position.follow({"seq": 2})
    assert position.is_read()


def test_a_log_of_another_name_is_another_and_so_is_one_that_goes_on_elsewhere():
    position = at(3)
    position.ask()
    assert not position.is_replaced(joined(after=3))
    assert position.is_replaced(joined("L2", after=3)) and position.is_replaced(joined(after=0))
    assert not LogPosition().is_replaced(joined("L2"))


def test_a_new_log_begins_anew_and_its_rows_are_others():
    position, entry, again = at(3), {"seq": 1}, {"seq": 1}
    LogPosition().follow(entry)
    position.begin_anew()
    assert position.joined(joined("L2", newest=1)) and not position.joined(joined("L2", newest=1))
    assert position.follow(again) == 0
    assert (entry["row"], again["row"], position.last) == ("s0-1", "s1-1", 1)


def test_what_is_missing_is_counted_but_not_what_the_relay_said_it_no_longer_keeps():
    assert at(3).follow({"seq": 4}) == 0
    assert at(3).follow({"seq": 7}) == 3
    position = LogPosition()
    position.joined(joined(oldest=10, newest=12))
    assert position.follow({"seq": 11}) == 1


def test_a_log_of_which_nothing_is_kept_is_read():
    position = LogPosition()
    position.joined(joined(oldest=10, newest=9))
    assert position.is_read() and position.ask()["after"] == 9
