"""The relay's limits of frames, connections, rooms and logs, each at its edge: the last that passes, the first that
does not, and that it passes again later. web/protocol/README.md, section 1; those of time are in test_slow_clients.py.
"""

import http.client
import socket
from contextlib import closing
from itertools import pairwise

import pytest
from websockets.exceptions import ConnectionClosed

import server as code
from conftest import wait_until
from raw_connection import PING, TEXT, RawConnection
from relay_client import RelayClient
from server import Log, Refused, Settings, network, timestamp

FIN = 0x80
ASKED = '{"type":"ping"}'
RATES = {f"{whose}frames_{what}": 1e6 for whose in ("", "address_", "room_") for what in ("per_second", "burst")}


def outcomes(client) -> list[str]:
    """What became of all that was sent so far: of errors the code, else the type."""
    return [frame.get("code", frame["type"]) for frame in client.answers()]


def asked(client, times: int) -> list[str]:
    """The outcomes of so many pings, which the relay reads at once."""
    client.send_at_once(ASKED, times)
    return [client.next().get("code", "pong") for _ in range(times)]


def passes_again(attempt, refusal) -> None:
    wait_until(lambda: attempt() != refusal, 10, f"no {refusal} any more")


def client_from(relay, address: str, **options) -> RelayClient:
    """A client at another address of this machine."""
    plain = socket.create_connection(("127.0.0.1", relay.port), 10, (address, 0))
    relay.clients.append(RelayClient(relay.url, sock=plain, **options))
    return relay.clients[-1]


def client_behind_proxy(relay, address: str) -> RelayClient:
    return relay.client(additional_headers={"X-Forwarded-For": address})


def ended_with(client) -> int | None:
    """The code that it was closed with; None if it is served."""
    try:
        client.send({"type": "ping"})
        return None if client.next()["type"] == "pong" else 0
    except ConnectionClosed:
        return client.close_code()


def status_and_text(relay, path="/healthz") -> tuple[int, str]:
    with closing(http.client.HTTPConnection("127.0.0.1", relay.port, timeout=10)) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


# ------------------------------------------------------------------------------------------ frames


def test_a_frame_of_the_largest_size_passes_and_one_byte_more_is_told_the_size_in_force(make_relay):
    client = make_relay(frame_bytes=1_000).client()
    client.send_raw(ASKED.ljust(1_000))
    client.send_raw(ASKED.ljust(1_001))
    client.send_raw(ASKED.ljust(2_000))
    client.send_raw(ASKED)
    first, second, third, fourth = (client.next() for _ in range(4))
    assert (first["type"], fourth["type"]) == ("pong", "pong")
    assert second == third and second["code"] == "too-large"
    assert second["message"] == code.ERRORS["too-large"] + " At most 1,000 bytes are possible."
    client.send_raw(ASKED.ljust(2_001))
    assert client.close_code() == 1009


def test_a_connection_may_send_its_burst_at_once_and_more_a_little_later(make_relay):
    relay = make_relay(**RATES | {"frames_per_second": 50, "frames_burst": 16})
    ann, bob = relay.client(), relay.client()
    assert asked(ann, 17) == ["pong"] * 16 + ["too-fast"]
    assert asked(bob, 16) == ["pong"] * 16, "bob has a rate of his own"
    passes_again(lambda: asked(ann, 1)[0], "too-fast")


def test_who_sends_a_whole_burst_more_is_closed_and_who_sends_one_less_is_not(make_relay):
    relay = make_relay(**RATES | {"frames_per_second": 0.5, "frames_burst": 16})
    ann, bob = relay.client(), relay.client()
    assert asked(ann, 31) == ["pong"] * 16 + ["too-fast"] * 15
    bob.send_at_once(ASKED, 32)
    assert bob.close_code() == 4003
    assert [frame.get("code", "pong") for frame in bob.passed] == ["pong"] * 16 + ["too-fast"] * 15


def test_a_look_is_as_many_questions_as_it_has_rooms(make_relay):
    relay = make_relay(**RATES | {"frames_per_second": 0.1, "frames_burst": 20})
    ann, bob = relay.client(), relay.client()
    for client, before in ((ann, 4), (bob, 5)):
        assert asked(client, before) == ["pong"] * before
        client.send({"type": "look", "rooms": [f"{number}" for number in range(16)]})
    assert ann.next()["type"] == "looked"
    assert bob.next()["code"] == "too-fast"
    assert asked(ann, 1) == ["too-fast"]


