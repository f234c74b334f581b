"""README.md, "Running it for others": what stands there is taken as it is, but for paths, ports and certificates."""

import contextlib
import http.client
import re
import shlex
import socket
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus
from werkzeug.serving import make_ssl_devcert

import server as code
from conftest import ROOT, find_program, free_port, wait_until
from relay_client import PATIENCE, RelayClient
from test_readme import section

NAME = "chat.example"
[UNIT, NGINX_SITE, CADDY_SITE] = re.findall(
    r"```(?:ini|nginx|caddy)\n(.*?)```", section("Running it for others"), re.DOTALL
)
# What a distribution's nginx.conf says around a site.
NGINX = """{user}daemon off; pid {folder}/pid; error_log {folder}/error.log; worker_processes 1;
events {{ worker_connections 768; }}
http {{ {temporary} include {folder}/site; }}
"""
CADDY = "{{\n\tadmin off\n\tstorage file_system {folder}\n\thttp_port {http}\n\thttps_port {https}\n}}\n"


def setting(name: str) -> str:
    """The value of the unit's only line that begins with this name."""
    [value] = re.findall(rf"^{name}=(.*)$", UNIT, re.MULTILINE)
    return value


# ------------------------------------------------------------------------------------------ the unit


@pytest.fixture
def unit(tmp_path) -> Path:
    path = tmp_path / "secure-chat.service"
    path.write_text(
        UNIT.replace("/opt/secure-chat/.venv/bin/python", sys.executable).replace("/opt/secure-chat", f"{ROOT}")
    )
    return path


