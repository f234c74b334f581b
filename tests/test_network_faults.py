"""Networks as they should not be: wires that break, stall, trickle and end by halves between a member and the relay."""

import socket
import threading
import time
from statistics import median

import pytest
from websockets.exceptions import ConnectionClosed, InvalidMessage
from websockets.frames import Frame, Opcode

from conftest import wait_until
from raw_connection import HANDSHAKE
from relay_client import RelayClient
from relay_server import sockets_of
from wire import Wire

ENDLESS = {"frames_burst": 10**6, "address_frames_burst": 10**6, "address_bytes_burst": 10**12}


@pytest.fixture
def make_wired(make_relay):
    """Makes a relay and a wire to it. At the end, when all clients have gone, the relay has let go of them all."""
    made = []

    def make(**options):
        wire = Wire(0)
        relay = make_relay(origin=[wire.url], **ENDLESS, **options)
        wire.port = relay.port
        made.append((wire, relay, sockets_of(relay)))
        return wire, relay

    yield make
    for wire, relay, before in made:
        wire.close()
        for client in relay.clients:
            client.close()
        wait_until(lambda: sockets_of(relay) == before, 10, "the relay lets go of its connections")  # noqa: B023 at once
        assert relay.output == ""


@pytest.fixture
def wired(make_wired):
    return make_wired()


def far(relay, wire) -> RelayClient:
    """A client at the other end of the wire."""
    relay.clients.append(RelayClient(wire.websocket_url))
    return relay.clients[-1]


def seqs(client, upto) -> list[int]:
    return [entry["seq"] for entry in client.entries("tea", upto)]


def frame_of_one_append(id: str, body: str) -> bytes:
    text = f'{{"type":"append","room":"tea","kind":"message","id":"{id}","body":"{body}"}}'
    return Frame(Opcode.TEXT, text.encode()).serialize(mask=True)


# Cut


@pytest.mark.parametrize("passed", [1, 3, 8, 100, 297])
def test_half_a_frame_is_nothing_and_the_retry_is_the_first(wired, passed):
    wire, relay = wired
    ann, bob = relay.client(), far(relay, wire)
    ann.join("tea", "Ann")
    number = bob.join("tea", "Bob")["you"]
    frame = frame_of_one_append("same", "x" * 221)
    assert len(frame) == 298
    wire.up.left = passed
    bob.socket.socket.sendall(frame)
    assert ann.receive("member-left")["member"] == number
    assert bob.close_code() == 1006
    wire.mend()
    again = far(relay, wire)
    again.join("tea", "Bob")
    assert again.appended("tea", "x" * 221, id="same") == 1
    assert seqs(ann, 1) == [1]


@pytest.mark.parametrize("passed", [1, 40, 120])
def test_a_handshake_that_breaks_off_leaves_nothing_behind(wired, passed):
    wire, relay = wired
    before = sockets_of(relay)
    wire.up.left = passed
    with pytest.raises(InvalidMessage):
        far(relay, wire)
    wait_until(lambda: sockets_of(relay) == before, 10, "the relay lets go of the connection")
    wire.mend()
    far(relay, wire).join("tea")


def test_a_reader_that_is_cut_off_again_and_again_in_a_burst_reads_each_entry_once_and_in_order(wired):
    wire, relay = wired
    ann, total = relay.client(), 600
    ann.join("tea", "Ann")
    writing = threading.Thread(target=lambda: ann.results([ann.append("tea", "x" * 3_000) for _ in range(total)]))
    writing.start()
    found, connections = [], 0
    while not found or found[-1] < total:
        wire.mend()
        wire.down.left = 50_000 + 7_919 * connections  # bytes: in the middle of a frame, another one each time
        bob, connections = far(relay, wire), connections + 1
        bob.join("tea", "Bob", after=found[-1] if found else 0)
        try:
            while not found or found[-1] < total:
                found += [entry["seq"] for entry in bob.receive("entries")["entries"]]
        except ConnectionClosed as closed:
            assert closed.rcvd is None
    writing.join(10)
    assert found == list(range(1, total + 1))
    assert connections > 4


