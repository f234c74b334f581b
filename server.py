"""Secure Chat's server: serves web/ and relays what pages say. It is blind: it imports nothing from web/, has no code
that could decrypt, and cannot parse what it carries (web/protocol/README.md, section 1, is all that it knows).

Sections, top to bottom: settings, log, rooms, connections, runtime, HTTP, command line.
"""

import argparse
import base64
import contextlib
import dataclasses
import errno
import gzip
import hashlib
import http.client
import ipaddress
import json
import logging
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tarfile
import tempfile
import urllib.request
import webbrowser
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import gevent
import gevent.event
import gevent.pywsgi
import gevent.ssl
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from flask import Flask, Response, abort, redirect, request
from flask_sock import Sock
from werkzeug.exceptions import HTTPException

# ---------------------------------------------------------------------------------------------------- 1. Settings
# ---------------------------------------------------------------------------------------------------- 2. The log
# ---------------------------------------------------------------------------------------------------- 3. Rooms
# ---------------------------------------------------------------------------------------------------- 4. Connections
# ---------------------------------------------------------------------------------------------------- 5. The runtime

WEB = Path(__file__).resolve().parent / "web"
CDN_TIMEOUT = 10.0  # seconds for one file; nine small ones
NPM_TIMEOUT = 180.0  # seconds for one package
LARGEST_RUNTIME_FILE = 8 * 2**20  # bytes; the largest pinned one, micropython.wasm, has 446 thousand


@dataclass(frozen=True)
class RuntimeFile:
    """One file of the pinned PyScript runtime, as web/runtime.json names it."""

    package: str  # "@pyscript/core@0.7.31", as npm takes it
    path: str  # inside the package
    address: str  # on the CDN
    integrity: str  # "sha384-" and base64, as browsers take it

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    def is_pinned(self, content: bytes) -> bool:
        return "sha384-" + base64.b64encode(hashlib.sha384(content).digest()).decode() == self.integrity


@dataclass(frozen=True)
class Runtime:
    """Where the page gets PyScript from: from us (`own`: content by file name), or from the CDN (`own` is empty)."""

    pinned: list[RuntimeFile]
    own: dict[str, bytes]

    def interpreter(self, folder: str) -> str:
        """The address of micropython.mjs for the page; `folder` is the versioned one."""
        address = next(file.address for file in self.pinned if file.name == "micropython.mjs")
        return folder + "runtime/micropython.mjs" if self.own else address

    def cdn_folders(self) -> list[str]:
        """The package folders that the page's policy must name: none if the files are ours."""
        if self.own:
            return []
        return sorted({file.address.removesuffix(file.path) for file in self.pinned})


class Unobtainable(Exception):
    """Neither the CDN nor npm can be reached."""


def read_manifest() -> list[RuntimeFile]:
    packages = json.loads((WEB / "runtime.json").read_text("utf-8"))["packages"]
    return [
        RuntimeFile(f"{package['name']}@{package['version']}", path, package["address"] + path, integrity)
        for package in packages
        for path, integrity in package["files"].items()
    ]


def find_runtime(mode: str, cache: Path) -> Runtime:
    """The runtime for `mode` (auto, local or cdn). Raises StartError."""
    pinned = read_manifest()
    if mode == "cdn":
        return Runtime(pinned, {})
    try:
        return Runtime(pinned, own_copy(pinned, cache))
    except Unobtainable:
        what_to_do = (
            "PyScript could not be fetched: cdn.jsdelivr.net does not answer, and npm is not installed or cannot reach "
            "its registry. Make one of the two available once and start again; afterwards the copy is kept"
        )
        if mode == "local":
            raise StartError(f"{what_to_do} in {cache}.") from None
        say(f"{what_to_do}. Until then every browser loads PyScript from cdn.jsdelivr.net itself.")
        return Runtime(pinned, {})


def own_copy(pinned: list[RuntimeFile], cache: Path) -> dict[str, bytes]:
    """From the cache, checked again at every start, else fetched. Raises StartError, Unobtainable."""
    own = {}
    for file in pinned:
        kept = cache / file.package / file.path
        try:
            own[file.name] = kept.read_bytes()
        except OSError:
            continue
        if not file.is_pinned(own[file.name]):
            raise StartError(f"{kept} is not the file that web/runtime.json pins. Delete it and start again.")
    missing = [file for file in pinned if file.name not in own]
    if missing:
        say("Fetching PyScript, once ...")
        for file, content in fetch_from_cdn(missing) or fetch_with_npm(missing):
            if not file.is_pinned(content):
                raise StartError(
                    f"What came as {file.path} of {file.package} is not the file that web/runtime.json pins, so "
                    "nothing of it is used. Something between here and there answers in its place; try another network."
                )
            keep(cache / file.package / file.path, content)
            own[file.name] = content
    return own


