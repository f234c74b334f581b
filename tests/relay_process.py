"""The relay alone in a process of its own, with any limit set: `python relay_process.py '{"backlog": 1000}'`.

Prints one line, its port, when it listens. With `tls` (two paths: certificate, key) it speaks TLS.
"""

import json
import logging
import signal
import ssl
import sys
from pathlib import Path

import gevent
import gevent.socket
import gevent.ssl
from flask import Flask
from gevent.pywsgi import WSGIServer

sys.path.insert(0, str(Path(__file__).parent.parent))
import server


def main():
    options = json.loads(sys.argv[1])
    tls = options.pop("tls", None)
    options["data"] = Path(options["data"])
    logging.basicConfig(level=options.get("log_level", "warning").upper())
    listener = WSGIServer.get_listener(("127.0.0.1", 0), family=gevent.socket.AF_INET)
    settings = server.Settings(port=listener.getsockname()[1], **options)
    relay, app = server.Relay(settings), Flask("relay")
    server.serve_relay(app, settings, relay)
    server.serve_operator(app, relay)
    relay.open()
    http = server.Server(listener, app, relay, **({"ssl_context": tls_context(*tls)} if tls else {}))
    http.start()
    gevent.signal_handler(signal.SIGTERM, lambda: gevent.spawn(stop, relay, http))
    print(settings.port, flush=True)
    http.serve_forever()


def tls_context(certificate, key):
    context = gevent.ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    # The tests' client reads and writes in two threads, which OpenSSL does not allow: if one writes while the other
    # takes in a ticket, which comes right after the handshake, both may wait for ever. Nothing else comes unasked.
    context.num_tickets = 0
    return context


def stop(relay, http):
    relay.close()
    http.stop(timeout=1)


if __name__ == "__main__":
    main()
