"""The ladder of levels, and the refusals that they share."""

from pathlib import Path

import pytest

from protocol import errors
from protocol.ladder import LADDER, facts_of

SPECIFICATION = Path(errors.__file__).with_name("README.md").read_text("utf-8")


def test_the_ladder_is_classic_then_passphrase_then_identity_then_ratchet():
    assert [level.id for level in LADDER.levels] == ["classic", "passphrase", "identity", "ratchet"]
    assert [LADDER.rank(level.id) for level in LADDER.levels] == [0, 1, 2, 3]
    assert [LADDER.of(level.id) for level in LADDER.levels] == LADDER.levels


def test_an_unknown_level_is_an_error_and_never_the_lowest():
    with pytest.raises(ValueError, match="sergeant"):
        LADDER.of("sergeant")


def test_every_level_has_what_a_view_shows_and_a_session_needs():
    for level in LADDER.levels:
        facts = facts_of(level)
        assert facts.pop("mark") == "" and facts.pop("padded") is level.padded and all(facts.values())
        for part in (
            "start",
            "resumed",
            "prepare",
            "seal",
            "open",
            "new_log",
            "begins_at",
            "parts",
            "pieces",
            "body_of",
        ):
            assert callable(getattr(level, part))
        assert not level.of_two or level.keeps_sealed


def every_refusal():
    return [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, errors.Refusal)]


def test_every_refusal_is_listed_and_has_its_own_code_and_sentence():
    assert sorted(one.__name__ for one in every_refusal()) == sorted(
        one.__name__ for one in [errors.Refusal, *errors.REFUSALS]
    )
    assert len({one.code for one in errors.REFUSALS}) == len({one.for_people for one in errors.REFUSALS}) == 14


def test_every_refusal_stands_in_the_specification_with_its_sentence():
    for refusal in errors.REFUSALS:
        assert f"| `{refusal.code}` | {refusal.for_people} |" in SPECIFICATION


def test_every_warning_stands_in_the_specification_with_its_sentence():
    for warning in (errors.Gap(3), errors.Late(), errors.Forked(), errors.OutOfOrder()):
        assert f"| `{warning.code}` | {warning.for_people} |" in SPECIFICATION
