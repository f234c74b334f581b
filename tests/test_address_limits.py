"""What one address may take of the log: new rooms and bytes, each at its edge, and that a class behind one address
meets neither. web/protocol/README.md, section 1."""

import threading
from contextlib import closing
from time import monotonic

import pytest

import server as code
from server import Log, Settings, timestamp
from test_limits import RATES, client_from, passes_again

DAY = 86_400
CLASS, ROOMS, MESSAGES = 30, 3, 20  # people, and of each: rooms, and messages in each
BODY = "x" * 1_000


def joined(relay, *rooms: str, client=None):
    client = client or relay.client()
    for room in rooms:
        client.join(room)
    return client


def appended(client, room: str, times: int = 1, body: str = "x") -> list[int | str]:
    return client.results([client.append(room, body) for _ in range(times)])


def counted(client, room: str, size: int) -> int | str:
    """Appends in a frame of so many bytes -> the seq, or the code of the refusal."""
    id = f"{client.socket.id.hex}-{next(client.ids)}"
    head = f'{{"type":"append","room":"{room}","kind":"message","id":"{id}","body":"'
    client.send_raw(head + "x" * (size - len(head) - 2) + '"}')
    return client.results([id])[0]


def rooms_of(relay) -> int:
    with closing(code.sqlite3.connect(relay.folder / "log.sqlite")) as sql:
        return sql.execute("select count(*) from room").fetchone()[0]


# ------------------------------------------------------------------------------------------ new rooms


def test_the_last_new_room_that_an_address_may_begin_is_begun_and_the_next_is_not(make_relay):
    relay = make_relay(**RATES | {"address_rooms_per_second": 0.3, "address_rooms_burst": 3})
    ann, bob = joined(relay, *"abcde"), joined(relay, *"abcd")
    assert [appended(ann, "a", times=20), appended(ann, "b")] == [[*range(1, 21)], [1]], "a room counts once"
    assert appended(bob, "c") == [1]
    id = bob.append("d", "x")
    error = {"type": "error", "code": "address-too-fast", "message": code.ERRORS["address-too-fast"], "room": "d"}
    assert bob.receive("error") == error | {"id": id}
    assert appended(ann, "e") == ["address-too-fast"], "one for all of its connections"
    assert [appended(ann, "c"), appended(bob, "a")] == [[2], [21]], "rooms that are there go on"
    other = joined(relay, "d", client=client_from(relay, "127.0.0.2"))
    assert appended(other, "d") == [1], "another address begins it"
    assert appended(bob, "d") == [2]
    assert rooms_of(relay) == 4
    passes_again(lambda: appended(ann, "e")[0], "address-too-fast")


def test_to_join_and_to_look_begins_no_room(make_relay):
    relay = make_relay(address_rooms_per_second=0.001, address_rooms_burst=1)
    ann = joined(relay, *[f"{number}" for number in range(30)])
    ann.send({"type": "look", "rooms": [f"seen {number}" for number in range(16)]})
    assert ann.receive("looked")
    assert rooms_of(relay) == 0
    assert appended(ann, "7") == [1]
    assert rooms_of(relay) == 1


# ------------------------------------------------------------------------------------------ bytes


def test_an_append_counts_as_its_frame_and_1024_bytes_and_the_last_that_fits_is_taken(make_relay):
    relay = make_relay(**RATES | {"address_bytes_per_second": 0.5, "address_bytes_burst": 10_000})
    fitting = joined(relay, "a")
    assert [counted(fitting, "a", 1_476) for _ in range(5)] == [1, 2, 3, 4, "address-too-fast"]
    over = joined(relay, "a", client=client_from(relay, "127.0.0.2"))
    assert [counted(over, "a", size) for size in (1_476, 1_476, 1_476, 1_500)] == [5, 6, 7, "address-too-fast"]
    assert counted(over, "a", 1_476) == 8, "what is refused costs nothing"