def test_fragments_and_control_frames_count_as_frames_do(make_relay):
    relay = make_relay(**RATES | {"frames_per_second": 0.1, "frames_burst": 16})
    with RawConnection(relay.url) as raw:
        for _ in range(5):
            raw.send(PING, b"")
        raw.send(TEXT - FIN, b'{"type"')
        for _ in range(8):
            raw.send(0x00, b"")
        raw.send(FIN, b':"ping"}')  # the 15th, with the five pings and the nine fragments before it
        raw.send(TEXT, b'{"type":"ping"}')
        raw.send(TEXT, b'{"type":"ping"}')
        frames = [raw.next() for _ in range(8)]
    answers = [text for opcode, text in frames if opcode == TEXT - FIN]
    assert [opcode for opcode, _ in frames].count(10) == 5, "in whatever order: two threads write"
    assert [b"too-fast" in text for text in answers] == [False, False, True]


def test_malformed_frames_pass_for_a_moment_and_one_too_many_ends_the_connection(make_relay):
    relay = make_relay(bad_frames=5)
    ann, bob = relay.client(), relay.client()
    for client, times in ((ann, 5), (bob, 6)):
        client.send_at_once("{", times)
    assert outcomes(ann) == ["not-json"] * 5
    assert bob.close_code() == 4002


def test_an_address_has_one_rate_for_all_its_connections_and_another_address_has_its_own(make_relay):
    relay = make_relay(**RATES | {"address_frames_per_second": 1, "address_frames_burst": 16})
    ann, bob, other = relay.client(), relay.client(), client_from(relay, "127.0.0.2")
    assert asked(ann, 10) == ["pong"] * 10
    found = asked(bob, 10)
    assert found[:6] == ["pong"] * 6 and found[-1] == "address-too-fast"
    assert asked(other, 16) == ["pong"] * 16
    passes_again(lambda: asked(ann, 1)[0], "address-too-fast")


def test_those_who_try_again_and_again_do_not_keep_each_other_waiting(make_relay):
    relay = make_relay(**RATES | {"address_frames_per_second": 5, "address_frames_burst": 16})
    passed = {relay.client(): 0, relay.client(): 0}
    assert asked(next(iter(passed)), 1_000).count("pong") <= 16 + 5, "what is refused costs nothing"

    def both_have_passed() -> bool:
        for client in sorted(passed, key=passed.get):  # or who asks first would always get what there is
            passed[client] += asked(client, 3).count("pong")
        return min(passed.values()) > 0

    wait_until(both_have_passed, 10, "each of two who ask far too often gets an answer")


def test_who_is_served_later_than_others_who_were_heard_after_it_costs_them_nothing():
    bucket = code.Bucket(1_000, 10)
    began = bucket.time
    assert [bucket.take(began + after) for after in (5, 0, 4, 5)] == [True] * 4
    assert not bucket.take(began + 4.5, 7)
    assert bucket.take(began + 4.5, 6)
    assert not bucket.take(began + 5), "that time has passed only once"


def test_a_room_has_a_rate_of_its_own_for_joinings_and_appends_of_all_its_members(make_relay):
    relay = make_relay(**RATES | {"room_frames_per_second": 0.5, "room_frames_burst": 16})
    ann, bob = relay.client(), relay.client()
    ann.join("tea")
    bob.join("tea")
    ann.join("cake")
    frame = '{"type":"append","room":"tea","kind":"message","id":"%s","body":"x"}'
    ann.send_at_once("".join(frame % "same"), 20)
    results = [ann.receive_if(lambda one: one["type"] in ("appended", "error")) for _ in range(20)]
    refused = [result for result in results if result["type"] == "error"]
    assert 4 <= len(refused) <= 6, "14 pass, and one or two more if it took seconds"
    assert refused[0] == {
        "type": "error",
        "code": "room-too-fast",
        "message": code.ERRORS["room-too-fast"],
        "room": "tea",
        "id": "same",
    }
    assert ann.appended("cake", "another room") == 1
    assert bob.results([bob.append("tea", "bob is refused too")]) == ["room-too-fast"]
    passes_again(lambda: bob.results([bob.append("tea", "later")])[0], "room-too-fast")


def test_joinings_count_in_the_rate_of_a_room(make_relay):
    relay = make_relay(**RATES | {"room_frames_per_second": 0.5, "room_frames_burst": 3})
    ann, bob = relay.client(), relay.client()
    assert [join_code(ann, "tea") for _ in range(4)] == [None, None, None, "room-too-fast"]
    assert join_code(bob, "tea") == "room-too-fast"
    assert join_code(bob, "cake") is None
    passes_again(lambda: join_code(bob, "tea"), "room-too-fast")


