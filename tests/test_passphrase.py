"""Level passphrase: what opens, and how each attack is refused."""

import hashlib

import pytest

from known_answers import b64, every, sized
from people import SALT, WORDS, classic_joined, derive_all, entry, forge, joined, opened
from protocol.encoding import ED25519_ORDER, canonical_signature
from protocol.envelope import ARGON2ID, PBKDF2, Parameters, argon2id_cost, read_passphrase, write_passphrase
from protocol.errors import BadInput, Problem
from protocol.levels import Opened, Tag, Waiting
from protocol.levels import passphrase as level_module
from protocol.padding import pad
from reference import ReferencePlatform, WithoutArgon2id, run

PLATFORM = ReferencePlatform()
OTHER_SALT = bytes(range(16, 32))
NEW_ROOM = bytes([2, 2, 1, 0, 19]) + SALT  # Argon2id, 2 passes, 1 lane, 19 MiB


@pytest.fixture
def alice():
    return joined("Alice")


@pytest.fixture
def bob():
    return joined("Bob")


def say(level, *texts):
    return [run(level.seal(text)) for text in texts]


def codes(outcomes):
    """'hello' or 'hello (gap)' for what opened, else the refusal's code."""

    def shown(one):
        noticed = " ".join(warning.code for warning in one.warnings)
        return f"{one.text} ({noticed})" if noticed else one.text

    return [shown(one) if isinstance(one, Opened) else getattr(one, "code", "waiting") for one in outcomes]


def seen_by(level, *bodies):
    return codes(opened(level, *[entry(seq, body) for seq, body in enumerate(bodies, 1)]))


def parts(body):
    return read_passphrase(PLATFORM, body)


def bytes_of(body):
    read = parts(body)
    return read.fields + read.ciphertext + read.signature


def as_body(data):
    return "passphrase-1." + b64(data)


# What opens


@pytest.mark.parametrize("known", every()["passphrase"], ids=["ascii", "unicode", "Argon2id", "Argon2id, unicode"])
def test_the_known_answers_are_sealed_step_by_step_and_opened(known):
    room, salt = known["room"].encode(), bytes.fromhex(known["room_salt"])
    platform = ReferencePlatform(bytes.fromhex(known["session_private"]))
    level = run(level_module.Passphrase.start(platform, known["room"], known["name"], known["passphrase"].encode()))
    level.newest_opened = Parameters(known["kdf"], known["cost"], salt)
    run(level.keyring.add(level.newest_opened.octets))
    run(level.prepare())
    level.counter = known["counter"]
    level.anchors.newest = (known["anchor_seq"], bytes.fromhex(known["anchor_hash"]))

    assert level_module.root_salt(room, salt).hex() == known["root_salt"]
    assert level_module.nonce(known["counter"]).hex() == known["nonce"]
    assert level.keyring.get(level.parameters.octets).hex() == known["root"]
    assert run(level.session_key(level.parameters, level.public)).hex() == known["key"]
    assert (level.tag.text, level.tag.color) == (known["tag"], known["color"])
    body = run(level.seal(known["text"]))
    assert level_module.header(room, parts(body).fields).hex() == known["header"]
    assert body == known["body"]

    reader = joined("Reader", known["room"], known["passphrase"].encode())
    (message,) = opened(reader, entry(known["anchor_seq"] + 1, body))
    assert (message.text, message.name, message.own) == (known["text"], known["name"], False)
    assert (message.tag.text, message.tag.color) == (known["tag"], known["color"])


def test_two_who_share_the_passphrase_read_each_other(alice, bob):
    one, two = say(alice, "hello")[0], say(bob, "hi")[0]
    assert seen_by(alice, one, two) == seen_by(bob, one, two) == ["hello", "hi"]


def test_only_our_own_messages_count_as_ours(alice, bob):
    entries = [entry(1, say(alice, "mine")[0]), entry(2, say(bob, "theirs")[0])]
    assert [(one.own, one.name) for one in opened(alice, *entries)] == [(True, "Alice"), (False, "Bob")]


