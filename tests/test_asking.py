"""What a page asks the relay's directory: one question at a time, each answered by a frame that can answer it."""

import pytest

from directory import Directory
from reference import ReferencePlatform, run


@pytest.fixture
def asked():
    """A Directory that is online, what it has sent, and what came of a look-up of Bob."""

    class Asked:
        def __init__(self):
            self.sent, self.came = [], []
            self.directory = Directory(ReferencePlatform(), self.sent.append)
            self.directory.up()

        async def found(self, *what):
            self.came.append(what)

        def looks_up(self, name="Bob"):
            self.directory.look_up(name, None, self.found)

        def gets(self, kind, **fields):
            return run(self.directory.answered({"type": kind} | fields))

    return Asked()


def test_a_frame_that_answers_something_else_is_left_to_others_and_the_question_stays(asked):
    asked.looks_up()
    assert asked.gets("published", name="Bob", version=1) is False
    assert asked.came == []
    assert asked.gets("found", names=[{"name": "Bob", "bundles": []}]) is True
    assert asked.came == [(None, "", "")]


def test_what_nobody_asked_for_is_left_to_others(asked):
    for kind in ("found", "published", "error"):
        assert asked.gets(kind) is False


def test_an_answer_about_another_name_is_no_answer_to_be_believed(asked):
    asked.looks_up()
    asked.gets("found", names=[{"name": "Mallory", "bundles": []}])
    assert [code for _, code, _ in asked.came] == ["bad-bundle"]


def test_an_error_answers_and_the_next_question_is_asked(asked):
    asked.looks_up()
    asked.looks_up("Carol")
    assert [frame["names"] for frame in asked.sent] == [["Bob"]]
    asked.gets("error", code="too-fast", message="Too fast.")
    assert asked.came == [(None, "too-fast", "Too fast.")]
    assert [frame["names"] for frame in asked.sent] == [["Bob"], ["Carol"]]


def test_a_question_is_asked_again_after_a_break(asked):
    asked.looks_up()
    asked.directory.down()
    asked.looks_up("Carol")
    asked.directory.up()
    assert [frame["names"] for frame in asked.sent] == [["Bob"], ["Bob"]]
