"""The attack console in a browser: a person plays the relay between two pages, and sees what these show of it."""

import pytest
from playwright.sync_api import expect

from attack_matrix import in_specification
from conftest import Server, keep_evidence
from lab import matrix
from lab.attacks import ATTACKS, bodies, identity, lists, logs, order
from player import DONE, NOT_HERE, Player

TABLE = matrix.read(f"{matrix.BEGIN}\n{in_specification()}{matrix.END}")
# All at one level, and at the others some of each kind: the same code runs there.
AT_CLASSIC = [order.DropOne, logs.NeverStored, bodies.BitFlips, bodies.LowerLevel, bodies.Looked]
AT_CLASSIC += [identity.RenamedByRelay]
OTHERS_AT_CLASSIC = [order.ReplayAfterReload, logs.EarlierLog, bodies.OtherRoom, identity.RenamedInBody]
BEFORE_LISTS = [
    attack for attack in ATTACKS if attack not in lists.ATTACKS[1:]
]  # of those, one says that it is not here
OTHERS_AT_IDENTITY = [order.ReplayAfterReload, order.DropOne, logs.EmptyLog, logs.NeverStored, bodies.BitFlips]
OTHERS_AT_IDENTITY += [bodies.OtherRoom, bodies.LowerLevel, bodies.Looked, identity.Poses, identity.PosesWithKey]
REPLAYED = "A message arrived again, or older than the first one of its sender here, so it is not shown."


@pytest.fixture(scope="module")
def lab(tmp_path_factory, runtime_cache):
    server = Server(tmp_path_factory.mktemp("lab"), cache=runtime_cache, lab=True).start()
    yield server
    server.kill()


@pytest.fixture
def player(lab, used_context, request):
    context = used_context("Player", fresh_at=lab.url)
    page = context.new_page()
    yield Player(page, lab.url).opens_the_console()
    keep_evidence(context, request.node, "player")
    context.console.clear()
    page.close()


def expected(attack, level: str) -> str:
    [row] = [row for row in TABLE.attacks if row.name == attack.name]
    return row.outcomes[TABLE.levels.index(level)].replace("`", "")


def outcome(player, attack, level: str) -> str:
    """Of an attack in a room of its own, as the console tells it."""
    player.begins(level)
    if player.attacks(attack.name) != NOT_HERE:
        player.does_all()
    assert "The table of the specification says the same." in player.sees_of_it(), (attack.name, player.sees_of_it())
    return player.outcome()


# ------------------------------------------------------------------------------------------ all attacks


@pytest.mark.parametrize(
    ("level", "attacks"),
    [
        pytest.param("Passphrase", BEFORE_LISTS, marks=pytest.mark.long),
        ("Classic", AT_CLASSIC),
        pytest.param("Classic", OTHERS_AT_CLASSIC, marks=pytest.mark.long),
        ("Identity", lists.ATTACKS[:4]),
        pytest.param("Identity", lists.ATTACKS[4:], marks=pytest.mark.long),
        pytest.param("Identity", OTHERS_AT_IDENTITY, marks=pytest.mark.long),
    ],
)
def test_what_comes_of_an_attack_through_the_console_is_what_the_table_has_for_it(player, level, attacks):
    for attack in attacks:
        assert outcome(player, attack, f"Lab: {level}") == expected(attack, level.lower()), attack.name


# ------------------------------------------------------------------------------------------ a person at the keyboard


def test_a_person_replays_a_message_by_keyboard_and_bobs_page_says_what_it_thinks_of_it(player):
    keyboard, page = player.page.keyboard, player.page
    page.get_by_label("Level", exact=True).focus()
    keyboard.press("Tab")
    keyboard.press("Enter")
    player.is_told("have heard each other")
    expect(page.get_by_role("button", name="New room")).to_be_focused()  # the pages did not take it
    player.chooses("replay at once")
    player.presses("Attack")
    player.until(lambda: player.steps()[:2] == ["Alice says something", "Bob hears it"], "the steps are listed")
    player.alice.says("meet at noon")
    player.bob.sees("meet at noon", by="Alice")
    assert player.bob.sees_refusal("replayed").text == REPLAYED
    player.until(lambda: player.steps()[1] == "Bob hears it, done", "what was done by hand counts")
    player.bob.says("I will be there")
    player.is_told(DONE)
    assert player.outcome() == "refused: replayed"
    assert player.sees_of_it().count(REPLAYED) == 2  # on either page
    [invented] = [line for line in player.wire() if "invented" in line]
    assert invented.startswith("Alice → relay append: a body of")


