"""A room on Flask-SocketIO with gevent, as its documentation deploys it. Prints its port."""

from gevent import monkey

monkey.patch_all()

import socket  # noqa: E402 - after the patch

from flask import Flask  # noqa: E402
from flask_socketio import SocketIO, emit, join_room  # noqa: E402
from gevent.pywsgi import WSGIServer  # noqa: E402
from geventwebsocket.handler import WebSocketHandler  # noqa: E402

app = Flask(__name__)
# No polling, so no session of one has to be kept in step; no cookies, no log.
socketio = SocketIO(app, async_mode="gevent", transports=["websocket"], manage_session=False, cors_allowed_origins="*")


@socketio.on("join")
def join(room):
    join_room(room)
    emit("joined")


@socketio.on("say")
def say(room, body):
    emit("said", body, to=room)


if __name__ == "__main__":
    listener = WSGIServer.get_listener(("127.0.0.1", 0), backlog=1024, family=socket.AF_INET)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # accepted ones inherit it; pywsgi does not set it
    print(listener.getsockname()[1], flush=True)
    WSGIServer(listener, app, log=None, handler_class=WebSocketHandler).serve_forever()
