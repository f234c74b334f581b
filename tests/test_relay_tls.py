"""The relay under TLS, where it must not send past the encryption, and a send cut short is repeated byte for byte."""

import ssl
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode

from relay_client import connection_to
from relay_server import RelayServer


@pytest.fixture
def relay(tmp_path):
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([]), datetime.now(UTC)
    certificate = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1)).sign(
        key, hashes.SHA256()
    )
    folder = tmp_path / "tls"
    folder.mkdir()
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    paths = [str(folder / "certificate.pem"), str(folder / "key.pem")]
    relay = RelayServer(tmp_path, tls=paths, frames_burst=10**6)
    yield relay
    relay.end()
    assert relay.output == ""


def client(relay, **options):
    return relay.client(ssl=trusting(), **options)


def trusting():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def test_two_talk_and_close(relay):
    ann, bob = client(relay), client(relay)
    ann.join("tea", "Ann")
    bob.join("tea", "Bob")
    assert ann.appended("tea", "hello") == 1
    assert bob.entries("tea", 1)[0]["body"] == "hello"
    bob.close()
    assert ann.receive("member-left")["name"] == "Bob"


def test_much_goes_both_ways_at_once_whole_and_in_order(relay):
    ann, bob = client(relay), client(relay)
    for one in (ann, bob):
        one.join("tea")
    for _ in range(20):
        for one in (ann, bob):
            one.append("tea", "x" * 50_000)
    for one in (ann, bob):
        assert [entry["seq"] for entry in one.entries("tea", 40)] == list(range(1, 41))


def test_history_comes_in_pages(relay):
    ann = client(relay)
    ann.join("tea")
    for number in range(60):
        assert ann.appended("tea", "x" * 50_000) == number + 1
    bob = client(relay)
    bob.join("tea")
    assert [entry["seq"] for entry in bob.entries("tea", 60)] == list(range(1, 61))


def test_who_reads_late_gets_everything_whole_although_sends_were_cut_short(relay):
    ann, late = client(relay), client(relay, max_queue=1)
    ann.join("tea")
    late.join("tea")
    bodies = [f"{number} " * (1_000 + 29 * number) for number in range(500)]
    for start in range(0, len(bodies), 5):  # several in one tick, so that a send is larger than one piece
        ann.results([ann.append("tea", body) for body in bodies[start : start + 5]])
    assert sum(map(len, bodies)) > 12_000_000, "more than the system's buffers take"
    assert [entry["body"] for entry in late.entries("tea", len(bodies))] == bodies


def test_a_frame_past_the_hard_limit_is_closed_with_1009(relay):
    ann = client(relay)
    with suppress(ConnectionClosed):  # it may come before all is sent
        ann.send_raw(" " * 1_200_000)
    assert ann.close_code() == 1009


def test_a_clean_stop_says_1012(relay):
    ann = client(relay)
    ann.join("tea")
    assert relay.terminate() == 0
    assert ann.close_code() == 1012


def test_who_sends_on_after_the_close_frame_is_cut_off_and_that_is_no_error(relay):
    relay.kill()
    relay.options |= {"linger": 0.2}
    relay.start()
    nonsense = Frame(Opcode.TEXT, b"x").serialize(mask=True)
    for _ in range(5):
        with trusting().wrap_socket(connection_to(relay.url)) as raw:
            raw.sendall(
                f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{relay.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
            )
            assert b" 101 " in raw.recv(1_000)
            with pytest.raises(OSError):  # reset or broken pipe, as it comes
                for _ in range(10_000):
                    raw.sendall(nonsense)
                    time.sleep(0.0005)  # so that what comes and the end meet