def test_the_signed_name_is_shown_and_not_the_relays(alice, bob):
    (message,) = opened(bob, entry(1, say(alice, "hello")[0], name="Mallory"))
    assert message.name == "Alice"


def test_the_text_arrives_as_it_was_typed(alice, bob):
    texts = ["<b>hi</b>", "a\u0301 not composed", "\ufeffmark", "\u202eturned", "\x00", "é" * 8_192, " ", "👩\u200d🚀"]
    assert seen_by(bob, *say(alice, *texts)) == texts


def test_equal_texts_give_unrelated_bodies_of_one_size(alice):
    one, two = say(alice, "yes", "no")
    assert len(one) == len(two)
    assert parts(one).ciphertext[:16] != parts(two).ciphertext[:16]


def test_no_body_holds_the_words_or_the_passphrase_in_any_form(alice):
    data = bytes_of(say(alice, "meet at noon")[0])
    for secret in (b"meet at noon", b"correct horse", alice.private.private_bytes_raw()):
        assert secret not in data


def test_a_newcomer_waits_for_the_key_and_then_reads(alice):
    newcomer = joined("Carol", room_salt=OTHER_SALT)
    (waiting,) = run(newcomer.open([entry(1, say(alice, "hello")[0])]))
    assert isinstance(waiting, Waiting)
    assert waiting.key_name == NEW_ROOM


def test_a_text_that_cannot_be_sent_uses_no_counter(alice, bob):
    for text in ("", "x" * 16_385):
        with pytest.raises(Problem):
            run(alice.seal(text))
    assert seen_by(bob, *say(alice, "first", "second")) == ["first", "second"]
    assert parts(say(alice, "third")[0]).counter == 2


def test_counters_grow_by_one_and_no_two_nonces_are_alike(alice):
    counters = [parts(body).counter for body in say(alice, *"abcde")]
    assert counters == [0, 1, 2, 3, 4]
    assert len({level_module.nonce(counter) for counter in counters}) == 5


def test_two_seals_at_once_never_share_a_counter(alice):
    """Both begin before either has a result."""
    both = [alice.seal("one"), alice.seal("two")]
    assert len({parts(run(one)).counter for one in both}) == 2


def test_a_session_ends_before_its_counter_would_repeat(alice):
    alice.counter = 2**32 - 2
    assert parts(say(alice, "last")[0]).counter == 2**32 - 2
    with pytest.raises(BadInput, match="join again"):
        run(alice.seal("one more"))


def test_two_joins_of_one_person_are_two_sessions():
    first = run(level_module.Passphrase.start(PLATFORM, "kitchen", "Alice", b"words"))
    second = run(level_module.Passphrase.start(PLATFORM, "kitchen", "Alice", b"words"))
    assert first.public != second.public


def test_no_label_begins_with_another_so_bytes_of_one_purpose_never_serve_another():
    """Those of the lab's level among them. Each is what stands before the room's length and name."""
    labels = []
    for level in ("passphrase", "lab-passphrase"):
        made = level_module.key_info(b"kitchen", level), level_module.header(b"kitchen", b"", level)
        labels += [one.removesuffix(sized(b"kitchen")) for one in made] + [level_module.label(level, "root")]
    assert len(set(labels)) == 6
    assert [(one, other) for one in labels for other in labels if one is not other and one.startswith(other)] == []


# What a page that joins seals with


def test_the_first_in_a_room_makes_a_random_room_salt_of_the_least_cost(alice):
    assert alice.parameters.octets == NEW_ROOM
    fresh = [run_first().parameters.room_salt for _ in range(2)]
    assert fresh[0] != fresh[1]


def run_first():
    level = run(level_module.Passphrase.start(ReferencePlatform(), "kitchen", "Alice", b"words"))
    run(level.prepare())
    return level


