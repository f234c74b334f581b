"""Level ratchet: X3DH and the Double Ratchet between two. Its specification. Pure."""

from ..double_ratchet import decrypt, encrypt, missed, without_old
from ..encoding import utf8_bytes
from ..envelope import text_bytes
from ..errors import Gap, Late, Refusal, UnknownKind
from ..padding import pad
from ..ratchet_bodies import BEGIN_PREFIX, MEANINGS, MESSAGE_PREFIX, message_parts, read_message, write_message
from ..ratchet_errors import BadPrekeys, NoKeys, NotStored, NotYours, OfALostSession
from ..ratchet_forms import BeginForm
from ..ratchet_record import Record
from ..store_errors import NotKept
from . import MESSAGE, Changed, Control, Opened, Prefixed, Resumed, Tag
from .beginnings import Beginnings, told
from .keyring import KeyRing
from .people import changed_keys, meet, people
from .signed_texts import SignedTexts
from .two import Two

BEGIN = "begin"
NOBODY = "No conversation has begun here. Choose whom to talk to, or wait until somebody begins one with you."
THIRD = "This room is one between two others, and it has no place for a third. Take another name for your room."
OTHER_KEY = (
    "In this conversation another key has your name: that of a device of yours before this one, or of somebody else. "
    "This device reads nothing of it. Who talks here can begin anew with you, once you have a name of your own."
)
OTHER_INVITER = (
    "“{}” has another key than whoever invited you to this room. It can be a new device of theirs, and somebody else "
    "too. Compare the safety number before you send what must stay between you."
)
LOST = (
    "This device does not have the keys of this conversation: it is new, or was cleared, so it reads nothing that was "
    "said before. Begin the conversation anew."
)


