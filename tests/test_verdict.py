"""When the page says that the passphrase is probably wrong, or that Argon2id is missing."""

import pytest

from protocol.errors import BadSignature, CannotOpen, KdfUnavailable, WrongPassphrase
from protocol.levels import Opened, Tag, Waiting
from protocol.verdict import Verdict


class Show:
    def __init__(self):
        self.alerts = []

    def alert(self, sentence, choices):
        self.alerts.append((sentence[:20], choices))


def opened(own=False):
    return Opened("hello", "Alice", Tag(b"key"), own, [])


def told(*outcomes):
    """The alerts after each of these outcomes has been counted and judged."""
    show = Show()
    verdict = Verdict(show, ["a choice"])
    for outcome in outcomes:
        verdict.count(outcome)
        verdict.tell()
    return show.alerts


WRONG = ("Nothing that others ", ["a choice"])


@pytest.mark.parametrize("outcome", [WrongPassphrase(), CannotOpen()])
def test_what_does_not_open_while_nothing_else_does_is_said_once(outcome):
    assert told(outcome, outcome) == [WRONG]


def test_our_own_messages_are_no_proof_of_the_passphrase():
    assert told(opened(own=True), WrongPassphrase()) == [WRONG]


def test_one_message_of_another_that_opens_takes_it_back():
    assert told(WrongPassphrase(), opened()) == [WRONG, ("", [])]


def test_a_refusal_that_has_nothing_to_do_with_the_passphrase_and_what_still_waits_say_nothing():
    assert told(BadSignature(), Waiting(b"key"), opened(), WrongPassphrase()) == []


MISSING = ("Messages here need A", ["a choice"])


def test_what_needs_argon2id_is_said_once_and_stays_although_other_messages_open():
    assert told(opened(), KdfUnavailable(), opened(), KdfUnavailable()) == [MISSING]


def test_a_passphrase_is_not_called_wrong_while_argon2id_may_be_all_that_is_missing():
    assert told(WrongPassphrase(), KdfUnavailable(), WrongPassphrase()) == [WRONG, MISSING]