def not_prepared(name):
    return run(level_module.Passphrase.start(ReferencePlatform(), "kitchen", name, b"correct horse battery staple"))


def test_a_newcomer_takes_the_room_salt_of_the_newest_body_that_opens(alice, bob):
    bob.parameters = Parameters(PBKDF2, 600_000, OTHER_SALT)
    newcomer = not_prepared("Carol")
    wrong = forge(joined("Mallory"), passphrase=b"another", parameters=Parameters(PBKDF2, 600_000, bytes(16)))
    seen_by(newcomer, say(alice, "old")[0], forge(bob, "new", parameters=bob.parameters), wrong)
    run(newcomer.prepare())
    assert newcomer.parameters.room_salt == OTHER_SALT


def test_the_newest_is_the_one_of_the_highest_seq_although_its_key_was_derived_first(alice, bob):
    newcomer = not_prepared("Carol")
    old, new = say(alice, "old")[0], forge(bob, "new", parameters=Parameters(PBKDF2, 600_000, OTHER_SALT))
    run(newcomer.open([entry(1, old), entry(2, new)]))
    newcomer.keyring.keep(*run(newcomer.keyring.derive_next()))
    assert codes(run(newcomer.open([entry(2, new)]))) == ["new"]
    newcomer.keyring.keep(*run(newcomer.keyring.derive_next()))
    assert codes(run(newcomer.open([entry(1, old)]))) == ["old"]
    run(newcomer.prepare())
    assert newcomer.parameters.room_salt == OTHER_SALT


def test_what_a_session_seals_with_stays_when_others_use_something_else(alice, bob):
    first = say(alice, "before")[0]
    seen_by(alice, first, forge(bob, "new", parameters=Parameters(PBKDF2, 600_000, OTHER_SALT)))
    run(alice.prepare())
    assert alice.parameters.room_salt == SALT


def test_the_key_of_our_own_is_not_derived_a_second_time():
    level = run_first()
    assert level.keyring.wait() is None


# Attacks by the relay


def each_field():
    """Name and place of every field in Alice's body."""
    sizes = {"kdf": 1, "cost": 4, "room_salt": 16, "session_public": 32, "name length": 4, "name": 5, "counter": 4}
    sizes |= {"anchor_seq": 8, "anchor_hash": 32, "ciphertext": 272 - 16, "gcm tag": 16, "R": 32, "S": 32}
    at = 0
    for name, size in sizes.items():
        yield pytest.param(at, size, id=name)
        at += size


@pytest.mark.parametrize(("at", "size"), list(each_field()))
def test_a_bit_flipped_in_any_field_is_refused_and_costs_no_derivation(alice, bob, at, size):
    data = bytes_of(say(alice, "hello")[0])
    for place in {at, at + size - 1}:
        for bit in (0, 7):
            flipped = data[:place] + bytes([data[place] ^ 1 << bit]) + data[place + 1 :]
            (outcome,) = run(bob.open([entry(1, as_body(flipped))]))
            assert codes([outcome])[0] in ("bad-signature", "malformed", "cost-out-of-range")
    assert bob.keyring.wanted == []


def test_the_honest_body_of_the_test_above_opens(alice, bob):
    assert seen_by(bob, as_body(bytes_of(say(alice, "hello")[0]))) == ["hello"]


def test_any_bit_of_the_signed_part_counts(alice, bob):
    data = bytes_of(say(alice, "hello")[0])
    bodies = [as_body(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]) for at in range(5, len(data))]
    assert set(codes(run(bob.open([entry(1, body) for body in bodies])))) == {"bad-signature", "malformed"}


def test_a_body_cut_or_lengthened_is_refused(alice, bob):
    data = bytes_of(say(alice, "hello" * 100)[0])
    assert (
        seen_by(bob, as_body(data[:-1]), as_body(data + b"\x00"), as_body(data[:-64]), as_body(data + data))
        == ["bad-signature"] * 4
    )
    assert seen_by(bob, as_body(data[:100])) == ["malformed"]


