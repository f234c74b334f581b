"""Why the levels are made as they are: small demonstrations, by a second implementation, that threats.md refers to."""

import hashlib
import hmac
import os
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC, CTR

from conftest import ROOT
from people import SALT, WORDS, classic_joined, entry, joined, opened
from protocol.envelope import PBKDF2_COST, read_classic, read_passphrase
from protocol.ladder import LADDER
from protocol.levels.classic import ITERATIONS
from protocol.levels.passphrase import root_salt
from reference import ReferencePlatform, pbkdf2, run
from reveal import reveals

PLATFORM = ReferencePlatform()
TEXT = b"pay 10 coins to Bob"


def xor(a: bytes, b: bytes) -> bytes:
    return bytes(x ^ y for x, y in zip(a, b, strict=False))


def apply(cipher, data: bytes) -> bytes:
    """`cipher` is an encryptor or a decryptor."""
    return cipher.update(data) + cipher.finalize()


def say(level, *texts: str) -> list[str]:
    return [run(level.seal(text)) for text in texts]


def hear(level, *bodies: str) -> list[str]:
    """What each body says to a session, or the code of its refusal."""
    outcomes = opened(level, *[entry(seq, body) for seq, body in enumerate(bodies, 1)])
    return [getattr(outcome, "text", None) or outcome.code for outcome in outcomes]


def newcomer(level_id: str, passphrase: bytes, room: str = "kitchen"):
    """A session that comes later and has nothing but the passphrase."""
    return run(LADDER.of(level_id).start(ReferencePlatform(), room, "Eve", passphrase))


# ------------------------------------------------------------------------------------------ why AES-GCM


def test_without_authentication_whoever_knows_the_text_can_change_it_without_the_key():
    key, nonce = os.urandom(32), os.urandom(16)
    change = xor(b"pay 10", b"pay 99") + bytes(len(TEXT) - 6)
    sent = apply(Cipher(AES(key), CTR(nonce)).encryptor(), TEXT)
    assert apply(Cipher(AES(key), CTR(nonce)).decryptor(), xor(sent, change)) == b"pay 99 coins to Bob"


def test_cbc_lets_the_first_block_be_changed_in_the_same_way():
    key, iv, block = os.urandom(32), os.urandom(16), TEXT[:16]
    sent = apply(Cipher(AES(key), CBC(iv)).encryptor(), block)
    iv = xor(iv, xor(b"pay 10", b"pay 99") + bytes(10))
    assert apply(Cipher(AES(key), CBC(iv)).decryptor(), sent) == b"pay 99 coins to "


def test_gcm_refuses_every_single_bit_that_is_flipped_in_text_tag_nonce_or_header():
    gcm, nonce = AESGCM(AESGCM.generate_key(256)), os.urandom(12)
    parts = [nonce, gcm.encrypt(nonce, TEXT, b"header"), b"header"]
    assert gcm.decrypt(*parts) == TEXT
    for part in range(3):
        for bit in range(8 * len(parts[part])):
            flipped = xor(parts[part], (1 << bit).to_bytes(len(parts[part]), "big"))
            with pytest.raises(InvalidTag):
                gcm.decrypt(*[*parts[:part], flipped, *parts[part + 1 :]])


def test_two_texts_under_one_key_and_nonce_give_away_how_they_differ():
    gcm, nonce, other = AESGCM(AESGCM.generate_key(256)), os.urandom(12), b"see you at the mill"
    first, second = (gcm.encrypt(nonce, text, None)[:-16] for text in (TEXT, other))
    assert xor(first, second) == xor(TEXT, other)
    assert xor(xor(first, second), TEXT) == other  # who knows one of them reads the other
    assert xor(first, gcm.encrypt(os.urandom(12), other, None)) != xor(TEXT, other)


def test_no_two_messages_of_this_page_share_key_and_nonce():
    classic, passphrase = classic_joined(), joined()
    ivs = [read_classic(PLATFORM, body).iv for body in say(classic, *["same"] * 1_000)]
    counters = [read_passphrase(PLATFORM, body).counter for body in say(passphrase, *["same"] * 1_000)]
    assert len(set(ivs)) == 1_000
    assert counters == list(range(1_000))


# ------------------------------------------------------------------------------------------ why PBKDF2, why a salt


def pbkdf2_by_hand(hmac_sha256, passphrase: bytes, salt: bytes, iterations: int) -> bytes:
    """RFC 8018, section 5.2, for a key of 32 bytes."""
    block = total = hmac_sha256(passphrase, salt + bytes([0, 0, 0, 1]))
    for _ in range(iterations - 1):
        block = hmac_sha256(passphrase, block)
        total = xor(total, block)
    return total


@pytest.mark.parametrize("iterations", [1, 1_000, ITERATIONS])
def test_a_guess_costs_one_hmac_for_each_iteration(iterations):
    count = 0

    def counting(key: bytes, message: bytes) -> bytes:
        nonlocal count
        count += 1
        return hmac.digest(key, message, "sha256")

    assert pbkdf2_by_hand(counting, WORDS, SALT, iterations) == pbkdf2(WORDS, SALT, iterations)
    assert count == iterations