# ------------------------------------------------------------------------------------------ connections


@pytest.mark.parametrize("limits", [{"connections_per_address": 3}, {"connections": 6}, {"connections": 5}], ids=str)
def test_one_connection_of_an_address_too_many_is_told_so_and_has_a_place_when_another_ends(make_relay, limits):
    """Half of all are the most that one address may have, so that there are places for others."""
    relay = make_relay(**limits)
    kept = [relay.client() for _ in range(3)]
    assert [ended_with(client) for client in kept] == [None] * 3
    late = relay.client()
    assert ended_with(late) == 4001
    assert late.socket.protocol.close_rcvd.reason == code.CLOSE_CODES[4001]
    assert code.CLOSE_CODES[4001] in status_and_text(relay)[1]
    assert status_and_text(relay)[0] == 503
    assert ended_with(client_from(relay, "127.0.0.2")) is None
    kept.pop().close()
    passes_again(lambda: ended_with(relay.client()), 4001)


def test_one_connection_in_all_too_many_is_told_so_whatever_it_asks_for_and_has_a_place_later(make_relay):
    relay = make_relay(connections=3)
    kept = [client_from(relay, f"127.0.0.{number}") for number in (1, 2, 3)]
    assert [ended_with(client) for client in kept] == [None] * 3
    late = client_from(relay, "127.0.0.4")
    assert ended_with(late) == 1013
    assert late.socket.protocol.close_rcvd.reason == code.CLOSE_CODES[1013]
    for path in ("/healthz", "/metrics", "/nothing"):
        assert status_and_text(relay, path)[0] == 503
    assert code.CLOSE_CODES[1013] in status_and_text(relay)[1]
    kept.pop().close()
    passes_again(lambda: status_and_text(relay)[0], 503)
    passes_again(lambda: ended_with(relay.client()), 1013)


@pytest.mark.parametrize(
    ("address", "counts_as"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2::", "2001:db8:1:2::"),
        ("2001:db8:1:3::", "2001:db8:1:3::"),
        ("fe80::1%eth0", "fe80::"),
        ("::1", "::"),
        ("unknown", "unknown"),
        ("", ""),
    ],
)
def test_an_address_is_a_network_of_64_bits_and_ipv4_however_it_is_written(address, counts_as):
    assert network(address) == counts_as


def test_who_moves_within_a_network_of_64_bits_stays_within_its_limit(make_relay):
    relay = make_relay(proxy="127.0.0.1", connections_per_address=2)
    kept = [client_behind_proxy(relay, f"2001:db8:0:1::{number}") for number in (1, 2)]
    assert [ended_with(client) for client in kept] == [None] * 2
    assert ended_with(client_behind_proxy(relay, "2001:db8:0:1:ffff::3")) == 4001
    assert ended_with(client_behind_proxy(relay, "2001:db8:0:2::1")) is None
    kept = [client_behind_proxy(relay, address) for address in ("192.0.2.1", "::ffff:192.0.2.1")]
    assert [ended_with(client) for client in kept] == [None] * 2
    assert ended_with(client_behind_proxy(relay, "192.0.2.1")) == 4001
    kept.pop().close()
    passes_again(lambda: ended_with(client_behind_proxy(relay, "192.0.2.1")), 4001)


# ------------------------------------------------------------------------------------------ rooms


def join_code(client, room: str) -> str | None:
    client.send({"type": "join", "room": room, "name": "Ann", "after": 0})
    return client.receive_if(lambda one: one["type"] in ("joined", "error") and one["room"] == room).get("code")


def test_a_connection_in_as_many_rooms_as_it_may_be_has_a_place_in_another_when_it_leaves_one(make_relay):
    ann = make_relay(rooms_per_connection=2).client()
    assert [join_code(ann, room) for room in ("tea", "cake", "pie", "cake")] == [None, None, "too-many-rooms", None]
    ann.send({"type": "leave", "room": "tea"})
    assert join_code(ann, "pie") is None


def test_a_full_room_has_a_place_when_someone_leaves(make_relay):
    relay = make_relay(members_per_room=2)
    ann, bob, carl = (relay.client() for _ in range(3))
    assert [join_code(client, "tea") for client in (ann, bob, carl, ann)] == [None, None, "room-full", None]
    bob.close()
    passes_again(lambda: join_code(carl, "tea"), "room-full")