def fetch_from_cdn(files: list[RuntimeFile]) -> list[tuple[RuntimeFile, bytes]]:
    """Every file with its content, unchecked; an empty list if the CDN cannot be reached."""
    fetched = []
    try:
        for file in files:
            with urllib.request.urlopen(file.address, timeout=CDN_TIMEOUT) as answer:
                fetched.append((file, answer.read(LARGEST_RUNTIME_FILE)))
    except (OSError, http.client.HTTPException) as error:
        logger.info("the CDN does not answer: %s", error)
        return []
    return fetched


def fetch_with_npm(files: list[RuntimeFile]) -> list[tuple[RuntimeFile, bytes]]:
    """Every file with its content, unchecked, out of the packages that `npm pack` brings. Raises Unobtainable."""
    npm = shutil.which("npm")
    if npm is None:
        raise Unobtainable
    fetched = []
    for package in sorted({file.package for file in files}):
        with tempfile.TemporaryDirectory() as folder:
            command = [npm, "pack", package, "--ignore-scripts", "--silent"]
            try:
                subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=NPM_TIMEOUT)
                archive = next(Path(folder).glob("*.tgz"))
                fetched += take_out(archive, [file for file in files if file.package == package])
            except (OSError, subprocess.SubprocessError, StopIteration, tarfile.TarError, KeyError) as error:
                logger.info("npm pack %s: %s", package, error)
                raise Unobtainable from error
    return fetched


def take_out(archive: Path, files: list[RuntimeFile]) -> list[tuple[RuntimeFile, bytes]]:
    # Only the pinned names are read, straight into memory: nothing that the archive says decides where we write.
    with tarfile.open(archive) as packed:
        return [(file, packed.extractfile(f"package/{file.path}").read(LARGEST_RUNTIME_FILE)) for file in files]


def keep(path: Path, content: bytes) -> None:
    """Writes whole or not at all. Raises StartError."""
    written = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as written:
            written.write(content)
        os.replace(written.name, path)
    except OSError as error:
        if written:
            Path(written.name).unlink(missing_ok=True)
        raise StartError(
            f"PyScript cannot be kept in {path.parent} ({error.strerror or error}). Make room or the folder writable, "
            "name another with --cache, or start with --runtime cdn."
        ) from None


# ---------------------------------------------------------------------------------------------------- 6. HTTP

# Our own table: what the system's says differs from machine to machine, and a module of the wrong type does not run.
MIME_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".md": "text/markdown; charset=utf-8",
    ".py": "text/x-python; charset=utf-8",
    ".svg": "image/svg+xml",
    ".toml": "application/toml",
    ".wasm": "application/wasm",
}
FOR_EVER = "public, max-age=31536000, immutable"


def read_web() -> dict[str, bytes]:
    """What web/ holds, by path with forward slashes, in order. Hidden files and caches are left out."""
    paths = (path for path in WEB.rglob("*") if path.suffix in MIME_TYPES and path.is_file())
    names = {path.relative_to(WEB).as_posix(): path for path in paths}
    return {name: path.read_bytes() for name, path in sorted(names.items()) if "/." not in f"/{name}"}


