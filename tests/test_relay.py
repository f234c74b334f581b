"""The relay over real sockets: what web/protocol/README.md, section 1, says of rooms, order and connections."""

import socket
import sqlite3
import threading
import time

import pytest
from websockets.frames import Frame, Opcode

from raw_connection import RawConnection
from relay_client import RelayClient
from server import encode


@pytest.fixture
def relay(make_relay):
    return make_relay()


def bodies(entries):
    return [entry["body"] for entry in entries]


def wait_until(condition, what, timeout=10):
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, f"did not happen: {what}"
        time.sleep(0.02)


# Rooms and members


def test_members_see_who_joins_and_leaves_and_nobody_sees_themselves(relay):
    ann, bob = relay.client(), relay.client()
    ann_number = ann.join("tea", "Ann")["you"]
    joined = bob.join("tea", "Bob")
    assert joined["members"] == [{"member": ann_number, "name": "Ann"}, {"member": joined["you"], "name": "Bob"}]
    assert ann.answers() == [{"type": "member-joined", "room": "tea", "member": joined["you"], "name": "Bob"}]
    bob.send({"type": "leave", "room": "tea"})
    assert bob.answers() == [{"type": "left", "room": "tea"}]
    assert ann.answers() == [{"type": "member-left", "room": "tea", "member": joined["you"], "name": "Bob"}]


def test_a_connection_that_ends_without_a_word_leaves_its_rooms(relay):
    ann, bob = relay.client(), relay.client()
    ann.join("tea", "Ann")
    number = bob.join("tea", "Bob")["you"]
    bob.socket.socket.shutdown(socket.SHUT_RDWR)
    assert ann.receive("member-left")["member"] == number


def test_every_joining_has_a_number_of_its_own(relay):
    ann, bob = relay.client(), relay.client()
    numbers = [ann.join("tea")["you"], ann.join("cake")["you"], bob.join("tea")["you"]]
    bob.send({"type": "leave", "room": "tea"})
    numbers.append(bob.join("tea")["you"])
    assert len(set(numbers)) == 4


def test_rooms_do_not_hear_each_other(relay):
    ann, bob = relay.client(), relay.client()
    ann.join("tea")
    bob.join("cake")
    ann.appended("tea", "only here")
    assert [frame["type"] for frame in bob.answers()] == []
    assert bob.join("cake")["newest"] == 0


def test_appending_needs_a_join_and_a_leave_ends_it(relay):
    ann = relay.client()
    for _ in range(2):
        id = ann.append("tea", "x")
        assert ann.receive("error", id=id, room="tea")["code"] == "not-joined"
        ann.join("tea")
        ann.appended("tea", "y")
        ann.send({"type": "leave", "room": "tea"})
        ann.receive("left")
    ann.send({"type": "leave", "room": "tea"})
    assert ann.receive("error")["code"] == "not-joined"


def test_look_counts_without_joining_and_in_the_order_asked(relay):
    ann, bob = relay.client(), relay.client()
    ann.join("tea")
    ann.appended("tea", "x")
    bob.send({"type": "look", "rooms": ["cake", "tea", "cake"]})
    empty = {"room": "cake", "newest": 0, "members": 0}
    assert bob.receive("looked")["rooms"] == [empty, {"room": "tea", "newest": 1, "members": 1}, empty]
    assert ann.answers()[1:] == [], "nobody notices a look"


# The log


def test_an_entry_comes_to_all_and_to_its_sender_byte_for_byte(relay):
    ann, bob = relay.client(), relay.client()
    ann.join("tea", "Ann")
    bob.join("tea", "Bob")
    body = 'é\u0301 "\\\n\t\0 \u2028 \U0001f600'
    id = ann.append("tea", body)
    for client in (ann, bob):
        (entry,) = client.entries("tea", 1)
        at = entry.pop("at")
        assert entry == {"seq": 1, "kind": "message", "id": id, "name": "Ann", "body": body}
        assert len(at) == 24 and at.endswith("Z")
    assert ann.receive("appended") == {"type": "appended", "room": "tea", "id": id, "seq": 1}


