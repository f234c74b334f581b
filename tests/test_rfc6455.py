"""RFC 6455, case by case, over raw sockets; numbers are its sections. After each the relay serves a bystander, who was
told nothing, has let go of the connection, and has logged nothing."""

import socket
import threading
import time
from contextlib import suppress
from statistics import median

import pytest

from conftest import wait_until
from raw_connection import BINARY, CLOSE, HANDSHAKE, PING, PONG, TEXT, RawConnection, frame
from relay_server import RelayServer, sockets_of
from server import Settings

FRAME_BYTES = Settings.frame_bytes
HARD_FRAME_BYTES = 2 * FRAME_BYTES  # past it a frame is not read to its end

ENDLESS = dict.fromkeys(["bad_frames", "frames_burst", "address_frames_burst", "connections_per_address"], 10**6)
FIN = 0x80
ASKED = b'{"type":"ping"}'
LOOK = '{"type":"look","rooms":["é \U0001f600"]}'.encode()
BYE = frame(CLOSE, b"\x03\xe8")


@pytest.fixture(scope="module")
def relay(tmp_path_factory):
    relay = RelayServer(tmp_path_factory.mktemp("relay"), host="0.0.0.0", linger=0.3, **ENDLESS)
    yield relay
    relay.end()


@pytest.fixture(scope="module")
def bystander(relay):
    client = relay.client()
    client.join("tea")
    client.answers()
    return client


@pytest.fixture(autouse=True)
def nobody_else_notices(relay, bystander):
    before = sockets_of(relay)
    yield
    assert bystander.answers() == []
    wait_until(lambda: sockets_of(relay) == before, 10, "the relay lets go of the connection")
    assert relay.output == ""


def outcome(relay, *frames: bytes) -> list:
    """What came after these, which are sent at once."""
    with RawConnection(relay.url) as raw:
        raw.socket.sendall(b"".join(frames))
        return raw.outcome()


def fragments(*payloads: bytes, first_byte: int = TEXT) -> bytes:
    """One message, its first frame and the continuations."""
    opcodes = [first_byte & ~FIN] + [0] * (len(payloads) - 1)
    opcodes[-1] |= FIN
    return b"".join(map(frame, opcodes, payloads))


def bytewise(message: bytes) -> list[bytes]:
    return [message[at : at + 1] for at in range(len(message))]


# 5: frames


@pytest.mark.parametrize("first_byte", [0x81, 0x82, 0x01, 0x88, 0x89, 0x8A], ids=hex)
@pytest.mark.parametrize("bit", [0x40, 0x20, 0x10], ids=hex)
def test_5_2_a_reserved_bit_ends_the_connection(relay, bit, first_byte):
    assert outcome(relay, frame(first_byte | bit, b"")) == [1002]


@pytest.mark.parametrize("opcode", [3, 4, 5, 6, 7, 0xB, 0xC, 0xD, 0xE, 0xF])
def test_5_2_a_reserved_opcode_ends_the_connection(relay, opcode):
    assert outcome(relay, frame(FIN | opcode, ASKED)) == [1002]


@pytest.mark.parametrize("first_byte", [TEXT, BINARY, CLOSE, PING, PONG], ids=hex)
def test_5_1_a_frame_without_a_mask_ends_the_connection(relay, first_byte):
    assert outcome(relay, frame(first_byte, b"", masked=False)) == [1002]


def test_5_3_each_frame_has_a_mask_of_its_own(relay):
    mask = b"\x37\xfa\x21\x3d"
    masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(ASKED))
    other = bytes([TEXT, 0x80 | len(ASKED)]) + mask + masked
    assert outcome(relay, frame(TEXT, ASKED), other, frame(TEXT, ASKED), BYE) == ["pong"] * 3 + [1000]


@pytest.mark.parametrize("length", [2**63, 2**63 - 1, 2**64 - 1, 2**32, HARD_FRAME_BYTES + 1], ids=hex)
@pytest.mark.parametrize("first_byte", [TEXT, BINARY, PING, 0x01], ids=hex)
def test_5_2_a_length_past_the_limit_ends_the_connection_before_anything_of_it_has_come(relay, first_byte, length):
    assert outcome(relay, frame(first_byte, length=length)) == [1009]


@pytest.mark.parametrize("form", [126, 127])
def test_5_2_a_length_written_longer_than_need_be_is_read_as_only_its_writer_is_bound(relay, form):
    assert outcome(relay, frame(TEXT, ASKED, form=form), BYE) == ["pong", 1000]


@pytest.mark.parametrize("size", [125, 126, 127, 65_535, 65_536, FRAME_BYTES])
def test_5_2_every_form_of_length_is_read(relay, size):
    assert outcome(relay, frame(TEXT, ASKED.ljust(size)), BYE) == ["pong", 1000]