def test_the_last_room_that_the_log_takes_is_taken_and_the_next_is_not_also_after_a_restart(make_relay):
    relay = make_relay(rooms=2)

    def appended(room):
        client = relay.client()
        client.join(room)
        return client.results([client.append(room, "x")])[0]

    assert [appended(room) for room in ("a", "b", "c", "a")] == [1, 1, "no-more-rooms", 2]
    relay.terminate()
    relay.start()
    assert [appended(room) for room in ("b", "c")] == [2, "no-more-rooms"]


def test_a_log_in_memory_has_a_place_for_a_room_when_another_is_empty(make_relay):
    relay = make_relay(retention_messages=0, rooms=1)
    ann, bob = relay.client(), relay.client()
    ann.join("a")
    bob.join("b")
    assert ann.appended("a", "x") == 1
    assert bob.results([bob.append("b", "x")]) == ["no-more-rooms"]
    ann.close()
    passes_again(lambda: bob.results([bob.append("b", "x")])[0], "no-more-rooms")


def test_the_last_kind_that_a_room_takes_is_taken_and_the_next_is_not(make_relay):
    ann = make_relay(kinds_per_room=2).client()
    ann.join("tea")
    ids = [ann.append("tea", "x", kind=kind) for kind in ("a", "b", "c", "a")]
    assert ann.results(ids) == [1, 2, "too-many-kinds", 3]


# ------------------------------------------------------------------------------------------ logs


@pytest.fixture
def make_log(tmp_path):
    made = []

    def make(**settings):
        made.append(Log(Settings(**{"data": tmp_path / "log.sqlite", **settings})))
        made[-1].open()
        return made[-1]

    yield make
    for log in made:
        log.close()


def append(log, room, *bodies, kind="message", ago=0.0):
    """All in one transaction."""
    with log.transaction():
        for body in bodies:
            log.append(room, kind, body, f"id-{room.newest}", "Ann", timestamp(ago))


def kept(log, room) -> list[int]:
    return [seq for seq, *_ in log.read(room, 0).fetchall()]


def held(log) -> int:
    """Bytes that the log holds."""
    pages, free, size = (log.sql.execute(f"pragma {one}").fetchone()[0] for one in PAGES)
    return (pages - free) * size


PAGES = ("page_count", "freelist_count", "page_size")


def test_a_room_keeps_exactly_its_bytes_and_with_one_more_the_oldest_go(make_log):
    log = make_log(retention_bytes=4_000)
    room = log.room("a")
    for _ in range(40):
        append(log, room, "é" * 50)  # bytes, not characters
    assert (len(kept(log, room)), room.oldest, room.bytes) == (40, 1, 4_000)
    append(log, room, "x")
    # A quarter more than it must, so that it is not done for each.
    assert (kept(log, room), room.oldest, room.bytes) == (list(range(12, 42)), 12, 2_901)


def test_the_newest_of_each_kind_stays_however_large_and_so_does_what_has_just_come(make_log):
    log = make_log(retention_bytes=4_000)
    room = log.room("a")
    append(log, room, "x" * 3_000, kind="list")
    for _ in range(10):
        append(log, room, "x" * 500)
    assert kept(log, room)[0] == 1 and kept(log, room)[1] == room.oldest > 1
    assert room.bytes == 3_000 + 500 * (len(kept(log, room)) - 1) <= 4_000
    append(log, room, *["x" * 500] * 20)
    assert set(kept(log, room)) >= set(range(12, 32)), "it has yet to be delivered"
    append(log, room, "x" * 9_000)
    append(log, room, "y")
    assert kept(log, room)[0] == 1 and kept(log, room)[-1] == 33


def test_a_log_opened_again_knows_the_sizes_of_its_rooms_settled_or_not(make_log):
    log = make_log(retention_bytes=1_000_000, retention_messages=100)
    for name, entries in (("many", 300), ("few", 10)):
        for _ in range(entries):
            append(log, log.room(name), "é" * 10)
    sizes = {name: log.room(name).bytes for name in ("many", "few")}
    assert sizes == {name: 20 * len(kept(log, log.room(name))) for name in sizes}
    log.close()
    again = make_log(retention_bytes=1_000_000)
    assert {name: again.room(name).bytes for name in sizes} == sizes


def test_a_limit_that_was_lowered_is_reached_in_steps_that_overtake_no_reader(make_log):
    log = make_log(retention_bytes=10_000_000)
    append(log, log.room("a"), *["x" * 50_000] * 100)
    log.close()
    log = make_log(retention_bytes=1_000_000)
    room, steps = log.room("a"), []
    while room.bytes > 1_000_000:
        steps.append(room.bytes)
        append(log, room, "x" * 50_000)
    assert len(steps) > 10
    falls = [before - after for before, after in pairwise(steps)]
    assert max(falls) <= code.ENTRIES_BYTES + 50_000


