"""Two small web servers for tests of the page's policy: another origin that takes whatever reaches it, and the real
server's page without its policy."""

import base64
import hashlib
import re
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

WEBSOCKET = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
PICTURE = b'<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'
KINDS = {"js": "text/javascript", "svg": "image/svg+xml", "css": "text/css", "html": "text/html"}


class Served:
    """A web server in a thread of its own, at `url`."""

    def __init__(self, handler):
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class OtherOrigin(Served):
    """Allows everybody everything, and keeps the path of each request in `asked`."""

    def __init__(self):
        self.asked = asked = []

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                address = urlsplit(self.path)
                asked.append(address.path)
                if key := self.headers["Sec-WebSocket-Key"]:
                    return self.upgrade(key)
                return self.answer(*content_of(address))

            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                self.do_GET()

            def upgrade(self, key):
                accepted = base64.b64encode(hashlib.sha1(key.encode() + WEBSOCKET).digest()).decode()
                self.send_response(101)
                for line in ("Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Accept: {accepted}"):
                    self.send_header(*line.split(": "))
                self.end_headers()
                self.close_connection = True

            def answer(self, kind, content):
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content)))
                self.send_header("Access-Control-Allow-Origin", "*")
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass

        super().__init__(Handler)


def content_of(address) -> tuple[str, bytes]:
    """What stands at a path: by its suffix a script, a picture, a sheet, or a page that frames what its query names."""
    kind = KINDS.get(address.path.rpartition(".")[2], "text/plain")
    frame = f'<!doctype html><iframe src="{unquote(address.query)}"></iframe>'.encode()
    contents = {"text/javascript": b"self.ran = true", "image/svg+xml": PICTURE, "text/html": frame}
    return kind, contents.get(kind, b"")


class Relaid(Served):
    """The real server's answers, changed: without this part of the policy (a regular expression, and by default all of
    it), and with markup that an attacker got into the page."""

    def __init__(self, url: str, without: str = ".*", markup: bytes = b""):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                if self.headers["Upgrade"]:  # nobody talks on this page
                    self.send_error(404)
                    return
                with urllib.request.urlopen(url + self.path) as ours:
                    content = ours.read().replace(b"</body>", markup + b"</body>")
                    headers = [(name, value) for name, value in ours.headers.items() if name != "Content-Length"]
                self.send_response(200)
                for name, value in headers:
                    kept = re.sub(without, "", value) if name == "Content-Security-Policy" else value
                    if kept:
                        self.send_header(name, kept)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass

        super().__init__(Handler)
