"""A page at level Ratchet and a peer over the libraries of PyPI, in one room of a real relay: hundreds of messages both
ways, in random order, with loss and repetition."""

import random

import pytest

from ratchet_peer import RatchetMember

ROUNDS, BY_PEER, BY_PAGE = 4, 40, 6  # of which so many texts each


@pytest.fixture
def peer(server):
    with RatchetMember(server.websocket_url, "den", "Peer") as made:
        made.publish()
        yield made.join()


def shown(person) -> list[str]:
    return [row.text for row in person.messages() if row.name == "Peer"]


def codes(person) -> list[str]:
    return [row.code for row in person.rows() if row.kind == "refusal"]


def disturbed(bodies: list, chance: random.Random) -> list:
    """In another order, some of them lost and some repeated. The last one in its chain comes once, and at the end, so
    that the next round shows who lacks what."""
    few = [body for body in bodies[:-1] if chance.random() > 0.1]
    few += [body for body in few if chance.random() < 0.1]
    chance.shuffle(few)
    return few + bodies[-1:]


@pytest.mark.parametrize("who", ["the page", "the peer"])
def test_a_page_and_the_library_talk_in_random_order_with_loss_and_repetition(device, peer, who):
    chance = random.Random(who)
    bob = device("Bob").meets()
    if who == "the page":
        bob.talks_to("Peer")
        peer.read_until(lambda: peer.party)
    else:
        bob.until(lambda: peer.found("Bob") and counted(peer, "Bob"), "the page has left prekeys")
        peer.begins_with("Bob")
    bob.sees_state("")
    arrived, repeated, said, read = [], 0, [], []
    for number in range(ROUNDS):
        texts = [f"{number}.{one}" for one in range(BY_PEER)]
        sealed = disturbed([(text, peer.seals(text)) for text in texts], chance)
        for text, body in sealed:
            peer.appends(body)
            repeated += text in arrived
            arrived += [text] if text not in arrived else []
        bob.sees(texts[-1], by="Peer")
        for one in range(BY_PAGE):
            said.append(f"page {number}.{one}")
            bob.says(said[-1])
        peer.read_until(lambda: len(peer.waiting) == BY_PAGE)
        for body in disturbed(peer.waiting, chance):
            text = peer.opens(body)
            read += [text] if text else []
        peer.waiting = []
    assert shown(bob) == arrived and len(arrived) > ROUNDS * BY_PEER * 0.8
    assert codes(bob) == ["key-deleted"] * repeated and repeated > ROUNDS
    assert len(read) == len(set(read)) and set(read) <= set(said) and len(read) > len(said) * 0.7
    assert {f"page {number}.{BY_PAGE - 1}" for number in range(ROUNDS)} <= set(read)


def counted(peer: RatchetMember, name: str) -> int:
    return peer.asks({"type": "count-prekeys", "name": name}, "prekeys-counted")["left"]
