"""The relay's directory of public keys, as a real process over real sockets: who may write in it, what it keeps and for
how long. web/protocol/identity.md, section 4; bundles one by one are in test_bundles.py."""

import sqlite3
import threading
from contextlib import closing
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import server as code
from conftest import wait_until
from known_bundles import ANN, BOB, CAROL, DAVE, NAME, SIGNERS, bad_bundles, bundle, octets_of, read
from server import Log, Refused, Settings, StartError
from test_limits import RATES, client_from, passes_again
from test_log import FIRST_VERSION
from test_metrics import full_disk, held_lock


def published(client, name: str, text: str) -> int | str:
    """The version, or the code of the refusal."""
    client.send({"type": "publish", "name": name, "bundle": text})
    answer = client.receive_if(lambda one: one["type"] in ("published", "error"))
    assert answer["type"] == "error" or answer == {"type": "published", "name": name, "version": answer["version"]}
    return answer.get("code", answer.get("version"))


def looked_up(client, *names: str) -> list[list[str]]:
    client.send({"type": "look-up", "names": list(names)})
    found = client.receive("found")
    assert [one["name"] for one in found["names"]] == list(names)
    return [one["bundles"] for one in found["names"]]


def newest_of(client, room: str) -> int:
    client.send({"type": "look", "rooms": [room]})
    return client.receive("looked")["rooms"][0]["newest"]


def chain_of(name: str, rotations: int) -> list[str]:
    """The first of a name, and rotations after it, from Ann to Bob and back."""
    pairs = [(ANN, BOB), (BOB, ANN)]
    later = [bundle(pairs[n % 2][1], name, n + 2, pairs[n % 2][0]) for n in range(rotations)]
    return [bundle(ANN, name), *later]


@pytest.fixture
def ann(make_relay):
    return make_relay().client()


# ------------------------------------------------------------------------------------------ who may write


def test_a_name_is_of_who_publishes_it_first_and_everybody_finds_the_very_bundle(make_relay):
    relay = make_relay()
    ann, bob = relay.client(), relay.client()
    assert looked_up(bob, NAME) == [[]]
    assert published(ann, NAME, bundle(ANN, NAME)) == 1
    assert looked_up(bob, "nobody", NAME, NAME.upper()) == [[], [bundle(ANN, NAME)], []]
    assert published(bob, NAME, bundle(BOB, NAME)) == "name-taken"
    assert published(bob, NAME.upper(), bundle(BOB, NAME.upper())) == 1, "to the relay that is another name"
    assert looked_up(bob, NAME) == [[bundle(ANN, NAME)]]


def test_a_renewal_takes_the_place_of_the_newest_and_a_rotation_stays(ann):
    steps = [
        (bundle(ANN, NAME), 1),
        (bundle(ANN, NAME, 2, ANN), 2),
        (bundle(BOB, NAME, 3, ANN), 3),
        (bundle(BOB, NAME, 4, BOB), 4),
        (bundle(BOB, NAME, 5, BOB), 5),
        (bundle(CAROL, NAME, 6, BOB), 6),
    ]
    kept = []
    for text, version in steps:
        assert published(ann, NAME, text) == version
        rotations = [one for one in kept if read(NAME, one).previous != read(NAME, one).identity]
        kept = [one for one in rotations if read(NAME, one).version > 1] + [text]
        assert looked_up(ann, NAME) == [kept]
    assert [read(NAME, one).version for one in kept] == [3, 6]


def test_who_has_neither_the_names_identity_nor_its_handover_cannot_write(ann):
    published(ann, NAME, bundle(ANN, NAME))
    published(ann, NAME, bundle(BOB, NAME, 2, ANN))
    for text in (
        bundle(DAVE, NAME),
        bundle(DAVE, NAME, 3, DAVE),
        bundle(DAVE, NAME, 3, CAROL),
        bundle(ANN, NAME, 3, ANN),
        bundle(DAVE, NAME, 3, ANN),
        bundle(ANN, NAME),
    ):
        assert published(ann, NAME, text) == "name-taken"
    assert looked_up(ann, NAME) == [[bundle(BOB, NAME, 2, ANN)]]


