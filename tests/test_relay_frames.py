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
    "publish": {"type": "publish", "name": "n", "bundle": "b"},
    "look-up": {"type": "look-up", "names": ["n"]},
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
    # What became of an append that was taken comes with the next tick, perhaps only after a later frame's answer.
    errors = [frame for frame in frames if frame["type"] == "error" and frame["code"] != "id-conflict"]
    assert len(errors) <= 1
    for frame in errors:
        sentence = server.ERRORS[frame["code"]]
        says_more = frame["code"] in ("bad-frame", "too-large") and frame["message"].startswith(sentence)
        assert frame["message"] == sentence or says_more
        assert len(frame["message"]) < 400
        assert frame.keys() <= {"type", "code", "message", "room", "id"}
    return errors[0]["code"] if errors else None


def changed(type_, **members):
    return json.dumps(GOOD[type_] | members)


BAD = [
    (b"{}", "binary"),
    ("", "not-json"),
    ("{", "not-json"),
    ('{"type":"ping"} {}', "not-json"),
    ("\ufeff{}", "not-json"),
    ('{"type":"ping"}\0', "not-json"),
    ("{'type':'ping'}", "not-json"),
    ('{"type":NaN}', "not-json"),
    ('{"type":-Infinity}', "not-json"),
    ('{"type":"a\nb"}', "not-json"),
    ('{"type":' + "9" * 5_000 + "}", "unknown-type"),
    ("[]", "bad-frame"),
    ("null", "bad-frame"),
    ('"ping"', "bad-frame"),
    ("[" * 60_000 + "]" * 60_000, "bad-frame"),
    ('{"a":' * 20_000 + "1" + "}" * 20_000, "too-deep"),
    ('{"room":' + "[" * 60_000 + "]" * 60_000 + ',"type":"leave"}', "too-deep"),
    ('{"type":"ping"}' + " " * 131_072, "too-large"),
    ("{}", "unknown-type"),
    ('{"type":"hello"}', "unknown-type"),
    ('{"type":null}', "unknown-type"),
    ('{"type":["ping"]}', "unknown-type"),
    ('{"type":{"ping":1}}', "unknown-type"),
    ('{"type":"ping","room":"r"}', "bad-frame"),
    (changed("append", if_latest=1), "bad-frame"),
    ('{"type":"join","room":"r","name":"n"}', "bad-frame"),
    (changed("join", room="\ud800"), "not-json"),
    (changed("append", body="a\udfffb"), "not-json"),
    (changed("look", rooms=["\udc00"]), "not-json"),
    (changed("append", id="\ud800"), "not-json"),
    (changed("join", room=""), "bad-frame"),
    (changed("join", room="é" * 513), "bad-frame"),
    (changed("leave", room=7), "bad-frame"),
    (changed("join", name=None), "bad-frame"),
    (changed("join", name="n" * 257), "bad-frame"),
    (changed("join", log=None), "bad-frame"),
    (changed("append", if_newest=None), "bad-frame"),
    ('{"type":"join","room":"r","name":"n","after":NaN}', "not-json"),
    (changed("join", log=""), "bad-frame"),
    (changed("join", log="a" * 65), "bad-frame"),
    (changed("join", log="a\n"), "bad-frame"),
    (changed("join", after=-1), "bad-frame"),
    (changed("join", after=True), "bad-frame"),
    (changed("join", after=1.0), "bad-frame"),
    (changed("join", after=2**53), "bad-frame"),
    (changed("join", after="0"), "bad-frame"),
    ('{"type":"join","room":"r","name":"n","after":1e3}', "bad-frame"),
    ('{"type":"join","room":"r","name":"n","after":1e999}', "bad-frame"),
    (changed("append", if_newest=-1), "bad-frame"),
    (changed("append", kind="Message"), "bad-frame"),
    (changed("append", kind="k" * 33), "bad-frame"),
    (changed("append", kind="é"), "bad-frame"),
    (changed("append", id="a b"), "bad-frame"),
    (changed("append", id="\u0661"), "bad-frame"),
    (changed("append", body=""), "bad-frame"),
    (changed("append", body={"iv": ""}), "bad-frame"),
    (changed("append", body="b" * 65_537), "bad-frame"),
    (changed("look", rooms=[]), "bad-frame"),
    (changed("look", rooms=["r"] * 17), "bad-frame"),
    (changed("look", rooms="r"), "bad-frame"),
    (changed("look", rooms=["r", 1]), "bad-frame"),
    (changed("publish", name=""), "bad-frame"),
    (changed("publish", name="n" * 257), "bad-frame"),
    (changed("publish", name="\ud800"), "not-json"),
    (changed("publish", bundle=""), "bad-frame"),
    (changed("publish", bundle="b" * 618), "bad-frame"),
    (changed("publish", bundle=None), "bad-frame"),
    (changed("publish", version=1), "bad-frame"),
    ('{"type":"publish","name":"n"}', "bad-frame"),
    (changed("look-up", names=[]), "bad-frame"),
    (changed("look-up", names=["n"] * 17), "bad-frame"),
    (changed("look-up", names=["n", ""]), "bad-frame"),
    (changed("look-up", names=["n", 1]), "bad-frame"),
    (changed("look-up", names="n"), "bad-frame"),
    (changed("look-up", type="lookup"), "unknown-type"),
    (changed("publish", bundle="b" * 617, name="\U0001f600" * 256), "bad-bundle"),
    (changed("publish", bundle="é" * 617), "bad-bundle"),
    (changed("append"), "not-joined"),
]


