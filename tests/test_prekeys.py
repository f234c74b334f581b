"""Prekeys in the relay's directory, over real sockets, and as the page signs and checks them: ratchet.md, section 2.

What stands here of the form is a second implementation, over pyca/cryptography.
"""

import base64
import sqlite3
import struct
import threading
from contextlib import closing

import pytest

import server as code
from known_answers import b64, sized
from known_bundles import ANN, BOB, NAME, bundle, other_form
from protocol import prekeys
from protocol.directory import first_bundle
from protocol.errors import BadInput
from protocol.identity import OurIdentity
from protocol.ratchet_errors import BadPrekeys
from reference import ReferencePlatform, run
from test_directory import published
from test_limits import RATES, client_from, passes_again

LABEL, PLATFORM = b"secure-chat ratchet 1 ", ReferencePlatform()


def key(number: int) -> bytes:
    return number.to_bytes(32, "big")


def fields_of(signer, name, number, spk, one_time, signature=None) -> bytes:
    signature = signature or signer.private.sign(LABEL + b"prekey" + spk)
    head = signer.public + sized(name.encode()) + struct.pack(">I", number) + spk + signature
    return head + bytes([len(one_time)]) + b"".join(one_time)


SPK = key(1)


def upload(signer, name=NAME, number=1, spk=SPK, one_time=(), **signature) -> str:
    fields = fields_of(signer, name, number, spk, one_time, **signature)
    return "prekeys-1." + b64(fields + signer.private.sign(LABEL + b"upload" + fields))


def asks(client, **frame) -> dict:
    client.send(frame)
    return client.receive_if(lambda one: one["type"].startswith("prekeys-") or one["type"] == "error")


def puts(client, text: str, name=NAME) -> str | tuple:
    """(number, left), or the code of the refusal."""
    answer = asks(client, type="publish-prekeys", name=name, upload=text)
    return answer.get("code") or (answer["number"], answer["left"])


def counts(client, name=NAME) -> tuple:
    answer = asks(client, type="count-prekeys", name=name)
    assert answer == {"type": "prekeys-counted", "name": name, "number": answer["number"], "left": answer["left"]}
    return answer["number"], answer["left"]


def takes(client, name=NAME) -> tuple | str:
    """(identity, spk, one-time prekey or nothing), "" for a name that has none, or the code of the refusal."""
    answer = asks(client, type="take-prekeys", name=name)
    if not answer.get("prekeys"):
        return answer.get("code", "")
    octets = base64.urlsafe_b64decode(answer["prekeys"].removeprefix("prekey-1.") + "==")
    assert len(octets) in (128, 160)
    return octets[:32], octets[32:64], octets[128:]


@pytest.fixture
def ann(make_relay):
    """A client at a relay where the name is Ann's."""
    client = make_relay().client()
    assert published(client, NAME, bundle(ANN, NAME)) == 1
    return client


# ------------------------------------------------------------------------------------------ what is given


def test_who_has_a_name_publishes_and_each_who_takes_gets_another_one_time_prekey(ann):
    assert (counts(ann), takes(ann)) == ((0, 0), "")
    assert puts(ann, upload(ANN, one_time=[key(11), key(12)])) == (1, 2)
    given = [takes(ann) for _ in range(3)]
    assert given == [(ANN.public, key(1), one) for one in (key(11), key(12), b"")]
    assert counts(ann) == (1, 0)


def test_a_new_upload_takes_the_signed_prekeys_place_and_adds_to_the_others(ann):
    assert puts(ann, upload(ANN, one_time=[key(11), key(12)])) == (1, 2)
    assert puts(ann, upload(ANN, NAME, 5, key(2), [key(13)])) == (5, 3)
    assert [takes(ann)[1:] for _ in range(4)] == [(key(2), one) for one in (key(11), key(12), key(13), b"")]


def test_of_more_than_100_the_oldest_go(ann):
    assert puts(ann, upload(ANN, one_time=[key(100 + one) for one in range(100)])) == (1, 100)
    assert puts(ann, upload(ANN, NAME, 2, key(1), [key(300), key(301)])) == (2, 100)
    assert takes(ann)[2] == key(102)


def test_the_same_upload_again_changes_nothing_and_brings_nothing_back(ann):
    text = upload(ANN, one_time=[key(11), key(12)])
    assert puts(ann, text) == (1, 2)
    assert takes(ann)[2] == key(11)
    assert puts(ann, text) == (1, 1)
    assert takes(ann)[2] == key(12)


