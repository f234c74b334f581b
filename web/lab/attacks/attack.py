"""What every attack is: it stands between pages and the relay, sees each frame and decides what goes on."""

from protocol.directory import first_bundle
from protocol.frames import room_address
from protocol.identity import OurIdentity
from protocol.levels import MESSAGE, Waiting
from protocol.prekey_ring import PrekeyRing
from protocol.prekeys import Prekeys
from protocol.trust import Trust

# What the attacker has.
ANYONE = "anyone"  # who can reach the relay: reads a room's bodies and writes bodies to it, under any name
RELAY = "the relay"  # changes, withholds, repeats and invents frames
MEMBER = "a member"  # anyone who knows the passphrase, or is in the list of members
RELAY_AND_MEMBER = "the relay and a member"

FALSE = "I never said this"  # the words that attackers put into the mouths of others
ACCOMPLICE = "Mallory"  # the attacker's own member, at a level with a list of them
OPENLY = (ACCOMPLICE, FALSE)  # what deceives nobody

HONEST = ("Alice says", "Bob hears", "Bob says", "Alice hears")
# What Alice and Bob do before an attack begins. She writes first, so that Bob's page takes the room's key from hers and
# derives only one.
BEFORE = ("Alice joins", "Alice says", "Bob joins", "Bob hears", "Bob says", "Alice hears")
BEFORE_WITH_LIST = ("Alice joins", "Bob joins", "Alice adds Bob") + HONEST


BEFORE_OF_TWO = ("Alice joins", "Bob joins", "Alice meets Bob") + HONEST


class NotHere(Exception):
    """This level has nothing that the attack could be tried on; the text says what is missing."""


class Hand:
    """What an attacker plays with.

    platform: the protocol's, and async ed25519_from_seed(seed(32)) -> (private handle, public(32)). level: of the room,
    one of `ladder`. room: its name. secret: what its level begins a session with: the passphrase, bytes, or an
    Accomplice; None for who has none. log: the room's entries, as the relay has them so far, kept up to date by whoever
    runs the attack. elsewhere: entries of another room of this level, with the same passphrase and people.
    """

    def __init__(self, platform, ladder, level, room, secret, log, elsewhere):
        self.platform = platform
        self.ladder = ladder
        self.level = level
        self.room = room
        self.secret = secret
        self.log = log
        self.elsewhere = elsewhere
        self.sessions = []  # that were begun for the attack

    def close(self):
        """The attack is over: what its sessions hold is let go of."""
        for session in self.sessions:
            session.close()

    def address(self):
        return room_address(self.level.id, self.room)

    def last(self, name):
        """The newest message of this member."""
        for entry in reversed(self.log):
            if entry["name"] == name and entry["kind"] == MESSAGE:
                return entry
        raise NotHere(name + " has not written yet")

    def first(self):
        """The first message of the room."""
        return first_message(self.log)

    async def secret_of(self, level):
        """What a session at this level begins with. Of a level that is not the room's, any will do."""
        if level.secret == self.level.secret:
            return self.secret
        return await Accomplice.made(self.platform) if level.secret == "device" else FALSE.encode()

    def parts(self, body):
        """(field, bytes) of a body of this level."""
        return self.level.parts(self.platform, body)

    def body(self, parts):
        return self.level.body_of(self.platform, parts)


def first_message(entries):
    for entry in entries:
        if entry["kind"] == MESSAGE:
            return entry
    raise NotHere("nobody has written yet")


def has_list(level):
    """Whether its rooms have a signed list of members."""
    return level.has_duties and not level.of_two


async def open_own(session):
    """Gives a session that has no room here one of its own, which nobody else is shown."""
    if session.of_two:
        other = await Accomplice.made(session.platform, "Nobody")
        await session.wish_for(Prekeys(other.ours.public, other.prekeys.spk[1], None), other.name)
    control = await session.control(True)
    if control is None:
        raise NotHere("the attacker is no member")
    entry = {"seq": 1, "kind": control.kind, "id": "own", "name": "", "at": "", "body": control.body}
    await session.open([entry])


def sealer(session):
    """What of a session seals its texts, and counts them."""
    return session.messages if session.has_duties else session


class Accomplice:
    """The attacker's own device, as membership.py and ratchet.py ask for an entrance. It keeps nothing."""

    inviter = state = record = None

    def __init__(self, name, ours, prekeys=None):
        self.name = name
        self.ours = ours
        self.prekeys = prekeys  # a PrekeyRing
        self.trust = Trust([], lambda: None)

    @classmethod
    async def made(cls, platform, name=ACCOMPLICE):
        ours = await OurIdentity.from_seed(platform, platform.random(32))
        return cls(name, ours, await PrekeyRing.fresh(platform))

    async def bundle(self, platform, scope):
        """What the directory should have of the name, which the level's scope stands before."""
        return await first_bundle(platform, self.ours, scope + self.name)

    def spare(self):
        return 0

    async def keep(self, octets, used=(), skipped=0):
        pass

    async def turn(self):
        return lambda: None

    def close(self):
        pass