class Ratchet(Prefixed, SignedTexts):
    """entrance: name, ours (OurIdentity), trust, inviter (an identity, or None), record (octets that were kept, or
    None), prekeys, with pair(public) -> (private, public) or None; async turn() -> release, while which nobody else
    changes what is kept; spare(): how many keys of messages that have not come may be kept here; async keep(octets,
    used, skipped), which stores a record with so many of them and deletes the one-time prekeys `used` in one
    transaction, or raises NotKept; tell(sentence): what could not be stored; close()."""

    id = "ratchet"
    prefix = MESSAGE_PREFIX
    title = "Ratchet"
    mark = ""
    secret = "device"
    sentence = (
        "For two people, with keys of their devices. Each message has a key of its own, which is deleted once it was "
        "read: who steals a device reads little of what was said before, and once both of you have written again, "
        "nothing more. A new device reads nothing of before. Whom a key belongs to, you learn by comparing safety "
        "numbers."
    )
    comparison = "If the number is the same on both sides, nobody stands between you."
    open_to_view = False
    padded = True
    forms = {BEGIN: BeginForm(BEGIN_PREFIX)}
    sealed, signature = "ct", ""
    meanings = MEANINGS
    in_clear = "which session of the two it is, and its place in which chain: all before ct is not encrypted"
    relayed_is_final = False
    has_duties = True
    of_two = keeps_sealed = True
    scope = ""  # before the names of the directory

    @classmethod
    def parts(cls, platform, body):
        return message_parts(platform, body, cls.prefix)

    def __init__(self, platform, room, entrance):
        self.platform = platform
        self.room = utf8_bytes(room, "room")
        self.room_name = room
        self.entrance = entrance
        self.ours = entrance.ours
        self.trust = entrance.trust
        self.tag = Tag(self.ours.public)
        self.record = Record.read_octets(entrance.record) if entrance.record else Record()
        self.beginnings = Beginnings(platform, self.room, entrance)
        self.wished = None  # (prekeys, name) of whom to begin with
        self.settled = False
        self.unstored = False  # something read could not be stored, so nothing after it counts either
        self.keyring = KeyRing(platform, None)  # no key here is slow

    @classmethod
    async def start(cls, platform, room, name, entrance):
        return cls(platform, room, entrance)

    def resumed(self):
        if not self.record.log:
            return None
        fresh = [(seq, at, self.opened(who, name, text)) for seq, at, who, name, text in self.record.fresh]
        unsent = [(body, text) for body, text, _ in self.record.unsent]
        return Resumed(self.record.log, self.record.read, fresh, unsent)

    def begins_at(self, log, oldest):
        if self.record.log != log:
            self.record.log, self.record.read, self.record.newest = log, 0, 0

    def new_log(self):
        """No key depends on the log, so what was under way goes into the new one as it is."""
        self.settled = False
        self.record.log = ""

    def close(self):
        self.entrance.close()

    async def wish(self, entry):
        return False

    async def wish_for(self, prekeys, name):
        """Begins a conversation, or begins it anew: with whom prekeys of the directory are of, whose name this is."""
        self.wished = (prekeys, name)

    async def prepare(self):
        self.settled = True
        return []

    # ------------------------------------------------------------------------------------------ who

    @property
    def membership(self):
        return Two(self.ours, self.record.pair, self.record.names)

    def is_third(self):
        return bool(self.record.pair) and self.ours.public not in self.record.pair

    def standing(self):
        if self.is_third():
            return OTHER_KEY if self.entrance.name in self.record.names else THIRD
        if not self.settled or self.wished or self.record.pending or self.record.current():
            return ""
        return LOST if self.record.pair else NOBODY

    def people(self, present):
        """As people.py gives it. While there are no two, all who are connected wait to be talked to."""
        facts = people(self.platform, self.membership, self.trust, present)
        facts["waiting"] = [] if self.record.pair else sorted(set(present) - {self.entrance.name})
        facts["two"] = True
        return facts

    def changed_keys(self):
        return changed_keys(self.membership, self.trust)

    def unconfirmed(self):
        return 0

    # ------------------------------------------------------------------------------------------ writing

    def can_seal(self):
        return self.settled and not self.is_third() and self.record.current() is not None

    async def change(self, work, *arguments):
        """What async work(record, used, ...) gives, on a copy that is stored before it counts. Raises NotKept, and what
        work raises: then nothing has changed."""
        release = await self.entrance.turn()
        try:
            record, used = self.record.copy(), []
            found = await work(record, used, *arguments)
            record.bound(self.entrance.spare())
            await self.entrance.keep(record.octets(), used, record.skipped())
            self.record = record
            return found
        finally:
            release()

    async def seal(self, text):
        """The body, stored with the state after it. Raises Problem for a text that is none, NotKept."""
        return await self.change(self.sealed_in, text, pad(text_bytes(text)))

    async def sealed_in(self, record, used, text, padded):
        thread = record.current()
        thread.state, head, ciphertext = await encrypt(self.platform, thread.state, padded, thread.ad)
        body = write_message(self.platform, thread.session, head, ciphertext)
        if ("", text, True) in record.unsent:
            record.unsent.remove(("", text, True))
        record.unsent.append((body, text, False))
        return body

    async def control(self, wants_to_write):
        """A beginning, wished for or under way. One at a time: the log would have one whose keys are gone."""
        wished, self.wished = self.wished, None
        if wished and not self.record.pending:
            try:
                await self.change(self.beginnings.begin, *wished)
            except (NotKept, BadPrekeys) as failure:
                self.entrance.tell(failure.for_people)
        return Control(BEGIN, self.record.pending, self.record.newest) if self.record.pending else None

    # ------------------------------------------------------------------------------------------ reading

    async def open(self, entries):
        """In the order of the log, in one transaction. What could not be stored is read again by another Join."""
        try:
            if not self.unstored:
                return await self.change(self.opened_all, entries)
        except NotKept:
            self.unstored = True
        return [NotStored() for _ in entries]

    async def opened_all(self, record, used, entries):
        outcomes, record.fresh = [], []
        now = self.platform.time()
        record.threads = [one.after(without_old(one.state, now)) for one in record.threads]
        for entry in entries:
            if entry["kind"] == BEGIN:
                record.newest = max(record.newest, entry["seq"])
            outcomes.append(await self.outcome(record, used, entry))
            record.read = max(record.read, entry["seq"])
        return outcomes

    async def outcome(self, record, used, entry):
        try:
            if entry["kind"] == BEGIN:
                return await self.open_begin(record, used, entry["body"])
            if entry["kind"] == MESSAGE:
                said, warnings = self.own(record, entry["body"]), []
                if said is None:
                    said, warnings = await self.theirs(record, entry["body"])
                record.fresh.append((entry["seq"], entry["at"]) + said)
                return self.opened(*said, warnings)
            return UnknownKind()
        except Refusal as refusal:
            return refusal

    async def open_begin(self, record, used, body):
        if body == record.pending:
            record.pending = ""  # refused or not, it is in the log
        begin, is_first = await self.beginnings.read(record, used, body)
        two = Two(self.ours, record.pair, record.names)
        notices = told(begin, is_first, self.ours.public) + (meet(two, self.trust) if two.us() else [])
        inviter, other = self.entrance.inviter, two.other()
        if inviter and other and other.identity != inviter:
            notices.append((OTHER_INVITER.format(other.name), "other-inviter"))
        return Changed(notices)

    def own(self, record, body):
        """(b"", "", text) of what we have sealed, or None. Raises OfALostSession, and then it is to be sealed anew."""
        for at, (sealed, text, lost) in enumerate(record.unsent):
            if sealed == body:
                record.unsent.pop(at)
                if lost:
                    record.unsent.append(("", text, True))
                    raise OfALostSession()
                return b"", "", text
        return None

    async def theirs(self, record, body):
        """((identity, name, text), warnings) of what the other has sealed. Raises a Refusal."""
        message = read_message(self.platform, body)
        if record.pair and self.ours.public not in record.pair:
            raise NotYours()
        thread = record.thread(message.session)
        if thread is None:
            raise NoKeys()
        now, ad = self.platform.time(), thread.ad
        before, head = thread.state, message.head
        thread.state, padded = await decrypt(self.platform, before, head, message.ciphertext, ad, now)
        missing, is_late = missed(before, thread.state, head)
        if thread is record.current():
            # Who writes here has read its beginning, and writes nowhere else any more.
            record.threads = [one for one in record.threads if one is thread or (record.pending and one.rank == 0)]
        warnings = ([Gap(missing)] if missing else []) + ([Late()] if is_late else [])
        return thread.peer + (self.text_of(padded),), warnings

    def opened(self, identity, name, text, warnings=()):
        if not identity:
            return Opened(text, self.entrance.name, self.tag, True, [])
        return Opened(text, name, Tag(identity), False, list(warnings), self.trust.state(identity))