def test_a_guess_at_level_passphrase_costs_four_times_as_many_as_at_classic():
    assert PBKDF2_COST[0] == 4 * ITERATIONS


PEAK_OF_A_GUESS = """
from pathlib import Path
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

def peak():
    return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])

guesses = [PBKDF2HMAC(SHA256(), 32, bytes(16), 600_000)]
guesses += [Argon2id(salt=bytes(16), length=32, iterations=2, lanes=1, memory_cost=m * 1024) for m in (19, 64)]
for guess in guesses:
    before = peak()
    guess.derive(b"1234")
    print((peak() - before) / 1024)
"""


def test_a_guess_with_argon2id_fills_its_memory_and_one_with_pbkdf2_needs_next_to_none():
    printed = subprocess.run([sys.executable, "-c", PEAK_OF_A_GUESS], capture_output=True, text=True, check=True).stdout
    pbkdf2_grew, of_19, of_64 = map(float, printed.split())  # MiB
    assert pbkdf2_grew < 2
    assert 17 < of_19 < 21
    assert 17 + 43 < of_19 + of_64 < 66  # 64 MiB in all, whether or not the first 19 were given back


def test_one_stored_body_is_enough_to_check_a_guess():
    [body] = say(classic_joined(passphrase=b"4711"), "meet at noon")
    guesses = [b"0000", b"1234", b"4710", b"4711", b"4712"]
    assert [guess for guess in guesses if hear(newcomer("classic", guess), body) == ["meet at noon"]] == [b"4711"]


def test_a_passphrase_gives_unlike_keys_in_two_rooms_so_a_guess_helps_in_one_only():
    assert root_salt(b"kitchen", SALT) != root_salt(b"garden", SALT)
    assert root_salt(b"kitchen", SALT) != root_salt(b"kitchen", bytes(16))
    keys = {pbkdf2(WORDS, root_salt(room, SALT), PBKDF2_COST[0]) for room in (b"kitchen", b"garden")}
    assert len(keys) == 2


# ------------------------------------------------------------------------------------------ what a shared secret cannot


def test_under_a_shared_key_every_member_seals_the_same_bytes_so_nobody_can_tell_who_did():
    key, nonce = AESGCM.generate_key(256), os.urandom(12)
    alice, mallory = AESGCM(key), AESGCM(key)
    assert alice.encrypt(nonce, TEXT, b"from Alice") == mallory.encrypt(nonce, TEXT, b"from Alice")


def test_at_classic_a_member_can_write_with_anothers_salt_and_at_passphrase_not_with_anothers_key():
    alice, mallory = classic_joined("Alice"), classic_joined("Mallory")
    mallory.salt = alice.salt
    run(mallory.prepare())
    told = opened(classic_joined("Bob"), entry(1, *say(alice, "I am Alice")), entry(2, *say(mallory, "So am I")))
    assert [(one.text, one.tag.text) for one in told] == [("I am Alice", alice.tag.text), ("So am I", alice.tag.text)]
    alice, mallory = joined("Alice"), joined("Mallory")
    mallory.public = alice.public
    run(mallory.prepare())
    assert hear(joined("Bob"), *say(mallory, "So am I")) == ["bad-signature"]


def test_a_signature_is_its_owners_alone_although_all_can_check_it():
    alice, mallory = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    alice.public_key().verify(alice.sign(TEXT), TEXT)
    with pytest.raises(InvalidSignature):
        alice.public_key().verify(mallory.sign(TEXT), TEXT)


def test_two_who_swap_public_keys_share_a_secret_that_nobody_had_to_tell():
    alice, bob, eve = (X25519PrivateKey.generate() for _ in range(3))
    secret = alice.exchange(bob.public_key())
    assert secret == bob.exchange(alice.public_key())
    assert secret not in (eve.exchange(alice.public_key()), eve.exchange(bob.public_key()))


def test_who_swaps_keys_with_the_relay_in_between_shares_a_secret_with_the_relay():
    alice, bob, relay = (X25519PrivateKey.generate() for _ in range(3))
    told_alice, told_bob = relay.public_key(), relay.public_key()  # in place of Bob's and of Alice's
    assert alice.exchange(told_alice) == relay.exchange(alice.public_key())
    assert bob.exchange(told_bob) == relay.exchange(bob.public_key())
    assert told_alice.public_bytes_raw() != bob.public_key().public_bytes_raw()  # what comparing the keys would show


# ------------------------------------------------------------------------------------------ what comes later