def test_someone_who_comes_later_reads_what_was_said_after_the_seq_that_they_have(relay):
    ann, bob = relay.client(), relay.client()
    ann.join("tea")
    for number in range(1, 6):
        ann.appended("tea", f"{number}")
    joined = bob.join("tea", after=2)
    assert (joined["after"], joined["oldest"], joined["newest"]) == (2, 1, 5)
    assert bodies(bob.entries("tea", 5)) == ["3", "4", "5"]


def test_another_log_or_a_seq_past_the_end_is_read_from_the_start(relay):
    ann = relay.client()
    log = ann.join("tea")["log"]
    ann.appended("tea", "1")
    ann.appended("tea", "2")
    cases = [({"log": log}, 1, 1), ({"log": "another"}, 1, 0), ({"log": log}, 3, 0), ({"log": log}, 2, 2)]
    for members, after, begins in cases:
        assert relay.client().join("tea", after=after, **members)["after"] == begins


def test_a_second_join_of_the_same_room_reads_anew_and_tells_nobody(relay):
    ann, bob = relay.client(), relay.client()
    bob.join("tea")
    first = ann.join("tea", "Ann")
    ann.appended("tea", "1")
    ann.entries("tea", 1)
    bob.answers()
    again = ann.join("tea", "Ann")
    assert (again["you"], len(again["members"])) == (first["you"], 2)
    assert bodies(ann.entries("tea", 1)) == ["1"]
    ann.appended("tea", "2")
    assert bodies(ann.entries("tea", 2)) == ["2"]
    assert [frame["type"] for frame in bob.answers()] == ["entries"]


def test_a_second_join_under_another_name_is_another_member(relay):
    ann, bob = relay.client(), relay.client()
    bob.join("tea")
    first = ann.join("tea", "Ann")["you"]
    second = ann.join("tea", "Anna")
    assert second["you"] != first
    assert [one["name"] for one in second["members"]] == ["Ann", "Anna"]
    assert [(frame["type"], frame["name"]) for frame in bob.answers()] == [
        ("member-joined", "Ann"),
        ("member-left", "Ann"),
        ("member-joined", "Anna"),
    ]


def test_of_ten_who_append_with_if_newest_at_once_exactly_one_wins(relay):
    clients = [relay.client() for _ in range(10)]
    for client in clients:
        client.join("tea")
    ids = [client.append("tea", f"{client.socket.id}", kind="list", if_newest=0) for client in clients]
    outcomes = [client.results([id])[0] for client, id in zip(clients, ids, strict=True)]
    assert sorted(outcomes, key=str) == [1] + ["not-newest"] * 9


def test_a_repeated_id_is_acknowledged_with_the_first_seq_and_shown_once(relay):
    ann = relay.client()
    ann.join("tea")
    assert ann.appended("tea", "1", id="same") == 1
    assert ann.appended("tea", "1", id="same") == 1
    id = ann.append("tea", "other", id="same")
    assert ann.receive("error", id=id)["code"] == "id-conflict"
    assert ann.appended("tea", "2") == 2
    assert bodies(ann.entries("tea", 2)) == ["1", "2"]


def test_repeats_within_one_tick_are_recognised_too(relay):
    ann = relay.client()
    ann.join("tea")
    for _ in range(50):
        ann.append("tea", "1", id="same")
    assert [ann.receive("appended", id="same")["seq"] for _ in range(50)] == [1] * 50
    assert ann.appended("tea", "2") == 2


def test_everyone_reads_the_same_order_without_gap_or_repeat_while_joining_again_and_again(make_relay):
    relay = make_relay(frames_per_second=10**6, frames_burst=10**6)
    writers, readers, rounds, body = [relay.client() for _ in range(4)], 3, 250, "x" * 2_000
    for number, writer in enumerate(writers):
        writer.join("tea", f"writer {number}", after=0)
    total, found = len(writers) * rounds, []

    def write(writer):
        writer.results([writer.append("tea", body) for _ in range(rounds)])

    def read(seen):
        after = 0
        while after < total:  # a new connection for every few entries, so that catching up meets the live ones
            with RelayClient(relay.url) as reader:
                reader.join("tea", "reader", after=after)
                upto = min(after + 70, total)
                seen += [entry["seq"] for entry in reader.entries("tea", upto, timeout=20)]
                after = seen[-1]

    threads = [threading.Thread(target=write, args=[writer], daemon=True) for writer in writers]
    for _ in range(readers):
        found.append([])
        threads.append(threading.Thread(target=read, args=[found[-1]], daemon=True))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == [list(range(1, total + 1))] * readers


