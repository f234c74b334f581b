"""Two people talk: the story of the page, each person in a browser of their own, over the real server."""

import re

from playwright.sync_api import expect

from person import at_both_levels

# ------------------------------------------------------------------------------------------ joining and talking


@at_both_levels
def test_two_people_talk_both_ways(alice, bob, level):
    alice.joins("kitchen", level=level)
    bob.joins("kitchen", level=level)
    alice.says("hello")
    bob.sees("hello", by="Alice")
    bob.says("hello yourself")
    alice.sees("hello yourself", by="Bob")
    alice.sees("hello", state="relayed")
    for each in (alice, bob):
        each.sees_talk("Alice: hello", "Bob: hello yourself")


@at_both_levels
def test_who_comes_later_reads_what_was_said(alice, bob, level):
    alice.joins("kitchen", level=level)
    for text in ("one", "two", "three"):
        alice.says(text)
    alice.sees("three", state="relayed")
    bob.joins("kitchen", level=level)
    bob.sees_talk("Alice: one", "Alice: two", "Alice: three")
    bob.says("four")
    alice.sees("four", by="Bob")


@at_both_levels
def test_who_reloads_the_page_reads_all_again_and_their_own_too(alice, bob, level):
    alice.joins("kitchen", level=level)
    bob.joins("kitchen", level=level)
    alice.says("one")
    bob.sees("one")
    bob.says("two")
    alice.sees("two")
    alice.reloads()
    alice.joins("kitchen", level=level)
    alice.says("three")
    for each in (alice, bob):
        each.sees_talk("Alice: one", "Bob: two", "Alice: three")


@at_both_levels
def test_a_burst_arrives_whole_and_in_order(alice, bob, level):
    alice.joins("kitchen", level=level)
    bob.joins("kitchen", level=level)
    texts = [f"number {number}" for number in range(30)]
    for text in texts:
        alice.says(text)
    for each in (alice, bob):
        each.sees_talk(*[f"Alice: {text}" for text in texts])


def test_the_page_cannot_be_used_to_run_markup_from_a_message(alice, bob):
    markup = '<img src=x onerror="document.title=1"><b>bold</b>&amp;<script>document.title=2</script>'
    alice.joins("kitchen")
    bob.joins("kitchen")
    alice.says(markup)
    bob.sees(markup, by="Alice")
    expect(bob.page.get_by_role("log").locator("img, b, script")).to_have_count(0)


@at_both_levels
def test_letters_of_every_kind_arrive_as_they_were_written(alice, bob, level):
    alice.joins("Küche 🍳", "schlüssel  ñ", level)
    bob.tries_to_join("Ku\u0308che 🍳", "schlu\u0308ssel  n\u0303", level)  # the same, as other keyboards write it
    bob.is_in("Küche 🍳")
    text = 'é e\u0301 "q" \\ \u202etxt 漢字 👩‍👩‍👧 {"a":1} \ufeffx'
    alice.says(text)
    bob.sees(text, by="Alice")


# ------------------------------------------------------------------------------------------ members


def test_members_see_who_joins_and_who_leaves(alice, bob):
    alice.joins("kitchen")
    alice.sees_members("Alice")
    bob.joins("kitchen")
    alice.sees_members("Alice", "Bob")
    bob.sees_members("Bob", "Alice")
    bob.leaves()
    alice.sees_members("Alice")
    alice.sees_notice("“Bob” left")
    bob.joins("kitchen")
    alice.sees_notice("“Bob” joined")
    bob.page.close()
    alice.sees_members("Alice")


def test_who_leaves_is_sent_nothing_more(alice, bob):
    frames = []
    bob.page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: frames.append(frame)))
    alice.joins("kitchen")
    bob.joins("kitchen")
    alice.says("you are there")
    bob.sees("you are there")
    assert any('"entries"' in frame for frame in frames)
    bob.leaves()
    expect(bob.field("Room")).to_be_visible()
    alice.sees_members("Alice")
    frames.clear()
    alice.says("are you there?")
    alice.sees("are you there?", state="relayed")
    bob.joins("garden")  # whatever the relay had sent before would have come before its answer
    assert any('"joined"' in frame for frame in frames)
    assert not any('"entries"' in frame for frame in frames)