def test_an_append_whose_answer_is_lost_gets_its_first_seq_and_is_shown_once(wired):
    wire, relay = wired
    ann, bob = relay.client(), far(relay, wire)
    ann.join("tea", "Ann")
    bob.join("tea", "Bob")
    wire.hold_answers()
    bob.append("tea", "did you get this?", id="same")
    assert ann.entries("tea", 1)[0]["body"] == "did you get this?"
    wire.cut()
    assert bob.close_code() == 1006
    assert bob.passed == []
    wire.mend()
    again = far(relay, wire)
    again.join("tea", "Bob")
    assert again.appended("tea", "did you get this?", id="same") == 1
    assert again.appended("tea", "and this?") == 2
    assert seqs(again, 2) == [1, 2]
    assert seqs(ann, 2) == [2]


def test_a_reset_in_the_middle_of_a_burst_ends_one_connection_and_loses_nothing_acknowledged(wired):
    wire, relay = wired
    ann, bob = relay.client(), far(relay, wire)
    ann.join("tea", "Ann")
    number = bob.join("tea", "Bob")["you"]
    ids = [bob.append("tea", "x" * 2_000) for _ in range(300)]
    assert bob.receive("appended", id=ids[50])["seq"] == 51
    wire.reset()
    assert bob.close_code() == 1006
    assert ann.receive("member-left")["member"] == number
    wire.mend()
    again = far(relay, wire)
    again.join("tea", "Bob")
    assert again.results([again.append("tea", "x" * 2_000, id=id) for id in ids]) == list(range(1, 301))
    assert seqs(ann, 300) == seqs(again, 300) == list(range(1, 301))


# Stalled


def test_a_wire_that_stalls_in_silence_is_given_up_and_the_member_resumes(make_wired):
    wire, relay = make_wired(silence=0.5, linger=0.5)
    ann, bob = relay.client(), far(relay, wire)
    ann.join("tea", "Ann")
    number = bob.join("tea", "Bob")["you"]
    before, began = sockets_of(relay), time.monotonic()
    bob.answers()
    wire.stall()
    bob.append("tea", "never heard", id="same")
    written = [ann.appended("tea", f"{number}") for number in range(5)]
    assert written == [1, 2, 3, 4, 5]
    assert ann.receive("member-left")["member"] == number
    assert time.monotonic() - began >= 2 * 0.5
    wait_until(lambda: sockets_of(relay) < before, 10, "the relay lets go, although no end came")
    assert ann.appended("tea", "5") == 6
    wire.go_on()
    assert bob.close_code() == 4005
    got = [entry["seq"] for frame in bob.passed if frame["type"] == "entries" for entry in frame["entries"]]
    assert got == list(range(1, len(got) + 1))
    again = far(relay, wire)
    again.join("tea", "Bob", after=len(got))
    assert again.appended("tea", "never heard", id="same") == 7
    assert seqs(again, 7) == list(range(len(got) + 1, 8))


def test_a_wire_that_stalls_under_way_fills_a_bounded_backlog_and_the_others_notice_nothing(make_wired):
    wire, relay = make_wired(stall=0.5, linger=30)
    ann, bob, carl = relay.client(), far(relay, wire), relay.client()
    for client, name in ((ann, "Ann"), (bob, "Bob"), (carl, "Carl")):
        client.join("tea", name)
    wire.stall()
    sent, slowest = 0, 0.0
    while not carl.received_of("member-left"):
        assert sent < 3_000, "never given up"
        began = time.monotonic()
        for _ in range(20):
            ann.append("tea", "x" * 20_000)
        sent += 20
        assert seqs(ann, sent) == seqs(carl, sent) == list(range(sent - 19, sent + 1))
        slowest = max(slowest, time.monotonic() - began)
    assert slowest < 2, "nobody waits for the one who does not take anything"
    wire.go_on()
    assert bob.close_code() == 4004
    got = [entry["seq"] for frame in bob.passed if frame["type"] == "entries" for entry in frame["entries"]]
    assert got == list(range(1, len(got) + 1))
    again = far(relay, wire)
    again.join("tea", "Bob", after=len(got))
    assert seqs(again, sent) == list(range(len(got) + 1, sent + 1))