def test_what_does_not_follow_the_newest_is_not_written(ann):
    published(ann, NAME, bundle(ANN, NAME))
    published(ann, NAME, bundle(ANN, NAME, 2, ANN))
    for text in (
        bundle(ANN, NAME),
        bundle(ANN, NAME, 4, ANN),
        bundle(ANN, NAME, 2**32 - 1, ANN),
        bundle(BOB, NAME, 2, ANN),
        bundle(BOB, NAME, 4, ANN),
        bundle(ANN, NAME, 3, BOB),
    ):
        assert published(ann, NAME, text) == "not-next"
    assert looked_up(ann, NAME) == [[bundle(ANN, NAME, 2, ANN)]]


def test_the_newest_bundle_is_published_again_if_its_answer_was_lost_and_nothing_is_written(ann):
    for text in (bundle(ANN, NAME), bundle(BOB, NAME, 2, ANN)):
        found = [published(ann, NAME, text) for _ in range(3)]
        assert found == [read(NAME, text).version] * 3
    assert published(ann, NAME, bundle(ANN, NAME)) == "name-taken"
    assert looked_up(ann, NAME) == [[bundle(BOB, NAME, 2, ANN)]]


def test_a_relay_that_knows_nothing_of_a_name_takes_its_newest_bundle_back_as_it_was(ann):
    for name, before in (("renewed", BOB), ("rotated", ANN)):
        assert published(ann, name, bundle(BOB, name, 7, before)) == 7
        assert published(ann, name, bundle(ANN, name)) == "name-taken"
        assert published(ann, name, bundle(BOB, name, 8, BOB)) == 8


def test_every_bad_bundle_is_refused_and_nothing_of_it_is_written(make_relay):
    relay = make_relay(frames_burst=10**6)
    ann = relay.client()
    for what, text in bad_bundles().items():
        assert published(ann, NAME, text[:617]) == "bad-bundle", what
    assert looked_up(ann, NAME) == [[]]
    assert names_on_disk(relay) == []


def test_an_error_of_the_directory_has_its_sentence(ann):
    ann.send({"type": "publish", "name": NAME, "bundle": "bundle-1."})
    assert ann.next() == {"type": "error", "code": "bad-bundle", "message": code.ERRORS["bad-bundle"]}


def names_on_disk(relay) -> list[str]:
    with closing(sqlite3.connect(relay.folder / "log.sqlite")) as sql:
        return [name for (name,) in sql.execute("select distinct name from bundle order by name")]


# ------------------------------------------------------------------------------------------ races


