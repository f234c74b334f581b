"""Clients that open connections and do little with them: each ends within a limit of time, counts from its first byte
on, and takes no place, no descriptor and no member for long. Nothing of it is worth a line in the log."""

import os
import resource
import socket
import ssl
import threading
import time
from contextlib import ExitStack, suppress
from statistics import median

import gevent.socket
import pytest
from flask import Flask
from werkzeug.serving import make_ssl_devcert

import server as code
from conftest import wait_until
from raw_connection import HANDSHAKE, PING, TEXT, RawConnection, frame
from relay_client import RelayClient
from relay_server import sockets_of
from test_limits import client_from, ended_with, status_and_text
from wire import Wire

QUICK = {"handshake": 0.6, "first_frame": 0.6, "answer": 0.6, "linger": 0.3}
REQUEST = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"


@pytest.fixture
def make_quiet_relay(make_relay):
    """make_relay() with short limits. In the end each has logged nothing, but where `may_speak`."""
    made = []

    def make(may_speak=False, **options):
        relay = make_relay(**QUICK | options)
        made.append((relay, may_speak))
        return relay

    yield make
    for relay, may_speak in made:
        assert may_speak or relay.output == ""


def plain(relay, address: str = "127.0.0.1") -> socket.socket:
    """A connection of which nothing came yet, from an address of this machine."""
    return socket.create_connection(("127.0.0.1", relay.port), 10, (address, 0))


def until_end(connection) -> bytes:
    """All that comes; raises TimeoutError if there is no end."""
    received = b""
    with suppress(ConnectionResetError):
        while data := connection.recv(65_536):
            received += data
    return received


def trickle(connection, data: bytes) -> bytes:
    """Sends a byte every tenth of a second, again and again -> what came until the end."""
    connection.settimeout(0.1)
    received, end = b"", time.monotonic() + 10
    while time.monotonic() < end:
        for number in range(len(data)):
            try:
                connection.sendall(data[number : number + 1])
                received += (more := connection.recv(65_536))
                if not more:
                    return received
            except TimeoutError:
                pass
            except ConnectionError:
                return received
    raise AssertionError("it goes on and on")


# ------------------------------------------------------------------------------------------ requests


@pytest.mark.parametrize(
    "sent", [b"", b"GET / HT", REQUEST, REQUEST + b"X: "], ids=["nothing", "a line", "headers", "one"]
)
def test_a_request_that_does_not_come_whole_in_time_is_told_so_and_ended(make_quiet_relay, sent):
    relay = make_quiet_relay()
    before = sockets_of(relay)
    began = time.monotonic()
    with plain(relay) as slow:
        slow.sendall(sent)
        answer = until_end(slow)
    assert time.monotonic() - began >= QUICK["handshake"]
    assert answer.startswith(b"HTTP/1.1 408 ") if sent else answer == b"", "a browser may connect ahead of need"
    assert not sent or b"did not come whole in time" in answer
    wait_until(lambda: sockets_of(relay) == before, 10, "the relay lets go")


def test_a_request_a_byte_at_a_time_and_headers_without_end_are_ended(make_quiet_relay):
    relay = make_quiet_relay()
    for sent, trickling in ((b"", b"GET /" + b"x" * 1_000), (REQUEST, b"X: y\r\n")):
        with plain(relay) as slow:
            slow.sendall(sent)
            assert trickle(slow, trickling).startswith(b"HTTP/1.1 408 ")
    with plain(relay) as quick:
        quick.sendall(REQUEST + b"X: y\r\n" * 200)
        assert until_end(quick).startswith(b"HTTP/1.1 400 ")


def test_a_body_that_is_announced_is_not_waited_for(make_quiet_relay):
    relay = make_quiet_relay(handshake=60)
    with plain(relay) as slow:
        slow.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000000\r\n\r\n")
        assert until_end(slow).startswith(b"HTTP/1.1 400 ")


def test_a_connection_that_is_kept_alive_may_wait_as_long_as_a_request_may_take_and_then_ends_without_a_word(
    make_quiet_relay,
):
    relay = make_quiet_relay()
    with plain(relay) as idle:
        for _ in range(2):
            idle.sendall(REQUEST + b"\r\n")
            received = b""
            while not received.endswith(b"\r\n\r\nok\n"):
                received += idle.recv(65_536)
        assert until_end(idle) == b""


