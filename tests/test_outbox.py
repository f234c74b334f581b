"""Messages of ours that are not in the log yet."""

import pytest

from protocol.outbox import Outbox


@pytest.fixture
def outbox():
    outbox = Outbox()
    for id in "abc":
        outbox.add(id, f"text {id}")
    return outbox


def ids(items):
    return [item.id for item in items]


def test_messages_are_sealed_in_the_order_they_were_written_in(outbox):
    order = []
    while item := outbox.next_unsealed():
        item.body = "sealed"
        order.append(item.id)
    assert order == ["a", "b", "c"]


def test_only_what_is_sealed_and_still_sending_and_not_under_way_is_sent(outbox):
    a, b, c = outbox.items
    a.body = b.body = c.body = "sealed"
    a.state, b.state = "relayed", "failed"
    assert ids(outbox.to_send()) == ["c"]
    c.sent = True
    assert outbox.to_send() == []
    c.sent, c.body = False, None
    assert outbox.to_send() == []


def test_what_was_sealed_again_is_sent_after_what_was_sealed_before(outbox):
    a, b, c = outbox.items
    for item in (a, b, c, a):
        outbox.seal(item, "sealed")
    assert ids(outbox.to_send()) == ["b", "c", "a"]


def test_what_is_not_relayed_would_be_lost(outbox):
    assert outbox.unsent() == 3
    outbox.items[0].state, outbox.items[1].state = "relayed", "failed"
    assert outbox.unsent() == 2


def test_a_message_is_found_by_its_id_until_it_is_removed(outbox):
    item = outbox.find("b")
    assert item.text == "text b"
    outbox.remove(item)
    assert (outbox.find("b"), ids(outbox.items)) == (None, ["a", "c"])


def test_an_unknown_id_finds_nothing(outbox):
    assert outbox.find("") is None