def test_all_connections_of_an_address_append_from_one_share_and_in_all_rooms(make_relay):
    relay = make_relay(**RATES | {"address_bytes_per_second": 2_000, "address_bytes_burst": 10_000})
    ann, bob = joined(relay, "a"), joined(relay, "b")
    assert counted(ann, "a", 8_000) == 1
    assert counted(bob, "b", 8_000) == "address-too-fast"
    passes_again(lambda: counted(bob, "b", 8_000), "address-too-fast")


def test_bytes_that_are_refused_take_nothing_of_the_rooms_rate(make_relay):
    relay = make_relay(**RATES | {"address_bytes_per_second": 0.5, "address_bytes_burst": 2_000} | SLOW_ROOM)
    ann, bob = joined(relay, "a"), joined(relay, "a", client=client_from(relay, "127.0.0.2"))
    assert [counted(ann, "a", 900) for _ in range(6)] == [1] + ["address-too-fast"] * 5
    assert counted(bob, "a", 900) == 2


SLOW_ROOM = {"room_frames_per_second": 0.1, "room_frames_burst": 4}  # two joinings and two appends


# ------------------------------------------------------------------------------------------ what they are there for


def test_by_default_one_address_needs_a_day_to_take_all_rooms_all_names_or_all_of_the_log():
    limits = Settings()
    assert (limits.rooms - limits.address_rooms_burst) / limits.address_rooms_per_second > DAY
    assert (limits.names - limits.address_names_burst) / limits.address_names_per_second > DAY
    most = 2.2 * limits.address_bytes_per_second  # on disk
    assert (limits.log_bytes - 2.2 * limits.address_bytes_burst) / most > DAY


# A row of a bit more than half a page has it alone; the longest name is what costs most beside the body.
@pytest.mark.parametrize("name", ["Ann", "\U0001f600" * 256])
@pytest.mark.parametrize("size", [1, 850, 960, 1_020, 1_880, 2_040, 4_000, 65_536])
def test_an_entry_takes_at_most_2_2_times_as_much_on_disk_as_it_counts_for(tmp_path, name, size):
    log = Log(Settings(data=tmp_path / "log.sqlite", retention_messages=10**6))
    log.open()
    before, entries = held(log), 40 if size == 65_536 else 400
    with log.transaction():
        for number in range(entries):
            log.append(log.room("a"), "m", "x" * size, f"{number * 0x9E3779B97F4A7C15 % 2**64:016x}", name, timestamp())
    frame = len('{"type":"append","room":"a","kind":"m","id":"","body":""}') + 16 + size
    assert (held(log) - before) / entries <= 2.2 * (frame + code.ROW_BYTES)
    log.close()


def held(log) -> int:
    """Bytes that the log holds, as it counts them itself."""
    pages, size = (log.sql.execute(f"pragma {one}").fetchone()[0] for one in ("page_count", "page_size"))
    return pages * size


def test_a_class_of_30_behind_one_address_that_talks_as_fast_as_it_can_meets_no_limit(make_relay):
    relay, found = make_relay(), []

    def talk(number: int) -> None:
        ann = joined(relay, *[f"{number}-{room}" for room in range(ROOMS)], "all")
        for room in range(ROOMS):
            found.extend(appended(ann, f"{number}-{room}", MESSAGES, BODY))
        found.extend(appended(ann, "all", MESSAGES, BODY))

    people = [threading.Thread(target=talk, args=[number]) for number in range(CLASS)]
    for one in people:
        one.start()
    for one in people:
        one.join()
    assert len(found) == CLASS * (ROOMS + 1) * MESSAGES
    assert [one for one in found if isinstance(one, str)] == []


def test_an_address_is_known_until_it_may_do_all_at_once_again(tmp_path):
    relay, now = code.Relay(Settings(data=tmp_path / "log.sqlite")), monotonic() + 10
    relay.open()
    for share in ("frames", "rooms", "names", "bytes"):
        visit = relay.begin(("192.0.2.7", 1))
        relay._check(now)
        assert visit.counted in relay.addresses.values(), "somebody is there"
        getattr(visit.counted, share).take(now)
        relay.end(visit)
        relay._check(now)
        assert visit.counted in relay.addresses.values(), f"its {share} are not whole"
        relay._check(now + 3_600)
        assert relay.addresses == {}
    relay.close()