def test_a_body_of_another_room_is_refused(alice):
    other = joined("Bob", room="cellar")
    assert seen_by(other, say(alice, "hello")[0]) == ["bad-signature"]


def test_a_body_under_another_session_is_refused(alice, bob):
    body = parts(say(alice, "hello")[0])
    fields = body.fields.replace(alice.public, bob.public)
    stolen = write_passphrase(PLATFORM, fields, body.ciphertext, body.signature)
    assert seen_by(bob, stolen) == ["bad-signature"]


def test_a_body_signed_anew_by_another_session_does_not_open(alice, bob):
    """Anyone can sign; only who knows the passphrase makes what opens."""
    mallory, body = joined("Mallory"), parts(say(alice, "hello")[0])
    fields = body.fields.replace(alice.public, mallory.public)
    signature = mallory.private.sign(level_module.header(b"kitchen", fields) + body.ciphertext)
    assert seen_by(bob, write_passphrase(PLATFORM, fields, body.ciphertext, signature)) == ["wrong-passphrase"]


def test_a_renamed_body_is_refused(alice, bob):
    body = parts(say(alice, "hello")[0])
    renamed = write_passphrase(PLATFORM, body.fields.replace(b"Alice", b"Mario"), body.ciphertext, body.signature)
    assert seen_by(bob, renamed) == ["bad-signature"]


def test_a_replayed_message_is_refused_and_the_next_one_still_opens(alice, bob):
    one, two = say(alice, "one", "two")
    assert seen_by(bob, one, one, two, one) == ["one", "replayed", "two", "replayed"]


def test_a_message_withheld_shows_as_a_gap(alice, bob):
    bodies = say(alice, *"abcdef")
    assert seen_by(bob, bodies[0], bodies[1], bodies[5]) == ["a", "b", "f (gap)"]


def test_a_message_delivered_late_says_so_once(alice, bob):
    one, two, three = say(alice, "one", "two", "three")
    assert seen_by(bob, one, three, two, two) == ["one", "three (gap)", "two (late)", "replayed"]


def test_a_body_that_is_not_encrypted_is_refused(alice, bob):
    assert seen_by(bob, "meet at noon", '{"text":"hello"}', "", say(alice, "hello")[0]) == [
        "not-encrypted",
        "not-encrypted",
        "not-encrypted",
        "hello",
    ]


def test_a_classic_body_is_refused_here_and_ours_there(alice, bob):
    classic = classic_joined()
    assert seen_by(bob, run(classic.seal("hello"))) == ["other-level"]
    assert seen_by(classic, say(alice, "hello")[0]) == ["other-level"]


def test_a_message_of_another_passphrase_says_so(bob):
    assert seen_by(bob, say(joined("Eve", passphrase=b"another"), "hello")[0]) == ["wrong-passphrase"]


@pytest.mark.parametrize("cost", [0, 599_999, 2**31])
def test_a_well_signed_body_of_a_cost_out_of_bounds_is_refused_and_never_derived(alice, bob, cost):
    body = forge(alice, parameters=Parameters(PBKDF2, cost, SALT))
    assert seen_by(bob, body) == ["cost-out-of-range"]
    assert bob.keyring.wait() is None


@pytest.mark.parametrize("cost", [argon2id_cost(3, 1, 19), argon2id_cost(2, 4, 19), argon2id_cost(2, 1, 20)])
def test_every_part_of_the_cost_counts(alice, bob, cost):
    assert seen_by(bob, forge(alice, parameters=Parameters(ARGON2ID, cost, SALT))) == ["hello"]
    fields = parts(forge(alice, counter=1)).fields
    stated = fields[:1] + cost.to_bytes(4, "big") + fields[5:]
    assert seen_by(joined("Carol"), signed_anew(alice, stated)) == ["wrong-passphrase"]


