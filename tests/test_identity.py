"""Identities and the numbers to compare, against known answers and pyca/cryptography. Those checks that run in the page
too are in both_identity.py."""

import hashlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from known_identity import SEEDS, KnownIdentity, every, safety_number
from protocol import identity
from protocol.encoding import ED25519_ORDER
from protocol.errors import BadInput
from protocol.identity import OurIdentity, checked, from_little_endian, verified_all, x25519_of
from protocol.identity_errors import IDENTITY_REFUSALS, BadIdentity
from reference import ReferencePlatform, run
from test_passphrase import Lenient

SPECIFICATION = Path(identity.__file__).with_name("identity.md").read_text("utf-8")
PLATFORM = ReferencePlatform()
unhurried = settings(deadline=None)  # the machine may be busy
seeds = st.binary(min_size=32, max_size=32)


def ours(seed):
    return run(OurIdentity.from_seed(PLATFORM, seed))


@unhurried
@given(seed=seeds)
def test_an_identity_is_that_of_pyca_and_its_other_key_follows_from_it(seed):
    known, one = KnownIdentity(seed), ours(seed)
    assert one.public == known.public
    assert one.x25519_public == known.x25519_public == x25519_of(known.public)


def test_the_known_seeds_have_both_signs_of_x():
    # Without this, a wrong sign would not be noticed by the checks in the page.
    assert {KnownIdentity(seed).public[31] >> 7 for seed in SEEDS} == {0, 1}


def test_two_keys_that_are_not_of_one_seed_make_no_identity():
    one, other = ours(SEEDS[0]), ours(SEEDS[1])
    with pytest.raises(ValueError, match="list"):
        run(identity.public_of(PLATFORM, one.signing, other.x25519_public))


@pytest.mark.parametrize("seed", [b"", bytes(31), bytes(33), "0" * 32, None])
def test_a_seed_has_32_bytes(seed):
    with pytest.raises(BadInput):
        ours(seed)


@unhurried
@given(one=seeds, other=seeds)
def test_a_safety_number_is_the_same_on_both_sides_and_no_other_pairs(one, other):
    mine, theirs = KnownIdentity(one).public, KnownIdentity(other).public
    number = run(identity.safety_number(PLATFORM, mine, theirs))
    assert number == run(identity.safety_number(PLATFORM, theirs, mine))
    assert " ".join(number) == safety_number(mine, theirs)
    third = KnownIdentity(hashlib.sha256(one + other).digest()).public
    assert number != run(identity.safety_number(PLATFORM, mine, third))


def test_the_numbers_of_one_thing_are_never_those_of_another():
    first, second = [KnownIdentity(seed).public for seed in SEEDS[:2]]
    numbers = [
        run(identity.fingerprint(PLATFORM, first)),
        run(identity.fingerprint(PLATFORM, second)),
        run(identity.safety_number(PLATFORM, first, second)),
        run(identity.room_number(PLATFORM, b"", first + second)),
        run(identity.room_number(PLATFORM, b"kitchen", first + second)),
        run(identity.room_number(PLATFORM, b"kitchen", second + first)),
    ]
    assert len({tuple(number) for number in numbers}) == len(numbers)
    assert {len(number) for number in numbers} == {12}


@pytest.mark.parametrize("y", [*identity.SMALL_ORDER, identity.P, 2**255 - 1])
def test_no_number_is_made_of_a_key_that_is_none(y):
    unsafe, safe = identity.little_endian(y), KnownIdentity(SEEDS[0]).public
    for work in (
        identity.fingerprint(PLATFORM, unsafe),
        identity.safety_number(PLATFORM, unsafe, safe),
        identity.safety_number(PLATFORM, safe, unsafe),
    ):
        with pytest.raises(BadIdentity):
            run(work)


def test_the_curve_has_no_more_points_of_small_order_than_those():
    # Of these, 8 P is the neutral element, in RFC 8032's formulas; x is what the curve's equation has for y.
    p, d = identity.P, -121665 * pow(121666, -1, identity.P)

    def added(one, other):
        (x1, y1), (x2, y2) = one, other
        product = d * x1 * x2 * y1 * y2
        x = (x1 * y2 + x2 * y1) * pow(1 + product, -1, p) % p
        return x, (y1 * y2 + x1 * x2) * pow(1 - product, -1, p) % p

    def points(y):
        square = (y * y - 1) * pow(d * y * y + 1, -1, p) % p
        roots = {pow(square, (p + 3) // 8, p) * factor % p for factor in (1, pow(2, (p - 1) // 4, p))}
        return [(sign * root % p, y) for root in roots if root * root % p == square for sign in (1, -1)]

    found = {point for y in identity.SMALL_ORDER for point in points(y)}
    assert len(found) == 8  # the cofactor: there are no others
    for point in found:
        for _ in range(3):
            point = added(point, point)
        assert point == (0, 1)


def test_a_signature_under_a_key_of_small_order_verifies_which_is_why_they_are_refused():
    neutral = b"\x01" + bytes(31)
    forged = neutral + bytes(32)  # R is the neutral element too, S is 0: right for every message
    assert run(verified_all(PLATFORM, [(neutral, forged, b"anything")])) == [True]
    with pytest.raises(BadIdentity):
        checked(neutral)


def test_a_signature_in_its_other_form_does_not_count_even_if_the_browser_takes_it():
    one, platform = ours(SEEDS[0]), Lenient()
    signature = run(platform.ed25519_sign(one.signing, b"message"))
    other_form = signature[:32] + (int.from_bytes(signature[32:], "little") + ED25519_ORDER).to_bytes(32, "little")
    signed = [(one.public, form, b"message") for form in (signature, other_form)]
    assert run(platform.ed25519_verify_all(signed)) == [True, True]  # without this the test would prove nothing
    assert run(verified_all(platform, signed)) == [True, False]


def test_the_specification_has_the_known_answers_the_refusals_and_the_points_of_small_order():
    for part in ("seed", "public", "x25519_public", "fingerprint"):
        assert every()["identities"][0][part] in SPECIFICATION, part
    assert every()["identities"][1]["public"] in SPECIFICATION
    assert every()["identities"][1]["safety_number"] in SPECIFICATION
    for octets in identity.ORDER_8:
        assert f"`{octets}`" in SPECIFICATION
    for refusal in IDENTITY_REFUSALS:
        assert f"| `{refusal.code}` | {refusal.for_people} |" in SPECIFICATION
    assert len({refusal.code for refusal in IDENTITY_REFUSALS}) == len(IDENTITY_REFUSALS)


def test_what_holds_an_identity_shows_no_private_key():
    one = ours(SEEDS[0])
    held = [value for value in vars(one).values() if isinstance(value, bytes)]
    assert sorted(held) == sorted([one.public, one.x25519_public])
    assert from_little_endian(one.public) != from_little_endian(SEEDS[0])