@at_both_levels
def test_a_session_has_the_same_tag_on_both_pages_and_another_after_the_next_join(alice, bob, level):
    alice.joins("kitchen", level=level)
    bob.joins("kitchen", level=level)
    alice.says("first session")
    tag = bob.sees("first session").tag
    assert len(tag) == 4
    assert tag == alice.sees("first session", state="relayed").tag
    alice.says("still the first")
    assert tag == bob.sees("still the first").tag
    alice.leaves()
    alice.joins("kitchen", level=level)
    alice.says("second session")
    second = bob.sees("second session").tag
    assert second == alice.sees("second session", state="relayed").tag != tag


# ------------------------------------------------------------------------------------------ several rooms


@at_both_levels
def test_several_rooms_keep_their_messages_members_drafts_and_unread_counts_apart(alice, bob, level):
    for room in ("kitchen", "garden"):
        alice.joins(room, level=level)
        bob.joins(room, level=level)
    alice.message_field.fill("a draft for the garden")
    alice.goes_to("kitchen")
    expect(alice.message_field).to_have_value("")
    for text in ("one", "two"):
        bob.says(text)  # in the garden
    alice.sees_rooms(f"kitchen, {level}", f"garden, 2 unread, {level}")
    expect(alice.page).to_have_title("(2) Secure Chat")
    alice.sees_talk()
    bob.goes_to("kitchen")
    bob.says("only for the kitchen")
    alice.sees_talk("Bob: only for the kitchen")
    alice.goes_to("garden")
    alice.sees_rooms(f"kitchen, {level}", f"garden, {level}")
    expect(alice.message_field).to_have_value("a draft for the garden")
    alice.sees_talk("Bob: one", "Bob: two")
    bob.leaves()
    alice.sees_members("Alice", "Bob")
    alice.goes_to("kitchen")
    alice.sees_members("Alice")


def test_leaving_one_room_shows_another_and_leaving_the_last_shows_the_form(alice):
    alice.joins("kitchen")
    alice.joins("garden")
    alice.leaves()
    alice.is_in("kitchen")
    alice.sees_rooms("kitchen, Passphrase")
    alice.leaves()
    expect(alice.button("Join")).to_be_visible()
    expect(alice.field("Passphrase")).to_have_value("")


# ------------------------------------------------------------------------------------------ the passphrase


@at_both_levels
def test_a_wrong_passphrase_is_said_and_is_no_silent_empty_room(alice, bob, level):
    alice.joins("kitchen", "the right one", level)
    alice.says("hello")
    alice.sees("hello", state="relayed")
    bob.tries_to_join("kitchen", "the wrong one", level)
    bob.sees_alert("opens with this passphrase")
    bob.sees_refusal("wrong-passphrase" if level == "Passphrase" else "cannot-open")
    bob.sees_talk()
    bob.chooses("Leave and join again")
    bob.joins("kitchen", "the right one", level)
    bob.sees_talk("Alice: hello")
    expect(bob.page.get_by_role("alert").filter(has_text="passphrase")).to_have_count(0)


@at_both_levels
def test_a_wrong_passphrase_is_found_out_by_who_was_there_first_too(alice, bob, level):
    alice.joins("kitchen", "the right one", level)
    bob.joins("kitchen", "the wrong one", level)
    bob.says("hello")
    alice.sees_alert("opens with this passphrase")
    alice.sees_refusal("wrong-passphrase" if level == "Passphrase" else "cannot-open")


def test_a_passphrase_with_outer_spaces_is_used_as_it_is_and_warned_about(alice):
    alice.fills_in("kitchen", "")
    alice.field("Passphrase").press_sequentially(" spaced")  # one event a key
    warning = alice.page.get_by_role("status", name="Mind")
    expect(warning).to_have_text(re.compile("^The passphrase begins or ends with a space[^.]*\\.[^.]*\\.$"))
    alice.field("Passphrase").fill("spaced")
    expect(warning).to_have_count(0)


