"""Starting and stopping, where the server listens, what it serves, and whom it refuses."""

import gzip
import hashlib
import http.client
import os
import re
import signal
import socket
import ssl
import time
from contextlib import suppress
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

import server as code
from conftest import Server
from relay_client import RelayClient


def get(server: Server, path: str = "/", **headers) -> http.client.HTTPResponse:
    """The server's answer, with its content as `content`. Redirects are not followed."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    answer.content = answer.read()
    connection.close()
    return answer


def folder_of(server: Server) -> str:
    return re.search(rb'src="(/v/[0-9a-f]{64}/)main.py"', get(server).content)[1].decode()


def refusal(server: Server, status: int = 1) -> str:
    server.spawn()
    assert server.wait() == status
    assert "Traceback" not in server.output
    return server.output


# ------------------------------------------------------------------------------------------ start and stop


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_a_plain_kill_end_the_server_with_status_0_and_tell_the_pages(server, number):
    with RelayClient(server.websocket_url) as member:
        member.join("room", "ada")
        assert server.end_with(number) == 0
        assert member.close_code() == 1012
    assert "Traceback" not in server.output


def test_a_busy_port_that_was_not_named_leads_to_the_next_free_one(make_server):
    first, second = make_server(port=None), make_server(port=None)
    first.start(), second.start()
    assert second.port > first.port >= 5000
    assert f"Port 5000 is in use, so this is port {second.port}." in second.output


def test_a_busy_port_that_was_named_ends_the_server_with_a_sentence(server, make_server):
    said = refusal(make_server(port=server.port))
    assert f"Port {server.port} is in use. Name a free one with --port, or 0 for any." in said


def test_an_address_that_this_machine_lacks_ends_the_server_with_a_sentence(make_server):
    assert "Cannot listen on 192.0.2.7" in refusal(make_server(host="192.0.2.7"))
    assert "Cannot listen on no-such-host.invalid" in refusal(make_server(host="no-such-host.invalid"))


def test_a_data_file_that_is_no_data_file_ends_the_server_with_a_sentence(make_server, tmp_path):
    (tmp_path / "notes.txt").write_text("no database, but long enough to be taken for one " * 30)
    assert "notes.txt" in refusal(make_server(data=tmp_path / "notes.txt"))
    assert (tmp_path / "notes.txt").read_text().startswith("no database")


@pytest.mark.parametrize(
    "options",
    [
        {"port": 65536},
        {"port": "-1"},
        {"retention_messages": "many"},
        {"retention_days": 0},
        {"runtime": "remote"},
        {"origin": "https://chat.example/path"},
        {"no_such_option": True},
    ],
)
def test_a_wrong_option_ends_with_how_to_use_it(make_server, options):
    assert "Usage: server.py" in refusal(make_server(**options), status=2)


def test_help_names_every_option_once(make_server):
    said = refusal(make_server(help=True), status=0)
    for option in code.options():
        assert len(re.findall(rf"^  {option.opts[0]}(?![a-z-])", said, re.MULTILINE)) == 1, option


# ------------------------------------------------------------------------------------------ what is served


def test_the_versioned_folder_is_kept_for_ever_and_the_page_is_asked_for_each_time(server):
    page = get(server)
    assert (page.status, page.headers["Cache-Control"]) == (200, "no-cache")
    assert b"{{" not in page.content
    script = get(server, folder_of(server) + "main.py")
    assert (script.status, script.headers["Cache-Control"]) == (200, "public, max-age=31536000, immutable")
    assert get(server, If_None_Match=page.headers["ETag"]).status == 304


def test_what_is_served_squeezed_is_the_same(server):
    for name in ("main.py", "runtime/micropython.wasm"):
        plain, squeezed = (get(server, folder_of(server) + name, Accept_Encoding=way) for way in ("identity", "gzip"))
        assert squeezed.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(squeezed.content) == plain.content
        assert plain.headers["Vary"] == squeezed.headers["Vary"] == "Accept-Encoding"


def test_each_kind_of_file_has_its_type_whatever_the_system_says(server):
    folder = folder_of(server)
    for name, kind in (("main.py", ".py"), ("start.js", ".js"), ("style.css", ".css"), ("pyscript.toml", ".toml")):
        assert get(server, folder + name).headers["Content-Type"] == code.MIME_TYPES[kind]
    for name, kind in (("core.js", ".js"), ("micropython.mjs", ".mjs"), ("micropython.wasm", ".wasm")):
        assert get(server, f"{folder}runtime/{name}").headers["Content-Type"] == code.MIME_TYPES[kind]


def test_only_files_of_web_are_served(server):
    folder = folder_of(server)
    paths = ["../server.py", "..%2fserver.py", "%2e%2e/server.py", "/etc/passwd", "", "view", ".hidden", "runtime/x.js"]
    for path in [*(folder + path for path in paths), "/server.py", "/v/0/main.py", "/../server.py", "/%00"]:
        assert get(server, path).status == 404, path


def test_the_folder_changes_with_any_byte_or_name_in_web():
    web = code.read_web()
    versions = {code.version_of(web)}
    versions.add(code.version_of(web | {"main.py": web["main.py"] + b"\n"}))
    versions.add(code.version_of({name.replace("main", "niam"): content for name, content in web.items()}))
    versions.add(code.version_of({"a": b"bc"}) == code.version_of({"ab": b"c"}))
    assert len(versions) == 4 and False in versions


def test_caches_and_hidden_files_are_not_part_of_web(monkeypatch, tmp_path):
    for name in ("main.py", "view/page.py", ".hidden.py", ".git/config.py", "view/.page.py", "__pycache__/main.pyc"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    monkeypatch.setattr(code, "WEB", tmp_path)
    assert code.read_web() == {"main.py": b"main.py", "view/page.py": b"view/page.py"}


# ------------------------------------------------------------------------------------------ one origin


def test_localhost_is_redirected_to_the_printed_address(server):
    answer = get(server, "/?a=b", Host=f"localhost:{server.port}")
    assert (answer.status, answer.headers["Location"]) == (308, f"{server.url}/?a=b")
    assert get(server, Host=f"127.0.0.1:{server.port}").status == 200


def test_a_foreign_name_that_points_here_is_refused_unless_it_is_listed(server, start_server):
    assert get(server, Host="evil.example").status == 403
    assert upgrade(server, Host="evil.example", Origin="http://evil.example") == 403
    listed = start_server(origin=["https://chat.example"])
    assert get(listed, Host="chat.example").status == 200


def upgrade(server: Server, **headers) -> int:
    """The status that answers a WebSocket's handshake."""
    handshake = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec_WebSocket_Version": "13"}
    answer = get(server, "/ws", **handshake, Sec_WebSocket_Key="AAAAAAAAAAAAAAAAAAAAAA==", **headers)
    assert "Sec-WebSocket-Extensions" not in answer.headers
    return answer.status