def version_of(files: dict[str, bytes]) -> str:
    """SHA-256 over every name and content, each with its length before it, in order."""
    digest = hashlib.sha256()
    for name, content in files.items():
        for part in (name.encode(), content):
            digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def content_policy(index: str, runtime: Runtime) -> str:
    """The Content-Security-Policy header. PyScript evaluates one string, so 'unsafe-eval' stands here, and the Trusted
    Types policy in web/start.js lets that one string through and nothing else."""
    maps = re.findall(r'<script type="importmap">(.*?)</script>', index, re.DOTALL)
    hashes = [f"'sha256-{base64.b64encode(hashlib.sha256(each.encode()).digest()).decode()}'" for each in maps]
    folders = runtime.cdn_folders()
    rules = {
        "default-src": ["'none'"],
        "script-src": ["'self'", "'wasm-unsafe-eval'", "'unsafe-eval'", *hashes, *folders],
        "connect-src": ["'self'", *folders],
        "style-src": ["'self'"],
        "img-src": ["'self'", "blob:", "data:"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
        "frame-ancestors": ["'none'"],
        "require-trusted-types-for": ["'script'"],
        "trusted-types": ["default"],
    }
    return "; ".join(f"{name} {' '.join(values)}" for name, values in rules.items())


def create_app(settings: Settings, relay: Relay, runtime: Runtime) -> Flask:
    """Flask's application: the page, its versioned files, and the relay at /ws. Everything is read into memory now, so
    what is served is of one version however web/ changes while the server runs."""
    app = Flask(__name__, static_folder=None)
    web = read_web()
    folder = f"/v/{version_of(web)}/"
    files = web | {f"runtime/{name}": content for name, content in runtime.own.items()}
    squeezed = {name: gzip.compress(content, mtime=0) for name, content in files.items()}
    index = web["index.html"].decode().replace("{{folder}}", folder)
    index = index.replace("{{interpreter}}", runtime.interpreter(folder))
    headers = {
        "Content-Security-Policy": content_policy(index, runtime),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }

    @app.get("/")
    def page():
        answer = Response(index, content_type=MIME_TYPES[".html"], headers={"Cache-Control": "no-cache"})
        answer.add_etag()
        return answer.make_conditional(request)

    @app.get(f"{folder}<path:name>")
    def versioned(name):
        if name not in files:
            abort(404)
        answer = Response(files[name], content_type=MIME_TYPES[Path(name).suffix], headers={"Cache-Control": FOR_EVER})
        answer.vary.add("Accept-Encoding")
        if request.accept_encodings["gzip"]:
            answer.data, answer.content_encoding = squeezed[name], "gzip"
        return answer

    @app.after_request
    def guard(answer):
        answer.headers.update(headers)
        return answer

    @app.errorhandler(HTTPException)
    def explain(error):
        return Response(f"{error.name}. {error.description}\n", error.code, content_type="text/plain; charset=utf-8")

    serve_relay(app, settings, relay)
    return app


def serve_relay(app: Flask, settings: Settings, relay: Relay) -> None:
    """Puts the relay at /ws, and keeps other origins away from it and from the page."""
    # gevent's Event, so that nothing needs monkey-patching; no thread, since the relay reads the socket itself.
    app.config["SOCK_SERVER_OPTIONS"] = {"event_class": gevent.event.Event, "thread_class": NoThread}
    ours = own_origin(settings)
    hosts = {urlsplit(origin).netloc for origin in (ours, *settings.origins)}

    @app.before_request
    def one_origin():
        # Compressing ciphertext costs a lot, per member, for nothing; simple-websocket accepts it whenever offered.
        request.environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
        if is_loopback(settings.host) and request.host not in hosts:
            # Any site can let its own name point at 127.0.0.1, so a name that we do not know is not served.
            if not is_loopback(urlsplit(f"//{request.host}").hostname):
                abort(403, f"This server answers as {ours}. Its operator can add another address with --origin.")
            return redirect(ours + request.full_path.removesuffix("?"), 308)
        theirs = request.headers.get("Origin")  # programs other than browsers send none
        if request.path == "/ws" and theirs not in (None, f"{request.scheme}://{request.host}", *settings.origins):
            abort(403, "The relay is for its own page. Its operator can allow another origin with --origin.")
        return None

    @Sock(app).route("/ws")
    def ws(connection):
        relay.serve(connection, request.environ)


def own_origin(settings: Settings) -> str:
    """The one origin that is printed and redirected to: "http://127.0.0.1:5000"."""
    secure = settings.tls_adhoc or settings.tls_cert
    host = lan_addresses()[0] if is_any(settings.host) else settings.host
    host = f"[{host}]" if ":" in host else host
    usual = settings.port == (443 if secure else 80)
    return f"http{'s' * bool(secure)}://{host}" + ("" if usual else f":{settings.port}")


def is_loopback(host: str | None) -> bool:
    return host in ("localhost", "::1") or bool(re.fullmatch(r"127(\.\d+){3}", host or ""))


def is_any(host: str) -> bool:
    return host in ("", "0.0.0.0", "::")


class NoThread:
    """Stands where simple-websocket would start a thread that reads the socket."""

    def __init__(self, *_, **__):
        pass

    def start(self):
        pass


# ---------------------------------------------------------------------------------------------------- 7. Command line

PORTS_TO_TRY = 20  # from the usual one on, when none was given
CERTIFICATE_DAYS = 90
STOP_TIMEOUT = 5.0  # seconds for answers under way when the server is stopped


def say(sentence: str) -> None:
    print(sentence, flush=True)


def home_folder(kind: str) -> Path:
    """Where this system keeps a person's "data" or "cache" of one program."""
    home, environ = Path.home(), os.environ
    if os.name == "nt":
        base = Path(environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = home / "Library" / {"data": "Application Support", "cache": "Caches"}[kind]
    else:
        base = Path(environ.get(f"XDG_{kind.upper()}_HOME") or home / {"data": ".local/share", "cache": ".cache"}[kind])
    return base / "secure-chat"


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="server.py",
        description="Serves the chat page and relays what pages say, encrypted by them. Stop it with Ctrl+C.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--host", default=Settings.host, help="address to listen on; 0.0.0.0 for all of this machine's")
    add("--port", type=whole(0, 65535), help="port to listen on (default: 5000, or the next one that is free; 0: any)")
    data = home_folder("data") / "log.sqlite"
    add("--data", type=Path, default=data, metavar="FILE", help="where the rooms' logs are kept; created if not there")
    count, days = Settings.retention_messages, Settings.retention_days
    text = "entries kept per room; 0: nothing is written to disk"
    add("--retention-messages", type=whole(0, 10**9), default=count, metavar="N", help=text)
    add("--retention-days", type=whole(1, 36500), default=days, metavar="N", help="days that an entry is kept")
    text = "where pages get PyScript from: local: this server's checked copy; cdn: the CDN; auto: local if obtainable"
    add("--runtime", choices=("auto", "local", "cdn"), default="auto", help=text)
    add("--cache", type=Path, default=home_folder("cache"), metavar="FOLDER", help="where PyScript's copy is kept")
    add("--tls-adhoc", action="store_true", help="serve https with a self-signed certificate, made here and kept")
    add("--tls-cert", type=Path, metavar="FILE", help="serve https with this certificate chain (PEM)")
    add("--tls-key", type=Path, metavar="FILE", help="its private key (PEM), if not in the same file")
    text = "another origin that the page is reached under, such as https://chat.example; may be repeated"
    add("--origin", action="append", type=origin, default=[], dest="origins", metavar="ORIGIN", help=text)
    add("--open", action="store_true", dest="open_browser", help="open the page in a browser")
    levels = ("debug", "info", "warning", "error")
    add("--log-level", choices=levels, default="warning", help="how much is logged, to standard error")
    return parser


def whole(least: int, most: int):
    """An argparse type: a whole number within limits."""

    def number(text):
        if not re.fullmatch(r"[0-9]{1,10}", text) or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"need a whole number, {least} to {most}")
        return int(text)

    return number


