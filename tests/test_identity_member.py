"""The peer of level identity as a member of a real room: over real WebSockets, through a real relay."""

import pytest

from identity_member import IdentityMember, RelayRefused, invite
from identity_peer_keys import Refused
from identity_story import PUBLIC, SEEDS


@pytest.fixture
def relay(make_relay):
    return make_relay()


@pytest.fixture
def comes(relay):
    """Lets someone in, who publishes a bundle and joins the room."""
    came = []

    def member(name, seed=None):
        came.append(IdentityMember(relay.url, "kitchen", name, seed or SEEDS.get(name)))
        came[-1].publish()
        return came[-1].join()

    yield member
    for one in came:
        one.client.close()


def test_three_talk_and_who_is_at_the_door_reads_nothing(comes):
    alice, bob, carol, mallory = [comes(name) for name in SEEDS]
    assert alice.opens_room() == ("members", PUBLIC["Alice"], 0, 1)
    alice.adds("Bob")
    alice.says("for Bob alone")
    alice.adds("Carol")
    alice.says("meet at noon")
    carol.sees("Alice", "meet at noon")
    carol.says("where?")
    for one in (alice, bob):
        one.sees("Carol", "where?")
        assert one.texts() == [("Alice", "for Bob alone"), ("Alice", "meet at noon"), ("Carol", "where?")]
    mallory.read_until(lambda: len(mallory.codes()) == 3)
    assert mallory.codes() == ["not-for-you"] * 3
    assert mallory.names() == carol.names() == ["Alice", "Bob", "Carol"]
    numbers = {one.peer.membership.newest.room_number() for one in (alice, bob, carol, mallory)}
    assert len(numbers) == 1


def test_of_two_changes_at_once_the_second_is_made_anew_from_the_list_of_the_first(comes):
    alice, bob = comes("Alice"), comes("Bob")
    alice.opens_room()
    alice.adds("Bob")
    alice.names_admin("Bob")
    bob.read_until(lambda: bob.names() == ["Alice", "Bob"] and bob.peer.membership.newest.number == 2)
    alice.adds("Carol", PUBLIC["Carol"])
    assert bob.adds("Mallory", PUBLIC["Mallory"]) == ("members", PUBLIC["Bob"], 4, 5)
    alice.read_until(lambda: alice.names() == ["Alice", "Bob", "Carol", "Mallory"])
    assert alice.codes() == bob.codes() == []


def test_a_text_under_way_over_a_change_comes_again_in_the_new_epoch(comes):
    alice, bob = comes("Alice"), comes("Bob")
    alice.opens_room()
    alice.adds("Bob")
    bob.read_until(lambda: bob.names() == ["Alice", "Bob"])
    alice.adds("Carol", PUBLIC["Carol"])
    assert bob.says("under way") == ("text", PUBLIC["Bob"], "Bob", "under way")
    alice.sees("Bob", "under way")
    assert alice.codes() == bob.codes() == ["old-epoch"]
    assert alice.peer.says[alice.newest] == []


def test_after_a_leave_whoever_writes_first_begins_the_epoch(comes):
    alice, bob, carol = [comes(name) for name in ("Alice", "Bob", "Carol")]
    alice.opens_room()
    alice.adds("Bob")
    alice.adds("Carol")
    carol.read_until(lambda: "Carol" in carol.names())
    assert carol.leaves() == ("members", PUBLIC["Carol"], 3, None)
    bob.read_until(lambda: bob.names() and bob.peer.membership.newest.number == 3)
    bob.says("she is gone")
    alice.says("I see")
    # Alice had not read of the leave, so what she wrote came too late at first.
    carol.read_until(lambda: len(carol.codes()) == 3)
    assert carol.codes() == ["not-for-you", "old-epoch", "not-for-you"]
    assert alice.texts() == [("Bob", "she is gone"), ("Alice", "I see")]


def test_who_comes_back_reads_on_where_the_connection_ended(comes):
    alice, bob = comes("Alice"), comes("Bob")
    alice.opens_room()
    alice.adds("Bob")
    alice.says("one")
    bob.sees("Alice", "one")
    bob.client.close()
    alice.says("two")
    bob.reconnect()
    bob.sees("Alice", "two")
    assert bob.texts() == [("Alice", "one"), ("Alice", "two")]
    assert bob.codes() == []


def test_former_messages_open_once_their_epoch_is_shared(comes):
    alice, bob = comes("Alice"), comes("Bob")
    alice.opens_room()
    alice.says("before")
    alice.adds("Bob")
    bob.read_until(lambda: bob.names() == ["Alice", "Bob"])
    assert (bob.texts(), bob.codes()) == ([], ["not-for-you"])
    alice.append(alice.peer.share(PUBLIC["Bob"], 1, 1))
    bob.sees("Alice", "before")
    assert bob.codes() == []


# The directory


def test_a_name_is_looked_up_pinned_and_led_on_by_a_rotation(relay, comes):
    alice, bob = comes("Alice"), comes("Bob")
    assert alice.look_up("Bob") == PUBLIC["Bob"]
    assert bob.publish() == 2
    new = comes_with_new_device(relay, bob)
    assert alice.look_up("Bob") == new.identity.public
    assert alice.pins["Bob"].version == 3
    with pytest.raises(KeyError):
        alice.look_up("Nobody")
    new.client.close()


def comes_with_new_device(relay, before):
    member = IdentityMember(relay.url, "kitchen", before.name)
    assert member.publish(predecessor=before.identity) == 3
    return member


def test_a_name_of_another_cannot_be_taken(relay, comes):
    comes("Alice")
    with IdentityMember(relay.url, "kitchen", "Alice") as other:
        with pytest.raises(RelayRefused) as refused:
            other.publish()
        assert refused.value.code in ("bad-bundle", "name-taken")
        with pytest.raises(RelayRefused) as refused:
            other.publish(predecessor=other.identity)
        assert refused.value.code == "bad-bundle"


def test_what_a_relay_that_forgot_shows_of_a_pinned_name_is_not_used(relay, comes):
    alice, bob = comes("Alice"), comes("Bob")
    bob.publish()
    alice.look_up("Bob")
    first = alice.pins["Bob"]
    alice.pins["Bob"] = first._replace(version=3)
    with pytest.raises(Refused) as refused:
        alice.look_up("Bob")
    assert refused.value.code == "old-bundle"
    alice.pins["Bob"] = first._replace(identity=PUBLIC["Mallory"])
    with pytest.raises(Refused) as refused:
        alice.look_up("Bob")
    assert refused.value.code == "other-identity"


def test_an_invite_is_that_of_the_specification():
    link = "identity/Zo%C3%AB%27s%20kitchen/A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg"
    assert invite("Zoë's kitchen", PUBLIC["Alice"]) == link
