"""The relay alone in a process of its own, with any limit set: `python relay_process.py '{"backlog": 1000}'`.

Prints one line, its port, when it listens. With `tls` (two paths: certificate, key) it speaks TLS.
"""

import json
import signal
import sys
from pathlib import Path

import gevent
from gevent.event import Event
from gevent.pywsgi import WSGIServer

sys.path.insert(0, str(Path(__file__).parent.parent))
import server


class NoThread:
    """flask-sock's receiving thread, which the relay does without."""

    name = ""

    def __init__(self, target):
        pass

    def start(self):
        pass


def make_app(relay):
    from flask import Flask, request
    from flask_sock import Sock

    app = Flask("relay")
    app.config["SOCK_SERVER_OPTIONS"] = {"event_class": Event, "thread_class": NoThread}
    sock = Sock(app)

    @app.before_request
    def no_compression():
        request.environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)

    @sock.route("/ws")
    def websocket(ws):
        relay.serve(ws, request.environ)

    return app


def main():
    options = json.loads(sys.argv[1])
    tls = options.pop("tls", None)
    if "data" in options:
        options["data"] = Path(options["data"])
    relay = server.Relay(server.Settings(**options))
    relay.open()
    certificate = {"certfile": tls[0], "keyfile": tls[1]} if tls else {}
    http = WSGIServer(("127.0.0.1", 0), make_app(relay), log=None, **certificate)
    http.start()
    gevent.signal_handler(signal.SIGTERM, lambda: gevent.spawn(stop, relay, http))
    print(http.server_port, flush=True)
    http.serve_forever()


def stop(relay, http):
    relay.close()
    http.stop(timeout=1)


if __name__ == "__main__":
    main()