def systemd_analyze(*arguments) -> subprocess.CompletedProcess:
    command = [find_program("systemd-analyze", "systemd"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_systemd_finds_nothing_wrong_with_the_unit(unit):
    checked = systemd_analyze("verify", "--man=no", unit)
    assert (checked.returncode, checked.stderr) == (0, "")
    unit.write_text(UNIT.replace("ProtectSystem", "ProtectSytem"))
    assert "ProtectSytem" in systemd_analyze("verify", "--man=no", unit).stderr, "a control"


def test_the_unit_leaves_little_to_an_attacker(unit):
    report = systemd_analyze("security", "--offline=yes", "--threshold=15", unit)  # 1.5 of 10
    assert report.returncode == 0, report.stdout
    unit.write_text(UNIT.replace("DynamicUser=yes\n", ""))
    assert systemd_analyze("security", "--offline=yes", "--threshold=15", unit).returncode != 0, "a control"


def test_systemd_waits_for_a_clean_stop_as_long_as_it_may_take():
    longest = code.Settings.patience + code.Settings.linger
    assert int(setting("TimeoutStopSec")) > longest
    assert setting("Restart") == "on-failure"  # a clean stop is exit status 0


def test_the_units_limit_of_open_files_allows_thousands_of_connections():
    assert (int(setting("LimitNOFILE")) - 256) // 2 > 10_000


# ------------------------------------------------------------------------------------------ behind a proxy


class Site:
    """A proxy that ends TLS at `https` for chat.example, in front of the server as the unit starts it."""

    def __init__(self, folder: Path, server):
        self.folder, self.server, self.process = folder, server, None
        self.http, self.https = free_port(), free_port()
        self.chain, self.key = make_ssl_devcert(f"{folder}/site", host=NAME)
        self.tls = ssl.create_default_context(cafile=self.chain)
        # Tickets come within the handshake then; RelayClient's two threads may wait for ever if one comes later.
        self.tls.maximum_version = ssl.TLSVersion.TLSv1_2

    def start(self, *command) -> "Site":
        with (self.folder / "output.txt").open("wb") as output:
            self.process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=self.environ())
        wait_until(self.answers, 20, "the proxy answers")
        return self

    def environ(self) -> dict:
        return {"PATH": "/usr/bin:/bin", "HOME": f"{self.folder}"}

    def answers(self) -> bool:
        assert self.process.poll() is None, (self.folder / "output.txt").read_text()
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.get("/healthz").status == 200
        return False

    def connect(self, source: str = "127.0.0.1") -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.https), PATIENCE, (source, 0))

    def get(self, path: str, **headers) -> http.client.HTTPResponse:
        """The answer to a browser that trusts the certificate, with its content as `content`."""
        connection = http.client.HTTPConnection(NAME)
        connection.sock = self.tls.wrap_socket(self.connect(), server_hostname=NAME)
        connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        with contextlib.closing(connection), connection.getresponse() as answer:
            answer.content = answer.read()
            return answer

    def client(self, source: str = "127.0.0.1", **options) -> RelayClient:
        usual = {"ssl": self.tls, "origin": f"https://{NAME}"}
        return RelayClient(f"wss://{NAME}/ws", sock=self.connect(source), **usual | options)

    def end(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(PATIENCE)


def nginx(site: Site) -> tuple[str, ...]:
    program = find_program("nginx", "nginx")
    text = NGINX_SITE.replace("127.0.0.1:5000", f"127.0.0.1:{site.server.port}")
    text = re.sub(r"/etc/letsencrypt\S+/fullchain.pem", site.chain, text)
    text = re.sub(r"/etc/letsencrypt\S+/privkey.pem", site.key, text)
    for usual, ours in ((443, site.https), (80, site.http)):
        text = re.sub(rf"(listen (?:\[::\]:)?){usual}\b", rf"\g<1>{ours}", text)
    (site.folder / "site").write_text(text)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = " ".join(f"{kind}_temp_path {site.folder}/{kind};" for kind in kinds)
    user = "user root; " if site.folder.stat().st_uid == 0 else ""  # else www-data, which cannot read our folder
    (site.folder / "nginx.conf").write_text(NGINX.format(user=user, folder=site.folder, temporary=temporary))
    command = (program, "-e", f"{site.folder}/error.log", "-c", f"{site.folder}/nginx.conf")
    checked = subprocess.run([*command, "-t"], capture_output=True, text=True)
    assert checked.returncode == 0 and "[warn]" not in checked.stderr, checked.stderr
    return command


def caddy(site: Site) -> tuple[str, ...]:
    program = find_program("caddy", "caddy")
    text = CADDY_SITE.replace("127.0.0.1:5000", f"127.0.0.1:{site.server.port}")
    text = text.replace(f"{NAME} {{\n", f"{NAME} {{\n\ttls {site.chain} {site.key}\n")
    file = site.folder / "Caddyfile"
    file.write_text(CADDY.format(folder=site.folder, http=site.http, https=site.https) + text)
    checked = subprocess.run(
        [program, "validate", "--config", file], capture_output=True, text=True, env=site.environ()
    )
    assert checked.returncode == 0 and "not formatted" not in checked.stderr, checked.stderr
    return (program, "run", "--config", f"{file}")


@pytest.fixture(params=[nginx, caddy], ids=["nginx", "caddy"])
def site(request, tmp_path, start_server, usual_port, runtime_cache):
    _, _, *arguments = shlex.split(setting("ExecStart"))
    options = {name[2:].replace("-", "_"): value for name, value in zip(*[iter(arguments)] * 2, strict=True)}
    paths = {"port": usual_port, "data": tmp_path / "log.sqlite", "cache": runtime_cache, "connections_per_address": 20}
    site = Site(tmp_path, start_server(**options | paths))
    yield site.start(*request.param(site))
    site.end()


def test_the_page_comes_over_tls_as_the_server_sends_it(site):
    page = site.get("/")
    assert page.status == 200 and b"Secure Chat" in page.content
    assert page.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    folder = re.search(rb'src="(/v/[0-9a-f]{64}/)main.py"', page.content)[1].decode()
    script = site.get(folder + "main.py", Accept_Encoding="gzip")
    assert (script.status, script.headers["Content-Encoding"]) == (200, "gzip")
    assert script.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert site.get("/healthz").content == b"ok\n"


def test_plain_http_leads_to_https(site):
    connection = http.client.HTTPConnection("127.0.0.1", site.http, timeout=PATIENCE)
    connection.request("GET", "/?a=b", headers={"Host": NAME})
    answer = connection.getresponse()
    connection.close()
    assert answer.status in (301, 308)
    assert re.fullmatch(rf"https://{NAME}(:\d+)?/\?a=b", answer.headers["Location"])


def test_two_talk_through_the_proxy_and_the_relay_can_end_it_with_its_code(site):
    with site.client() as ann, site.client() as bob:
        for one in (ann, bob):
            one.join("tea")
        for number, body in enumerate(("short", "x" * 60_000, "last"), 1):
            assert ann.appended("tea", body) == number
            assert bob.entries("tea", number)[0]["body"] == body
        bob.send_at_once("[", 30)
        assert bob.close_code() == 4002
        assert ann.receive("member-left")


def test_pages_of_other_origins_are_refused_through_the_proxy_too(site):
    for foreign in ("https://evil.example", f"http://{NAME}", f"http://127.0.0.1:{site.server.port}"):
        with pytest.raises(InvalidStatus) as refused:
            site.client(origin=foreign)
        assert refused.value.response.status_code == 403, foreign


def test_metrics_do_not_leave_the_machine_however_they_are_written(site):
    assert site.get("/metrics").status == 404
    paths = ["/metrics?a=b", "//metrics", "/metrics/", "/METRICS", "/%6Detrics", "/./metrics", "/v/../metrics"]
    for path in [*paths, "/metrics%20"]:
        answer = site.get(path, X_Forwarded_For="127.0.0.1")
        assert answer.status != 200 and b"securechat_" not in answer.content, path
    for path, name in (("/metrics", "localhost"), (f"http://127.0.0.1:{site.server.port}/metrics", NAME)):
        assert b"securechat_" not in site.get(path, Host=name).content, "Caddy answers other names by an empty 200"


def test_the_limit_of_an_address_counts_people_and_not_the_proxy(site):
    most = 20
    with contextlib.ExitStack() as stack:
        for number in range(most):
            pretended = {"X-Forwarded-For": f"198.51.100.{number}"}
            stack.enter_context(site.client("127.0.0.2", additional_headers=pretended))
        with site.client("127.0.0.3") as other:
            other.join("tea")
        assert stack.enter_context(site.client("127.0.0.2")).close_code() == 4001


def test_a_restart_of_the_unit_loses_nothing(site):
    with site.client() as ann:
        log = ann.join("tea")["log"]
        ids = [ann.append("tea", f"{number}") for number in range(100)]
        ann.appended("tea", "newest")
        assert site.server.end_with(15) == 0
        assert ann.close_code() == 1012
    site.server.restart()
    with site.client() as ann:
        assert ann.join("tea")["log"] == log
        assert [entry["id"] for entry in ann.entries("tea", 101)][:100] == ids


def test_nginx_waits_longer_than_a_connection_may_be_silent():
    # The relay lets a page be silent for so long, then asks, and waits as long again.
    for name in ("read", "send"):
        assert float(re.search(rf"proxy_{name}_timeout (\d+)s;", NGINX_SITE)[1]) > 2 * code.Settings.silence