def signed_anew(level, fields):
    """Well signed, and sealed with something else than the fields say."""
    ciphertext = parts(forge(level)).ciphertext
    signature = level.private.sign(level_module.header(b"kitchen", fields) + ciphertext)
    return write_passphrase(PLATFORM, fields, ciphertext, signature)


def test_a_room_of_pbkdf2_stays_one():
    old, newcomer = joined("Alice", platform=WithoutArgon2id()), not_prepared("Carol")
    assert seen_by(newcomer, say(old, "hello")[0]) == ["hello"]
    run(newcomer.prepare())
    assert newcomer.parameters.octets == old.parameters.octets == b"\x01" + (600_000).to_bytes(4, "big") + SALT


# Where Argon2id is missing


@pytest.fixture
def without():
    """A page that could not load Argon2id, and has joined."""
    return joined("Dora", platform=WithoutArgon2id(), room_salt=OTHER_SALT)


def test_without_argon2id_a_new_room_is_one_of_pbkdf2_and_everybody_reads_it(without, alice):
    assert without.parameters.octets == b"\x01" + (600_000).to_bytes(4, "big") + OTHER_SALT
    assert seen_by(alice, say(without, "hello")[0]) == ["hello"]


def test_without_argon2id_what_needs_it_says_so_and_the_others_open(without, alice):
    old = joined("Bob", platform=WithoutArgon2id())
    assert seen_by(without, say(alice, "new")[0], say(old, "old")[0]) == ["kdf-unavailable", "old"]
    assert without.keyring.wanted == []


def test_without_argon2id_an_altered_message_is_still_an_altered_one(without, alice):
    data = bytes_of(say(alice, "hello")[0])
    assert seen_by(without, as_body(data[:-1] + bytes([data[-1] ^ 1]))) == ["bad-signature"]


def test_without_argon2id_a_page_joins_a_room_that_uses_it_and_is_read_there(alice):
    dora = run(level_module.Passphrase.start(WithoutArgon2id(), "kitchen", "Dora", WORDS))
    hello = entry(1, say(alice, "hello")[0])
    assert codes(opened(dora, hello)) == ["kdf-unavailable"]
    run(dora.prepare())
    assert codes(opened(alice, hello, entry(2, say(dora, "hello too")[0]))) == ["hello", "hello too"]


def test_a_room_that_was_left_derives_nothing_more_with_argon2id(alice):
    dora = not_prepared("Dora")
    dora.close()
    assert seen_by(dora, say(alice, "hello")[0]) == ["kdf-unavailable"]


class Lenient(ReferencePlatform):
    """A browser that takes signatures whose S is not below L, as some do."""

    def ed25519_verify(self, public, signature, message):
        s = int.from_bytes(signature[32:], "little") % ED25519_ORDER
        return super().ed25519_verify(public, signature[:32] + s.to_bytes(32, "little"), message)


def test_a_signature_with_s_not_below_l_is_refused_even_if_the_browser_takes_it(alice):
    bob, honest = joined("Bob", platform=Lenient()), parts(say(alice, "hello")[0])
    s = int.from_bytes(honest.signature[32:], "little") + ED25519_ORDER
    malleable = honest.signature[:32] + s.to_bytes(32, "little")
    signed = (alice.public, malleable, level_module.header(b"kitchen", honest.fields) + honest.ciphertext)
    assert bob.platform.ed25519_verify(*signed)  # without this the test would prove nothing
    assert seen_by(bob, write_passphrase(PLATFORM, honest.fields, honest.ciphertext, malleable)) == ["bad-signature"]


def test_the_least_s_that_is_not_below_l_is_not_canonical():
    order = ED25519_ORDER
    assert [canonical_signature(bytes(32) + s.to_bytes(32, "little")) for s in (0, order - 1, order)] == [
        True,
        True,
        False,
    ]