def test_a_long_log_comes_in_frames_of_bounded_size_and_live_entries_after_it(make_relay):
    relay = make_relay(frames_burst=10**6)
    ann, bob = relay.client(), relay.client()
    ann.join("tea")
    ids = [ann.append("tea", f"{number}:" + "é" * 10_000) for number in range(200)]
    ids.append(ann.append("tea", "\x01" * 21_000))  # six times as long in JSON
    ann.results(ids)
    bob.join("tea")
    ann.appended("tea", "live")
    seqs, sizes = [], []
    while not seqs or seqs[-1] < 202:
        frame = bob.receive("entries")
        seqs += [entry["seq"] for entry in frame["entries"]]
        sizes.append(bob.size_of(frame))
    assert seqs == list(range(1, 203))
    assert 200_000 < max(sizes) <= 262_144


# Stopping, and what is left


def test_what_was_acknowledged_survives_a_kill(relay):
    ann = relay.client()
    log = ann.join("tea")["log"]
    ids = [ann.append("tea", f"{number}") for number in range(200)]
    for id in ids[:120]:
        ann.receive("appended", id=id)
    relay.kill()
    relay.start()
    bob = relay.client()
    joined = bob.join("tea")
    assert joined["log"] == log and joined["newest"] >= 120
    assert [entry["id"] for entry in bob.entries("tea", joined["newest"])] == ids[: joined["newest"]]
    assert bob.appended("tea", "0", id=ids[0]) == 1, "a retry after the restart is recognised"


def test_a_clean_stop_acknowledges_closes_with_1012_and_leaves_one_file(relay):
    ann = relay.client()
    ann.join("tea")
    ids = [ann.append("tea", "x" * 1_000) for _ in range(100)]
    assert ann.results(ids) == list(range(1, 101))
    assert relay.terminate() == 0
    assert ann.close_code() == 1012
    assert not (relay.folder / "log.sqlite-wal").exists()


def test_a_clean_stop_waits_for_what_it_has_accepted_to_be_written(relay):
    ann = relay.client()
    ann.join("tea")
    ann.appended("tea", "before")
    other = sqlite3.connect(relay.folder / "log.sqlite", isolation_level=None)
    other.execute("begin immediate")
    id = ann.append("tea", "meanwhile")
    ann.answers()
    relay.process.terminate()
    wait_until(lambda: is_closed(relay.client()), "new connections are sent away")
    other.execute("rollback")
    other.close()
    assert ann.results([id]) == [2]
    assert ann.close_code() == 1012
    assert relay.process.wait(10) == 0


def test_retention_0_writes_nothing_and_forgets_what_all_have(make_relay):
    relay = make_relay(retention_messages=0, silence=0.4)
    ann, bob = relay.client(), relay.client()
    log = ann.join("tea")["log"]
    assert bob.join("tea")["kept"] is False
    assert ann.appended("tea", "secret") == 1
    assert bodies(bob.entries("tea", 1)) == ["secret"]

    def forgotten():
        late = relay.client()
        joined = late.join("tea", "late")
        late.close()
        return (joined["newest"], joined["oldest"]) == (1, 2)

    wait_until(forgotten, "the entry is forgotten")
    assert relay.stored == b""
    assert ann.appended("tea", "more") == 2, "seqs go on"
    ann.close()
    bob.close()
    fresh = relay.client().join("tea")
    assert (fresh["newest"], fresh["log"] == log) == (0, False), "with nobody in it the log begins anew"


def test_retention_by_count_says_from_which_seq_on_nothing_is_missing(make_relay):
    relay = make_relay(retention_messages=100)
    ann = relay.client()
    ann.join("tea")
    ann.results([ann.append("tea", "x") for _ in range(395)])
    for _ in range(5):  # a burst may be one transaction, which removes nothing that has yet to be delivered
        ann.appended("tea", "x")
    bob = relay.client()
    joined = bob.join("tea")
    assert 230 < joined["oldest"] <= 301
    assert bob.receive("entries")["entries"][0]["seq"] == joined["oldest"]


