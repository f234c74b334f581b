"""Seen from outside: /healthz, /metrics, and whom they answer."""

import contextlib
import http.client
import resource
import sqlite3
import time
from urllib.parse import urlsplit

import pytest
from flask import Flask
from prometheus_client import REGISTRY, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from websockets.exceptions import ConnectionClosed

import server as code
from conftest import wait_until
from known_bundles import ANN, BOB, bundle

OUR_LABELS = {"code", "le"}


def get(url: str, path: str, **headers) -> http.client.HTTPResponse:
    """The answer, with its content as `text`; `url` may be that of the relay's WebSocket."""
    connection = http.client.HTTPConnection(urlsplit(url).hostname, urlsplit(url).port, timeout=10)
    connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    with contextlib.closing(connection), connection.getresponse() as answer:
        answer.text = answer.read().decode()
        return answer


def health(relay) -> tuple[int, str]:
    answer = get(relay.url, "/healthz")
    return answer.status, answer.text


def families(text: str) -> dict:
    return {family.name: family for family in text_string_to_metric_families(text)}


def metrics(relay) -> dict[str, float]:
    """Each of our samples as `appends_total` or `refusals_total too-fast`; when each was made is left out."""
    answer = get(relay.url, "/metrics")
    assert answer.status == 200
    samples = [one for family in families(answer.text).values() for one in family.samples]
    ours = [one for one in samples if one.name.startswith("securechat_") and not one.name.endswith("_created")]
    return {" ".join([one.name.removeprefix("securechat_"), *one.labels.values()]): one.value for one in ours}


