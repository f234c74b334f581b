"""Bodies of the relay <-> checked values: each wrong form has its refusal, and nothing else ever comes out."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from known_answers import b64, every
from protocol import envelope
from protocol.errors import BadInput, Malformed, Problem, Refusal
from protocol.ladder import LADDER
from reference import ReferencePlatform

PLATFORM = ReferencePlatform()
CLASSIC = every()["classic"][0]["body"]
KNOWN = every()["passphrase"][0]
PASSPHRASE = KNOWN["body"]
FIELDS, CIPHERTEXT, SIGNATURE = (bytes.fromhex(KNOWN[part]) for part in ("header", "ciphertext", "signature"))
FIELDS = FIELDS[len(b"secure-chat passphrase 1 header") + 4 + len("kitchen") :]
ANY_TEXT = st.text(st.characters(codec=None), max_size=100)


def code_of(read, body):
    with pytest.raises(Refusal) as caught:
        read(PLATFORM, body)
    return caught.value.code


def passphrase_code(data):
    return code_of(envelope.read_passphrase, envelope.PASSPHRASE_PREFIX + b64(data))


def with_bytes(at, new):
    """The honest body's bytes with others from `at` on."""
    data = FIELDS + CIPHERTEXT + SIGNATURE
    return data[:at] + new + data[at + len(new) :]


# Texts


@pytest.mark.parametrize(("text", "code"), [("", "empty"), ("x" * 16_385, "too-long"), ("é" * 8_193, "too-long")])
def test_a_text_that_cannot_be_sent_says_why(text, code):
    with pytest.raises(Problem) as caught:
        envelope.text_bytes(text)
    assert (caught.value.field, caught.value.code) == ("message", f"message-{code}")


def test_a_text_with_half_a_character_is_a_problem_and_no_traceback():
    with pytest.raises(Problem) as caught:
        envelope.text_bytes("a\ud83d")
    assert (caught.value.field, caught.value.code) == ("message", "message-not-text")


def test_a_text_of_16384_bytes_is_taken():
    assert len(envelope.text_bytes("é" * 8_192)) == 16_384


# Classic


def test_the_known_classic_body_is_read_and_written_alike():
    assert envelope.read_classic(PLATFORM, CLASSIC).write(PLATFORM) == CLASSIC


def of_sizes(iv, ciphertext, salt):
    return f'{{"iv":"{b64(bytes(iv))}","ciphertext":"{b64(bytes(ciphertext))}","salt":"{b64(bytes(salt))}"}}'


CLASSIC_MALFORMED = {
    "another order": CLASSIC.replace("salt", "x").replace("ciphertext", "salt").replace("x", "ciphertext"),
    "white space": CLASSIC.replace(',"', ', "'),
    "more after it": CLASSIC + " ",
    "a member more": CLASSIC[:-1] + ',"x":1}',
    "a member twice": CLASSIC[:-1] + ',"iv":"QEFCQ0RFRkdISUpL"}',
    "iterations of an attacker": CLASSIC[:-1] + ',"iterations":1}',
    "iv too short": CLASSIC.replace("QEFCQ0RFRkdISUpL", "QEFCQ0RFRkdISUo"),
    "iv too long": CLASSIC.replace("QEFCQ0RFRkdISUpL", "QEFCQ0RFRkdISUpLTA"),
    "iv empty": CLASSIC.replace("QEFCQ0RFRkdISUpL", ""),
    "salt too short": CLASSIC.replace("AAECAwQFBgcICQoLDA0ODw", "AAECAwQFBgcICQoLDA0O"),
    "salt with spare bits": CLASSIC.replace("AAECAwQFBgcICQoLDA0ODw", "AAECAwQFBgcICQoLDA0ODx"),
    "padding": CLASSIC.replace("DA0ODw", "DA0ODw=="),
    "standard base64": CLASSIC.replace("-_", "+/"),
    "an escape": CLASSIC.replace("QEFC", "\\u0051EFC"),
    "a line break": CLASSIC.replace("QEFC", "QEFC\n"),
    "cut": CLASSIC[:-2],
    "only its start": '{"iv":"',
    "ciphertext of a tag alone": of_sizes(12, 16, 16),
    "ciphertext too long": of_sizes(12, 16_401, 16),
}