def test_what_many_take_at_once_is_given_once(make_relay):
    relay = make_relay()
    published(relay.client(), NAME, bundle(ANN, NAME))
    puts(relay.client(), upload(ANN, one_time=[key(11 + one) for one in range(20)]))
    clients, given = [relay.client() for _ in range(8)], []
    threads = [threading.Thread(target=lambda one=one: given.extend(takes(one) for _ in range(3))) for one in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    one_time = [one for _, _, one in given if one]
    assert len(given) == 24 and sorted(one_time) == [key(11 + one) for one in range(20)]


@pytest.mark.parametrize("kept", [True, False])
def test_what_was_given_is_never_given_again(make_relay, kept):
    relay = make_relay(**({} if kept else {"retention_messages": 0}))
    ann = relay.client()
    published(ann, NAME, bundle(ANN, NAME))
    puts(ann, upload(ANN, one_time=[key(11), key(12)]))
    assert takes(ann)[2] == key(11)
    if kept:
        relay.kill()
        relay.start()
    assert takes(relay.client())[2] == key(12)


# ------------------------------------------------------------------------------------------ who may


def test_nobody_publishes_for_a_name_that_is_anothers_or_nobodys(ann):
    assert puts(ann, upload(BOB)) == "name-taken"
    assert puts(ann, upload(BOB, "nobody"), "nobody") == "name-taken"
    assert (counts(ann), counts(ann, "nobody")) == ((0, 0), (0, 0))


@pytest.mark.parametrize("number", [1, 2])
def test_an_old_upload_cannot_be_put_back(ann, number):
    old = upload(ANN, number=number, one_time=[key(11)])
    assert puts(ann, old) == (number, 1)
    assert puts(ann, upload(ANN, NAME, 3, key(2))) == (3, 1)
    assert puts(ann, old) == "not-next"
    assert puts(ann, upload(ANN, NAME, 3, key(3))) == "not-next"
    assert takes(ann)[1] == key(2)


def test_a_rotation_deletes_what_the_identity_before_had(ann):
    puts(ann, upload(ANN, NAME, 7, one_time=[key(11)]))
    assert published(ann, NAME, bundle(ANN, NAME, 2, ANN)) == 2
    assert counts(ann) == (7, 1), "a renewal does not"
    assert published(ann, NAME, bundle(BOB, NAME, 3, ANN)) == 3
    assert (counts(ann), takes(ann)) == ((0, 0), "")
    assert puts(ann, upload(ANN, NAME, 8)) == "name-taken"
    assert puts(ann, upload(BOB, NAME, 1, key(4))) == (1, 0)


def test_a_name_that_the_operator_has_freed_begins_anew(make_relay):
    relay = make_relay()
    client = relay.client()
    published(client, NAME, bundle(ANN, NAME))
    puts(client, upload(ANN, NAME, 9, one_time=[key(11)]))
    relay.terminate()
    with closing(sqlite3.connect(relay.folder / "log.sqlite")) as sql:
        sql.execute("delete from bundle")
        sql.commit()
    relay.start()
    client = relay.client()
    assert published(client, NAME, bundle(BOB, NAME)) == 1
    assert puts(client, upload(BOB, NAME, 1, key(5))) == (1, 0)
    assert takes(client) == (BOB.public, key(5), b"")


def bad_uploads() -> dict[str, str]:
    good = upload(ANN, one_time=[key(11)])
    octets = base64.urlsafe_b64decode(good.removeprefix("prekeys-1.") + "==")
    signature = ANN.private.sign(LABEL + b"prekey" + key(1))
    changed = {f"byte {at}": bytes([*octets[:at], octets[at] ^ 1, *octets[at + 1 :]]) for at in range(len(octets))}
    texts = {what: "prekeys-1." + b64(one) for what, one in changed.items()}
    return texts | {
        "another prefix": "bundle-1." + good.removeprefix("prekeys-1."),
        "padded": good + "=" * (-len(good.removeprefix("prekeys-1.")) % 4 or 4),
        "cut": "prekeys-1." + b64(octets[:-1]),
        "more": "prekeys-1." + b64(octets + bytes(1)),
        "another name": upload(ANN, NAME + "!"),
        "no number": upload(ANN, number=0),
        "101": upload(ANN, one_time=[key(one) for one in range(101)])[:4_886],
        "another form of the signature": upload(ANN, signature=other_form(signature)),
        "signed by another": upload(ANN, signature=BOB.private.sign(LABEL + b"prekey" + key(1))),
        "signed for a bundle": upload(ANN, signature=ANN.private.sign(key(1))),
        "nothing": "prekeys-1.",
    }


def test_what_is_not_as_it_has_to_be_is_refused_and_nothing_of_it_is_kept():
    for what, text in bad_uploads().items():
        with pytest.raises(code.Refused) as refused:
            code.read_upload(NAME, text)
        assert refused.value.code == "bad-prekeys", what
    assert code.read_upload(NAME, upload(ANN, one_time=[key(11)])).one_time == [key(11)]


def test_a_bad_upload_is_answered_and_changes_nothing(ann):
    assert puts(ann, bad_uploads()["signed by another"]) == "bad-prekeys"
    assert counts(ann) == (0, 0)


# ------------------------------------------------------------------------------------------ limits


def test_a_name_gives_20_at_once_and_then_prekeys_without_a_one_time_one(ann):
    puts(ann, upload(ANN, one_time=[key(11 + one) for one in range(30)]))
    given = [takes(ann)[2] for _ in range(22)]
    assert given == [key(11 + one) for one in range(20)] + [b"", b""]
    assert counts(ann) == (1, 10)


def test_a_name_gives_again_after_its_time_and_is_then_forgotten():
    relay = code.Relay(code.Settings(retention_messages=0))
    relay.open()
    assert [relay.takes.setdefault(NAME, code.Bucket(**code.TAKES)).take(relay.tick_began) for _ in range(21)][-2:] == [
        True,
        False,
    ]
    now = relay.takes[NAME].time
    relay._check(now + 19 * 60)
    assert NAME in relay.takes and relay.takes[NAME].take(now + 60)
    relay._check(now + 40 * 60)
    assert relay.takes == {}
    relay.close()


def test_an_address_has_a_share_of_takes(make_relay):
    relay = make_relay(**RATES | {"address_takes_per_second": 0.5, "address_takes_burst": 2})
    ann, other = relay.client(), client_from(relay, "127.0.0.2")
    assert [takes(ann), takes(relay.client()), takes(ann)] == ["", "", "address-too-fast"]
    assert takes(other) == ""
    passes_again(lambda: takes(ann), "address-too-fast")


def test_a_publication_counts_as_16_frames(make_relay):
    relay = make_relay(**RATES | {"frames_per_second": 0.1, "frames_burst": 40})
    client = relay.client()
    assert [puts(client, upload(ANN)) for _ in range(3)] == ["name-taken", "name-taken", "too-fast"]


# ------------------------------------------------------------------------------------------ the page's side


def ours():
    return run(OurIdentity.from_seed(PLATFORM, bytes([7]) * 32))


def test_what_the_page_uploads_the_relay_takes_and_what_it_gives_the_page_reads(make_relay):
    client, one = make_relay().client(), ours()
    assert published(client, NAME, run(first_bundle(PLATFORM, one, NAME))) == 1
    assert puts(client, run(prekeys.upload(PLATFORM, one, NAME, 3, key(1), [key(11)]))) == (3, 1)
    for opk in (key(11), None):
        text = asks(client, type="take-prekeys", name=NAME)["prekeys"]
        found = run(prekeys.read_taken(PLATFORM, text, one.public))
        assert (found.identity, found.spk, found.opk) == (one.public, key(1), opk)


def test_what_the_page_makes_is_what_pyca_makes():
    one = ours()

    class Known:
        public = one.public

        class private:
            sign = staticmethod(lambda data: run(PLATFORM.ed25519_sign(one.signing, data)))

    made = run(prekeys.upload(PLATFORM, one, NAME, 3, key(1), [key(11), key(12)]))
    assert made == upload(Known, NAME, 3, key(1), [key(11), key(12)])
    with pytest.raises(BadInput):
        run(prekeys.upload(PLATFORM, one, NAME, 3, key(1), [key(11)] * 101))


def test_the_page_takes_no_prekeys_of_another_or_that_were_changed():
    signature = ANN.private.sign(LABEL + b"prekey" + key(1))
    octets = ANN.public + key(1) + signature
    for opk in (b"", key(11)):
        assert run(prekeys.read_taken(PLATFORM, "prekey-1." + b64(octets + opk), ANN.public)).spk == key(1)
    changed = [bytes([*octets[:at], octets[at] ^ 1, *octets[at + 1 :]]) for at in range(0, 128, 3)]
    others = ["prekey-1." + b64(one) for one in [*changed, octets[:-1], octets + bytes(31), octets + bytes(33), b""]]
    others += ["prekey-2." + b64(octets), "prekey-1." + b64(ANN.public + key(1) + other_form(signature))]
    for text in others:
        with pytest.raises(BadPrekeys):
            run(prekeys.read_taken(PLATFORM, text, ANN.public))
    with pytest.raises(BadPrekeys):
        run(prekeys.read_taken(PLATFORM, "prekey-1." + b64(octets), BOB.public))
