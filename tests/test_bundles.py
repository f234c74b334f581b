"""Bundles of the directory: what is written, what is read, and which key a page goes on with; against pyca/cryptography
(known_bundles.py). The checks that run in the page too are in both_identity.py."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import server
from both_identity import Pin, judged
from known_bundles import ANN, BOB, NAME, NOBODY, SMALL_ORDER, bad_bundles, bundle, octets_of, read, story, text_of
from known_identity import SEEDS
from protocol import directory, identity
from protocol.directory import Bundle
from protocol.errors import BadInput, Refusal
from protocol.frames import BUNDLE_CHARACTERS
from protocol.identity import OurIdentity
from reference import ReferencePlatform, run
from test_passphrase import Lenient

PLATFORM = ReferencePlatform()
OURS, NEW = [run(OurIdentity.from_seed(PLATFORM, seed)) for seed in SEEDS[:2]]
unhurried = settings(deadline=None)  # the machine may be busy
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=64)


def newest(name, texts, pin=None):
    return run(directory.check(PLATFORM, name, texts, pin))


# What is written


@unhurried
@given(name=names, other=names)
def test_what_is_written_is_read_by_the_other_implementation_by_the_relay_and_by_ourselves(name, other):
    first = run(directory.first_bundle(PLATFORM, OURS, name))
    last = newest(name, [first])
    renewed = run(directory.renewal(PLATFORM, OURS, name, last))
    last = newest(name, [renewed], last)
    rotated = run(directory.rotation(PLATFORM, NEW, OURS, name, last))
    expected = [(OURS.public, 1, NOBODY), (OURS.public, 2, OURS.public), (NEW.public, 3, OURS.public)]
    for text, known in zip((first, renewed, rotated), expected, strict=True):
        assert read(name, text) == known
        found, taken = newest(name, [text]), server.read_bundle(name, text)
        assert (found.identity, found.version, found.previous) == taken[1:4] == known
        assert len(text) <= BUNDLE_CHARACTERS
        if other != name:
            assert read(other, text) is None
            assert run(judged(PLATFORM, other, [text], None)) == "bad-bundle"


def test_the_longest_bundle_is_that_of_the_longest_name():
    assert len(bundle(BOB, "\U0001f44b" * 64, 2, ANN)) == BUNDLE_CHARACTERS


def test_a_bundle_that_nobody_would_take_is_not_written():
    first, other = [newest(NAME, [bundle(signer, NAME)]) for signer in (ANN, BOB)]
    own = newest(NAME, [run(directory.first_bundle(PLATFORM, OURS, NAME))])
    for work in (
        directory.renewal(PLATFORM, OURS, NAME, other),
        directory.rotation(PLATFORM, NEW, OURS, NAME, first),
        directory.rotation(PLATFORM, OURS, OURS, NAME, own),
        directory.first_bundle(PLATFORM, OURS, "\ud800"),
        directory.first_bundle(PLATFORM, OURS, None),
    ):
        with pytest.raises(BadInput):
            run(work)


def test_after_the_last_version_there_is_none():
    last = newest(NAME, [bundle(ANN, NAME, 2**32 - 1, ANN)])
    last.identity = OURS.public
    with pytest.raises(BadInput):
        run(directory.renewal(PLATFORM, OURS, NAME, last))


# What is read


@pytest.mark.parametrize(("what", "text"), bad_bundles().items(), ids=bad_bundles())
def test_a_bundle_that_is_wrong_in_one_thing_is_refused_by_all_three(what, text):
    assert run(judged(PLATFORM, NAME, [text], None)) == "bad-bundle"
    assert read(NAME, text) is None
    with pytest.raises(server.Refused, match="bad-bundle"):
        server.read_bundle(NAME, text)


GOOD = [bundle(ANN, "Ann"), bundle(ANN, "Ann", 2, ANN), bundle(BOB, "Ann", 3, ANN), bundle(ANN, "Bob")]


@settings(unhurried, max_examples=400)
@given(
    text=st.sampled_from(GOOD),
    changes=st.lists(st.tuples(st.integers(0, 300), st.binary(max_size=4), st.integers(0, 4)), max_size=2),
    end=st.sampled_from(["", "", "", "=", " ", "A", "AA", "AAAA", "\0", "é"]),
    name=st.sampled_from(["Ann", "Ann", "Bob", "ann"]),
)
@example(text=GOOD[0], changes=[], end="", name="Ann")
@example(text=GOOD[0], changes=[], end="", name="Bob")
def test_whatever_is_changed_all_three_agree_on_what_is_left(text, changes, end, name):
    octets = octets_of(text)
    for at, put, skip in changes:
        octets = octets[:at] + put + octets[at + skip :]
    text = text_of(octets) + end
    known, code, taken = read(name, text), None, None
    try:
        found = newest(name, [text])
        assert (found.identity, found.version, found.previous) == known
    except Refusal as refusal:
        code = refusal.code
    try:
        taken = server.read_bundle(name, text)
    except server.Refused as refused:
        assert refused.code == code == "bad-bundle"
    assert (code is None) == (taken is not None) == (known is not None)
    assert taken is None or taken == (name, *known, text)


@given(text=st.text(max_size=80) | st.text(max_size=80).map(directory.PREFIX.__add__))
def test_any_text_is_refused_as_a_bad_bundle_by_page_and_relay(text):
    assert run(judged(PLATFORM, NAME, [text], None)) == "bad-bundle"
    if not any("\ud800" <= one <= "\udfff" for one in text):  # which no frame holds
        with pytest.raises(server.Refused, match="bad-bundle"):
            server.read_bundle(NAME, text)


def test_a_signature_in_its_other_form_is_refused_even_where_the_browser_takes_it():
    for what in ("S + L", "S + L in the handover"):
        assert all(run(Lenient().ed25519_verify_all(signed_parts(bad_bundles()[what])))), "the browser takes it"
        assert run(judged(Lenient(), NAME, [bad_bundles()[what]], None)) == "bad-bundle"


def test_a_signature_in_its_other_form_is_refused_even_if_the_relays_library_took_it(monkeypatch):
    class TakesAll:
        from_public_bytes = classmethod(lambda cls, identity: cls())
        verify = lambda self, signature, message: None  # noqa: E731

    monkeypatch.setattr(server, "Ed25519PublicKey", TakesAll)
    bad = bad_bundles()
    assert server.read_bundle(NAME, bad["another identity"]), "without this the test would prove nothing"
    for what, text in bad.items():
        if what.startswith(("S + L", "unsafe")):
            with pytest.raises(server.Refused):
                server.read_bundle(NAME, text)


def signed_parts(text):
    return Bundle(PLATFORM, NAME, text).signed


def test_the_relays_points_of_small_order_are_those_of_the_page():
    assert set(identity.SMALL_ORDER) == server.SMALL_ORDER == {int.from_bytes(y, "little") for y in SMALL_ORDER}
    assert (server.PRIME, server.LABEL) == (identity.P, identity.LABEL)


# Which key a page goes on with


@pytest.mark.parametrize(("what", "texts", "pin", "found"), story(), ids=[what for what, *_ in story()])
def test_what_the_directory_shows_is_judged_as_in_the_known_story(what, texts, pin, found):
    assert run(judged(PLATFORM, NAME, texts, pin)) == found


def test_what_was_found_is_the_next_pin():
    chain = [bundle(BOB, NAME, 3, ANN), bundle(BOB, NAME, 4, BOB)]
    pin = newest(NAME, chain[:1])
    assert newest(NAME, chain, pin).version == 4
    assert newest(NAME, chain, newest(NAME, chain, pin)).version == 4
    assert run(judged(PLATFORM, NAME, chain[:1], (BOB.public.hex(), 4))) == "old-bundle"


def test_a_refusal_leaves_the_pin_as_it_was():
    pin = Pin(ANN.public.hex(), 2)
    for texts in ([bundle(BOB, NAME, 4, BOB)], [bundle(ANN, NAME)], ["bundle-1.AAAA"]):
        with pytest.raises(Refusal):
            newest(NAME, texts, pin)
    assert (pin.identity, pin.version) == (ANN.public, 2)
