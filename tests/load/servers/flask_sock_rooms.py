"""A room on flask-sock: each handler sends what it receives to all, one after the other. What the next two serve.

It accepts the compression that every browser offers, which costs it most of its speed and, with threads, the stream:
`deflate` among the arguments leaves that as it comes.
"""

import sys
from collections import defaultdict

from flask import Flask, request
from flask_sock import Sock

app = Flask(__name__)
app.config["SOCK_SERVER_OPTIONS"] = {"ping_interval": None}
rooms = defaultdict(set)


@app.before_request
def refuse_compression():
    if "deflate" not in sys.argv:
        request.environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)


@Sock(app).route("/<room>")
def talk(connection, room):
    members = rooms[room]
    members.add(connection)
    try:
        connection.send("joined")
        while True:
            message = connection.receive()
            for member in list(members):
                member.send(message)
    finally:
        members.discard(connection)
