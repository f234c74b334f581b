"""X3DH and the Double Ratchet on CPython and, inside the page, on MicroPython: checks as those of both.py.

What is known was made by other implementations: ratchet_answers.py.
"""

from protocol import double_ratchet, x3dh
from protocol.double_ratchet import State
from protocol.errors import Refusal
from protocol.identity import OurIdentity
from protocol.ratchet_record import Record, Thread

NOW = 1_795_000_000


def same(found, expected, what=""):
    assert found == expected, f"{what}: {found!r} is not {expected!r}"


def octets_of(one, *parts):
    return [bytes.fromhex(one[part]) for part in parts]


class Prekeys:
    def __init__(self, identity, spk, opk):
        self.identity = identity
        self.spk = spk
        self.opk = opk


async def check_x3dh_is_that_of_the_library(platform, given):
    for one in given["ratchet"]["x3dh"]:
        alice = await OurIdentity.from_seed(platform, bytes.fromhex(one["alice"]))
        bob = await OurIdentity.from_seed(platform, bytes.fromhex(one["bob"]))
        spk, opk, ephemeral, sk = octets_of(one, "spk", "opk", "ephemeral", "sk")
        ephemeral_public, spk_public, opk_public, signature = octets_of(
            one, "ephemeral_public", "spk_public", "opk_public", "spk_sig"
        )
        spk = await double_ratchet.pair_of(platform, spk)
        opk = await double_ratchet.pair_of(platform, opk) if opk else None
        same(spk[1], spk_public)
        signed = (bob.public, signature, double_ratchet.LABEL + b"prekey" + spk_public)
        same(await platform.ed25519_verify_all([signed]), [True])
        platform.seeded = ephemeral
        found, initial = await x3dh.initiate(platform, alice, Prekeys(bob.public, spk_public, opk_public or None))
        same(found, sk)
        same(initial.octets, alice.public + ephemeral_public + spk_public + bytes([opk is not None]) + opk_public)
        same(await x3dh.respond(platform, bob, initial, spk, opk), sk)
        same(x3dh.associated_data(alice.public, bob.public, b"den"), bytes.fromhex(one["ad"]) + b"\x00\x00\x00\x03den")


async def replayed(platform, given, who):
    """The state of one side after its part of the known conversation, each step compared."""
    first, events = given["ratchet"]["x3dh"][0], given["ratchet"]["events"]
    sk, ad, spk, spk_public = octets_of(first, "sk", "ad", "spk", "spk_public")
    state = double_ratchet.init_bob(sk, (spk, spk_public)) if who == "B" else None
    for number, (by, what, made, text, header, ciphertext) in enumerate(events):
        if by != who:
            continue
        platform.seeded = bytes.fromhex(made)
        header, ciphertext = bytes.fromhex(header), bytes.fromhex(ciphertext)
        if what == "seal":
            if state is None:
                state = await double_ratchet.init_alice(platform, sk, spk_public)
            state, *sealed = await double_ratchet.encrypt(platform, state, bytes.fromhex(text), ad)
            same(sealed, [header, ciphertext], number)
        else:
            try:
                state, found = await double_ratchet.decrypt(platform, state, header, ciphertext, ad, NOW)
            except Refusal:
                found = None
            same(found and found.hex(), text, number)
        state = State.read(state.octets())
    platform.seeded = b""
    return state


async def check_who_began_seals_and_opens_as_the_library_does(platform, given):
    state = await replayed(platform, given, "A")
    same((state.n_s, state.n_r, state.pn, state.skipped), (0, 1, 2, []))


async def check_who_was_begun_with_seals_and_opens_as_the_library_does(platform, given):
    state = await replayed(platform, given, "B")
    same((state.n_s, state.n_r, state.pn, state.skipped), (1, 2, 1, []))


async def check_a_record_of_a_room_comes_back_as_it_was(platform, given):
    record, state = Record(), await replayed(platform, given, "B")
    record.log, record.read, record.newest, record.pending = "L1", 2**40, 7, "a body"
    record.pair, record.names = (bytes(32), b"\x01" * 32), ("Zoë", "Bob")
    record.begun(Thread(b"s" * 16, 0, (b"\x01" * 32, "Bob"), b"ad", state))
    record.unsent = [("body", "é 👋", False), ("", "", True)]
    record.fresh = [(9, "2026-11-26T12:00:00.000Z", b"", "", "mine"), (10, "", b"\x01" * 32, "Bob", "")]
    record.use(b"s" * 16)
    again = Record.read_octets(record.octets())
    same(again.octets(), record.octets())
    same((again.log, again.read, again.names, again.pair), (record.log, record.read, record.names, record.pair))
    same((again.unsent, again.fresh, again.used), (record.unsent, record.fresh, record.used))
    same(again.current().state.octets(), state.octets())


CHECKS = {name[6:]: check for name, check in globals().items() if name.startswith("check_")}