def test_who_is_present_gets_a_burst_whole_however_short_the_retention(make_relay):
    relay = make_relay(retention_messages=1)
    ann, bob = relay.client(), relay.client()
    ann.join("tea")
    bob.join("tea")
    other = sqlite3.connect(relay.folder / "log.sqlite", isolation_level=None)
    other.execute("begin immediate")
    for _ in range(200):
        ann.append("tea", "x")
    ann.answers()
    other.execute("rollback")
    other.close()
    assert [entry["seq"] for entry in bob.entries("tea", 200)] == list(range(1, 201))


def test_while_another_process_holds_the_log_others_are_answered_and_the_append_waits(relay):
    ann = relay.client()
    ann.join("tea")
    ann.appended("tea", "before")
    other = sqlite3.connect(relay.folder / "log.sqlite", isolation_level=None)
    other.execute("begin immediate")
    id = ann.append("tea", "meanwhile")
    began = time.monotonic()
    ann.answers()
    assert time.monotonic() - began < 1, "the loop is not stopped"
    other.execute("rollback")
    assert ann.receive("appended", id=id)["seq"] == 2
    other.close()


def test_an_append_that_cannot_be_written_in_time_is_refused_and_can_be_sent_again(make_relay):
    relay = make_relay(patience=0.3)
    ann = relay.client()
    ann.join("tea")
    ann.appended("tea", "before")
    other = sqlite3.connect(relay.folder / "log.sqlite", isolation_level=None)
    other.execute("begin immediate")
    id = ann.append("tea", "meanwhile", id="retry")
    assert ann.receive("error", id=id, room="tea")["code"] == "storage"
    other.execute("rollback")
    other.close()
    assert ann.appended("tea", "meanwhile", id="retry") == 2
    assert "could not be written" in relay.output
    assert "meanwhile" not in relay.output and "tea" not in relay.output


# Connections


def test_a_ping_is_answered_and_so_is_the_websocket_s_own(relay):
    ann = relay.client()
    ann.send({"type": "ping"})
    assert ann.next() == {"type": "pong"}
    assert ann.socket.ping().wait(10)


def test_compression_is_not_agreed_on(relay):
    client = relay.client(compression="deflate")
    assert client.socket.protocol.extensions == []


def test_a_silent_connection_is_pinged_and_one_that_does_not_answer_is_closed(make_relay):
    relay = make_relay(silence=0.5, linger=0.3)
    with RawConnection(relay.url) as dead:
        alive = relay.client()
        alive.join("tea")
        assert dead.opcodes_until_end() == [0x9, 0x8], "a ping, then a close frame"
        assert dead.close_code == 4005
        alive.answers()


def test_a_member_that_stops_reading_is_cut_off_and_resumes_and_the_others_lose_nothing(make_relay):
    relay = make_relay(stall=0.5, frames_burst=10**6, address_bytes_burst=10**9, linger=30)
    ann, bob = relay.client(), relay.client()
    slow = relay.client(max_queue=1)
    ann.join("tea", "Ann")
    bob.join("tea", "Bob")
    number = slow.join("tea", "Slow")["you"]
    sent = send_until(lambda: bob.received_of("member-left"), ann, bob)
    assert bob.receive("member-left")["member"] == number
    assert slow.close_code() == 4004
    got = [entry["seq"] for frame in slow.passed if frame["type"] == "entries" for entry in frame["entries"]]
    assert got == list(range(1, len(got) + 1)), "what came before the close is whole"
    assert len(got) < sent
    again = relay.client()
    again.join("tea", "Slow", after=len(got))
    assert [entry["seq"] for entry in again.entries("tea", sent)] == list(range(len(got) + 1, sent + 1))


def send_until(condition, writer, reader):
    """Both read all that the writer sends -> how many entries that was."""
    sent = 0
    while not condition():
        assert sent < 3_000, "never"
        for _ in range(20):
            writer.append("tea", "x" * 20_000)
        sent += 20
        assert [entry["seq"] for entry in writer.entries("tea", sent)] == list(range(sent - 19, sent + 1))
        assert [entry["seq"] for entry in reader.entries("tea", sent)] == list(range(sent - 19, sent + 1))
    return sent