def test_the_passphrase_is_hidden_until_asked_for_and_gone_after_joining(alice):
    alice.fills_in("kitchen", "pass phrase")
    expect(alice.field("Passphrase")).to_have_attribute("type", "password")
    alice.button("Show passphrase").click()
    expect(alice.field("Passphrase")).to_have_attribute("type", "text")
    alice.button("Join").click()
    alice.is_in("kitchen")
    alice.button("Join another room").click()
    expect(alice.field("Passphrase")).to_have_value("")
    expect(alice.field("Passphrase")).to_have_attribute("type", "password")


# ------------------------------------------------------------------------------------------ what is refused


def test_names_that_cannot_be_seen_are_refused_with_a_sentence(alice):
    for name in ("Al\u200bice", "Al\u202eice", "Al\u0000ice".replace("\0", "\x1b"), "Al\u2066ice", "\ufeffAlice"):
        alice.tries_to_join("kitchen", name=name)
        alice.sees_alert("holds an invisible or direction-changing character")
    alice.tries_to_join("kit\u200dchen")
    alice.sees_alert("The room's name holds an invisible")
    alice.tries_to_join("kitchen", name="   ")
    alice.sees_alert("Your name is needed")
    alice.tries_to_join("kitchen", name="A" * 65)
    alice.sees_alert("65 characters; at most 64")
    alice.tries_to_join("kitchen", passphrase="")
    alice.sees_alert("A passphrase is needed")
    expect(alice.page.get_by_role("log")).to_have_count(0)


@at_both_levels
def test_a_message_too_long_is_refused_and_stays_in_the_field(alice, level):
    alice.joins("kitchen", level=level)
    alice.says("x" * 16_385)
    alice.sees_state("The message has 16385 bytes; at most 16384 are possible. Send it in parts.")
    expect(alice.message_field).to_have_value("x" * 16_385)
    alice.sees_talk()
    alice.says("y" * 16_384)
    alice.sees_talk("Alice: " + "y" * 16_384)


def test_a_blank_message_is_not_sent(alice):
    alice.joins("kitchen")
    alice.says("  ")
    alice.says("words")
    alice.sees_talk("Alice: words")


def test_a_room_that_one_is_in_already_is_not_joined_twice(alice):
    alice.joins("kitchen")
    alice.tries_to_join("kitchen")
    alice.sees_alert("You are in this room already")


# ------------------------------------------------------------------------------------------ the ladder


def test_upward_is_offered_at_once_where_the_name_is_also_in_use(alice, bob):
    alice.joins("kitchen")
    bob.tries_to_join("kitchen", level="Classic")
    bob.sees_note("This room's name is also in use at level Passphrase.")
    bob.chooses("Go to Passphrase")
    bob.is_in("kitchen")
    bob.sees_rooms("kitchen, Passphrase")
    bob.sees_members("Bob", "Alice")


def test_downward_is_offered_only_after_a_warning(alice, bob):
    alice.joins("kitchen", level="Classic")
    bob.tries_to_join("kitchen")
    bob.sees_note("This room's name is also in use at level Classic.")
    bob.chooses("Go to Classic")
    bob.sees_note("Classic protects less.")
    bob.chooses("Go to Classic all the same")
    bob.is_in("kitchen")
    bob.sees_rooms("kitchen, Classic")
    bob.sees_members("Bob", "Alice")


def test_one_may_stay_at_the_level_that_was_chosen(alice, bob):
    alice.joins("kitchen", level="Classic")
    alice.says("at classic")
    alice.sees("at classic", state="relayed")
    bob.tries_to_join("kitchen")
    bob.chooses("Join at Passphrase")
    bob.is_in("kitchen")
    bob.sees_rooms("kitchen, Passphrase")
    bob.sees_talk()


def test_classic_with_a_passphrase_used_higher_up_warns_first(alice):
    alice.joins("kitchen", "used twice")
    alice.tries_to_join("garden", "used twice", "Classic")
    alice.sees_note("This page has used this passphrase at level Passphrase.")
    alice.sees_rooms("kitchen, Passphrase")
    alice.chooses("Join all the same")
    alice.is_in("garden")
    alice.sees_rooms("kitchen, Passphrase", "garden, Classic")


def test_classic_with_another_passphrase_does_not_warn(alice):
    alice.joins("kitchen", "used once")
    alice.joins("garden", "another one", "Classic")