def test_the_relay_refuses_pages_of_other_origins(server, start_server):
    assert upgrade(server, Origin=server.url) == 101
    assert upgrade(server) == 101  # a program, no browser
    for foreign in ("https://evil.example", "null", server.url.replace("http", "https"), "http://127.0.0.1:1"):
        assert upgrade(server, Origin=foreign) == 403, foreign
    assert upgrade(start_server(origin=["https://chat.example"]), Origin="https://chat.example") == 101


def test_compression_is_not_accepted_even_if_offered(server):
    assert upgrade(server, Origin=server.url, Sec_WebSocket_Extensions="permessage-deflate") == 101


def test_for_a_whole_network_the_printed_address_is_this_machines_and_https_is_asked_for(start_server):
    server = start_server(host="0.0.0.0")
    assert server.url == f"http://{code.get_interface_ip(socket.AF_INET)}:{server.port}"
    assert "From other machines the page needs https" in server.output
    own = socket.gethostname().removesuffix(".local")
    for name in ("localhost", own, own.upper(), f"{own}.local", "127.0.0.1", "[::1]", urlsplit(server.url).hostname):
        assert get(server, Host=f"{name}:{server.port}").status == 200, name
    for name in ("evil.example", f"{own}.evil.example", "127.0.0.1.evil.example", "1", "["):
        refused = get(server, Host=f"{name}:{server.port}")
        assert (refused.status, b"--origin" in refused.content) == (403, True), name
        assert upgrade(server, Host=f"{name}:{server.port}", Origin=f"http://{name}:{server.port}") == 403, name
    assert "needs https" not in start_server(host="0.0.0.0", tls_adhoc=True).output