@pytest.mark.parametrize("body", CLASSIC_MALFORMED.values(), ids=CLASSIC_MALFORMED)
def test_a_classic_body_has_one_spelling(body):
    assert body != CLASSIC
    assert code_of(envelope.read_classic, body) == "malformed"


@pytest.mark.parametrize(
    ("read", "other", "plain"),
    [
        (envelope.read_classic, PASSPHRASE, "meet at noon"),
        (envelope.read_passphrase, CLASSIC, "meet at noon"),
        (envelope.read_classic, "passphrase-1.", ' {"iv":"'),
        (envelope.read_passphrase, '{"iv":"', "Passphrase-1.AAAA"),
        (envelope.read_classic, PASSPHRASE, '{"text":"hello"}'),
        (envelope.read_passphrase, CLASSIC, "passphrase-2.AAAA"),
    ],
)
def test_a_body_of_another_level_and_one_of_no_level_are_told_apart(read, other, plain):
    assert code_of(read, other) == "other-level"
    assert code_of(read, plain) == "not-encrypted"


# Passphrase


def test_the_known_passphrase_body_is_read_and_written_alike():
    body = envelope.read_passphrase(PLATFORM, PASSPHRASE)
    assert (body.fields, body.ciphertext, body.signature) == (FIELDS, CIPHERTEXT, SIGNATURE)
    assert (body.name, body.counter, body.anchor_seq, body.anchor_hash) == ("Alice", 0, 0, bytes(32))
    assert (body.parameters.kdf, body.parameters.cost, body.parameters.room_salt) == (1, 600_000, bytes(range(16)))
    assert body.session_public.hex() == KNOWN["session_public"]
    assert envelope.write_passphrase(PLATFORM, body.fields, body.ciphertext, body.signature) == PASSPHRASE


COSTS = {
    "cost 0": (1, 0, "cost-out-of-range"),
    "cost 1": (1, 1, "cost-out-of-range"),
    "one too few": (1, 599_999, "cost-out-of-range"),
    "one too many": (1, 10_000_001, "cost-out-of-range"),
    "cost 2^31": (1, 2**31, "cost-out-of-range"),
    "cost 2^32 - 1": (1, 2**32 - 1, "cost-out-of-range"),
    "Argon2id, one pass": (2, 1 << 24 | 1 << 16 | 19, "cost-out-of-range"),
    "Argon2id, 11 passes": (2, 11 << 24 | 1 << 16 | 19, "cost-out-of-range"),
    "Argon2id, no lane": (2, 2 << 24 | 19, "cost-out-of-range"),
    "Argon2id, 5 lanes": (2, 2 << 24 | 5 << 16 | 19, "cost-out-of-range"),
    "Argon2id, 18 MiB": (2, 2 << 24 | 1 << 16 | 18, "cost-out-of-range"),
    "Argon2id, 257 MiB": (2, 2 << 24 | 1 << 16 | 257, "cost-out-of-range"),
    "Argon2id, 3 passes of 256 MiB": (2, 3 << 24 | 1 << 16 | 256, "cost-out-of-range"),
    "Argon2id, 10 passes of 52 MiB": (2, 10 << 24 | 1 << 16 | 52, "cost-out-of-range"),
    "Argon2id, 65,535 MiB": (2, 2 << 24 | 1 << 16 | 65_535, "cost-out-of-range"),
    "Argon2id at PBKDF2's cost": (2, 600_000, "cost-out-of-range"),
    "no kdf": (0, 600_000, "malformed"),
    "an unknown kdf": (3, 600_000, "malformed"),
    "kdf 255": (255, 2**32 - 1, "malformed"),
}