@pytest.mark.parametrize(("data", "code"), BAD, ids=[f"{code}-{number}" for number, (_, code) in enumerate(BAD)])
def test_a_bad_frame_is_answered_by_its_code_and_the_connection_goes_on(client, data, code):
    assert answer(client, data) == code


@pytest.mark.parametrize(
    "data",
    [
        changed("join", room="\U0001f600" * 512, name="é" * 256, after=2**53 - 1, log="-_" * 32),
        json.dumps(GOOD["look"] | {"rooms": ["r" * 512] * 16}, ensure_ascii=False),
        changed("look-up", names=["\U0001f600" * 256] * 16),
        '{"type":"ping"}' + " " * (131_072 - 15),
        ' {"type" : "p\\u0069ng"} ',
    ],
)
def test_what_is_just_within_the_limits_is_taken(client, data):
    assert answer(client, data) is None


def test_a_well_formed_frame_is_refused_with_its_room_and_id(client):
    client.send_raw(changed("append"))
    error = client.receive("error")
    assert (error["code"], error["room"], error["id"]) == ("not-joined", "r", "i")


def test_a_bad_member_is_named_and_its_value_is_not(client):
    client.send_raw(changed("append", body={"secret": "value"}))
    error = client.receive("error")
    assert "`$.body`" in error["message"] and "secret" not in error["message"] and "value" not in error["message"]


@pytest.mark.parametrize(
    ("data", "room_and_id"),
    [
        (changed("append", kind="Not so"), {"room": "r", "id": "i"}),
        (changed("append", body="b" * 140_000), {"room": "r", "id": "i"}),
        (changed("append", type="hello"), {"room": "r", "id": "i"}),
        (changed("join", after=-1), {"room": "r"}),
        (changed("append", id="not so"), {}),
        (changed("append", room=""), {}),
        (changed("append", room=None), {}),
        (changed("append")[:-1], {}),
        (json.dumps([GOOD["append"]]), {}),
        (changed("ping", more=1), {}),
    ],
)
def test_a_malformed_frame_is_refused_with_its_room_and_id_if_these_are_good(client, data, room_and_id):
    client.send_raw(data)
    error = client.receive("error")
    assert {name: error[name] for name in ("room", "id") if name in error} == room_and_id


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
        abuser.send_at_once("{", 30)
        assert abuser.close_code() == 4002
        assert 20 <= len(abuser.passed) <= 22
    finally:
        relay.end()


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
