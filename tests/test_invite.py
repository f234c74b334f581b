"""Invites as text: what is written is read again, and nothing else is. Checks that run in the page too are in
both_invite.py."""

from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from both_invite import IDENTITY, KNOWN
from protocol import invite
from protocol.encoding import clean_name, passphrase_bytes
from protocol.errors import BadInput, Problem, Refusal
from protocol.identity import checked
from reference import ReferencePlatform

SPECIFICATION = Path(invite.__file__).with_name("identity.md").read_text("utf-8")
PLATFORM = ReferencePlatform()
LETTERS = "/%#?&+ -._~=0aAfFéç\u0301\u200b"
levels = st.sampled_from(invite.WITH_PASSPHRASE)


@st.composite
def rooms(draw):
    try:
        return clean_name(PLATFORM, draw(st.text(st.characters(exclude_categories=["Cs"]), max_size=70)), "room")
    except Problem:
        assume(False)


@st.composite
def passphrases(draw):
    text = draw(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\n\r"), max_size=300))
    try:
        return passphrase_bytes(PLATFORM, text).decode()
    except Problem:
        assume(False)


def again(read: invite.Invite) -> str:
    if read.identity:
        return invite.write(PLATFORM, read.level, read.room, read.identity)
    return invite.write_passphrase(PLATFORM, read.level, read.room, read.passphrase or None)


def is_invite(text: str) -> bool:
    try:
        return again(invite.read(PLATFORM, text)) == text or "in another form than it has"
    except Problem:
        return False


@settings(deadline=None)
@given(level=levels, room=rooms(), passphrase=st.none() | passphrases())
def test_an_invite_with_a_passphrase_is_read_as_it_was_written(level, room, passphrase):
    text = invite.write_passphrase(PLATFORM, level, room, passphrase)
    read = invite.read(PLATFORM, text)
    assert (read.level, read.room, read.identity, read.passphrase) == (level, room, None, passphrase or "")
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789%/")
    assert text[-1] != "/" and len(text) < invite.LONGEST


@settings(deadline=None)
@given(level=st.sampled_from(invite.WITH_IDENTITY), room=rooms(), identity=st.binary(min_size=32, max_size=32))
def test_an_invite_with_an_identity_is_read_as_it_was_written(level, room, identity):
    try:
        checked(identity)
    except Refusal:
        assume(False)
    read = invite.read(PLATFORM, invite.write(PLATFORM, level, room, identity))
    assert (read.level, read.room, read.identity, read.passphrase) == (level, room, identity, "")


@settings(deadline=None, max_examples=1_000)
@given(text=st.sampled_from([text for text, _ in KNOWN]), data=st.data())
def test_each_invite_has_one_form_and_a_change_makes_another_or_none(text, data):
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 3)))
    changed = text[:start] + data.draw(st.text(LETTERS, max_size=3)) + text[end:]
    assert is_invite(changed) in (True, False)


@given(text=st.text())
def test_any_other_text_is_refused_with_a_sentence(text):
    assert is_invite(text) in (True, False)


def test_an_invite_with_an_identity_that_was_cut_off_anywhere_is_refused():
    text = invite.write(PLATFORM, "ratchet", "kitchen", IDENTITY)
    assert is_invite(text) is True
    assert [at for at in range(len(text)) if is_invite(text[:at])] == []


def test_no_level_with_a_passphrase_invites_with_an_identity():
    with pytest.raises(BadInput):
        invite.write(PLATFORM, "passphrase", "kitchen", IDENTITY)


def test_what_is_longer_than_any_invite_is_not_taken_apart(monkeypatch):
    taken = []
    monkeypatch.setattr(invite, "percent_decoded", taken.append)
    assert is_invite("passphrase/" + "a" * invite.LONGEST) is False
    assert taken == []


def test_the_sentences_and_the_known_invite_stand_in_the_specification():
    for code, sentence in (("invite-missing", invite.MISSING), ("invite-unreadable", invite.UNREADABLE)):
        assert f"| `{code}` | {sentence} |" in SPECIFICATION
    assert f"    {KNOWN[1][0]}\n" in SPECIFICATION
    assert f'"{KNOWN[1][1][1]}"' in SPECIFICATION