# ------------------------------------------------------------------------------------------ https


def certificate_of(server: Server) -> bytes:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    plain = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    with context.wrap_socket(plain) as secured:
        return secured.getpeercert(binary_form=True)


def test_tls_adhoc_serves_the_certificate_whose_fingerprint_is_printed_and_keeps_it(start_server, usual_port, page):
    server = start_server(tls_adhoc=True, port=usual_port)
    fingerprint = fingerprint_of(server)
    assert fingerprint in server.output
    for kept in (server.data.parent / "tls-adhoc.crt", server.data.parent / "tls-adhoc.key"):
        assert kept.stat().st_mode & 0o077 == 0
    page.goto(server.url)
    expect(page.get_by_role("button", name="Join", exact=True)).to_be_enabled()
    expect(page.get_by_role("status", name="Connection")).to_contain_text("Connected")
    server.stop()
    assert fingerprint_of(server.restart()) == fingerprint


def test_tls_adhoc_makes_a_new_certificate_when_the_old_one_nears_its_end(start_server, usual_port):
    server = start_server(tls_adhoc=True, port=usual_port)
    first = fingerprint_of(server)
    server.stop()
    nearly = time.time() - code.CERTIFICATE_DAYS * 86_400 - 60
    os.utime(server.data.with_name("tls-adhoc.key"), (nearly, nearly))
    assert fingerprint_of(server.restart()) != first
    assert fingerprint_of(server) in server.output


def fingerprint_of(server: Server) -> str:
    return hashlib.sha256(certificate_of(server)).digest().hex(":").upper()


def test_a_certificate_of_ones_own_is_served(start_server, make_server, tmp_path):
    adhoc = start_server(tls_adhoc=True)
    chain, key = adhoc.data.with_name("tls-adhoc.crt"), adhoc.data.with_name("tls-adhoc.key")
    assert certificate_of(start_server(tls_cert=chain, tls_key=key)) == certificate_of(adhoc)
    both = tmp_path / "both.pem"
    both.write_text(key.read_text() + chain.read_text())
    assert certificate_of(start_server(tls_cert=both)) == certificate_of(adhoc)


def test_what_is_no_https_or_no_http_leaves_no_traceback_and_no_byte_of_it_in_the_log(start_server):
    for server in (start_server(), start_server(tls_adhoc=True)):
        for sent in (b"GET / HTTP/1.1\r\n\r\n", b"\x81\xbb)secret" * 9 + b"\r\n\r\n", b""):
            plain = socket.create_connection(("127.0.0.1", server.port), timeout=10)
            with plain, suppress(ConnectionResetError):
                plain.sendall(sent)
                plain.shutdown(socket.SHUT_WR)
                while plain.recv(1000):
                    pass
        server.stop()
        assert "Traceback" not in server.output
        assert "secret" not in server.output


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_certificate_that_is_none_ends_the_server_with_a_sentence(make_server, tmp_path, content):
    if content:
        (tmp_path / "cert.pem").write_text(content)
    assert "cannot be used for https" in refusal(make_server(tls_cert=tmp_path / "cert.pem"))


@pytest.mark.parametrize("given", [["tls_key"], ["tls_adhoc", "tls_cert"], ["tls_adhoc", "tls_key"]], ids=" ".join)
def test_options_for_https_of_which_one_would_mean_nothing_end_the_server_with_a_sentence(make_server, tmp_path, given):
    options = {name: True if name == "tls_adhoc" else tmp_path / "file.pem" for name in given}
    assert "--tls-key goes with --tls-cert, and --tls-adhoc with neither" in refusal(make_server(**options))