@pytest.mark.parametrize("public", [bytes(32), b"\xff" * 32, b"\x01" + bytes(31), b"\x02" + bytes(31)])
def test_a_session_key_that_is_no_point_or_of_small_order_opens_nothing(alice, bob, public):
    body = parts(say(alice, "hello")[0])
    fields = body.fields.replace(alice.public, public)
    # With the identity as key, R = identity and S = 0 verify for any message: signed by nobody, and still not opened.
    nobody = b"\x01" + bytes(63)
    outcomes = seen_by(bob, write_passphrase(PLATFORM, fields, body.ciphertext, nobody))
    assert outcomes[0] in ("bad-signature", "wrong-passphrase")


# Attacks by a member, who knows the passphrase


def test_a_sender_that_changes_its_name_in_a_session_is_refused(alice, bob):
    bodies = forge(alice, "one"), forge(alice, "two", counter=1, name="Bob"), forge(alice, "three", counter=1)
    assert seen_by(bob, *bodies) == ["one", "session-changed", "three"]


def test_a_sender_that_changes_its_key_in_a_session_is_refused(alice, bob):
    other = Parameters(PBKDF2, 600_000, OTHER_SALT)
    bodies = forge(alice, "one"), forge(alice, "two", counter=1, parameters=other), forge(alice, "three", counter=1)
    assert seen_by(bob, *bodies) == ["one", "session-changed", "three"]


def test_a_counter_used_for_two_texts_shows_only_the_first(alice, bob):
    assert seen_by(bob, forge(alice, "yes", counter=3), forge(alice, "no", counter=3)) == ["yes", "replayed"]


@pytest.mark.parametrize(
    ("padded", "code"),
    [
        (b"hello".ljust(256, b"\x00"), "bad-padding"),
        (b"hello\x80".ljust(300, b"\x00"), "bad-padding"),
        (pad(b"x" * 1000) + bytes(64), "bad-padding"),
        (pad(b""), "not-text"),
        (pad(b"\xff"), "not-text"),
        (pad(b"\xed\xa0\x80"), "not-text"),
        (pad(b"\xc0\xaf"), "not-text"),
        (pad(b"x" * 16_385), "not-text"),
        (pad(b"x" * 30_000), "not-text"),
    ],
)
def test_a_plaintext_that_no_honest_page_makes_is_refused_and_its_counter_stays_free(alice, bob, padded, code):
    assert seen_by(bob, forge(alice, padded=padded), forge(alice, "honest")) == [code, "honest"]


def test_a_member_that_poses_as_another_has_another_tag(alice, bob):
    posing = joined("Mallory")
    first, second = opened(bob, entry(1, forge(alice)), entry(2, forge(posing, name="Alice")))
    assert (first.name, second.name) == ("Alice", "Alice")
    assert first.tag.text != second.tag.text


# Anchors


def hash_of(body):
    return hashlib.sha256(body.encode()).digest()


def test_a_message_names_the_newest_entry_that_its_sender_was_shown(alice, bob):
    first = say(bob, "first")[0]
    assert (parts(first).anchor_seq, parts(first).anchor_hash) == (0, bytes(32))
    seen_by(alice, first, "not encrypted at all")
    answer = parts(say(alice, "second")[0])
    assert (answer.anchor_seq, answer.anchor_hash) == (2, hash_of("not encrypted at all"))


def test_members_who_are_shown_different_logs_find_out(alice, bob):
    carol = joined("Carol")
    yes, no = say(carol, "yes", "no")
    seen_by(alice, yes)
    assert seen_by(bob, no, say(alice, "agreed")[0]) == ["no", "agreed (forked)"]


def test_members_who_are_shown_the_same_log_see_no_warning(alice, bob):
    yes = say(joined("Carol"), "yes")[0]
    seen_by(alice, yes)
    assert seen_by(bob, yes, say(alice, "agreed")[0]) == ["yes", "agreed"]