@pytest.mark.parametrize(("kdf", "cost", "code"), COSTS.values(), ids=COSTS)
def test_a_cost_outside_its_bounds_is_refused_before_anything_is_derived(kdf, cost, code):
    assert passphrase_code(with_bytes(0, bytes([kdf]) + cost.to_bytes(4, "big"))) == code


ACCEPTED = [(1, 600_000), (1, 10_000_000), (2, 2 << 24 | 1 << 16 | 19)]
ACCEPTED += [(2, 2 << 24 | 4 << 16 | 256), (2, 10 << 24 | 4 << 16 | 51)]


@pytest.mark.parametrize(("kdf", "cost"), ACCEPTED)
def test_the_least_and_the_most_costs_are_accepted(kdf, cost):
    data = with_bytes(0, bytes([kdf]) + cost.to_bytes(4, "big"))
    body = envelope.read_passphrase(PLATFORM, envelope.PASSPHRASE_PREFIX + b64(data))
    assert (body.parameters.kdf, body.parameters.cost) == (kdf, cost)
    assert envelope.argon2id_cost(*envelope.argon2id_parts(cost)) == cost


def test_a_body_cut_anywhere_below_the_least_size_is_malformed():
    data = FIELDS + CIPHERTEXT + SIGNATURE
    assert {passphrase_code(data[:size]) for size in range(len(data))} == {"malformed"}


def test_a_name_length_that_lies_is_malformed():
    at = 1 + 4 + 16 + 32
    for size in (0, 257, 2**31, 2**32 - 1, len(CIPHERTEXT) + 100):
        assert passphrase_code(with_bytes(at, size.to_bytes(4, "big"))) == "malformed"


@pytest.mark.parametrize(
    "name",
    [
        b"Al\x00ce",
        b"Al\xffce",
        b" lice",
        b"Alic ",
        b"Al\xed\xa0\x80",
        b"\xe2\x80\xaeA!",
        b"\xc0\x80ice",
        b"Zoe\xcc\x88",
    ],
)
def test_a_name_that_is_not_clean_is_malformed(name):
    at = 1 + 4 + 16 + 32
    data = FIELDS[:at] + len(name).to_bytes(4, "big") + name + FIELDS[at + 9 :] + CIPHERTEXT + SIGNATURE
    assert passphrase_code(data) == "malformed"


@pytest.mark.parametrize(
    "tail", ["=", "==", " ", "\n", "!", "\ud800", "é"], ids=["pad", "pads", "space", "line", "!", "half", "e"]
)
def test_base64_that_is_not_canonical_is_malformed(tail):
    assert code_of(envelope.read_passphrase, PASSPHRASE + tail) == "malformed"
    assert code_of(envelope.read_passphrase, PASSPHRASE[:400] + tail + PASSPHRASE[400:]) == "malformed"


def test_a_prefix_without_anything_is_malformed():
    assert code_of(envelope.read_passphrase, envelope.PASSPHRASE_PREFIX) == "malformed"


def test_a_malformed_body_is_that_even_if_its_cost_is_out_of_range_too():
    data = with_bytes(1, bytes(4))
    at = 1 + 4 + 16 + 32 + 4
    assert passphrase_code(data[:at] + b"\x00" + data[at + 1 :]) == "malformed"


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: envelope.Parameters(1, 600_000, bytes(15)),
        lambda: envelope.Parameters(1, 2**32, bytes(16)),
        lambda: envelope.Parameters(256, 600_000, bytes(16)),
        lambda: envelope.ClassicBody(bytes(11), b"", bytes(16)),
        lambda: envelope.write_passphrase(PLATFORM, b"", b"", bytes(63)),
    ],
)
def test_writing_a_value_of_the_wrong_size_is_the_programs_mistake(wrong):
    with pytest.raises(BadInput):
        wrong()