def origin(text: str) -> str:
    """An argparse type: an origin as browsers write it."""
    if not re.fullmatch(r"https?://([a-z0-9.-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?", text):
        raise argparse.ArgumentTypeError(
            "need scheme, host and port alone, in lower case, such as https://chat.example"
        )
    return text


def main(argv: list[str] | None = None) -> int:
    """Runs the server until it is told to stop; returns the exit status."""
    options = make_parser().parse_args(argv)
    logging.basicConfig(level=options.log_level.upper(), format="%(asctime)s %(levelname)s %(message)s")
    try:
        run(options)
    except StartError as error:
        print(f"server.py: {error}", file=sys.stderr)
        return 1
    return 0


def run(options: argparse.Namespace) -> None:
    # Signals first: whoever stops us while we still fetch PyScript gets a clean end too.
    stopped = gevent.event.Event()
    runtime = find_runtime(options.runtime, options.cache)
    listener = listen(options.host, options.port)
    settings = settings_from(options, port=listener.getsockname()[1])
    tls = tls_context(settings)
    relay = Relay(settings)
    relay.open()
    try:
        app = create_app(settings, relay, runtime)
        server = gevent.pywsgi.WSGIServer(listener, app, log=None, error_log=logger, **tls)
        for number in (signal.SIGINT, signal.SIGTERM):
            gevent.signal_handler(number, stopped.set)
        server.start()
        announce(settings)
        stopped.wait()
        server.stop_accepting()
    finally:
        relay.close()
    server.stop(STOP_TIMEOUT)