def test_one_field_can_be_chosen_to_be_flipped_in(player):
    player.begins("Lab: Passphrase")
    player.chooses("a bit flipped in every field")
    field = player.page.get_by_label("Only this field")
    assert field.locator("option").all_text_contents()[:4] == ["All", "beginning", "kdf", "cost"]
    field.select_option("anchor_hash")
    player.presses("Attack")
    player.is_told("The attack has begun")
    player.does_all()
    assert player.outcome() == "refused: bad-signature"
    assert "says the same" in player.sees_of_it()
    assert len([row for row in player.bob.rows() if row.kind == "refusal"]) == 2  # its first and its last bit


def test_whatever_is_pressed_out_of_turn_is_answered_by_a_sentence(player):
    player.presses("Attack")
    player.is_told("Begin a room first")
    player.presses("Do it")
    player.is_told("press Attack first")
    player.begins("Lab: Classic")
    player.presses("Attack")
    player.is_told("Choose an attack first.")
    assert player.attacks("a renamed sender, in the body") == NOT_HERE
    player.is_told("does not apply at level Lab: Classic: its bodies have no name.")
    assert player.outcome() == "(its bodies have no name)"
    player.attacks("drop one")  # nothing was done to the room
    player.presses("Attack")
    player.is_told("This room has been attacked already")
    player.presses("Do it")
    player.until(lambda: player.steps()[0].endswith("done"), "one step is done")
    player.presses("New room")  # in the middle of it
    player.is_told("have heard each other")
    player.alice.says("a new room")
    player.bob.sees("a new room", by="Alice")


def test_what_is_pressed_while_something_is_under_way_is_done_when_its_turn_comes(player):
    player.begins("Lab: Classic")
    player.chooses("drop one")
    pressed = ["#console-attack button", "#console-all"]
    player.page.evaluate("pressed => pressed.forEach(one => document.querySelector(one).click())", pressed)
    player.is_told(DONE)
    assert player.outcome() == "succeeds"


def test_a_page_that_is_loaded_anew_by_hand_can_be_joined_by_hand_and_counts_as_away(player):
    player.begins("Lab: Passphrase")
    player.attacks("replay after a reload")
    room, passphrase = (player.page.locator(f"#console-{what}").inner_text() for what in ("room-name", "passphrase"))
    player.bob.page.evaluate("location.reload()")
    expect(player.page.frame_locator("iframe").nth(1).get_by_role("button", name="Join", exact=True)).to_be_enabled()
    player.bob.tries_to_join(room, passphrase, "Lab: Passphrase")
    player.until(lambda: player.steps()[0] == "Bob reloads the page, done", "he is back")
    player.does_all()
    assert player.outcome() == expected(order.ReplayAfterReload, "passphrase")


def test_in_a_room_with_a_list_a_person_adds_and_removes_by_hand_what_the_steps_ask_for(player):
    player.begins("Lab: Identity")
    player.attacks("a hidden removal")
    player.until(lambda: player.steps()[0] == "Alice removes Mallory from the room", "the steps are listed")
    player.does_all()
    assert player.outcome() == "refused by Bob: forked-list; refused by Alice: old-epoch"
    assert player.steps()[0] == "Alice removes Mallory from the room, done"
    assert "the relay may tell members different things" in player.sees_of_it()


def test_the_address_can_name_the_attack(player):
    player.page.goto(f"{player.url}/lab#lesson")
    player.page.goto(f"{player.url}/lab#console/drop%20one")
    expect(player.page.get_by_role("radio", name="drop one", exact=True)).to_be_checked()
