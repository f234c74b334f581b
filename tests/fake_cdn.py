"""A stand-in for cdn.jsdelivr.net, for servers under test: a proxy that answers in the CDN's name, over real TLS.

A server finds it by the usual variables: https_proxy names it, and SSL_CERT_FILE the certificate that vouches for it.
"""

import datetime
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

import server as code

HOST = "cdn.jsdelivr.net"
NOWHERE = "http://127.0.0.1:9"  # the discard port: nothing listens there


@pytest.fixture(scope="session")
def pinned_files(runtime_cache) -> dict[str, bytes]:
    """What pages may load from the CDN, by address."""
    return {address: content for file, (address, content) in kept(runtime_cache).items() if not file.optional}


@pytest.fixture(scope="session")
def all_files(runtime_cache) -> dict[str, bytes]:
    """What the server keeps a copy of, by address on the CDN."""
    return dict(kept(runtime_cache).values())


def kept(cache: Path) -> dict:
    """Address and content of each pinned file."""
    pinned = code.read_manifest()
    own = code.own_copy(pinned, cache)
    return {file: (file.address, own[file.name]) for file in pinned}


def answer_for_the_cdn(page, files: dict[str, bytes]) -> None:
    """Answers the page's requests to the CDN as the CDN does. What is not in `files` is not found."""

    def answer(route):
        content = files.get(route.request.url)
        suffix = "." + route.request.url.rpartition(".")[2]
        headers = {"access-control-allow-origin": "*", "content-type": code.MIME_TYPES.get(suffix, "text/plain")}
        route.fulfill(status=404 if content is None else 200, headers=headers, body=content or b"")

    page.route("https://cdn.jsdelivr.net/**", answer)


class FakeCdn:
    """Answers each address in `files` with its content. `environ` is what leads a server here."""

    def __init__(self, files: dict[str, bytes], folder: Path):
        self.asked = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate = make_certificate(folder)
        context.load_cert_chain(certificate)
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), make_handler(files, context, self.asked))
        proxy = f"http://127.0.0.1:{self.server.server_port}"
        self.environ = {"https_proxy": proxy, "no_proxy": "", "SSL_CERT_FILE": str(certificate)}
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def make_handler(files: dict[str, bytes], context: ssl.SSLContext, asked: list[str]):
    class Handler(BaseHTTPRequestHandler):
        def do_CONNECT(self):  # the name that http.server looks for
            self.send_response(200)
            self.end_headers()
            # From here on the client speaks TLS to HOST, and we are HOST.
            self.connection = context.wrap_socket(self.connection, server_side=True)
            self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb")
            self.handle_one_request()
            self.wfile.flush()
            self.close_connection = True

        def do_GET(self):
            asked.append(f"https://{HOST}{self.path}")
            content = files.get(asked[-1])
            self.send_response(404 if content is None else 200)
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_):
            pass

    return Handler


def make_certificate(folder: Path) -> Path:
    """A certificate for HOST that vouches for itself, with its key, in one file."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "cdn.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private + certificate.public_bytes(Encoding.PEM))
    return path
