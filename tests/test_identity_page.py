"""Level identity in real pages: two browser contexts and the peer that was made from the specification, in one room."""

import pytest
from playwright.sync_api import expect

from conftest import PATIENCE, wait_until
from identity_member import IdentityMember
from identity_story import SEEDS


def joins(person, room):
    """The page of somebody who may not be a member yet."""
    if person.page.url == "about:blank":
        person.opens_the_page()
    person.field("Your name").fill(person.name)
    person.field("Room").fill(room)
    person.field("Level").select_option("Identity")
    person.button("Join").click()
    expect(person.page.get_by_role("region", name=room, exact=True)).to_be_visible()


@pytest.fixture
def peer(server):
    """Lets the peer into a room, as Carol."""
    came = []

    def joins(room):
        came.append(IdentityMember(server.websocket_url, room, "Carol", SEEDS["Carol"]))
        came[-1].publish()
        return came[-1].join()

    yield joins
    for one in came:
        one.client.close()


def test_two_pages_and_an_independent_client_are_members_of_one_room(alice, bob, peer):
    joins(alice, "kitchen")
    joins(bob, "kitchen")
    carol = peer("kitchen")
    for name in ("Bob", "Carol"):
        alice.button(f"Add to the room: {name}").click()
        carol.read_until(lambda name=name: name in carol.names())
    bob.says("hello from a page")
    carol.sees("Bob", "hello from a page")
    carol.says("hello from elsewhere")
    for person in (alice, bob):
        person.sees("hello from elsewhere", by="Carol")
    alice.says("good")
    carol.sees("Alice", "good")
    assert carol.look_up("Alice") == carol.listed("Alice")
    assert carol.codes() == []
    carol.leaves()
    bob.says("she is gone")
    alice.sees("she is gone", by="Bob")
    carol.read_until(lambda: carol.codes() == ["not-for-you"])
    alice.sees_members("Alice", "Bob")


def test_an_independent_client_opens_a_room_for_pages_shares_what_was_said_and_removes_one(alice, bob, peer):
    carol = peer("cellar")
    carol.opens_room()
    carol.says("before you came")
    for person in (alice, bob):
        joins(person, "cellar")
        wait_until(lambda name=person.name: carol.found(name), PATIENCE, "the page publishes its key")
        carol.adds(person.name)
    alice.says("thank you")
    carol.sees("Alice", "thank you")
    carol.append(carol.peer.share(carol.listed("Bob"), 1, 1))
    bob.sees("before you came", by="Carol")
    carol.removes("Alice")
    carol.says("without Alice")
    bob.sees("without Alice", by="Carol")
    alice.until(
        lambda: [row.code for row in alice.rows() if row.kind == "refusal"] == ["not-for-you"] * 2, "two refusals"
    )
    assert all("without" not in row.text for row in alice.messages())
    bob.sees_members("Carol", "Bob")