def test_who_does_not_take_the_answers_is_ended(make_quiet_relay):
    relay = make_quiet_relay(handshake=60)
    before = sockets_of(relay)
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        slow.connect(("127.0.0.1", relay.port))
        slow.settimeout(0.3)
        with suppress(TimeoutError, ConnectionError):
            while True:  # until neither side takes any more
                slow.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n" * 1_000)
        wait_until(lambda: sockets_of(relay) == before, 10, "the relay lets go")


def test_who_takes_no_answers_is_ended_also_when_the_last_is_that_a_request_is_bad(tmp_path):
    listener = code.listen("127.0.0.1", 0)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)  # each connection has it from there
    relay = code.Relay(code.Settings(data=tmp_path / "log.sqlite", **QUICK | {"handshake": 60}))
    relay.open()
    begin, begun = relay.begin, []
    relay.begin = lambda address: begun.append(address) or begin(address)
    http = code.Server(listener, Flask("relay"), relay)
    http.start()
    with ExitStack() as stack:
        for number in range(60):  # at some of these numbers all answers fit but for the last
            slow = stack.enter_context(gevent.socket.socket())
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            slow.connect(("127.0.0.1", http.server_port))
            slow.sendall((REQUEST + b"\r\n") * number + b"nonsense\r\n\r\n")
        with gevent.Timeout(20, AssertionError("some are never ended")):
            while len(begun) < 60 or relay.visits:
                gevent.sleep(0.01)
    http.stop()
    relay.close()


def test_requests_without_a_pause_keep_nobody_waiting_at_the_same_address_or_another(make_quiet_relay):
    relay = make_quiet_relay(handshake=60, answer=60)
    neighbour, ann = relay.client(), client_from(relay, "127.0.0.2")
    with plain(relay) as flooder:
        writing = threading.Thread(target=send_for_ever, args=[flooder, (REQUEST + b"\r\n") * 1_000], daemon=True)
        reading = threading.Thread(target=read_for_ever, args=[flooder], daemon=True)
        for thread in (writing, reading):
            thread.start()
        took = {ann: [], neighbour: []}
        for client in (ann, neighbour) * 5:
            began = time.monotonic()
            client.answers()
            took[client].append(time.monotonic() - began)
        assert max(map(median, took.values())) < 1, "one may take longer, on a machine with other work"
        flooder.shutdown(socket.SHUT_RDWR)
        writing.join()
        reading.join()


def read_for_ever(connection) -> None:
    with suppress(OSError):
        while connection.recv(65_536):
            pass


def send_for_ever(connection, data: bytes) -> None:
    with suppress(OSError):
        while True:
            connection.sendall(data)


# ------------------------------------------------------------------------------------------ TLS


@pytest.fixture
def tls(tmp_path):
    return make_ssl_devcert(f"{tmp_path}/tls", cn="localhost")


def test_a_tls_handshake_that_does_not_come_to_its_end_is_ended(make_quiet_relay, tls):
    relay = make_quiet_relay(tls=tls)
    before = sockets_of(relay)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    with suppress(ssl.SSLWantReadError):
        ssl._create_unverified_context().wrap_bio(incoming, outgoing).do_handshake()
    hello = outgoing.read()
    with plain(relay) as silent, plain(relay) as halfway, plain(relay) as trickling:
        halfway.sendall(hello)
        assert until_end(silent) == b""
        assert until_end(halfway).startswith(b"\x16\x03"), "the server's half"
        assert trickle(trickling, hello) == b""
    wait_until(lambda: sockets_of(relay) == before, 10, "the relay lets go")
    with ssl._create_unverified_context().wrap_socket(plain(relay)) as client:
        client.sendall(b"GET /he")
        assert until_end(client).startswith(b"HTTP/1.1 408 "), "the request has as long again"


# ------------------------------------------------------------------------------------------ WebSockets


def test_a_websocket_without_a_first_frame_is_closed_and_one_frame_is_enough(make_quiet_relay):
    relay, began = make_quiet_relay(), time.monotonic()
    with RawConnection(relay.url) as silent, RawConnection(relay.url) as halfway, RawConnection(relay.url) as talks:
        talks.send(PING, b"")
        halfway.socket.sendall(frame(TEXT, b'{"type":"ping"}')[:-1])
        for late in (silent, halfway):
            assert late.opcodes_until_end() == [8]
            assert late.close_code == 4006
        assert time.monotonic() - began >= QUICK["first_frame"]
        assert talks.next()[0] == 10
        talks.send(TEXT, b'{"type":"ping"}')
        assert talks.next() == (1, b'{"type":"pong"}')


# ------------------------------------------------------------------------------------------ counted from the first byte