def test_a_member_that_reads_late_but_reads_gets_everything_and_costs_no_memory(make_relay):
    relay = make_relay(stall=30, frames_burst=10**6, address_bytes_burst=10**9, backlog=600_000)
    ann, bob, late = relay.client(), relay.client(), relay.client(max_queue=1)
    for client in (ann, bob, late):
        client.join("tea")
    before, sent = memory_of(relay), [0]

    def enough():
        sent[0] += 20
        return sent[0] > 1_500

    total = send_until(enough, ann, bob)
    assert total * 20_000 > 25_000_000
    assert memory_of(relay) - before < 15_000_000
    assert [entry["seq"] for entry in late.entries("tea", total)] == list(range(1, total + 1))
    assert ann.appended("tea", "live again") == total + 1
    assert late.entries("tea", total + 1)[0]["body"] == "live again"


def memory_of(relay):
    """Bytes of the process that stay in memory; Linux only, elsewhere 0."""
    try:
        with open(f"/proc/{relay.process.pid}/statm") as file:
            return int(file.read().split()[1]) * 4_096
    except OSError:
        return 0


def test_who_does_not_read_the_answers_gets_no_more_of_them_and_who_reads_late_gets_them_all(make_relay):
    relay = make_relay(backlog=300_000, stall=30, frames_burst=10**6)
    question = encode({"type": "look", "rooms": ["r" * 500 + f"{number}" for number in range(16)]})
    with RawConnection(relay.url) as slow:
        data = Frame(Opcode.TEXT, question).serialize(mask=True) * 1_500
        asking = threading.Thread(target=slow.socket.sendall, args=[data], daemon=True)
        asking.start()
        asking.join(1)
        assert asking.is_alive(), "the relay takes no more questions"
        assert [slow.next()[0] for _ in range(1_500)] == [0x1] * 1_500
        asking.join(10)


def test_a_backlog_of_news_about_members_is_bounded(make_relay):
    relay = make_relay(backlog=50_000, stall=600, silence=600, frames_burst=10**6, address_frames_burst=10**6)
    narrow = socket.socket()
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    narrow.connect(("127.0.0.1", int(relay.url.split(":")[2].removesuffix("/ws"))))
    slow, bob, carl = relay.client(sock=narrow, max_queue=1), relay.client(), relay.client()
    slow.join("tea")
    bob.join("tea", "Bob")
    for _ in range(6_000):
        carl.join("tea", "C" * 256)
        carl.send({"type": "leave", "room": "tea"})
        carl.receive("left")
        if carl.join("tea", "C" * 256)["members"][0]["name"] != "Ann":
            break
        carl.send({"type": "leave", "room": "tea"})
    assert bob.receive("member-left", name="Ann")
    assert slow.close_code() == 4004


def is_closed(client):
    try:
        client.send({"type": "ping"})
        return client.next()["type"] != "pong"
    except Exception:  # noqa: BLE001 any end will do
        return True


def test_more_connections_from_one_address_than_allowed_are_told_so(make_relay):
    relay = make_relay(connections_per_address=2)
    kept = [relay.client() for _ in range(2)]
    assert relay.client().close_code() == 4001
    assert not is_closed(kept[0])


def test_a_burst_is_refused_frame_by_frame_and_the_rest_can_be_sent_again(make_relay):
    relay = make_relay(frames_per_second=50, frames_burst=20)
    ann = relay.client()
    ann.join("tea")
    ids = [ann.append("tea", "x") for _ in range(30)]
    refused = [id for id, result in zip(ids, ann.results(ids), strict=True) if result == "too-fast"]
    assert 5 <= len(refused) <= 15, "a few tokens come back meanwhile"
    wait_until(lambda: ann.results([ann.append("tea", "x", id=refused[0])]) != ["too-fast"], "a later try is taken")


def test_who_does_not_stop_sending_too_fast_is_closed(make_relay):
    relay = make_relay(frames_per_second=1, frames_burst=20)
    ann = relay.client()
    ann.send_at_once('{"type": "ping"}', 50)
    assert ann.close_code() == 4003


def test_no_log_line_has_a_room_a_name_a_body_or_an_address(make_relay):
    relay = make_relay(log_level="debug")
    ann = relay.client()
    ann.join("room-hush", "name-hush")
    ann.appended("room-hush", "body-hush")
    ann.send_at_once('{"type": "hush"', 30)
    ann.close_code()
    assert relay.terminate() == 0
    assert "hush" not in relay.output and "127.0.0.1" not in relay.output
    assert "malformed" in relay.output, "the log was on"