@pytest.mark.parametrize("level_id", ["classic", "passphrase"])
def test_a_stored_log_opens_with_a_passphrase_that_is_learned_later(level_id):
    start = {"classic": classic_joined, "passphrase": joined}[level_id]
    log = [*say(start("Alice"), "one", "two"), *say(start("Bob"), "three")]  # sessions that are over
    assert hear(newcomer(level_id, WORDS), *log) == ["one", "two", "three"]
    refused = {"classic": "cannot-open", "passphrase": "wrong-passphrase"}[level_id]
    assert hear(newcomer(level_id, b"another passphrase"), *log) == [refused] * 3


def next_key(key: bytes) -> bytes:
    return hmac.digest(key, b"next", "sha256")


def test_keys_that_are_replaced_by_their_hash_and_forgotten_open_nothing_older():
    key, log = os.urandom(32), []
    for number in range(10):
        log.append(AESGCM(key).encrypt(bytes(12), b"message %d" % number, None))
        key = next_key(key)  # and the old one is gone
        if number == 4:
            stolen = key
    opens = []
    for _ in range(100):
        for number, ciphertext in enumerate(log):
            try:
                AESGCM(stolen).decrypt(bytes(12), ciphertext, None)
                opens.append(number)
            except InvalidTag:
                pass
        stolen = next_key(stolen)
    assert opens == [5, 6, 7, 8, 9]


# ------------------------------------------------------------------------------------------ what the relay sees


def test_a_body_of_level_passphrase_shows_all_but_the_text_to_whoever_reads_it():
    alice = joined("Alice")
    alice.anchors.note(7, "an entry that Alice has seen")
    first, second = say(alice, "yes", "a" * 255)
    for counter, body in enumerate((first, second)):
        read = read_passphrase(PLATFORM, body)
        assert (read.name, read.session_public, read.counter) == ("Alice", alice.public, counter)
        assert (read.anchor_seq, read.anchor_hash) == (7, hashlib.sha256(b"an entry that Alice has seen").digest())
        assert read.parameters.room_salt == SALT
    assert len(first) == len(second)


def test_a_body_of_level_classic_shows_its_session_and_the_exact_length_of_its_text():
    alice = classic_joined("Alice")
    for length in (1, 2, 255):
        read = read_classic(PLATFORM, *say(alice, "a" * length))
        assert (read.salt, len(read.ciphertext)) == (alice.salt, length + 16)


def test_who_takes_over_the_rooms_salt_shows_the_relay_that_their_passphrase_is_the_rooms():
    [body] = say(joined("Alice"), "hello")
    salts = []
    for passphrase in (WORDS, b"another passphrase"):
        level = newcomer("passphrase", passphrase)
        opened(level, entry(1, body))
        run(level.prepare())
        salts.append(read_passphrase(PLATFORM, *say(level, "hello")).parameters.room_salt)
    assert salts[0] == SALT != salts[1]


def test_the_relay_keeps_rooms_names_and_times_and_no_address(make_relay):
    relay = make_relay()
    alice = relay.client()
    alice.join("passphrase/kitchen", "Alice")
    alice.appended("passphrase/kitchen", *say(joined("Alice"), "hello"))
    at = alice.entries("passphrase/kitchen", 1)[0]["at"]
    for kept in ("passphrase/kitchen", "Alice", at):
        assert kept.encode() in relay.stored
    assert b"127.0.0.1" not in relay.stored
    with closing(sqlite3.connect(relay.folder / "log.sqlite")) as database:
        columns = [row[1] for row in database.execute("pragma table_info(entry)")]
    assert columns == ["room", "seq", "kind", "id", "name", "at", "body"]


def test_who_knows_a_rooms_name_gets_its_ciphertext_and_can_push_it_out_of_the_log(make_relay):
    relay = make_relay(retention_messages=100)
    alice, stranger = relay.client(), relay.client()
    [body] = say(joined("Alice"), "hello")
    alice.join("passphrase/kitchen", "Alice")
    alice.appended("passphrase/kitchen", body)
    stranger.join("passphrase/kitchen", "Anybody")
    assert stranger.entries("passphrase/kitchen", 1)[0]["body"] == body
    for _ in range(2):
        stranger.results([stranger.append("passphrase/kitchen", "x") for _ in range(150)])
    assert relay.client().join("passphrase/kitchen")["oldest"] > 1


# ------------------------------------------------------------------------------------------ whoever serves the code


SECRET = "velvet-harpoon 1871"


@pytest.mark.parametrize("tampered", [True, False], ids=["changed", "as it is"])
def test_one_changed_line_in_the_page_gives_the_passphrase_away(start_server, usual_port, wire, person, tampered):
    start_server(port=usual_port, origin=[wire.url])
    honest = (ROOT / "web" / "joining.py").read_text("utf-8")
    line = '"rooms": others}'
    assert honest.count(line) == 1
    changed = honest.replace(line, '"rooms": others + [self.wish.passphrase.decode()]}')
    alice = person("Alice", url=wire.url)
    alice.page.route("**/joining.py", lambda route: route.fulfill(body=changed if tampered else honest))
    alice.joins("kitchen", SECRET)  # nothing on the page tells the two apart
    assert reveals(wire.received(), SECRET) == tampered