def at_once(clients, frames) -> list[dict]:
    """Each client sends one, as nearly at once as they can -> the answers, in the order of the clients."""
    barrier, answers = threading.Barrier(len(clients)), {}

    def send(client, frame):
        barrier.wait(10)
        client.send(frame)
        answers[client] = client.receive_if(lambda one: one["type"] in ("published", "error"))

    threads = [threading.Thread(target=send, args=pair) for pair in zip(clients, frames, strict=True)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return [answers[client] for client in clients]


def test_of_many_who_come_first_one_owns_the_name(make_relay):
    relay = make_relay()
    clients = [relay.client() for _ in SIGNERS]
    for name in (f"name {number}" for number in range(10)):
        texts = [bundle(one, name) for one in SIGNERS]
        answers = at_once(clients, [{"type": "publish", "name": name, "bundle": text} for text in texts])
        won = [text for text, answer in zip(texts, answers, strict=True) if answer["type"] == "published"]
        assert sorted(answer.get("code", "") for answer in answers) == ["", *["name-taken"] * (len(SIGNERS) - 1)]
        assert looked_up(clients[0], name) == [won]


def test_of_two_first_comers_in_one_tick_the_first_owns_the_name(make_relay):
    relay = make_relay(patience=10)
    ann, bob = relay.client(), relay.client()
    published(ann, "before", bundle(ANN, "before"))
    with held_lock(relay):  # so that both are written by one transaction, and tried again and again
        ann.send({"type": "publish", "name": NAME, "bundle": bundle(ANN, NAME)})
        ann.answers()
        bob.send({"type": "publish", "name": NAME, "bundle": bundle(BOB, NAME)})
        bob.answers()
    assert ann.receive("published")["version"] == 1
    assert bob.receive("error")["code"] == "name-taken"


def test_of_two_changes_by_one_identity_at_once_one_is_written(make_relay):
    relay = make_relay()
    tabs = [relay.client() for _ in range(2)]
    published(tabs[0], NAME, bundle(ANN, NAME))
    texts = [bundle(BOB, NAME, 2, ANN), bundle(CAROL, NAME, 2, ANN)]
    answers = at_once(tabs, [{"type": "publish", "name": NAME, "bundle": text} for text in texts])
    won = [text for text, answer in zip(texts, answers, strict=True) if answer["type"] == "published"]
    assert sorted(answer.get("code", "") for answer in answers) == ["", "name-taken"]
    assert looked_up(tabs[0], NAME) == [won]


# ------------------------------------------------------------------------------------------ what lasts


def test_what_was_acknowledged_is_there_after_kill_9_and_the_name_is_still_owned(make_relay):
    relay = make_relay()
    versions = iter(range(2, 10**6))
    ann = relay.client()
    last = published(ann, NAME, bundle(ANN, NAME))
    for _ in range(3):
        for version in (next(versions) for _ in range(20)):
            last = published(ann, NAME, bundle(ANN, NAME, version, ANN))
        ann.send({"type": "publish", "name": NAME, "bundle": bundle(ANN, NAME, last + 1, ANN)})
        relay.kill()
        relay.start()
        ann = relay.client()
        [[found]] = looked_up(ann, NAME)
        assert read(NAME, found).version in (last, last + 1), "the last one was not acknowledged"
        versions = iter(range(read(NAME, found).version + 1, 10**6))
        assert published(ann, NAME, bundle(BOB, NAME)) == "name-taken"


def test_a_directory_is_there_after_a_clean_stop(make_relay):
    relay = make_relay()
    chain = chain_of(NAME, 3)
    ann = relay.client()
    assert [published(ann, NAME, text) for text in chain] == [1, 2, 3, 4]
    assert relay.terminate() == 0
    relay.start()
    assert looked_up(relay.client(), NAME) == [chain[1:]]


def test_rooms_come_and_go_and_the_directory_stays(make_relay):
    relay = make_relay(retention_messages=1, retention_days=1)
    ann = relay.client()
    published(ann, NAME, bundle(ANN, NAME))
    ann.join("tea")
    for number in range(2 * code.STEP + 2):
        ann.append("tea", f"{number}")
    ann.entries("tea", 2 * code.STEP + 2)
    relay.terminate()
    with Opened(relay.folder / "log.sqlite", retention_days=1) as log:
        with log.transaction():
            log.sql.execute("update entry set at = '2020-01-01T00:00:00.000Z'")
        log.sweep()
        while log.swept:
            log.sweep()
        assert (log.rooms, log.names, log.bundles(NAME)) == (0, 1, [bundle(ANN, NAME)])


def test_without_retention_the_directory_is_in_memory_until_the_relay_ends(make_relay):
    relay = make_relay(retention_messages=0)
    ann, bob = relay.client(), relay.client()
    published(ann, NAME, bundle(ANN, NAME))
    published(ann, NAME, bundle(BOB, NAME, 2, ANN))
    ann.join("tea")
    ann.appended("tea", "x")
    ann.close()
    wait_until(lambda: newest_of(bob, "tea") == 0, 10, "the room is gone with who was there")
    assert looked_up(bob, NAME) == [[bundle(BOB, NAME, 2, ANN)]]
    assert relay.stored == b"", "nothing is written"
    relay.terminate()
    relay.start()
    bob = relay.client()
    assert looked_up(bob, NAME) == [[]]
    assert published(bob, NAME, bundle(BOB, NAME, 2, ANN)) == 2, "the page gives it back"


def test_a_full_disk_refuses_a_bundle_and_takes_it_when_there_is_room(make_relay):
    relay = make_relay(patience=0.5, names=1)
    ann = relay.client()
    ann.join("tea")
    ann.appended("tea", "before")
    with full_disk(relay):
        assert published(ann, NAME, bundle(ANN, NAME)) == "storage"
        assert looked_up(ann, NAME) == [[]]
    passes_again(lambda: published(ann, NAME, bundle(ANN, NAME)), "storage")
    assert looked_up(ann, NAME) == [[bundle(ANN, NAME)]], "the one name that there may be was not used up"


# ------------------------------------------------------------------------------------------ files of before

SECOND_VERSION = FIRST_VERSION.replace("pragma journal_mode", "pragma auto_vacuum=incremental; pragma journal_mode")
SECOND_VERSION = SECOND_VERSION.replace("user_version=1", "user_version=2")
THIRD_VERSION = f"""{SECOND_VERSION.replace("user_version=2", "user_version=3")}
alter table room add column bytes integer not null default 0;
update room set bytes = 21 where number = 1;
update room set bytes = 3 where number = 2;
"""
VERSIONS = {1: FIRST_VERSION, 2: SECOND_VERSION, 3: THIRD_VERSION}


@pytest.mark.parametrize("version", VERSIONS)
def test_a_file_of_an_earlier_version_gets_a_directory_and_loses_nothing(tmp_path, make_relay, version):
    folder = tmp_path / "relay-0"
    relay = make_relay()
    relay.terminate()
    for path in folder.glob("log.sqlite*"):
        path.unlink()
    with closing(sqlite3.connect(folder / "log.sqlite")) as before:
        before.executescript(VERSIONS[version])
    relay.start()
    ann = relay.client()
    joined = ann.join("classic/tea")
    assert (joined["log"], joined["newest"], joined["oldest"]) == ("first-log", 3, 2)
    assert [entry["body"] for entry in ann.entries("classic/tea", 3)] == ["the list", "two", "three \U0001f600"]
    assert looked_up(ann, NAME) == [[]]
    assert published(ann, NAME, bundle(ANN, NAME)) == 1
    relay.kill()
    relay.start()
    assert looked_up(relay.client(), NAME) == [[bundle(ANN, NAME)]]
    relay.terminate()
    with closing(sqlite3.connect(folder / "log.sqlite")) as sql:
        assert sql.execute("pragma user_version").fetchone() == (code.SCHEMA_VERSION,)
        assert sql.execute("select bytes from room order by number").fetchall() == [(21,), (3,)]


def test_a_file_that_was_migrated_is_as_one_that_was_made(tmp_path):
    with Opened(tmp_path / "new.sqlite") as log:
        made = schema_of(log)
    for version, script in VERSIONS.items():
        path = tmp_path / f"{version}.sqlite"
        with closing(sqlite3.connect(path)) as before:
            before.executescript(script)
        with Opened(path) as log:
            assert schema_of(log) == made


def test_a_migration_that_fails_leaves_the_file_as_it_was(tmp_path):
    path = tmp_path / "log.sqlite"
    with closing(sqlite3.connect(path)) as before:
        before.executescript(THIRD_VERSION + "create index bundle_version on entry (at);")  # a name that is in its way
    log = Log(Settings(data=path))
    with pytest.raises(StartError, match="already"):
        log.open()
    log.sql.close()
    log.lock.close()
    with closing(sqlite3.connect(path)) as after:
        assert after.execute("pragma user_version").fetchone() == (3,)
        assert after.execute("select count(*) from sqlite_master where name = 'bundle'").fetchone() == (0,)


class Opened:
    """A log in this process, closed at the end."""

    def __init__(self, path, **limits):
        self.log = Log(Settings(data=path, **limits))

    def __enter__(self) -> Log:
        self.log.open()
        return self.log

    def __exit__(self, *_):
        self.log.close()


def schema_of(log) -> set[tuple]:
    columns = "select m.name, c.name, c.type, c.[notnull], c.pk from sqlite_master m join pragma_table_info(m.name) c"
    indices = "select name, tbl_name, type from sqlite_master"
    return {*log.sql.execute(columns).fetchall(), *log.sql.execute(indices).fetchall()}


# ------------------------------------------------------------------------------------------ limits


def test_the_last_name_that_the_directory_takes_is_taken_and_the_next_is_not_also_after_a_restart(make_relay):
    relay = make_relay(names=2)
    ann = relay.client()
    assert [published(ann, name, bundle(ANN, name)) for name in "abca"] == [1, 1, "no-more-names", 1]
    relay.kill()
    relay.start()
    ann = relay.client()
    assert published(ann, "c", bundle(ANN, "c")) == "no-more-names"
    assert published(ann, "b", bundle(BOB, "b", 2, ANN)) == 2, "names that are there go on"
    with closing(sqlite3.connect(relay.folder / "log.sqlite")) as sql:
        relay.terminate()
        sql.execute("delete from bundle where name = 'a'")  # as README.md tells the operator
        sql.commit()
    relay.start()
    assert [published(relay.client(), name, bundle(DAVE, name)) for name in "ac"] == [1, "no-more-names"]


def test_the_last_new_name_that_an_address_may_take_is_taken_and_the_next_is_not(make_relay):
    relay = make_relay(**RATES | {"address_names_per_second": 0.3, "address_names_burst": 3})
    ann, bob, other = relay.client(), relay.client(), client_from(relay, "127.0.0.2")
    assert [published(ann, "a", bundle(ANN, "a", *more)) for more in ((), (2, ANN), (3, ANN))] == [1, 2, 3]
    assert [published(bob, name, bundle(BOB, name)) for name in "abc"] == ["name-taken", 1, 1]
    assert published(ann, "d", bundle(ANN, "d")) == "address-too-fast", "one share for all of its connections"
    assert published(other, "d", bundle(DAVE, "d")) == 1, "another address has its own"
    assert published(ann, "b", bundle(ANN, "b")) == "name-taken"
    passes_again(lambda: published(ann, "e", bundle(ANN, "e")), "address-too-fast")


def test_to_look_up_takes_no_name(make_relay):
    relay = make_relay(names=1)
    ann = relay.client()
    looked_up(ann, *"abcdefgh")
    assert names_on_disk(relay) == []
    assert published(ann, "z", bundle(ANN, "z")) == 1


def test_a_publish_counts_as_16_frames_and_a_look_up_as_its_names(make_relay):
    relay = make_relay(**RATES | {"frames_per_second": 0.1, "frames_burst": 40})
    ann, bob = relay.client(), relay.client()
    assert [published(ann, NAME, bundle(ANN, NAME)) for _ in range(3)] == [1, 1, "too-fast"]
    bob.send({"type": "look-up", "names": ["n"] * 16})
    bob.send({"type": "look-up", "names": ["n"] * 16})
    bob.send({"type": "look-up", "names": ["n"] * 8})
    bob.send({"type": "look-up", "names": ["n"]})
    assert [bob.next().get("code") for _ in range(4)] == [None, None, None, "too-fast"]


def test_a_publish_takes_bytes_of_its_addresses_share(make_relay):
    relay = make_relay(**RATES | {"address_bytes_per_second": 0.5, "address_bytes_burst": 3_000})
    ann = relay.client()
    assert [published(ann, name, bundle(ANN, name)) for name in "abc"] == [1, 1, "address-too-fast"]
    assert names_on_disk(relay) == ["a", "b"]


def test_bundles_are_counted_in_the_bytes_of_the_log_and_told_that_it_is_full(make_relay):
    relay = make_relay(**RATES | {"log_bytes": 120_000})
    ann = relay.client()
    found = [published(ann, f"{number}", bundle(ANN, f"{number}")) for number in range(400)]
    fitted = found.count(1)
    assert 50 < fitted < 400
    assert found == [1] * fitted + ["log-full"] * (400 - fitted)
    assert len(names_on_disk(relay)) == fitted


def test_of_more_than_100_rotations_the_oldest_go(make_relay):
    relay = make_relay(**RATES)
    ann, chain = relay.client(), chain_of(NAME, 103)
    assert [published(ann, NAME, text) for text in chain] == list(range(1, 105))
    assert looked_up(ann, NAME) == [chain[-100:]]
    newest = read(NAME, chain[-1]).identity
    owner = next(one for one in SIGNERS if one.public == newest)
    renewed = bundle(owner, NAME, 105, owner)
    assert published(ann, NAME, renewed) == 105
    assert looked_up(ann, NAME) == [[*chain[-100:], renewed]]


def test_a_found_that_would_be_too_large_has_the_first_names_and_the_others_can_be_asked_for(make_relay):
    relay = make_relay(**RATES)
    ann, names = relay.client(), ["\U0001f44b" * 63 + f"{number}" for number in range(6)]
    for name in names:
        for text in chain_of(name, 101):
            ann.send({"type": "publish", "name": name, "bundle": text})
    for _ in range(6 * 102):
        assert ann.receive_if(lambda one: one["type"] in ("published", "error"))["type"] == "published"
    asked, found = names, []
    while asked:
        ann.send({"type": "look-up", "names": asked})
        answer = ann.receive("found")["names"]
        assert answer and ann.size_of({"type": "found", "names": answer}) < 1.05 * code.ENTRIES_BYTES
        found, asked = found + answer, asked[len(answer) :]
    assert [one["name"] for one in found] == names
    assert {len(one["bundles"]) for one in found} == {100}


# ------------------------------------------------------------------------------------------ beside a model

moves = st.tuples(st.integers(0, 1), st.integers(0, 2), st.integers(0, 3), st.integers(-1, 1))
folders = count()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.lists(moves, min_size=1, max_size=4)), max_size=25))
def test_whatever_is_published_the_directory_keeps_what_the_model_has(tmp_path_factory, transactions):
    """Of two names; a move is a name, who signs, whose handover it has (3: a first one) and by how much its version is
    not the next. A transaction that fails leaves nothing."""
    with Opened(tmp_path_factory.mktemp("log") / "log.sqlite", names=1) as log:
        model: dict[str, list[str]] = {}
        for fails, some in transactions:
            before = {name: list(chain) for name, chain in model.items()}
            try:
                with log.transaction():
                    for move in some:
                        text, name = text_of_move(model, *move)
                        assert log_publish(log, name, text) == model_publish(model, name, text)
                    if fails:
                        raise ZeroDivisionError
            except ZeroDivisionError:
                model = before
            assert {name: log.bundles(name) for name in "ab" if log.bundles(name)} == model
            assert log.names == len(model)


def text_of_move(model, place, signer, before, skip) -> tuple[str, str]:
    name = "ab"[place]
    newest = read(name, model[name][-1]).version if name in model else 1
    version = max(2, newest + 1 + skip)
    text = bundle(SIGNERS[signer], name) if before == 3 else bundle(SIGNERS[signer], name, version, SIGNERS[before])
    return text, name


def log_publish(log, name, text) -> str:
    try:
        log.publish(code.read_bundle(name, text), log.newest_bundle(name))
    except Refused as refused:
        return refused.code
    return "published"


def model_publish(model, name, text) -> str:
    new = read(name, text)
    if name not in model:
        if model:
            return "no-more-names"  # there may be one
        model[name] = [text]
        return "published"
    chain, newest = model[name], read(name, model[name][-1])
    if text == chain[-1]:
        return "published"
    if newest.identity not in (new.identity, new.previous):
        return "name-taken"
    if new.version != newest.version + 1 or new.previous != newest.identity:
        return "not-next"
    rotations = [one for one in chain if len(octets_of(one)) > 4 + 1 + 32 + 4 + 32 + 64]
    model[name] = [*rotations, text]
    return "published"
