"""Frames as they should not be: nothing but an error frame comes out, and the connection goes on."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import server
from relay_server import RelayServer

GOOD = {
    "join": {"type": "join", "room": "r", "name": "n", "after": 0},
    "leave": {"type": "leave", "room": "r"},
    "append": {"type": "append", "room": "r", "kind": "message", "id": "i", "body": "b"},
    "look": {"type": "look", "rooms": ["r"]},
    "ping": {"type": "ping"},
}
ENDLESS = {"bad_frames": 10**9, "frames_burst": 10**9, "address_frames_burst": 10**9}
quick = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def relay(tmp_path_factory):
    relay = RelayServer(tmp_path_factory.mktemp("relay"), **ENDLESS)
    yield relay
    relay.end()
    assert relay.output == "", "the relay has nothing to say about bad frames"


@pytest.fixture(scope="module")
def client(relay):
    return relay.client()


def answer(client, data):
    """The code of the error frame that answers; None if it was taken without one."""
    client.send_raw(data)
    frames = client.answers()
    errors = [frame for frame in frames if frame["type"] == "error"]
    assert len(errors) <= 1
    for frame in errors:
        assert frame["message"] == server.ERRORS[frame["code"]]
        assert frame.keys() <= {"type", "code", "message", "room", "id"}
    return errors[0]["code"] if errors else None


def changed(type_, **members):
    return json.dumps(GOOD[type_] | members)


BAD = [
    (b"{}", "not-text"),
    ("", "not-json"),
    ("{", "not-json"),
    ("{} {}", "not-json"),
    ("\ufeff{}", "not-json"),
    ('{"type":"ping"}\0', "not-json"),
    ("{'type':'ping'}", "not-json"),
    ('{"type":NaN}', "not-json"),
    ('{"type":-Infinity}', "not-json"),
    ('{"type":"a\nb"}', "not-json"),
    ('{"type":' + "9" * 5_000 + "}", "not-json"),
    ("[]", "not-object"),
    ("null", "not-object"),
    ('"ping"', "not-object"),
    ('{"type":"ping","type":"ping"}', "repeated-member"),
    ('{"type":"ping","x":{"a":1,"a":1}}', "repeated-member"),
    ("[" * 9 + "]" * 9, "too-deep"),
    ("[" * 60_000 + "]" * 60_000, "too-deep"),
    ('{"a":' * 20_000 + "1" + "}" * 20_000, "too-deep"),
    ("[" * 8 + "]" * 8, "not-object"),
    ('{"type":"ping"}' + " " * 131_072, "too-large"),
    ("{}", "unknown-type"),
    ('{"type":"hello"}', "unknown-type"),
    ('{"type":null}', "unknown-type"),
    ('{"type":["ping"]}', "unknown-type"),
    ('{"type":{"ping":1}}', "unknown-type"),
    ('{"type":"ping","room":"r"}', "unknown-member"),
    (changed("append", if_latest=1), "unknown-member"),
    ('{"type":"join","room":"r","name":"n"}', "missing-member"),
    (changed("join", room="\ud800"), "unpaired-surrogate"),
    (changed("append", body="a\udfffb"), "unpaired-surrogate"),
    (changed("look", rooms=["\udc00"]), "unpaired-surrogate"),
    (changed("append", id="\ud800"), "bad-id"),
    (changed("join", room=""), "bad-room"),
    (changed("join", room="é" * 257), "bad-room"),
    (changed("leave", room=7), "bad-room"),
    (changed("join", name=None), "bad-name"),
    (changed("join", name="n" * 257), "bad-name"),
    (changed("join", log=""), "bad-log"),
    (changed("join", log="a" * 65), "bad-log"),
    (changed("join", log="a\n"), "bad-log"),
    (changed("join", after=-1), "bad-number"),
    (changed("join", after=True), "bad-number"),
    (changed("join", after=1.0), "bad-number"),
    (changed("join", after=2**53), "bad-number"),
    (changed("join", after="0"), "bad-number"),
    ('{"type":"join","room":"r","name":"n","after":1e3}', "bad-number"),
    ('{"type":"join","room":"r","name":"n","after":1e999}', "bad-number"),
    (changed("append", if_newest=-1), "bad-number"),
    (changed("append", kind="Message"), "bad-kind"),
    (changed("append", kind="k" * 33), "bad-kind"),
    (changed("append", kind="é"), "bad-kind"),
    (changed("append", id="a b"), "bad-id"),
    (changed("append", id="\u0661"), "bad-id"),
    (changed("append", body=""), "bad-body"),
    (changed("append", body={"iv": ""}), "bad-body"),
    (changed("append", body="b" * 65_537), "bad-body"),
    (changed("look", rooms=[]), "bad-rooms"),
    (changed("look", rooms=["r"] * 17), "bad-rooms"),
    (changed("look", rooms="r"), "bad-rooms"),
    (changed("look", rooms=["r", 1]), "bad-rooms"),
    (changed("append"), "not-joined"),
]


@pytest.mark.parametrize(("data", "code"), BAD, ids=[f"{code}-{number}" for number, (_, code) in enumerate(BAD)])
def test_a_bad_frame_is_answered_by_its_code_and_the_connection_goes_on(client, data, code):
    assert answer(client, data) == code


@pytest.mark.parametrize(
    "data",
    [
        changed("join", room="\U0001f600" * 128, name="é" * 128, after=2**53 - 1, log="-_" * 32),
        json.dumps(GOOD["look"] | {"rooms": ["r" * 512] * 16}, ensure_ascii=False),
        '{"type":"ping"}' + " " * (131_072 - 15),
        ' {"type" : "p\\u0069ng"} ',
    ],
)
def test_what_is_just_within_the_limits_is_taken(client, data):
    assert answer(client, data) is None


def test_a_refused_frame_is_answered_with_its_room_and_id_where_they_are_good(client):
    client.send_raw(changed("append", body=7))
    error = client.receive("error")
    assert (error["code"], error["room"], error["id"]) == ("bad-body", "r", "i")
    client.send_raw(changed("append", body=7, room=["r"], id="\ud800"))
    assert client.receive("error").keys() == {"type", "code", "message"}


def test_a_frame_past_the_hard_limit_closes_with_1009_and_the_client_learns_why(relay):
    client = relay.client()
    client.send_raw('{"type":"ping"}' + " " * 3_000_000)
    assert client.close_code() == 1009


def test_twenty_malformed_frames_close_the_connection_but_refusals_of_good_ones_do_not(tmp_path):
    relay = RelayServer(tmp_path)
    try:
        patient, abuser = relay.client(), relay.client()
        for _ in range(100):
            assert answer(patient, changed("append")) == "not-joined"
        for _ in range(30):
            abuser.send_raw("{")
        assert abuser.close_code() == 4002
        assert 20 <= len(abuser.passed) <= 22
    finally:
        relay.end()


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=8,
)
members = st.sampled_from(["type", *server.MEMBERS])
types = st.sampled_from(list(GOOD))


@quick
@given(types, st.dictionaries(members, anything, max_size=2), st.sets(members, max_size=1))
def test_whatever_stands_in_a_frame_nothing_but_an_error_frame_comes_out(client, type_, others, left_out):
    frame = {name: value for name, value in (GOOD[type_] | others).items() if name not in left_out}
    answer(client, json.dumps(frame))


@quick
@given(types, st.data())
def test_a_frame_cut_or_with_characters_changed_gets_nothing_but_an_error_frame(client, type_, data):
    text = json.dumps(GOOD[type_])
    at = data.draw(st.integers(0, len(text)))
    more = data.draw(st.text(st.characters(exclude_categories=["Cs"]), max_size=3))
    answer(client, text[:at] + more + data.draw(st.sampled_from(["", text[at:], text[at + 1 :]])))


@quick
@given(st.text(st.characters(exclude_categories=["Cs"])) | st.binary())
def test_noise_gets_nothing_but_an_error_frame(client, data):
    assert answer(client, data) is not None


@quick
@given(body=st.text(st.characters(exclude_categories=["Cs"]), min_size=1), escaped=st.booleans())
def test_any_body_comes_back_as_it_went(client, body, escaped):
    joined = client.join("bodies")
    client.send_raw(
        json.dumps(GOOD["append"] | {"room": "bodies", "body": body, "id": f"{joined['newest']}"}, ensure_ascii=escaped)
    )
    seq = client.receive("appended", room="bodies")["seq"]
    assert client.entries("bodies", seq)[-1]["body"] == body
    client.send({"type": "leave", "room": "bodies"})
    client.receive("left")
    client.received.clear()