def test_5_2_a_frame_that_comes_byte_by_byte_is_put_together(relay):
    with RawConnection(relay.url) as raw:
        for byte in bytewise(fragments(LOOK[:5], LOOK[5:]) + frame(PING, b"?") + frame(TEXT, ASKED, form=127) + BYE):
            raw.socket.sendall(byte)
            time.sleep(0.0005)  # so that most come alone
        assert sorted(raw.outcome(), key=str) == [1000, b"?", "looked", "pong"]


def test_5_2_half_a_frame_and_nothing_more_is_given_up(tmp_path):
    relay = RelayServer(tmp_path, silence=0.3, linger=0.3)
    try:
        ann = relay.client()
        assert outcome(relay, frame(TEXT, ASKED)[:-3]) == [b"", 4005], "a ping, and no answer"
        ann.answers()
        assert relay.output == ""
    finally:
        relay.end()


# 5.4: fragmentation


@pytest.mark.parametrize(
    ("parts", "found"),
    [
        ([LOOK[:1], LOOK[1:]], "looked"),
        ([LOOK, b""], "looked"),
        ([b"", LOOK], "looked"),
        ([b"", b"", LOOK[:9], b"", LOOK[9:], b""], "looked"),
        (bytewise(LOOK), "looked"),
        (bytewise(LOOK.ljust(3_000)), "looked"),
        ([b""] * 3_000 + [LOOK], "looked"),
        ([b"", b""], "not-json"),
        ([b""] * 3_000, "not-json"),
        ([ASKED.ljust(FRAME_BYTES // 2), b" " * (FRAME_BYTES // 2)], "pong"),
        ([ASKED.ljust(FRAME_BYTES // 2), b" " * (FRAME_BYTES // 2), b" "], "too-large"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{len(value)} parts",
)
def test_5_4_fragments_are_one_message_and_the_limit_is_that_of_their_sum(relay, parts, found):
    assert outcome(relay, fragments(*parts), frame(TEXT, ASKED), BYE) == [found, "pong", 1000]


def test_5_4_fragments_whose_sum_passes_the_hard_limit_end_the_connection_before_the_last_has_come(relay):
    pieces = [b" " * 65_536] * (HARD_FRAME_BYTES // 65_536)
    assert outcome(relay, *[frame(0x01, pieces[0])], *[frame(0x00, one) for one in pieces[1:]], frame(0, b" ")) == [
        1009
    ]


def test_5_4_a_binary_message_in_fragments_is_binary(relay):
    assert outcome(relay, fragments(ASKED[:4], ASKED[4:], first_byte=BINARY), BYE) == ["binary", 1000]


@pytest.mark.parametrize(
    "frames",
    [
        [frame(0x80, ASKED)],
        [frame(0x00, ASKED)],
        [frame(0x01, ASKED), frame(TEXT, ASKED)],
        [frame(0x01, ASKED), frame(BINARY, ASKED)],
        [frame(0x01, ASKED), frame(0x01, ASKED)],
        [frame(0x01, b""), frame(TEXT, b"")],
        [fragments(ASKED, b""), frame(0x80, b"")],
    ],
    ids=range(7),
)
def test_5_4_a_continuation_of_nothing_and_a_message_within_another_end_the_connection(relay, frames):
    assert outcome(relay, *frames)[-1] == 1002


def test_5_4_a_ping_between_fragments_is_answered_at_once_and_the_message_goes_on(relay):
    with RawConnection(relay.url) as raw:
        raw.send(0x01, ASKED[:3])
        for payload in (b"", b"one", b"x" * 125):
            raw.send(PING, payload)
            assert raw.next() == (0xA, payload)
            raw.send(PONG, b"of nothing")
            raw.send(0x00, b"")
        raw.socket.sendall(frame(0x80, ASKED[3:]) + BYE)
        assert raw.outcome() == ["pong", 1000]


def test_5_4_a_close_between_fragments_ends_the_connection_and_half_the_message_is_nothing(relay):
    assert outcome(relay, frame(0x01, ASKED), BYE) in ([1000], [1002])


# 5.5: control frames


@pytest.mark.parametrize("first_byte", [CLOSE, PING, PONG], ids=hex)
@pytest.mark.parametrize(
    "form", [lambda first: frame(first & ~FIN, b""), lambda first: frame(first, b"\x03\xe8" + b"x" * 124)]
)
def test_5_5_a_control_frame_in_fragments_or_of_more_than_125_bytes_ends_the_connection(relay, first_byte, form):
    assert outcome(relay, form(first_byte)) == [1002]
    assert outcome(relay, frame(0x01, ASKED), form(first_byte)) == [1002]


def test_5_5_2_every_ping_is_answered_with_its_own_bytes_in_order(relay):
    payloads = [bytes([number]) * number for number in range(126)]
    assert outcome(relay, *[frame(PING, one) for one in payloads], BYE) == [*payloads, 1000]


def test_5_5_3_a_pong_that_nobody_asked_for_is_nothing(relay):
    assert outcome(relay, frame(PONG, b"x"), frame(TEXT, ASKED), BYE) == ["pong", 1000]


# 5.5.1 and 7.4: closing


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"", None),
        (b"\x03", 1002),
        *[(code.to_bytes(2, "big"), 1002) for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2_000, 2_999)],
        *[(code.to_bytes(2, "big"), 1002) for code in (5_000, 65_535)],
        *[(code.to_bytes(2, "big"), code) for code in (1000, 1001, 1002, 1003, 1007, 1011, 3_000, 4_999)],
        (b"\x03\xe8" + b"r" * 123, 1000),
        (b"\x03\xe8" + "é".encode() * 61, 1000),
        (b"\x03\xe8\xff", 1007),
        (b"\x03\xe8\xc3", 1007),
        (b"\x03\xe8\xed\xa0\x80", 1007),
    ],
    ids=lambda value: value[:5].hex() if isinstance(value, bytes) else "",
)
def test_7_4_a_close_frame_is_answered_with_its_code_or_with_what_is_wrong_with_it(relay, payload, code):
    assert outcome(relay, frame(CLOSE, payload)) == [code]


@pytest.mark.parametrize(
    "after", [frame(TEXT, ASKED), frame(PING, b"?"), BYE, frame(TEXT, b"\xff"), b"\xff" * 50, b"x" * 200_000]
)
def test_5_5_1_nothing_after_a_close_frame_is_answered(relay, after):
    with RawConnection(relay.url) as raw:
        raw.socket.sendall(frame(TEXT, ASKED) + BYE + after)
        assert raw.outcome() == ["pong", 1000]


def test_7_1_1_who_never_answers_a_close_frame_is_let_go(relay):
    with RawConnection(relay.url) as raw:
        raw.send(TEXT, b"\xff")
        assert raw.opcodes_until_end() == [8], "and the end, without a word of ours"
        assert raw.close_code == 1007


# 8.1: UTF-8

NOT_UTF8 = {
    "a continuation byte alone": b"\x80",
    "no byte of UTF-8": b"\xff",
    "overlong slash": b"\xc0\xaf",
    "overlong NUL": b"\xc0\x80",
    "overlong in three bytes": b"\xe0\x80\xaf",
    "overlong in four bytes": b"\xf0\x80\x80\xaf",
    "high surrogate": b"\xed\xa0\x80",
    "low surrogate": b"\xed\xbf\xbf",
    "a pair of surrogates": b"\xed\xa0\xbd\xed\xb8\x80",
    "past U+10FFFF": b"\xf4\x90\x80\x80",
    "five bytes": b"\xf8\x88\x80\x80\x80",
    "two bytes, cut": b"\xc3",
    "three bytes, cut": b"\xe2\x82",
    "four bytes, cut": b"\xf0\x9f\x98",
    "wrong in the middle": b"\xe2\x28\xa1",
}


@pytest.mark.parametrize("text", NOT_UTF8.values(), ids=NOT_UTF8)
def test_8_1_text_that_is_not_utf8_ends_the_connection_whole_within_quotes_or_in_fragments(relay, text):
    assert outcome(relay, frame(TEXT, text)) == [1007]
    assert outcome(relay, frame(TEXT, LOOK.replace(b"\xc3\xa9", text))) == [1007]
    assert outcome(relay, fragments(*bytewise(text))) == [1007]
    assert outcome(relay, fragments(ASKED, text)) == [1007], "at the end of a message"
    assert outcome(relay, frame(0x01, b'"'), frame(0x00, text), frame(PING, b""), frame(0x80, b'"'))[-1] == 1007


@pytest.mark.parametrize("at", range(len(LOOK) - 9, len(LOOK)))
def test_8_1_a_character_may_be_cut_by_fragments(relay, at):
    assert outcome(relay, fragments(LOOK[:at], LOOK[at:]), BYE) == ["looked", 1000]


# Floods


@pytest.mark.parametrize("first_byte", [0x89, 0x8A, 0x00], ids=["pings", "pongs", "fragments"])
def test_who_floods_is_cut_off_and_the_others_are_answered_all_the_while(make_relay, first_byte):
    relay = make_relay(linger=0.3)
    ann = relay.client()
    with RawConnection(relay.url) as raw:
        raw.send(0x01, b"")

        def flood():
            with suppress(OSError):
                while True:
                    raw.socket.sendall(bytes([first_byte, 0x80, 0, 0, 0, 0]) * 50_000)

        flooding = threading.Thread(target=flood, daemon=True)
        flooding.start()
        took = []
        while flooding.is_alive():
            began = time.monotonic()
            ann.answers()
            took.append(time.monotonic() - began)
            time.sleep(0.05)  # or she would be too fast herself
        assert median(took) < 0.5, "one may take longer, on a machine with other work"
        with suppress(ConnectionResetError):
            raw.opcodes_until_end()
        assert raw.close_code == 4003


# 4.2.1: the handshake


@pytest.mark.parametrize(
    ("was", "became", "status"),
    [
        (b"GET", b"HEAD", 400),
        (b"GET", b"POST", 400),
        (b"GET", b"OPTIONS", 400),
        (b"HTTP/1.1", b"HTTP/1.0", 400),
        (b"HTTP/1.1", b"HTTP/0.9", 400),
        (b" HTTP/1.1", b"", 400),
        (b"HTTP/1.1", b"HTTP/2.0", 400),
        (b"HTTP/1.1", b"HTTP/1", 400),
        (b"Host: 127.0.0.1:%d\r\n", b"", 400),
        (b"Host: 127.0.0.1", b"Host: 127.0.0.1\r\nHost: 127.0.0.1", 400),
        (b"Host: 127.0.0.1", b"Host: 127.0.0.1\xe9", 403),
        (b"Upgrade: websocket\r\n", b"", 400),
        (b"Upgrade: websocket\r\n", b"Upgrade: h2c\r\n", 400),
        (b"Upgrade: websocket\r\n", b"Upgrade: websocket\r\n" * 2, 400),
        (b"Upgrade: websocket\r\n", b"Upgrade: WebSocket\r\n", 101),
        (b"Connection: Upgrade\r\n", b"", 400),
        (b"Connection: Upgrade\r\n", b"Connection: close\r\n", 400),
        (b"Connection: Upgrade\r\n", b"Connection: upgraded\r\n", 400),
        (b"Connection: Upgrade\r\n", b"Connection: keep-alive, upgrade\r\n", 101),
        (b"Sec-WebSocket-Version: 13\r\n", b"", 400),
        (b"Sec-WebSocket-Version: 13\r\n", b"Sec-WebSocket-Version: 8\r\n", 400),
        (b"Sec-WebSocket-Version: 13\r\n", b"Sec-WebSocket-Version: 13\r\n" * 2, 400),
        (b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n", b"", 400),
        (b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n", b"Sec-WebSocket-Key: \r\n", 400),
        (b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n", b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAA\r\n", 400),
        (b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n", b"Sec-WebSocket-Key: %s==\r\n" % (b"\xe9" * 22), 400),
        (b"Sec-WebSocket-Key", b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Key", 400),
        # What belongs to none of this:
        (b"Connection", b"No(Name: 1\r\nConnection", 101),
        (b"Connection", b"Sec-WebSocket-Protocol: \xe9\r\nConnection", 101),
        (b"Connection", b"Sec-WebSocket-Extensions: \xff;;=\r\nConnection", 101),
        (b"Connection", b"Content-Length: 5\r\nConnection", 400),
        (b"Connection", b"Transfer-Encoding: chunked\r\nConnection", 400),
        (b"Connection", b"X: 1\r\n" * 200 + b"Connection", 400),
        (b"Connection", b"X: " + b"x" * 70_000 + b"\r\nConnection", 400),
    ],
    ids=range(34),
)
def test_4_2_1_a_handshake_gets_an_answer_and_only_a_right_one_the_connection(relay, was, became, status):
    with socket.create_connection(("127.0.0.1", relay.port), 10) as raw:
        assert was in HANDSHAKE
        raw.sendall(HANDSHAKE.replace(was, became).replace(b"%d", b"%d" % relay.port))
        assert raw.recv(1_000).startswith(b"HTTP/1.1 %d " % status)


def test_4_2_2_who_asks_for_another_version_is_told_which_one_there_is(relay):
    with socket.create_connection(("127.0.0.1", relay.port), 10) as raw:
        raw.sendall((HANDSHAKE % relay.port).replace(b"Version: 13", b"Version: 8"))
        assert b"\r\nSec-WebSocket-Version: 13\r\n" in raw.recv(1_000)


def test_4_1_who_does_not_wait_for_the_answer_to_the_handshake_is_not_heard_and_may_go_on(relay):
    with RawConnection(relay.url, HANDSHAKE % relay.port + frame(TEXT, b"\xff")) as raw:
        raw.socket.sendall(frame(TEXT, ASKED) + BYE)
        assert raw.outcome() == ["pong", 1000]
