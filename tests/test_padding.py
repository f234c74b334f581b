"""Padding: sizes, and what unpad() refuses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from known_answers import every, padme
from protocol import padding
from protocol.errors import BadPadding


@given(st.binary(max_size=20_000))
def test_what_was_padded_comes_back(data):
    assert padding.unpad(padding.pad(data)) == data


@pytest.mark.parametrize(("length", "padded"), every()["padding"])
def test_the_padded_sizes_are_the_known_ones(length, padded):
    assert len(padding.pad(bytes(length))) == padded


def test_padme_agrees_with_the_formula_at_every_length_of_a_message():
    assert [padding.padme(length) for length in range(1, 17_000)] == [padme(length) for length in range(1, 17_000)]


def test_a_longer_message_grows_by_at_most_12_percent():
    assert max(padding.padme(length) / length for length in range(256, 17_000)) <= 1.12


def test_every_message_of_up_to_255_bytes_has_one_size():
    assert {len(padding.pad(bytes(length))) for length in range(256)} == {256}


@pytest.mark.parametrize(
    "padded",
    [
        b"",
        bytes(256),
        b"\x80",
        b"text".ljust(256, b"\x00"),
        b"text\x80".ljust(255, b"\x00"),
        b"text\x80".ljust(257, b"\x00"),
        b"text\x80".ljust(512, b"\x00"),
        b"text\x80\x01".ljust(256, b"\x00"),
        b"text\x80".ljust(255, b"\x00") + b"\x01",
        bytes(300) + b"\x80",
    ],
    ids=[
        "nothing",
        "no-mark",
        "too-short",
        "mark-missing",
        "one-less",
        "one-more",
        "twice",
        "after",
        "end",
        "unrounded",
    ],
)
def test_bytes_that_pad_does_not_make_are_refused(padded):
    with pytest.raises(BadPadding):
        padding.unpad(padded)


@given(st.binary(max_size=600))
def test_any_bytes_are_unpadded_to_what_pads_to_them_or_refused(padded):
    try:
        data = padding.unpad(padded)
    except BadPadding:
        return
    assert padding.pad(data) == padded