@pytest.mark.parametrize("secured", [False, True], ids=["plain", "TLS"])
def test_half_open_connections_count_at_their_address_and_their_places_are_free_again_in_time(
    make_quiet_relay, tls, secured
):
    options = {"ssl": ssl._create_unverified_context()} if secured else {}
    if secured:
        options["ssl"].maximum_version = ssl.TLSVersion.TLSv1_2  # tests/test_relay_tls.py says why
    for handshake in (60, 1.5):  # one that lasts as long as it takes to look, and one whose end is waited for
        limits = {"connections_per_address": 3, "handshake": handshake}
        relay = make_quiet_relay(**limits | ({"tls": tls} if secured else {}))
        with ExitStack() as stack:
            for _ in range(3):
                stack.enter_context(plain(relay))
            if handshake == 60:
                assert ended_with(relay.client(**options)) == 4001
                assert ended_with(client_from(relay, "127.0.0.2", **options)) is None
            else:
                wait_until(lambda: ended_with(relay.client(**options)) is None, 20, "the places are free again")  # noqa: B023


def test_when_even_those_that_are_too_many_are_too_many_they_end_at_once_and_who_is_in_is_served(make_quiet_relay):
    relay = make_quiet_relay(connections=2, handshake=60)
    ann, bob = relay.client(), client_from(relay, "127.0.0.2")
    ann.join("tea")
    bob.join("tea")
    with ExitStack() as stack:
        waiting = [stack.enter_context(plain(relay, f"127.0.1.{number}")) for number in range(1, code.EXCESS + 1)]
        assert until_end(stack.enter_context(plain(relay, "127.0.2.1"))) == b""
        last = waiting[-1]
        last.sendall(REQUEST + b"\r\n")
        answer = until_end(last)
        assert answer.startswith(b"HTTP/1.1 503 ") and code.CLOSE_CODES[1013].encode() in answer
        assert bob.appended("tea", "we go on") == 1
        assert ann.entries("tea", 1)[0]["body"] == "we go on"
    wait_until(lambda: ended_with(client_from(relay, "127.0.0.3")) == 1013, 10, "there is somebody who says why")
    bob.close()
    wait_until(lambda: ended_with(client_from(relay, "127.0.0.3")) is None, 10, "there is a place again")


def test_however_many_too_many_one_address_opens_another_has_its_places(make_quiet_relay):
    relay = make_quiet_relay(connections_per_address=2, handshake=20)
    with ExitStack() as stack:
        for _ in range(2 + code.EXCESS):
            stack.enter_context(plain(relay))
        assert until_end(stack.enter_context(plain(relay))) == b"", "it is not even told so"
        assert ended_with(client_from(relay, "127.0.0.2")) is None


# ------------------------------------------------------------------------------------------ half-open connections


def test_who_vanishes_without_an_end_is_gone_after_two_silences_and_leaves_the_room(make_quiet_relay):
    wire = Wire(0)
    relay = make_quiet_relay(silence=0.5, origin=[wire.url])
    wire.port, before = relay.port, sockets_of(relay)
    bob = relay.client()
    bob.join("tea", "Bob")
    ann = RelayClient(wire.websocket_url)
    number = ann.join("tea", "Ann")["you"]
    began = time.monotonic()
    ann.send({"type": "ping"})
    ann.receive("pong")
    wire.stall()
    left = bob.receive("member-left")
    assert (left["member"], left["name"]) == (number, "Ann")
    assert time.monotonic() - began >= 2 * 0.5
    bob.close()
    wait_until(lambda: sockets_of(relay) == before, 10, "the relay lets go")
    wire.close()
    ann.close()


def test_who_vanishes_in_the_middle_of_a_handshake_is_gone_too(make_quiet_relay):
    wire = Wire(0)
    relay = make_quiet_relay(origin=[wire.url])
    wire.port, before = relay.port, sockets_of(relay)
    with socket.create_connection(("127.0.0.1", int(wire.url.rpartition(":")[2])), 10) as ann:
        ann.sendall(HANDSHAKE[:60])
        wait_until(lambda: wire.uploads and wire.uploads[0], 10, "the half of it is there")
        wire.stall()
        assert sockets_of(relay) > before
        wait_until(lambda: sockets_of(relay) == before, 10, "the relay lets go")
    wire.close()


# ------------------------------------------------------------------------------------------ what others do meanwhile