@contextlib.contextmanager
def full_disk(relay):
    """The relay can write some lines of its output meanwhile, and no page of its log."""
    limit = resource.prlimit(relay.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(relay.process.pid, resource.RLIMIT_FSIZE, (3_000, limit[1]))
    yield
    resource.prlimit(relay.process.pid, resource.RLIMIT_FSIZE, limit)


@contextlib.contextmanager
def held_lock(relay):
    """Another process is writing to the log meanwhile."""
    with contextlib.closing(sqlite3.connect(relay.folder / "log.sqlite", isolation_level=None)) as other:
        other.execute("begin immediate")
        yield
        other.execute("rollback")


# /healthz


def test_a_relay_that_runs_is_healthy_under_whatever_name_it_is_asked(make_relay):
    relay = make_relay()
    for name in ("127.0.0.1", "localhost", "load-balancer.internal:80"):
        answer = get(relay.url, "/healthz", Host=name)
        assert (answer.status, answer.text) == (200, "ok\n")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_full_disk_is_unhealthy_until_there_is_room_and_costs_few_lines_however_much_is_refused(make_relay):
    relay = make_relay(patience=0.5, frames_burst=10**6)
    ann = relay.client()
    ann.join("tea")
    ann.appended("tea", "before")
    with full_disk(relay):
        assert health(relay) == (200, "ok\n"), "nobody has had to write since"
        until = time.monotonic() + 2  # the relay tidies every second
        while time.monotonic() < until:
            refused = ann.append("tea", "x")
            assert ann.receive("error", id=refused)["code"] == "storage"
        status, sentence = health(relay)
        assert (status, metrics(relay)["healthy"]) == (503, 0)
        assert sentence == "The relay's log cannot be used; what the relay has logged says why.\n"
    wait_until(lambda: health(relay)[0] == 200, 10, "healthy again, though nobody writes")
    assert metrics(relay)["healthy"] == 1
    assert ann.appended("tea", "after") == 2
    assert relay.output.count("could not be written") == relay.output.count("can be used again") == 1
    assert len(relay.output.splitlines()) <= 3, "the third says that commits could not be moved"


def test_health_is_told_at_once_while_another_process_holds_the_log(make_relay):
    relay = make_relay(patience=1, silence=0.4)
    ann = relay.client()
    ann.join("tea")
    ann.appended("tea", "before")
    with held_lock(relay):
        id = ann.append("tea", "meanwhile")
        ann.answers()
        assert health(relay)[0] == 200, "its time is not over"
        assert ann.receive("error", id=id)["code"] == "storage"
        assert health(relay)[0] == 503
    wait_until(lambda: health(relay)[0] == 200, 10, "healthy again")


def test_a_relay_being_stopped_says_so(make_relay):
    relay = make_relay()
    ann = relay.client()
    ann.join("tea")
    ann.appended("tea", "before")
    with held_lock(relay):
        ann.append("tea", "meanwhile")
        ann.answers()
        relay.process.terminate()
        wait_until(lambda: health(relay) == (503, "The relay is being stopped.\n"), 10, "it says so")
    assert relay.process.wait(10) == 0


def test_a_tick_that_does_not_end_is_unhealthy():
    relay = code.Relay(code.Settings(patience=0.01))
    assert relay.ailment() == ""
    relay.tick_began = code.monotonic() - 1
    assert "disk" in relay.ailment()


# /metrics


def test_the_figures_are_those_of_what_happened(make_relay):
    relay = make_relay()
    ann, bob, late = relay.client(), relay.client(), relay.client()
    ann.join("tea")
    ann.join("cake")
    bob.join("tea")
    for number in range(1, 4):
        assert ann.appended("tea", "x", id=f"{number}") == number
        bob.entries("tea", number)
    assert ann.appended("tea", "x", id="3") == 3, "a repeat appends nothing"
    late.join("tea", after=1)
    late.entries("tea", 3)
    late.append("cake", "x")
    late.receive("error")
    found = metrics(relay)
    assert (found["connections"], found["rooms"], found["backlog_bytes"], found["healthy"]) == (3, 2, 0, 1)
    assert (found["appends_total"], found["deliveries_total"]) == (3, 3 + 3 + 2)
    assert (found["refusals_total not-joined"], found["refusals_total storage"]) == (1, 0)
    assert found["commit_seconds_count"] == found["commit_seconds_bucket +Inf"] == 4
    assert 0 < found["commit_seconds_sum"] < 4


def test_closed_connections_are_counted_by_the_code_that_the_relay_gave(make_relay):
    relay = make_relay(connections_per_address=2)
    ann, bob = relay.client(), relay.client()
    assert relay.client().close_code() == 4001
    ann.close()
    with contextlib.suppress(OSError):  # the close may come before all is sent
        bob.socket.socket.sendall(b"\xc1\x80\0\0\0\0")
    assert bob.close_code() == 1002
    # Until then they have the places of this address, and whoever asks is one too many.
    wait_until(lambda: "\nsecurechat_connections 0.0\n" in get(relay.url, "/metrics").text, 10, "all have gone")
    counted = {name: value for name, value in metrics(relay).items() if name.startswith("connections_closed") and value}
    assert counted == {f"connections_closed_total {one}": 1 for one in (1000, 1002, 4001)}


def test_a_code_of_the_others_choice_is_no_label(make_relay):
    relay = make_relay()
    relay.client().socket.close(4999)
    wait_until(lambda: metrics(relay)["connections_closed_total 1000"] == 1, 10, "it is counted")
    assert "4999" not in get(relay.url, "/metrics").text


def test_what_waits_for_a_slow_member_is_shown(make_relay):
    relay = make_relay(frames_burst=10**6, stall=60)
    ann, slow = relay.client(), relay.client(max_queue=1)
    ann.join("tea")
    slow.join("tea")

    def waits():
        ann.appended("tea", "x" * 50_000)
        return metrics(relay)["backlog_bytes"] > 50_000

    wait_until(waits, 30, "its backlog grows")


def test_every_code_is_shown_before_its_first_time_and_nothing_else(make_relay):
    found = metrics(make_relay())
    for name, codes in (("refusals_total", code.ERRORS), ("connections_closed_total", code.CLOSE_CODES)):
        shown = {key: value for key, value in found.items() if key.startswith(f"{name} ")}
        assert shown == {f"{name} {one}": 0 for one in codes}


def test_commits_are_told_apart_from_20_microseconds_to_5_seconds(make_relay):
    bounds = [key.partition(" ")[2] for key in metrics(make_relay()) if key.startswith("commit_seconds_bucket")]
    assert [float(one) for one in bounds[:3] + bounds[-2:]] == [2e-5, 5e-5, 1e-4, 5, float("inf")]


def test_names_follow_the_conventions_and_the_process_is_the_librarys(make_relay):
    found = families(get(make_relay().url, "/metrics").text)
    assert {"process_resident_memory_bytes", "process_open_fds", "securechat_appends"} <= found.keys()
    for family in found.values():
        assert family.name.startswith(("securechat_", "process_")) and family.documentation
        units = [word for word in ("seconds", "bytes") if word in family.name]
        assert not units or family.name.endswith((*units, f"{units[0]}_created")), family.name


def test_no_label_and_no_other_line_tells_a_room_a_name_an_id_a_body_or_an_address(make_relay):
    relay = make_relay()
    ann = relay.client(additional_headers={"X-Hush": "hush"})
    ann.join("room-hush", "name-hush")
    ann.appended("room-hush", "body-hush", id="id-hush", kind="kind-hush")
    ann.append("other-hush", "x")
    for signer in (ANN, BOB):
        ann.send({"type": "publish", "name": "name-hush", "bundle": bundle(signer, "name-hush")})
    ann.send({"type": "look-up", "names": ["name-hush"]})
    ann.send_at_once('{"type": "hush", "room": "hush"', 30)
    assert ann.close_code() == 4002
    text = get(relay.url, "/metrics?name-hush").text
    assert "hush" not in text and "127.0.0.1" not in text
    samples = [one for family in families(text).values() for one in family.samples]
    assert {label for one in samples for label in one.labels} == OUR_LABELS
    known = {*code.ERRORS, *map(str, code.CLOSE_CODES)}
    assert {value for one in samples for label, value in one.labels.items() if label == "code"} == known


@pytest.mark.parametrize(
    "headers",
    [
        {"X_Forwarded_For": "127.0.0.1"},
        {"Forwarded": "for=127.0.0.1"},
        {"Via": "1.1 proxy"},
        {"Host": "chat.example"},
        {"Host": "127.0.0.1.evil.example:5000"},
    ],
)
def test_metrics_are_refused_to_whom_a_proxy_brings_and_under_foreign_names(make_relay, headers):
    relay = make_relay(proxy="127.0.0.1")
    answer = get(relay.url, "/metrics", **headers)
    assert answer.status == 403 and "securechat" not in answer.text
    assert "Metrics are for programs on this machine." in answer.text
    assert get(relay.url, "/metrics", Host="localhost:9").status == 200, "a tunnel ends at another port"


@pytest.mark.parametrize(
    ("peer", "status"),
    [("127.0.0.1", 200), ("::1", 200), ("::ffff:127.0.0.1", 200), ("192.0.2.7", 403), ("::ffff:192.0.2.7", 403)],
)
def test_metrics_are_for_this_machine_only(peer, status):
    app = Flask("relay")
    code.serve_operator(app, code.Relay(code.Settings()))
    asked = app.test_client().get("/metrics", environ_overrides={"REMOTE_ADDR": peer})
    assert asked.status_code == status


def test_the_network_gets_health_and_no_metrics(start_server):
    server = start_server(host="0.0.0.0")
    assert "127.0.0.1" not in server.url
    assert get(server.url, "/healthz").text == "ok\n"
    assert get(server.url, "/metrics").status == 403
    assert get(f"http://127.0.0.1:{server.port}", "/metrics").status == 200


def test_relays_in_one_process_count_for_themselves_and_the_librarys_own_registry_stays_empty():
    ours, other = code.Relay(code.Settings()), code.Relay(code.Settings())
    ours.metrics.appends.inc(5)
    shown = [families(generate_latest(one.metrics.registry).decode()) for one in (ours, other)]
    assert [one["securechat_appends"].samples[0].value for one in shown] == [5, 0]
    assert b"securechat" not in generate_latest(REGISTRY)


# Whose address counts


def is_taken(relay, forwarded: str) -> bool:
    """One more connection, which stays: does the relay talk to it?"""
    client = relay.client(additional_headers={"X-Forwarded-For": forwarded})
    with contextlib.suppress(ConnectionClosed):
        client.send({"type": "ping"})
        return client.next() == {"type": "pong"}
    assert client.close_code() == 4001
    return False


def test_behind_a_trusted_proxy_the_address_that_it_has_seen_counts(make_relay):
    relay = make_relay(proxy="127.0.0.1", connections_per_address=1)
    asked = ["198.51.100.1", "198.51.100.2", "192.0.2.9, 198.51.100.2", "198.51.100.1, 198.51.100.3", "2001:db8::1"]
    assert [is_taken(relay, one) for one in asked] == [True, True, False, True, True]


@pytest.mark.parametrize("proxy", [None, "192.0.2.1"])
def test_who_is_no_trusted_proxy_cannot_choose_an_address(make_relay, proxy):
    relay = make_relay(proxy=proxy, connections_per_address=1)
    assert [is_taken(relay, one) for one in ("198.51.100.1", "198.51.100.2")] == [True, False]
