"""The Double Ratchet and X3DH against the libraries of that name, in random order, with loss and repetition."""

import itertools
import json

import pytest
import x3dh as library_x3dh
from hypothesis import given, settings
from hypothesis import strategies as st

import ratchet_answers
import ratchet_library
from protocol import double_ratchet, x3dh
from protocol.double_ratchet import MAX_SKIP, SKIPPED, SKIPPED_AGE, State
from protocol.errors import BadInput, Malformed
from protocol.identity import OurIdentity
from protocol.ratchet_errors import BadPrekeys, DoesNotOpen
from ratchet_party import NOW, OurParty
from reference import ReferencePlatform, run

PLATFORM = ReferencePlatform()
AD, SK = b"alice and bob, in the kitchen", bytes(range(32))
SMALL_ORDER = bytes(32)  # an X25519 key that makes no secret
BOTH = ("ours", "library")

# What the network does with a message that waits, or that was given before, any of them.
steps = st.lists(st.tuples(st.sampled_from(["send", "give", "repeat", "lose"]), st.booleans(), st.integers(0, 10**6)))
unhurried = settings(deadline=None, max_examples=60)


def parties(alice, bob):
    """(Alice, Bob), each ours or the library's, before the first message."""
    private, public = run(double_ratchet.generate_dh(PLATFORM))
    made = {
        "ours": lambda pair: OurParty(PLATFORM, AD, SK, pair),
        "library": lambda pair: ratchet_library.Party(AD, sk=SK, private=pair and pair[0]),
    }
    return made[alice](None), made[bob]((private, public)), public


def begun(alice="ours", bob="ours"):
    """The same, once Bob has read the first message."""
    alice, bob, public = parties(alice, bob)
    assert run(bob.decrypt(*run(alice.begin(public, b"first")))) == b"first"
    return alice, bob


def sends(party, count, text="text"):
    return [(f"{text} {number}".encode(), *run(party.encrypt(f"{text} {number}".encode()))) for number in range(count)]


def reads(party, messages):
    return [run(party.decrypt(header, ciphertext)) for _, header, ciphertext in messages]


def texts(messages):
    return [text for text, _, _ in messages]


# ------------------------------------------------------------------------------------------ against the library


@unhurried
@pytest.mark.parametrize(("alice", "bob"), list(itertools.product(BOTH, BOTH))[:3])
@given(steps=steps)
def test_any_order_loss_and_repetition_gives_what_was_said_and_nothing_twice(alice, bob, steps):
    people = dict(zip((True, False), begun(alice, bob), strict=True))
    on_the_way, given_before = {True: [], False: []}, {True: [], False: []}
    for number, (what, who, which) in enumerate(steps):
        waiting, read = on_the_way[who], given_before[who]
        if what == "send":
            text = str(number).encode()
            waiting.append((text, *run(people[who].encrypt(text))))
        elif waiting and what == "give":
            message = waiting.pop(which % len(waiting))
            assert run(people[not who].decrypt(*message[1:])) == message[0]
            read.append(message)
        elif waiting and what == "lose":
            waiting.pop(which % len(waiting))
        elif read and what == "repeat":
            assert run(people[not who].decrypt(*read[which % len(read)][1:])) is None


@pytest.mark.parametrize(("alice", "bob"), list(itertools.product(BOTH, BOTH))[:3])
def test_hundreds_of_messages_in_turns_and_out_of_order(alice, bob):
    alice, bob = begun(alice, bob)
    lost = []
    for turn in range(60):
        messages = sends(alice, 1 + turn % 7, f"turn {turn}")
        lost.append((bob, messages.pop(turn % len(messages))))
        assert reads(bob, reversed(messages)) == texts(reversed(messages))
        alice, bob = bob, alice
    for reader, message in lost:
        assert reads(reader, [message, message]) == [message[0], None]


@pytest.mark.parametrize("role", ["active", "passive"])
@pytest.mark.parametrize("with_opk", [True, False])
def test_x3dh_agrees_with_the_library_in_both_roles(role, with_opk):
    seeds = [bytes([1]) * 32, bytes([2]) * 32]
    theirs = ratchet_library.X3DH.of_seed(seeds[0])
    ours = run(OurIdentity.from_seed(PLATFORM, seeds[1]))
    spk, opk = run(double_ratchet.generate_dh(PLATFORM)), run(double_ratchet.generate_dh(PLATFORM))
    if role == "passive":
        signature = run(PLATFORM.ed25519_sign(ours.signing, ratchet_library.LABEL + b"prekey" + spk[1]))
        bundle = library_x3dh.Bundle(ours.public, spk[1], signature, frozenset([opk[1]] if with_opk else []))
        sk, ad, header = run(theirs.get_shared_secret_active(bundle, b"room", require_pre_key=with_opk))
        initial = x3dh.Initial(header.identity_key, header.ephemeral_key, header.signed_pre_key, header.pre_key)
        assert run(x3dh.respond(PLATFORM, ours, initial, spk, opk if with_opk else None)) == sk
        assert ad == header.identity_key + ours.public + b"room"
        return
    theirs.generate_pre_keys(1)
    bundle = theirs.bundle
    [its_opk] = bundle.pre_keys

    class Prekeys:
        identity, spk, opk = bundle.identity_key, bundle.signed_pre_key, its_opk if with_opk else None

    sk, initial = run(x3dh.initiate(PLATFORM, ours, Prekeys))
    header = library_x3dh.Header(initial.identity, initial.ephemeral, initial.spk, initial.opk)
    assert run(theirs.get_shared_secret_passive(header, b"", require_pre_key=with_opk))[0] == sk