def test_a_reader_who_waited_for_its_turn_has_its_whole_time_to_take_what_it_is_then_sent(tmp_path):
    relay = code.Relay(code.Settings(data=tmp_path / "log.sqlite", stall=0.2))
    ours, theirs = gevent.socket.socketpair()
    address = code.Household(relay.settings)
    one = code.Connection(relay, ours, address)
    address.turn.acquire()
    one.lag()
    one.flush()
    gevent.sleep(0)  # now it waits for its turn
    began = one.moved
    with suppress(OSError):
        while ours.send(b"x" * 100, timeout=0.0):  # so that the first that is sent has to wait
            pass
    one._put(b"x" * 10_000_000)
    address.turn.release()
    with gevent.Timeout(10, AssertionError("its time does not begin anew")):
        while one.moved == began:
            gevent.sleep(0.01)
    one.check(one.moved + 0.1)
    assert (one.size > 0, one.closing) == (True, 0)
    one.check(one.moved + 0.3)
    assert one.closing, "it took nothing for too long"
    one.writer.kill()
    for each in (ours, theirs):
        each.close()


def test_what_comes_after_the_end_is_thrown_away_in_turn_so_that_many_such_ends_take_nobodys_time(tmp_path):
    relay = code.Relay(code.Settings(data=tmp_path / "log.sqlite", linger=30))
    ours, theirs = gevent.socket.socketpair()
    address = code.Household(relay.settings)
    one = code.Connection(relay, ours, address)
    address.turn.acquire()  # somebody of this address has the turn
    sender = gevent.spawn(theirs.sendall, frame(0xFF, b"") + b"x" * 20 * code.PIECE)  # reserved bits: 1002
    ending = gevent.spawn(one.run)
    with gevent.Timeout(10, AssertionError("nobody waits for the turn")):
        while not address.turn.linkcount():
            gevent.sleep(0.01)
    gevent.sleep(0.1)
    assert one.closing and not sender.dead, "it is read on without a turn"
    address.turn.release()
    with gevent.Timeout(10, AssertionError("it is not read to its end")):
        sender.join()
        theirs.shutdown(socket.SHUT_WR)
        ending.join()
    theirs.close()


def test_connections_are_checked_while_the_disk_takes_its_time(tmp_path):
    relay = code.Relay(code.Settings(data=tmp_path / "log.sqlite", silence=0.2))
    checked, is_done = [], threading.Event()
    relay.log.checkpoint = lambda mode: None if is_done.wait(10) else TimeoutError("never")
    one = code.Connection(relay, gevent.socket.socket(), code.Household(relay.settings))
    one.check = checked.append
    relay.connections.add(one)
    relay.open()
    with gevent.Timeout(5, AssertionError("they wait for the disk")):
        while len(checked) < 5:
            gevent.sleep(0.01)
    is_done.set()
    relay.connections.discard(one)
    one.sock.close()
    relay.close()


# ------------------------------------------------------------------------------------------ descriptors


def cpu_seconds(relay) -> float:
    with open(f"/proc/{relay.process.pid}/stat") as file:
        return sum(map(int, file.read().rpartition(")")[2].split()[11:13])) / os.sysconf("SC_CLK_TCK")


def set_open_files(relay, soft: int) -> None:
    _, hard = resource.prlimit(relay.process.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(relay.process.pid, resource.RLIMIT_NOFILE, (soft, hard))


def test_without_a_file_left_who_is_in_is_served_the_processor_rests_and_later_connections_are_taken(make_quiet_relay):
    relay = make_quiet_relay(may_speak=True)
    usual, _ = resource.prlimit(relay.process.pid, resource.RLIMIT_NOFILE)
    ann = relay.client()
    ann.join("tea")
    assert ann.appended("tea", "before") == 1
    set_open_files(relay, len(os.listdir(f"/proc/{relay.process.pid}/fd")))
    with ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(plain(relay))
        wait_until(lambda: "No connection can be taken" in relay.output, 10, "it is said once")
        cpu, began = cpu_seconds(relay), time.monotonic()
        for number in range(2, 12):
            assert ann.appended("tea", "meanwhile") == number
            time.sleep(0.1)  # so that there is time to measure
        assert cpu_seconds(relay) - cpu < 0.1 * (time.monotonic() - began)
        set_open_files(relay, usual)
        wait_until(lambda: status_and_text(relay)[0] == 200, 10, "connections are taken again")


def test_the_number_of_connections_follows_the_systems_limit_of_open_files_whatever_was_asked_for(tmp_path):
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    possible = (code.open_files() - 256) // 2
    try:
        for asked, most in ((0, possible), (7, 7), (10**9, possible)):
            relay = code.Relay(code.Settings(data=tmp_path / "log.sqlite", connections=asked))
            relay.open()
            assert (relay.most, relay.most_per_address) == (most, min(500, (most + 1) // 2)), "half is for others"
            relay.close()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
