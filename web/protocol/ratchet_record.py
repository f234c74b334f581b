"""What a page keeps of a room at level ratchet, and a crash must not lose. Its specification, 6. Pure.

A record is copied, changed and stored, and only then the one that counts. So no key is used twice, and what could be
read stays until it was shown.
"""

from .double_ratchet import State
from .encoding import Reader, sized, uint
from .errors import Malformed

FORM = 1
THREADS = 4  # sessions kept; of more the oldest go
SKIPPED_IN_ALL = 10_000  # keys of messages that have not come, over all rooms of a name
USED = 100  # sessions that are remembered, so that none is begun a second time
LONGEST = 1_048_576  # bytes of one part


class Thread:
    """A session of the Double Ratchet. rank: its place among those whose beginning was read; 0: ours, not read yet.
    peer: (identity, name) of the other side."""

    def __init__(self, session, rank, peer, ad, state):
        self.session = session
        self.rank = rank
        self.peer = peer
        self.ad = ad
        self.state = state

    def after(self, state):
        """The same with another state."""
        return Thread(self.session, self.rank, self.peer, self.ad, state)


class Record:
    """
    log, read  the relay's id of the log, and the seq up to which it was read
    newest     the seq of the newest beginning in it, valid or not; 0 if there is none
    pair       the two identities of the room as the newest beginning has them, who began first; empty if there is none
    names      of these two
    rank       that of the thread that was begun last
    threads    [Thread]
    pending    body of a beginning of ours that was not read yet, or ""
    unsent     [(body, text, lost)] of ours, sealed and not read in the log yet. lost: the other has lost the keys, so
               it is to be sealed anew once it was read; body is "" from then on
    fresh      [(seq, at, identity, name, text)] of what was read last: it may not have been shown yet. at: when, by the
               relay; identity, name: of who wrote it, both empty for ours
    used       sessions that were ever begun here, the newest
    """

    def __init__(self):
        self.log, self.read, self.newest, self.rank = "", 0, 0, 0
        self.pair, self.names = (), ()
        self.threads, self.unsent, self.fresh, self.used = [], [], [], []
        self.pending = ""

    def copy(self):
        other = Record()
        other.log, other.read, other.newest = self.log, self.read, self.newest
        other.rank, other.pending = self.rank, self.pending
        other.pair, other.names = self.pair, self.names
        other.threads = [one.after(one.state) for one in self.threads]
        other.unsent, other.fresh, other.used = list(self.unsent), list(self.fresh), list(self.used)
        return other

    def thread(self, session):
        for one in self.threads:
            if one.session == session:
                return one
        return None

    def current(self):
        """The one to seal in: what was begun last by the log; None if nothing was."""
        begun = [one for one in self.threads if one.rank]
        return max(begun, key=lambda one: one.rank) if begun else None

    def is_lost(self):
        """Whether the two talked here, and this device has no keys of it."""
        return bool(self.pair) and self.current() is None

    def begun(self, thread):
        """The beginning of this thread was read."""
        self.rank += 1
        thread.rank = self.rank
        if thread not in self.threads:
            self.threads.append(thread)
        self.threads = self.threads[-THREADS:]

    def use(self, session):
        self.used = (self.used + [session])[-USED:]

    def skipped(self):
        """How many keys are kept of messages that have not come."""
        return sum([len(one.state.skipped) for one in self.threads])

    def bound(self, most):
        """Keeps so many of these keys. Of more the oldest go, those of the session begun first before others."""
        surplus = self.skipped() - most
        for one in sorted(self.threads, key=lambda thread: thread.rank):
            if surplus > 0:
                state = one.state.copy()
                gone, state.skipped = len(state.skipped[:surplus]), state.skipped[surplus:]
                one.state, surplus = state, surplus - gone

    # ------------------------------------------------------------------------------------------ as bytes

    def octets(self):
        """form(1) || read(8) || newest(8) || rank(4), and as lists texts, pair, threads, unsent, fresh, used."""
        texts = [self.log, self.pending] + list(self.names)
        data = bytes([FORM]) + uint(self.read, 8, "read") + uint(self.newest, 8, "newest") + uint(self.rank, 4, "rank")
        data += listed([text.encode() for text in texts]) + listed(self.pair)
        data += listed([thread_octets(one) for one in self.threads])
        data += listed([sized(body.encode()) + bytes([lost]) + text.encode() for body, text, lost in self.unsent])
        data += listed([fresh_octets(*one) for one in self.fresh])
        return data + listed(self.used)

    @classmethod
    def read_octets(cls, octets):
        """Raises Malformed for what octets() did not give."""
        reader, record = Reader(octets), cls()
        if reader.uint(1) != FORM:
            raise Malformed("record: of another form")
        record.read, record.newest, record.rank = reader.uint(8), reader.uint(8), reader.uint(4)
        texts = [part.decode() for part in parts(reader)]
        record.log, record.pending, record.names = texts[0], texts[1], tuple(texts[2:])
        record.pair = tuple(parts(reader))
        record.threads = [thread_of(part) for part in parts(reader)]
        record.unsent = [sealed_of(part) for part in parts(reader)]
        record.fresh = [fresh_of(part) for part in parts(reader)]
        record.used = parts(reader)
        if reader.at < len(octets):
            raise Malformed("record: too long")
        return record


def listed(parts):
    return uint(len(parts), 4, "count") + b"".join([sized(part) for part in parts])


def parts(reader):
    return [reader.sized(LONGEST) for _ in range(reader.uint(4))]


def thread_octets(thread):
    """sized(session) || rank(4) || identity(32) || sized(name) || sized(ad) || state, as State gives it."""
    identity, name = thread.peer
    peer = identity + sized(name.encode())
    return sized(thread.session) + uint(thread.rank, 4, "rank") + peer + sized(thread.ad) + thread.state.octets()


def thread_of(octets):
    reader = Reader(octets)
    session, rank = reader.sized(LONGEST), reader.uint(4)
    peer = reader.take(32), reader.sized(LONGEST).decode()
    ad = reader.sized(LONGEST)
    return Thread(session, rank, peer, ad, State.read(octets[reader.at :]))


def fresh_octets(seq, at, identity, name, text):
    return uint(seq, 8, "seq") + sized(at.encode()) + sized(identity) + sized(name.encode()) + text.encode()


def fresh_of(octets):
    reader = Reader(octets)
    seq, at, identity = reader.uint(8), reader.sized(LONGEST).decode(), reader.sized(LONGEST)
    name = reader.sized(LONGEST).decode()
    return seq, at, identity, name, octets[reader.at :].decode()


def sealed_of(octets):
    reader = Reader(octets)
    body = reader.sized(LONGEST).decode()
    lost = reader.uint(1) == 1
    return body, octets[reader.at :].decode(), lost