def test_a_stall_shorter_than_the_limits_is_a_delay_and_nothing_else(make_wired):
    wire, relay = make_wired(silence=1)
    ann, bob = relay.client(), far(relay, wire)
    ann.join("tea", "Ann")
    bob.join("tea", "Bob")
    ann.answers()
    wire.stall()
    for number in range(10):
        ann.appended("tea", f"{number}")
    bob.append("tea", "mine")
    time.sleep(1.2)  # a ping is under way, which waits like everything else
    assert ann.received_of("member-left") == []
    wire.go_on()
    assert seqs(bob, 11) == seqs(ann, 11) == list(range(1, 12))
    assert [frame["type"] for frame in ann.answers()] == []


# Slow


def test_everything_works_one_byte_at_a_time_from_the_handshake_to_the_close(wired):
    wire, relay = wired
    ann = relay.client()
    ann.join("tea", "Ann")
    wire.up.piece = wire.down.piece = 1
    bob = far(relay, wire)
    bob.join("tea", "Bob")
    assert bob.appended("tea", "é \U0001f600") == 1
    assert bob.entries("tea", 1)[0]["body"] == ann.entries("tea", 1)[0]["body"] == "é \U0001f600"
    assert bob.socket.ping().wait(10)
    bob.close()
    assert bob.socket.close_code == 1000
    assert ann.receive("member-left")["name"] == "Bob"


def test_a_large_frame_that_trickles_is_no_silence_and_nobody_waits_for_it(make_wired):
    wire, relay = make_wired(silence=0.3)
    ann, bob = relay.client(), far(relay, wire)
    ann.join("tea", "Ann")
    bob.join("tea", "Bob")
    wire.up.piece, wire.up.delay = 2_000, 0.04  # more than a second for the frame: no ping's answer comes meanwhile
    body = "x" * 65_536
    id = bob.append("tea", body)
    took = []
    for _ in range(20):
        began = time.monotonic()
        ann.answers()
        took.append(time.monotonic() - began)
    assert median(took) < 0.5, "one may take longer, on a machine with other work"
    assert bob.receive("appended", id=id)["seq"] == 1
    wire.down.piece, wire.down.delay = 2_000, 0.04
    wire.up.piece, wire.up.delay = 65_536, 0
    assert ann.appended("tea", body) == 2
    entries = bob.entries("tea", 2)
    assert [entry["body"] == body for entry in entries] == [True, True]


def test_a_wire_that_delivers_late_and_in_bursts_keeps_the_order(make_wired):
    wire, relay = make_wired(silence=0.6)
    wire.up.delay = wire.down.delay = 0.15
    ann, bob = relay.client(), far(relay, wire)
    ann.join("tea", "Ann")
    bob.join("tea", "Bob")
    ids = []
    for number in range(60):
        ann.append("tea", f"a{number}")
        ids.append(bob.append("tea", f"b{number}"))
        time.sleep(0.01)
    results = bob.results(ids)
    assert results == sorted(results)
    assert seqs(bob, 120) == seqs(ann, 120) == list(range(1, 121))


# Ended by halves


def test_who_shuts_down_its_writing_side_is_told_goodbye_and_what_it_said_is_delivered(wired):
    wire, relay = wired
    ann, bob = relay.client(), far(relay, wire)
    ann.join("tea", "Ann")
    number = bob.join("tea", "Bob")["you"]
    bob.append("tea", "my last word", id="last")
    bob.socket.socket.shutdown(socket.SHUT_WR)
    assert bob.close_code() == 1000
    assert ann.entries("tea", 1)[0]["body"] == "my last word"
    assert ann.receive("member-left")["member"] == number


def test_the_relay_ends_its_side_after_the_close_frame_and_waits_for_the_other_only_so_long(make_wired):
    _, relay = make_wired(linger=0.5)
    ann = relay.client()
    ann.join("tea", "Ann")
    before = sockets_of(relay)
    with socket.create_connection(("127.0.0.1", relay.port), 10) as raw:
        raw.sendall(HANDSHAKE % relay.port)
        assert b"101" in raw.recv(1_000)
        raw.sendall(Frame(Opcode.CLOSE, b"\x03\xe8").serialize(mask=True))
        frame = raw.makefile("rb").read()  # to the end: the relay has shut down its side, and ours is open still
        assert (frame[0], frame[2:4]) == (0x88, b"\x03\xe8")
        wait_until(lambda: sockets_of(relay) == before, 10, "the relay waits no longer")
        ann.answers()