def test_the_known_answers_in_the_file_are_those_of_the_library():
    known, again = json.loads(ratchet_answers.FILE.read_text("utf-8")), ratchet_answers.every()
    for one in known["x3dh"] + again["x3dh"]:
        one["spk_sig"] = ""  # another each time; both_ratchet.py verifies it
    assert known == again


# ------------------------------------------------------------------------------------------ bounds


def test_what_is_too_far_ahead_is_refused_and_what_is_not_still_opens():
    alice, bob = begun()
    messages = sends(alice, MAX_SKIP + 2)
    assert reads(bob, [messages[-1]]) == [None] and bob.refused == "too-far-ahead"
    assert reads(bob, [messages[-2]]) == [messages[-2][0]]
    assert len(bob.state.skipped) == MAX_SKIP
    assert reads(bob, [messages[-1], messages[0]]) == [messages[-1][0], messages[0][0]]


def test_who_lost_more_than_a_chain_may_lack_follows_into_the_next_one():
    alice, bob = begun()
    lost = sends(alice, MAX_SKIP + 1)
    assert reads(alice, sends(bob, 1)) == [b"text 0"]
    messages = sends(alice, 1)
    assert reads(bob, messages) == texts(messages)
    assert reads(bob, lost[:1]) == [None] and bob.refused == "does-not-open"
    assert bob.state.skipped == []


def test_of_more_skipped_keys_than_a_session_keeps_the_oldest_go():
    alice, bob = begun()
    skipped = []
    for _ in range(3):
        skipped.append(sends(alice, MAX_SKIP))
        assert None not in reads(bob, sends(alice, 1))
        assert None not in reads(alice, sends(bob, 1))
    assert len(bob.state.skipped) == SKIPPED
    assert reads(bob, [skipped[0][-1], skipped[1][0]]) == [None, b"text 0"]


def test_a_skipped_key_is_kept_for_its_time_and_no_longer():
    alice, bob = begun()
    messages = sends(alice, 3)
    reads(bob, messages[2:])
    assert double_ratchet.without_old(bob.state, NOW + SKIPPED_AGE - 1) is bob.state
    assert double_ratchet.without_old(bob.state, NOW + SKIPPED_AGE).skipped == []
    assert len(bob.state.skipped) == 2


def test_a_key_opens_once():
    alice, bob = begun()
    messages = sends(alice, 2)
    assert reads(bob, [messages[1], messages[1]]) == [b"text 1", None] and bob.refused == "key-deleted"
    assert reads(bob, [messages[0], messages[0]]) == [b"text 0", None] and bob.refused == "key-deleted"


# ------------------------------------------------------------------------------------------ what was changed


def changed(octets, at):
    return octets[:at] + bytes([octets[at] ^ 1]) + octets[at + 1 :]


def test_nothing_that_was_changed_opens_and_it_leaves_nothing_behind():
    alice, bob = begun()
    messages = sends(alice, 2)
    _, header, ciphertext = messages[1]
    for at in (0, 31, 33, 35, 38, 39):
        assert run(bob.decrypt(changed(header, at), ciphertext)) is None
    for at in (0, len(ciphertext) - 1):
        assert run(bob.decrypt(header, changed(ciphertext, at))) is None and bob.refused == "does-not-open"
    bob.ad += b"!"
    assert reads(bob, messages) == [None, None]
    bob.ad = AD
    assert run(bob.decrypt(SMALL_ORDER + header[32:], ciphertext)) is None and bob.refused == "does-not-open"
    assert reads(bob, messages) == texts(messages)


def test_who_was_begun_with_writes_nothing_before_the_first_message_came():
    _, bob, _ = parties("ours", "ours")
    with pytest.raises(BadInput):
        run(bob.encrypt(b"too early"))


def test_a_key_that_makes_no_secret_begins_nothing():
    with pytest.raises(BadInput):
        run(double_ratchet.init_alice(PLATFORM, SK, SMALL_ORDER))
    ours, spk = run(OurIdentity.from_seed(PLATFORM, SK)), run(double_ratchet.generate_dh(PLATFORM))

    class Prekeys:
        identity, spk, opk = ours.public, run(double_ratchet.generate_dh(PLATFORM))[1], SMALL_ORDER

    with pytest.raises(BadPrekeys):
        run(x3dh.initiate(PLATFORM, ours, Prekeys))
    with pytest.raises(DoesNotOpen):
        run(x3dh.respond(PLATFORM, ours, x3dh.Initial(ours.public, SMALL_ORDER, spk[1], None), spk, None))


def test_what_is_no_stored_state_is_refused():
    alice, bob = begun()
    reads(bob, sends(alice, 3)[2:])
    octets = bob.state.octets()
    for other in (b"", octets[:-1], octets + b"\x00", b"\x02" + octets[1:]):
        with pytest.raises(Malformed):
            State.read(other)