# Taken apart, field by field


@pytest.mark.parametrize(("level", "body"), [("classic", CLASSIC), ("passphrase", PASSPHRASE)])
def test_a_body_taken_apart_and_put_together_is_the_same(level, body):
    level = LADDER.of(level)
    assert level.body_of(PLATFORM, level.parts(PLATFORM, body)) == body


@pytest.mark.parametrize("level", LADDER.levels, ids=lambda level: level.id)
@pytest.mark.parametrize(
    "body", ["", "x", "passphrase-1.", "passphrase-1.AAAA", PASSPHRASE[:150], CLASSIC[:40], CLASSIC + "x"]
)
def test_what_cannot_be_taken_apart_is_refused(level, body):
    with pytest.raises(Refusal):
        level.parts(PLATFORM, body)


def test_the_parts_of_a_body_are_what_reading_it_finds():
    parts = dict(envelope.passphrase_parts(PLATFORM, PASSPHRASE))
    body = envelope.read_passphrase(PLATFORM, PASSPHRASE)
    assert parts["kdf"] + parts["cost"] + parts["room_salt"] == body.parameters.octets
    assert (parts["session_public"], parts["name"][4:]) == (body.session_public, body.name.encode())
    assert int.from_bytes(parts["counter"]) == body.counter
    assert (int.from_bytes(parts["anchor_seq"]), parts["anchor_hash"]) == (body.anchor_seq, body.anchor_hash)
    assert (parts["ct"], parts["sig"]) == (body.ciphertext, body.signature)
    classic = dict(envelope.classic_parts(PLATFORM, CLASSIC))
    body = envelope.read_classic(PLATFORM, CLASSIC)
    assert (classic["iv"], classic["ciphertext"], classic["salt"]) == (body.iv, body.ciphertext, body.salt)


# Any input

READERS = (envelope.read_classic, envelope.read_passphrase)


EXPECTED = ("not-encrypted", "other-level", "malformed", "cost-out-of-range")


def only_a_body_or_a_refusal(text):
    for read in READERS:
        try:
            read(PLATFORM, text)
        except Refusal as refusal:
            assert refusal.code in EXPECTED


@given(ANY_TEXT, st.sampled_from(["", envelope.PASSPHRASE_PREFIX, envelope.CLASSIC_START, CLASSIC[:60]]))
def test_any_text_is_refused_and_nothing_else_happens(text, start):
    only_a_body_or_a_refusal(start + text)


@given(st.binary(max_size=700))
def test_any_bytes_in_good_base64_are_a_body_or_refused(data):
    only_a_body_or_a_refusal(envelope.PASSPHRASE_PREFIX + b64(data))


@settings(max_examples=300)
@given(st.sampled_from([CLASSIC, PASSPHRASE]), st.data())
def test_any_letter_changed_in_an_honest_body_gives_a_body_or_a_refusal(body, data):
    at = data.draw(st.integers(0, len(body) - 1))
    only_a_body_or_a_refusal(body[:at] + data.draw(st.characters(codec=None)) + body[at + 1 :])


@settings(max_examples=300)
@given(st.integers(0, len(FIELDS) - 1), st.binary(min_size=1, max_size=40))
def test_any_bytes_over_the_fields_of_an_honest_body_give_a_body_or_a_refusal(at, new):
    only_a_body_or_a_refusal(envelope.PASSPHRASE_PREFIX + b64(with_bytes(at, new)))


@given(st.binary(max_size=700))
def test_a_body_that_is_read_is_written_the_same(data):
    text = envelope.PASSPHRASE_PREFIX + b64(FIELDS + data)
    try:
        body = envelope.read_passphrase(PLATFORM, text)
    except Malformed:
        return
    assert envelope.write_passphrase(PLATFORM, body.fields, body.ciphertext, body.signature) == text
