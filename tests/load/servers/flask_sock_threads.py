"""flask_sock_rooms.py with werkzeug's threads, as `flask run` has it. Prints its port."""

import logging
import socket

from flask_sock_rooms import app
from werkzeug.serving import make_server

if __name__ == "__main__":
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    server.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # accepted ones inherit it
    print(server.port, flush=True)
    server.serve_forever()