def test_a_transaction_that_fails_leaves_sizes_and_counts_as_they_were(make_log):
    log = make_log(rooms=2, retention_bytes=4_000)
    room = log.room("a")
    append(log, room, "x" * 100)
    with pytest.raises(ZeroDivisionError), log.transaction():
        for one in (room, log.room("b")):
            log.append(one, "message", "lost", "lost", "Ann", timestamp())
        raise ZeroDivisionError
    assert (room.bytes, log.rooms) == (100, 1)
    append(log, log.room("c"), "x")
    with pytest.raises(Refused, match="no-more-rooms"):
        append(log, log.room("d"), "x")


def test_who_joins_a_room_past_its_bytes_learns_where_what_is_kept_begins(make_relay):
    relay = make_relay(retention_bytes=4_000)
    ann, bob = relay.client(), relay.client()
    ann.join("tea")
    for number in range(1, 51):
        assert ann.appended("tea", "x" * 100) == number
    joined = bob.join("tea")
    assert 10 < joined["oldest"] <= 21
    assert [entry["seq"] for entry in bob.entries("tea", 50)] == list(range(joined["oldest"], 51))
    assert [entry["seq"] for entry in ann.entries("tea", 50)] == list(range(1, 51)), "who was there got all"


def test_a_full_log_refuses_and_takes_again_when_retention_has_freed_some(make_log):
    log = make_log(log_bytes=2_000_000, retention_days=30)
    room, day = log.room("a"), 86_400
    with pytest.raises(Refused) as refused:
        for _ in range(100):
            append(log, room, "é" * 30_000, ago=31 * day)
    assert refused.value.code == "log-full"
    assert 2_000_000 - 5 * 60_000 < held(log) <= 2_000_000
    with pytest.raises(Refused):
        append(log, log.room("b"), "é" * 30_000)
    assert log.rooms == 1
    log.sweep()
    assert (log.rooms, held(log) < 200_000) == (0, True)
    append(log, log.room("b"), *["é" * 30_000] * 10)
    assert len(kept(log, log.room("b"))) == 10


def test_a_full_log_is_told_to_who_appends_and_takes_again_when_some_is_forgotten(make_relay):
    relay = make_relay(retention_messages=0, memory=2_000_000, hold=3_600)
    ann, bob = relay.client(), relay.client()
    ann.join("tea")
    bob.join("cake")
    with RawConnection(relay.url) as absent:  # who reads nothing, so nothing that is said there can be forgotten
        absent.send(TEXT, b'{"type":"join","room":"tea","name":"Absent","after":0}')
        assert ann.receive("member-joined")
        wait_until(lambda: ann.results([ann.append("tea", "x" * 60_000)]) == ["log-full"], 10, "the log is full")
        error = {"type": "error", "code": "log-full", "message": code.ERRORS["log-full"], "room": "cake"}
        id = bob.append("cake", "x" * 60_000)
        assert bob.receive("error") == error | {"id": id}
    passes_again(lambda: bob.results([bob.append("cake", "x" * 60_000)])[0], "log-full")


def test_a_full_log_on_disk_is_told_to_who_appends_and_is_full_after_a_restart_and_can_be_read(make_relay):
    relay = make_relay(log_bytes=1_000_000)
    ann = relay.client()
    ann.join("tea")
    ids = [ann.append("tea", "x" * 60_000) for _ in range(20)]
    results = ann.results(ids)
    fitted = results.index("log-full")
    assert results == [*range(1, fitted + 1)] + ["log-full"] * (20 - fitted)
    assert (relay.folder / "log.sqlite").stat().st_size <= 1_000_000 and fitted > 5
    assert relay.terminate() == 0
    relay.start()
    bob = relay.client()
    bob.join("tea")
    error = {"type": "error", "code": "log-full", "message": code.ERRORS["log-full"], "room": "tea"}
    id = bob.append("tea", "x" * 60_000)
    assert bob.receive("error") == error | {"id": id}
    assert [entry["seq"] for entry in bob.entries("tea", fitted)] == [*range(1, fitted + 1)]


# ------------------------------------------------------------------------------------------ options


def test_each_limit_is_an_option_and_has_a_default_that_it_takes_itself():
    limits = [option for option in code.options() if hasattr(code.Limits, option.name)]
    assert len(limits) == len(code.Limits.__dataclass_fields__) == 32
    for option in limits:
        assert option.type_cast_value(None, option.default) == option.default, option.name