def settings_from(options: argparse.Namespace, port: int) -> Settings:
    known = {field.name for field in dataclasses.fields(Settings)}
    given = {name: value for name, value in vars(options).items() if name in known}
    return Settings(**given | {"port": port, "origins": tuple(options.origins)})


def listen(host: str, port: int | None):
    """A listening gevent socket; without a port, on the first free one from the usual one on. Raises StartError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    ports = [port] if port is not None else range(Settings.port, Settings.port + PORTS_TO_TRY)
    for attempt in ports:
        try:
            listener = gevent.pywsgi.WSGIServer.get_listener((host, attempt), family=family)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise StartError(f"Cannot listen on {host} port {attempt}: {error.strerror or error}.") from None
            continue
        if port is None and attempt != Settings.port:
            say(f"Port {Settings.port} is in use, so this is port {attempt}.")
        return listener
    which = f"Port {port} is" if port is not None else f"Ports {ports[0]} to {ports[-1]} are"
    raise StartError(f"{which} in use. Name a free one with --port, or --port 0 for any.")


def announce(settings: Settings) -> None:
    address = own_origin(settings)
    say(f"Secure Chat is at {address}")
    if not (settings.tls_adhoc or settings.tls_cert or is_loopback(settings.host)):
        say("Browsers encrypt only on https and on this machine itself: others need --tls-adhoc or a proxy with https.")
    if settings.open_browser:
        webbrowser.open(address)


def tls_context(settings: Settings) -> dict:
    """The ssl arguments for the server, none without TLS. Raises StartError."""
    if not (settings.tls_adhoc or settings.tls_cert):
        return {}
    certificate = adhoc_certificate(settings.data.parent) if settings.tls_adhoc else settings.tls_cert
    context = gevent.ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, None if settings.tls_adhoc else settings.tls_key)
    except OSError as error:  # ssl.SSLError is one
        raise StartError(f"{certificate} and its key cannot be used for TLS: {error.strerror or error}.") from None
    return {"ssl_context": context}


def adhoc_certificate(folder: Path) -> Path:
    """A self-signed certificate with its key, in one file, for this machine's names. It is kept, so that pages find the
    one they trust after a restart; made anew when it ends or an address changed. Raises StartError."""
    path = folder / "tls-adhoc.pem"
    names = [x509.DNSName("localhost"), x509.DNSName(socket.gethostname())]
    names += [x509.IPAddress(ipaddress.ip_address(each)) for each in ("127.0.0.1", "::1", *lan_addresses())]
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        kept_names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        usable = list(kept_names) == names and certificate.not_valid_after_utc > now() + timedelta(days=1)
    except (OSError, ValueError):
        usable = False
    if not usable:
        certificate = write_certificate(path, names)
    fingerprint = certificate.fingerprint(hashes.SHA256()).hex(":").upper()
    say(f"The certificate is self-signed. Browsers warn; let people compare its SHA-256 fingerprint:\n{fingerprint}")
    return path


def write_certificate(path: Path, names: list[x509.GeneralName]) -> x509.Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Secure Chat, self-signed")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now() - timedelta(hours=1))  # clocks differ
        .not_valid_after(now() + timedelta(days=CERTIFICATE_DAYS))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)  # an old one might be readable for others
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(private + certificate.public_bytes(Encoding.PEM))
    except OSError as error:
        raise StartError(f"The certificate cannot be kept as {path}: {error.strerror or error}.") from None
    return certificate


def now() -> datetime:
    return datetime.now(UTC)


def lan_addresses() -> list[str]:
    """This machine's addresses, the one with the way out first; "127.0.0.1" if there is no other."""
    found = []
    for family, elsewhere in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        # Connecting a datagram socket sends nothing: it asks the system which of our addresses it would use.
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((elsewhere, 9))
            found.append(probe.getsockname()[0])
    with contextlib.suppress(OSError):
        found += [info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None)]
    found = [address for address in dict.fromkeys(found) if "%" not in address and not is_loopback(address)]
    return found or ["127.0.0.1"]


if __name__ == "__main__":
    sys.exit(main())
