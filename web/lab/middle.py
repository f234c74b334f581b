"""A man in the middle of pages and the relay: asks an attack about each frame, keeps the logs, invents frames. Pure.

Sans-I/O: whoever carries the frames hands over each that comes, and sends what is given back, [(side, frame)], in that
order; a side is one of the two that the connection was opened with. So the tests' proxy and the lab's console are one.
"""

import json

# What became of a frame, for who watches.
PASSED = "passed"  # as it came
CHANGED = "changed"
DROPPED = "dropped"
INVENTED = "invented"  # sent besides; also what is sent once more
ANSWER = "answer"  # of the relay, to what the attacker appended; the page did not ask


class Connection:
    """A page's connection, and the one to the relay that stands for it. `member`: the name it joined with last."""

    def __init__(self, page, relay):
        self.page = page
        self.relay = relay
        self.member = ""


class Middle:
    """Without an attack, all frames go on as they came.

    watch(connection, to, frame, fate, became) hears of each; to: "relay" or "page"; became: what a changed one is now.
    """

    def __init__(self, watch=None):
        self.watch = watch
        self.attack = None
        self.connections = []
        self.logs = {}  # room address -> its entries, as the relay sent them
        self.joins = 0  # `joined` frames that passed
        self.published = set()  # names whose bundle the directory has taken
        self.bundles = {}  # name -> bundles, of people of the attacker's own: the directory has them through this alone
        self.problems = []  # of the attack under way: its own mistakes

    def open(self, page, relay):
        connection = Connection(page, relay)
        self.connections.append(connection)
        return connection

    def close(self, connection):
        self.connections.remove(connection)

    def of(self, member):
        """The connections that this member has now."""
        return [connection for connection in self.connections if connection.member == member]

    def log(self, address):
        """The entries of a room so far; the list goes on growing."""
        return self.logs.setdefault(address, [])

    # ------------------------------------------------------------------------------------------ frames

    def from_page(self, connection, frame):
        if frame["type"] == "join":
            connection.member = frame["name"]
        attack = self.attack
        frames = self.asked(attack and attack.to_relay, connection, "relay", frame)
        return [(connection.relay, one) for one in frames] + self.injected()

    def from_relay(self, connection, frame):
        if frame["type"] == "entries":
            self.keep(frame)
        self.joins += frame["type"] == "joined"
        if frame["type"] == "published":
            self.published.add(frame["name"])
        if frame["type"] == "found":
            for one in frame["names"]:
                one["bundles"] = self.bundles.get(one["name"], one["bundles"])
        attack = self.attack
        frames = self.asked(attack and attack.from_relay, connection, "page", frame)
        return [(connection.page, one) for one in frames] + self.injected()

    def keep(self, frame):
        log = self.log(frame["room"])
        for entry in frame["entries"]:
            if not log or entry["seq"] > log[-1]["seq"]:
                log.append(dict(entry))

    def asked(self, decide, connection, to, frame):
        """The frames that go on in place of this one."""
        came = json.loads(json.dumps(frame)) if self.watch else None  # attacks change a frame where it stands
        try:
            frames = decide(connection.member, frame) if decide else [frame]
        except Exception as problem:  # noqa: BLE001 - told to the runner, which has no other way to hear of it
            self.problems.append(problem)
            frames = [frame]
        if self.watch:
            self.tell(connection, to, came, frames)
        return frames

    def injected(self):
        """What the attack wants sent besides."""
        sent = []
        while self.attack and self.attack.injections:
            to, member, frame = self.attack.injections.pop(0)
            for connection in self.of(member):
                sent.append((connection.relay if to == "relay" else connection.page, frame))
                if self.watch:
                    self.watch(connection, to, frame, INVENTED, None)
        return sent

    # ------------------------------------------------------------------------------------------ for who watches

    def tell(self, connection, to, came, frames):
        if not frames:
            answer = self.attack and came.get("id") in self.attack.labels
            return self.watch(connection, to, came, ANSWER if answer and to == "page" else DROPPED, None)
        went = came in frames
        told = False
        for frame in frames:
            if not told and frame == came:
                self.watch(connection, to, frame, PASSED, None)
                told = True
            elif not told and not went and frame["type"] == came["type"]:
                self.watch(connection, to, came, CHANGED, frame)
                told = True
            else:
                self.watch(connection, to, frame, INVENTED, None)
        return None

    # ------------------------------------------------------------------------------------------ for the runner

    async def begin(self, attack):
        """The attack is under way from now on. Gives what is to be sent at once; raises what its begin() raises."""
        self.problems = []
        await attack.begin()
        self.attack = attack  # no frame is shown to it half made; what it appends is sent only now, and answered to it
        return self.injected()

    def stop(self):
        """Frames go on as they came again. Raises what went wrong in the attack's own code."""
        self.attack = None
        if self.problems:
            raise self.problems[0]
