"""A relay holds in the end what it held before: the short form of soak.py. And its judge sees what it should."""

from collections import Counter

import pytest

from soak import Sample, judge, soak

VISITS, VISITS_TO_FIND = 960, 320  # of both relays; some 40 a second, on a machine with nothing else to do
ENDINGS = ("close", "cut", "reset", "end_by_half", "read_nothing", "fall_silent", "hurry", "insist")
CODES = (1000, 1013, 4001, 4002, 4003, 4004, 4005, "too-fast", "binary", "too-large", "not-json", "room-full")


@pytest.mark.long
def test_after_people_have_come_and_gone_in_every_way_the_relay_holds_what_it_held_before(tmp_path):
    findings, seen = soak(tmp_path, seed=1, visits=VISITS)
    assert findings == []
    assert [what for what in ENDINGS + CODES if not seen[what]] == [], "never happened"


@pytest.mark.long
def test_a_relay_that_loses_a_little_with_every_connection_is_found_out(tmp_path):
    leaks = ["descriptor", "connection", "closure", "greenlet", "memory"]
    findings, _ = soak(tmp_path, seed=1, visits=VISITS_TO_FIND, leak=leaks)
    for kind in ("plain", "tls"):
        for what in (
            "descriptors have become",
            "server.Connection are left",
            "builtins.function more than before",
            "gevent._gevent_cgreenlet.Greenlet more than before",
            "bytes more than in the middle",
        ):
            assert any(one.startswith(kind) and what in one for one in findings), f"{what} in {findings}"


# The judge, with samples that are right, and the same with one thing wrong


def make_samples():
    objects = Counter(
        {"server.Relay": 1, "server.Room": 2, "builtins.function": 10_000, "weakref.ReferenceType": 3_000}
    )
    return [Sample(50_000_000 + more, 1, 12, objects.copy()) for more in (0, 3_000_000, 5_000_000)]


def test_the_judge_has_nothing_to_say_about_samples_that_are_right():
    before, middle, after = make_samples()
    after.objects.update({"server.Room": 3, "weakref.ReferenceType": 180})
    assert judge(before, middle, after) == []


@pytest.mark.parametrize(
    ("changes", "finding"),
    [
        ({"threads": 2}, "1 threads have become 2"),
        ({"descriptors": 13}, "12 descriptors have become 13"),
        ({"descriptors": 11}, "12 descriptors have become 11"),
        ({"memory": 57_100_000}, "4100000 bytes more than in the middle"),
        ({"objects": {"server.Connection": 1}}, "1 server.Connection are left"),
        ({"objects": {"server.Household": 1}}, "1 server.Household are left"),
        ({"objects": {"builtins.function": 10_030}}, "30 builtins.function more than before"),
        ({"objects": {"server.Room": 40}}, "38 server.Room more than before"),
        ({"objects": {"weakref.ReferenceType": 3_300}}, "300 weakref.ReferenceType more than before"),
    ],
)
def test_the_judge_notices_one_thing_that_is_not_as_it_was(changes, finding):
    before, middle, after = make_samples()
    after.objects |= changes.pop("objects", {})
    vars(after).update(changes)
    assert judge(before, middle, after) == [finding]
