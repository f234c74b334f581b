"""The door to the relay: the only WebSocket, and a link over it that reconnects by itself, with back-off and jitter.

Browsers cannot send a ping of their own, so the link asks with a `ping` frame when nothing has come for a while; a
connection that answers nothing is closed and opened anew.
"""

from js import WebSocket, location, window

from . import clock, webcrypto

QUIET = 20.0  # seconds without a frame until the link asks whether the relay is there
PATIENCE = 10.0  # seconds for the answer, and for a connection to be made
FIRST_WAIT, LONGEST_WAIT = 0.5, 15.0  # seconds between attempts; the actual wait is 50 to 100 % of it
OPEN = 1
NOT_HEARD = 1006  # as browsers report a connection that ended without a close frame


def websocket():
    """A new WebSocket to the relay of the server that the page is from."""
    scheme = "wss:" if location.protocol == "https:" else "ws:"
    return WebSocket.new(scheme + "//" + location.host + "/ws")


class Link:
    """`received(text)`, `up()` and `down(wait, code)` are async, and none is called before another has been asked.

    open_socket(): a WebSocket, or what has as much of one as is used here. wait: seconds until the next attempt; code:
    the close code (RFC 6455, section 7.4).
    """

    def __init__(self, open_socket, received, up, down, ping):
        self.open_socket = open_socket
        self.received = received
        self.up = up
        self.down = down
        self.ping = ping  # the text of a ping frame
        self.socket = None
        self.failures = 0
        self.timer = None
        self.heard = 0.0
        self.is_up = False

    def start(self):
        window.addEventListener("online", lambda *_: self.hurry())
        self.connect()

    def connect(self):
        self.set_timer(PATIENCE, self.give_up)
        socket = self.socket = self.open_socket()

        async def on_message(event):
            # Awaited here, in a call from JavaScript: MicroPython would put a task behind setTimeout, 4.6 ms an await.
            if socket is self.socket:
                await self.hear(event.data)

        async def on_close(event):
            await self.lost(socket, event.code)

        socket.onopen = lambda *_: socket.send(self.ping)
        socket.onmessage = on_message
        socket.onclose = on_close

    async def hear(self, text):
        self.heard = clock.seconds()
        if not self.is_up:
            # Only an answer shows that the relay takes us: a full one accepts the connection and closes it at once.
            self.is_up = True
            self.failures = 0
            self.set_timer(QUIET, self.ask)
            await self.up()
        await self.received(text)

    def send(self, text):
        """Whether the browser took the text; that the relay has it, only the relay's answer tells."""
        if self.socket is None or self.socket.readyState != OPEN:
            return False
        self.socket.send(text)
        return True

    async def ask(self):
        quiet = clock.seconds() - self.heard
        if quiet < QUIET:
            return self.set_timer(QUIET - quiet, self.ask)
        self.send(self.ping)
        asked = clock.seconds()

        async def answered():
            if self.heard >= asked:
                self.set_timer(QUIET, self.ask)
            else:
                await self.give_up()

        return self.set_timer(PATIENCE, answered)

    async def give_up(self):
        """Ends a connection that is of no use. close() alone would wait for an answer, so it is disowned first."""
        socket = self.socket
        if socket is not None:
            socket.close()
            await self.lost(socket, NOT_HEARD)

    async def lost(self, socket, code):
        if socket is not self.socket:
            return
        self.socket = None
        self.is_up = False
        wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(self.failures, 10)) * (0.5 + jitter() / 2)
        self.failures += 1
        self.set_timer(wait, self.connect)
        await self.down(wait, code)

    def hurry(self):
        """The system says that the network is back."""
        if self.socket is None:
            self.connect()

    def set_timer(self, delay, work):
        if self.timer is not None:
            self.timer.cancel()
        self.timer = clock.after(delay, work)


def jitter():
    """0.0 to 1.0, so that a thousand pages do not come back in the same moment."""
    return webcrypto.random(1)[0] / 255