class Attack:
    """One attempt on a room where Alice and Bob talk. A subclass has a name, what it needs, and a sentence.

    begin() is awaited once, when both are in the room and have heard each other; then every frame passes through
    to_relay(member, frame) or to_page(member, frame), which give the frames that go on in its place. member: the name
    that the page joined with, "" before. Whenever one of the three returns, `injections` holds what is to be sent
    besides, (side, member, frame) with side "relay" or "page", for the runner to take away.

    talk: what Alice and Bob do once it has begun. It ends with honest talk, as far as the attack leaves it possible.
    talk_with_list: the same at a level with a list of members, where that is another. company, parting: what is done
    there beside the usual before it begins, right after Alice has joined and at last.
    as_name: whose name the relay puts on what the attacker appends; None for that of the connection it came over.
    words: what the attacker's own people really said. labels: id -> variant, of the entries that the attack appends; ""
    where there is but one.
    """

    name = ""
    needs = RELAY
    sentence = ""
    talk = HONEST
    talk_with_list = None
    company = parting = ()
    as_name = None
    words = ()
    deceives = ("Alice", "Bob")  # on whose pages is looked for what is seen of it
    only = ""  # of all that choices() gives, the one to be tried alone
    from_the_start = False  # begins before anyone joins, and then hand.log is empty
    leaves_waiting = False  # more keys to derive than a page does in a minute
    leaves_sending = (
        False  # a message that the relay never has is one that is under way for good, where a level says so
    )

    def __init__(self, hand):
        self.hand = hand
        if has_list(hand.level):
            self.talk = self.talk_with_list or self.talk
        self.injections = []
        self.labels = {}
        self.order = []  # the ids of `labels`, in the order in which they were appended
        self.answers = {}  # id -> the relay's answer to an entry of ours: a seq, or the code of its refusal
        self.learned = []  # texts that the attacker has read and may not

    @classmethod
    def before(cls, level):
        """What is done before it begins."""
        if level.of_two:
            return BEFORE_OF_TWO
        if not has_list(level):
            return BEFORE
        company = cls.company or ((f"Alice adds {ACCOMPLICE}",) if cls.needs in (MEMBER, RELAY_AND_MEMBER) else ())
        return BEFORE_WITH_LIST[:1] + company + BEFORE_WITH_LIST[1:] + cls.parting

    async def begin(self):
        pass

    async def reads(self):
        """What the attacker, who may read nothing from its beginning on, has read nevertheless: texts."""
        return []

    def choices(self):
        """Of what it could be tried on alone, the labels; none where there is no choice. Raises NotHere."""
        return []

    def to_relay(self, member, frame):
        return [frame]

    def to_page(self, member, frame):
        return [frame]

    # ------------------------------------------------------------------------------------------ for the runner

    # What comes from a page goes to to_relay() as it is.

    def from_relay(self, member, frame):
        """to_page(), without the answers to what we wrote ourselves: the page did not ask."""
        if frame["type"] in ("appended", "error") and frame.get("id") in self.labels:
            self.answers[frame["id"]] = frame.get("seq") or frame["code"]
            return []
        if self.as_name and frame["type"] == "entries":
            for entry in frame["entries"]:
                if entry["id"] in self.labels:
                    entry["name"] = self.as_name
        return self.to_page(member, frame)

    def answered(self):
        return len(self.answers) == len(self.labels)

    # ------------------------------------------------------------------------------------------ for attacks

    def is_of_room(self, frame, type):
        return frame["type"] == type and frame.get("room") == self.hand.address()

    def append(self, body, label="", member="Bob", kind=MESSAGE, id=None):
        """Has the relay store a body, over the connection of this member, whose name it then gets."""
        if id is None:
            id = self.hand.platform.base64url(self.hand.platform.random(16))
        self.labels[id] = label
        self.order.append(id)
        frame = {"type": "append", "room": self.hand.address(), "kind": kind, "id": id, "body": body}
        self.injections.append(("relay", member, frame))

    async def session(self, name, level=None, change=None):
        """A session of our own that can seal for this room, by whatever name: its level's own code, nothing forged.

        `change(session)`, async, comes first, and may give it another key, or parameters of its own.
        """
        hand, level = self.hand, level or self.hand.level
        if level is hand.level and level.of_two:
            raise NotHere("there is no third member")
        made = await level.start(hand.platform, hand.room, name, await hand.secret_of(level))
        hand.sessions.append(made)
        if change:
            await change(made)
        await self.read(made)
        await made.prepare()
        if not made.can_seal():
            await open_own(made)
        return made

    async def read(self, session):
        """Shows the session the log, so that it takes the room's key and anchors from there as a page does."""
        entries = self.hand.log[:]
        outcomes = await session.open(entries)
        while session.keyring.wait() == 0.0:
            key_name, key = await session.keyring.derive_next()
            session.keyring.keep(key_name, key)
        for entry, outcome in zip(entries, outcomes):
            if isinstance(outcome, Waiting):
                await session.open([entry])
