"""Strict base64url, UTF-8, length prefixes, names and passphrases."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import encoding
from protocol.errors import BadInput, Malformed, Problem
from reference import ReferencePlatform

PLATFORM = ReferencePlatform()
ANY_TEXT = st.text(st.characters(codec=None), max_size=100)  # surrogates too


@given(st.binary(max_size=100))
def test_base64url_comes_back(data):
    assert encoding.from_base64url(PLATFORM, PLATFORM.base64url(data), "data") == data


@pytest.mark.parametrize(
    "text",
    [
        "QQ==",
        "QQ=",
        "QR",
        "Q",
        "Q Q",
        "Q\nQ",
        "QQ ",
        "Q+8",
        "Q/8",
        "QQ\x00",
        "Q\uff31",
        "Q\ud800",
        "QUI=",
        "=",
        "QQ-",
        "....",
        "QQ..",
    ],
)
def test_base64url_has_one_spelling(text):
    with pytest.raises(Malformed):
        encoding.from_base64url(PLATFORM, text, "data")


class Lenient(ReferencePlatform):
    """Browsers skip white space, and take padding and spare bits."""

    def from_base64url(self, text):
        return super().from_base64url("".join(text.split()).rstrip("="))


@pytest.mark.parametrize(
    "text", ["QQ==", "QQ=", "QR", "Q Q", "QQ ", "QUI=", "QUJ", "QUJD\n", "QUJD    ", " QUJ", "QQ  ", "    "]
)
def test_base64url_has_one_spelling_although_the_browser_takes_others(text):
    assert Lenient().from_base64url(text) is not None
    with pytest.raises(Malformed):
        encoding.from_base64url(Lenient(), text, "data")


@given(ANY_TEXT)
def test_any_text_is_the_one_spelling_of_its_bytes_or_malformed(text):
    try:
        data = encoding.from_base64url(PLATFORM, text, "data")
    except Malformed:
        return
    assert PLATFORM.base64url(data) == text


@pytest.mark.parametrize(("value", "size"), [(-1, 1), (256, 1), (2**32, 4), (True, 1), (1.0, 4), ("1", 4), (None, 4)])
def test_a_number_out_of_range_is_the_programs_mistake(value, size):
    with pytest.raises(BadInput, match="counter"):
        encoding.uint(value, size, "counter")


def test_numbers_are_big_endian():
    assert encoding.uint(2**32 - 2, 4, "n") == b"\xff\xff\xff\xfe"
    assert encoding.uint(2**53 - 1, 8, "n") == b"\x00\x1f" + b"\xff" * 6


@given(st.lists(st.binary(max_size=9), max_size=5), st.lists(st.binary(max_size=9), max_size=5))
def test_length_prefixes_keep_different_fields_different(ours, theirs):
    joined = [b"".join(map(encoding.sized, fields)) for fields in (ours, theirs)]
    assert (joined[0] == joined[1]) == (ours == theirs)


def test_only_bytes_get_a_length_prefix():
    for data in ("text", bytearray(b"x"), None):
        with pytest.raises(BadInput):
            encoding.sized(data)


def test_exactly_names_the_argument_of_the_wrong_size():
    with pytest.raises(BadInput, match="salt: need 16 bytes"):
        encoding.exactly(bytes(15), 16, "salt")


@given(st.text(max_size=50))
def test_text_without_surrogates_is_utf8(text):
    assert encoding.utf8_bytes(text, "text") == text.encode()


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb", "\ud83d\ude00", b"bytes", None, 1])
def test_text_with_an_unpaired_surrogate_or_no_text_is_the_programs_mistake(text):
    with pytest.raises(BadInput, match="name"):
        encoding.utf8_bytes(text, "name")


@given(ANY_TEXT)
def test_a_surrogate_is_found_in_bytes_that_another_runtime_made_of_it(text):
    wtf8 = text.encode("utf-8", "surrogatepass")
    assert encoding.has_surrogate(wtf8) == any(0xD800 <= ord(character) <= 0xDFFF for character in text)


@pytest.mark.parametrize(
    ("code", "is_one"), [(0xD7FF, 0), (0xD800, 1), (0xDBFF, 1), (0xDC00, 1), (0xDFFF, 1), (0xE000, 0)]
)
def test_the_surrogates_are_d800_to_dfff(code, is_one):
    assert encoding.has_surrogate(b"a" + chr(code).encode("utf-8", "surrogatepass") + b"b") == is_one


def test_the_reader_refuses_to_read_past_the_end():
    reader = encoding.Reader(b"\x00\x00\x00\x02ab")
    assert reader.sized(2) == b"ab"
    with pytest.raises(Malformed):
        reader.take(1)


@pytest.mark.parametrize("data", [b"", b"\x00\x00\x00", b"\x00\x00\x00\x03ab", b"\xff\xff\xff\xffab"])
def test_the_reader_refuses_a_length_that_lies(data):
    with pytest.raises(Malformed):
        encoding.Reader(data).sized(3)


def test_the_reader_refuses_a_field_that_is_longer_than_allowed():
    with pytest.raises(Malformed):
        encoding.Reader(b"\x00\x00\x00\x02ab").sized(1)


# Names

INVISIBLE = [0x00, 0x1F, 0x7F, 0xAD, 0x61C, 0x180E, 0x200B, 0x200D, 0x200F, 0x202A, 0x202E, 0x2060, 0x2066, 0x2069]
INVISIBLE += [0x115F, 0x3164, 0xFE0F, 0xFEFF, 0xFFA0, 0xFFFE, 0xFFFF, 0xD800, 0xDFFF, 0xE0001, 0xE0100]


@pytest.mark.parametrize("code", INVISIBLE, ids=hex)
def test_a_name_with_an_invisible_character_is_a_problem_of_its_field(code):
    with pytest.raises(Problem) as caught:
        encoding.clean_name(PLATFORM, f"A{chr(code)}b", "name")
    assert (caught.value.field, caught.value.code) == ("name", "name-invisible")


@pytest.mark.parametrize("code", INVISIBLE, ids=hex)
def test_a_name_of_others_with_an_invisible_character_is_not_clean(code):
    assert not encoding.is_clean_name(PLATFORM, f"A{chr(code)}b")


def test_every_character_that_unicode_calls_control_or_format_is_refused_in_a_name():
    # Format characters of scripts that are visible, or that only annotate: they do not hide and do not turn.
    visible = {*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD, *range(0x13430, 0x13440)}
    every = (chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) in ("Cc", "Cf", "Zl", "Zp", "Cs"))
    assert [f"{ord(one):x}" for one in every if encoding.visible(one) and ord(one) not in visible] == []


@pytest.mark.parametrize("name", ["Zoë", "東京", "👋", "O'Neil <b>", "a b", "A", "é" * 64, "مريم", "नमस्ते", "Ὀδυσσεύς"])
def test_a_visible_name_stays_as_it_is(name):
    assert encoding.clean_name(PLATFORM, name, "name") == name
    assert encoding.is_clean_name(PLATFORM, name)


def test_a_name_is_normalized_and_trimmed_and_keeps_its_case():
    assert encoding.clean_name(PLATFORM, "\u3000\t Zoe\u0308 LEE\u00a0\n", "name") == "Zoë LEE"


@pytest.mark.parametrize("text", ["", " ", "\u2003\u3000", "\n"])
def test_an_empty_name_says_which_field(text):
    with pytest.raises(Problem) as caught:
        encoding.clean_name(PLATFORM, text, "room")
    assert (caught.value.field, caught.value.code) == ("room", "room-empty")


def test_a_name_of_65_characters_is_too_long():
    with pytest.raises(Problem) as caught:
        encoding.clean_name(PLATFORM, "é" * 65, "name")
    assert caught.value.code == "name-too-long"


@given(ANY_TEXT)
def test_a_cleaned_name_is_clean_and_cleaning_it_again_changes_nothing(text):
    try:
        name = encoding.clean_name(PLATFORM, text, "name")
    except Problem:
        return
    assert encoding.is_clean_name(PLATFORM, name)
    assert encoding.clean_name(PLATFORM, name, "name") == name
    assert len(name.encode()) <= 256


@pytest.mark.parametrize("name", ["", " a", "a ", "Zoe\u0308", "e" * 65, "\u00c5\u0323"])
def test_a_name_of_others_that_was_not_cleaned_is_not_clean(name):
    assert not encoding.is_clean_name(PLATFORM, name)


def test_the_spaces_trimmed_are_unicodes_white_space():
    # Python's isspace() counts the four information separators too, which Unicode's White_Space does not.
    every = {chr(code) for code in range(0x110000) if chr(code).isspace()} - set("\x1c\x1d\x1e\x1f")
    assert set(encoding.SPACES) == every


# Passphrases


def test_a_passphrase_is_normalized_and_otherwise_untouched():
    assert encoding.passphrase_bytes(PLATFORM, "  Zoe\u0308\t") == "  Zoë\t".encode()


@pytest.mark.parametrize(
    ("text", "code"), [("", "empty"), ("x" * 1025, "too-long"), ("é" * 513, "too-long"), ("a\ud800", "not-text")]
)
def test_a_passphrase_that_cannot_be_used_says_why(text, code):
    with pytest.raises(Problem) as caught:
        encoding.passphrase_bytes(PLATFORM, text)
    assert (caught.value.field, caught.value.code) == ("passphrase", f"passphrase-{code}")


def test_a_passphrase_of_1024_bytes_is_taken():
    assert len(encoding.passphrase_bytes(PLATFORM, "é" * 512)) == 1024


@pytest.mark.parametrize(("text", "outer"), [(" a", True), ("a\u3000", True), ("a b", False), ("", False)])
def test_white_space_at_the_ends_of_a_passphrase_is_noticed(text, outer):
    assert encoding.has_outer_space(text) is outer