def test_a_message_shown_before_what_its_sender_had_seen_says_so(alice, bob):
    assert seen_by(bob, forge(alice, anchor=(1, bytes(32)))) == ["hello (out-of-order)"]
    assert seen_by(bob, forge(alice, counter=1, anchor=(2**53 - 1, bytes(32)))) == ["hello (out-of-order)"]


def test_an_anchor_to_what_the_relay_no_longer_keeps_is_not_checked(alice, bob):
    bob.begins_at("log", 5)
    bodies = [
        entry(5, forge(alice, "x", anchor=(4, b"?" * 32))),
        entry(6, forge(alice, "y", counter=1, anchor=(5, bytes(32)))),
    ]
    assert codes(opened(bob, *bodies)) == ["x", "y (forked)"]  # fmt: skip


def test_a_new_log_starts_the_anchors_anew(alice, bob):
    seen_by(bob, *say(alice, *"abc"))
    bob.new_log()
    assert parts(say(bob, "hello")[0]).anchor_seq == 0
    assert seen_by(bob, forge(joined("Carol"))) == ["hello"]


# Many keys


def test_more_sessions_than_are_kept_still_open(alice, bob, monkeypatch):
    monkeypatch.setattr(level_module, "SESSION_KEYS", 3)
    people = [joined(f"Person {number}") for number in range(8)]
    assert seen_by(bob, *[say(one, "hi")[0] for one in people]) == ["hi"] * 8
    assert len(bob.session_keys) <= 3
    assert seen_by(bob, *[say(one, "again")[0] for one in people]) == ["again"] * 8


def test_a_flood_of_room_salts_starts_ten_derivations_a_minute_and_delays_no_known_key(alice):
    platform = ReferencePlatform()
    platform.now = 1000.0
    bob = joined("Bob", platform=platform)
    mallory, flood = joined("Mallory"), []
    for number in range(30):
        salt = number.to_bytes(16, "big")
        flood.append(entry(number + 1, forge_signed_only(mallory, salt, number)))
    assert set(codes(run(bob.open(flood)))) == {"waiting"}
    derive_all(bob)
    assert (len(bob.keyring.keys), bob.keyring.wait()) == (1 + 10, 60)  # our own does not count
    assert codes(run(bob.open([entry(31, say(alice, "hello")[0])]))) == ["hello"]


def forge_signed_only(level, salt, counter):
    """What anyone can write: signed by a session of their own, sealed with nothing."""
    honest = parts(forge(level, counter=counter))
    fields = b"\x01" + (600_000).to_bytes(4, "big") + salt + honest.fields[21:]
    signature = level.private.sign(level_module.header(b"kitchen", fields) + honest.ciphertext)
    return write_passphrase(PLATFORM, fields, honest.ciphertext, signature)


def test_a_tag_is_four_letters_and_a_colour_of_the_public_key(alice):
    known = every()["passphrase"][0]
    tag = Tag(bytes.fromhex(known["session_public"]))
    assert (tag.text, tag.color) == (known["tag"], known["color"])


def test_no_object_of_the_level_prints_a_secret(alice):
    printed = repr(alice) + repr(alice.keyring) + repr(opened(alice, entry(1, say(alice, "meet at noon")[0])))
    assert "meet" not in printed
    assert "horse" not in printed


def test_a_well_signed_message_wishes_for_its_key_and_an_altered_one_does_not(alice, bob):
    [body] = say(alice, "hello")
    bob.keyring.keys = {}
    data = bytes_of(body)
    altered = as_body(data[:-1] + bytes([data[-1] ^ 1]))
    assert (run(bob.wish(entry(1, altered))), bob.keyring.wanted) == (False, [])
    assert (run(bob.wish(entry(1, body))), bob.keyring.wanted) == (True, [alice.parameters.octets])
    derive_all(bob)
    assert run(bob.wish(entry(1, body))) is False
