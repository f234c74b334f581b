"""Level ratchet: X3DH and the Double Ratchet between two. Its specification. Pure."""

from ..double_ratchet import decrypt, encrypt, init_alice, init_bob, without_old
from ..encoding import utf8_bytes
from ..envelope import text_bytes
from ..errors import BadSignature, Refusal, UnknownKind
from ..identity import verified_all
from ..padding import pad
from ..ratchet_bodies import (
    MESSAGE_PREFIX,
    begin_bytes,
    begin_fields,
    read_begin,
    read_message,
    session_of,
    write_begin,
    write_message,
)
from ..ratchet_errors import BegunAgain, DoesNotOpen, NotOfThisPair, NotStored, NotYours, PrekeyGone
from ..ratchet_record import Record, Thread
from ..store_errors import NotKept
from ..x3dh import associated_data, initiate, respond
from . import MESSAGE, Changed, Control, Opened, Tag
from .keyring import KeyRing
from .signed_texts import SignedTexts

BEGIN = "begin"
NOBODY = "Nobody is here to talk to yet: say with whom you want to, or wait until somebody begins."
THIRD = "This room is one between two others, and it has no place for a third. Take another name for your room."
LOST = (
    "This device does not have the keys of this conversation: it is new, or was cleared, so it reads nothing that was "
    "said before. Begin the conversation anew."
)


class Ratchet(SignedTexts):
    """entrance: name, ours (OurIdentity), trust, inviter (an identity, or None), record (octets that were kept, or
    None), prekeys, with pair(public) -> (private, public) or None; async turn() -> release, while which nobody else
    changes what is kept; async keep(octets, used), which stores a record and deletes the one-time prekeys `used` in
    one transaction, or raises NotKept; close()."""

    id = "ratchet"
    prefix = MESSAGE_PREFIX
    secret = "device"
    relayed_is_final = False
    has_duties = True

    def __init__(self, platform, room, entrance):
        self.platform = platform
        self.room = utf8_bytes(room, "room")
        self.entrance = entrance
        self.ours = entrance.ours
        self.trust = entrance.trust
        self.tag = Tag(self.ours.public)
        self.record = Record.read_octets(entrance.record) if entrance.record else Record()
        self.wish = None  # (prekeys, name) of whom to begin with
        self.settled = False
        self.keyring = KeyRing(platform, None)  # no key here is slow

    @classmethod
    async def start(cls, platform, room, name, entrance):
        return cls(platform, room, entrance)

    def begins_at(self, log, oldest):
        if self.record.log != log:
            self.record.log, self.record.read, self.record.newest = log, 0, 0

    def new_log(self):
        """No key depends on the log, so what was under way goes into the new one as it is."""
        self.settled = False

    def close(self):
        self.entrance.close()

    async def wish_for(self, prekeys, name):
        """Begins a conversation, or begins it anew: with whom prekeys of the directory are of, whose name this is."""
        self.wish = (prekeys, name)

    async def prepare(self):
        self.settled = True
        return []

    # ------------------------------------------------------------------------------------------ who

    def is_third(self):
        return bool(self.record.pair) and self.ours.public not in self.record.pair

    def peer(self):
        """(identity, name) of the other of the two, or None."""
        for identity, name in zip(self.record.pair, self.record.names):
            if identity != self.ours.public and not self.is_third():
                return identity, name
        return None

    def standing(self):
        if self.is_third():
            return THIRD
        if self.wish or self.record.pending or self.record.current():
            return ""
        return LOST if self.record.pair else NOBODY

    def can_seal(self):
        return self.settled and not self.is_third() and self.record.current() is not None

    # ------------------------------------------------------------------------------------------ writing

    async def change(self, work, *arguments):
        """What async work(record, ...) gives, on a copy that is stored before it counts. Raises NotKept, and what work
        raises: then nothing has changed."""
        release = await self.entrance.turn()
        try:
            record, used = self.record.copy(), []
            found = await work(record, used, *arguments)
            await self.entrance.keep(record.octets(), used)
            self.record = record
            return found
        finally:
            release()

    async def seal(self, text):
        """The body, stored with the state after it. Raises Problem for a text that is none, NotKept."""
        return await self.change(self.sealed, text, pad(text_bytes(text)))

    async def sealed(self, record, used, text, padded):
        thread = record.current()
        thread.state, head, ciphertext = await encrypt(self.platform, thread.state, padded, thread.ad)
        body = write_message(self.platform, thread.session, head, ciphertext)
        record.unsent.append((body, text))
        return body

    async def control(self, wants_to_write):
        """A beginning, wished for or under way. One at a time: the log would have one whose keys are gone."""
        if self.wish and not self.record.pending:
            prekeys, name = self.wish
            await self.change(self.begun, prekeys, name)
        self.wish = None
        return Control(BEGIN, self.record.pending, self.record.newest) if self.record.pending else None

    async def begun(self, record, used, prekeys, name):
        sk, initial = await initiate(self.platform, self.ours, prekeys)
        ad = associated_data(self.ours.public, prekeys.identity, self.room)
        state = await init_alice(self.platform, sk, prekeys.spk)
        state, head, ciphertext = await encrypt(self.platform, state, b"", ad)
        fields = begin_fields(initial, self.entrance.name, prekeys.identity, name)
        signed = begin_bytes(self.room, fields, head, ciphertext)
        signature = await self.platform.ed25519_sign(self.ours.signing, signed)
        record.threads = [one for one in record.threads if one.rank]
        record.threads.append(Thread(session_of(initial), 0, (prekeys.identity, name), ad, state))
        record.pending = write_begin(self.platform, fields, head, ciphertext, signature)

    # ------------------------------------------------------------------------------------------ reading

    async def open(self, entries):
        """In the order of the log, in one transaction. An outcome of what was read before, here or earlier, is None."""
        try:
            return await self.change(self.opened_all, entries)
        except NotKept:
            return [NotStored() for _ in entries]

    async def opened_all(self, record, used, entries):
        outcomes, record.fresh = [], []
        now = self.platform.time()
        record.threads = [one.after(without_old(one.state, now)) for one in record.threads]
        for entry in entries:
            if entry["kind"] == BEGIN:
                record.newest = max(record.newest, entry["seq"])
            outcomes.append(await self.outcome(record, used, entry) if entry["seq"] > record.read else None)
            record.read = max(record.read, entry["seq"])
        return outcomes

    async def outcome(self, record, used, entry):
        try:
            if entry["kind"] == BEGIN:
                return await self.open_begin(record, used, entry["body"])
            if entry["kind"] == MESSAGE:
                return await self.open_message(record, entry)
            return UnknownKind()
        except Refusal as refusal:
            return refusal

    async def open_message(self, record, entry):
        for body, text in record.unsent:
            if body == entry["body"]:
                record.unsent.remove((body, text))
                record.fresh.append((entry["seq"], True, text))
                return Opened(text, self.entrance.name, self.tag, True, [])
        message = read_message(self.platform, entry["body"])
        if record.pair and self.ours.public not in record.pair:
            raise NotYours()
        thread = record.thread(message.session)
        if thread is None:
            raise DoesNotOpen()
        now, ad = self.platform.time(), thread.ad
        thread.state, padded = await decrypt(self.platform, thread.state, message.head, message.ciphertext, ad, now)
        if thread is record.current():
            # Who writes here has read its beginning, and writes nowhere else any more.
            record.threads = [one for one in record.threads if one is thread or (record.pending and one.rank == 0)]
        text = self.text_of(padded)
        record.fresh.append((entry["seq"], False, text))
        identity, name = thread.peer
        return Opened(text, name, Tag(identity), False, [], self.trust.state(identity))

    async def open_begin(self, record, used, body):
        begin = read_begin(self.platform, body)
        signed = begin_bytes(self.room, begin.fields, begin.head, begin.ciphertext)
        if not all(await verified_all(self.platform, [(begin.initial.identity, begin.signature, signed)])):
            raise BadSignature()
        if record.pair and begin.initial.identity not in record.pair:
            raise NotOfThisPair()
        if begin.session in record.used:
            raise BegunAgain()
        is_first, is_ours = not record.pair, begin.initial.identity == self.ours.public
        if begin.recipient == self.ours.public:
            await self.answer(record, used, begin)
        elif is_ours:
            self.landed(record, begin)
        record.use(begin.session)
        record.pending = ""  # it is in the log now, or another is in its place
        record.pair, record.names = (begin.initial.identity, begin.recipient), (begin.name, begin.recipient_name)
        return Changed(self.told(begin, is_first))

    def told(self, begin, is_first):
        who = "You" if begin.initial.identity == self.ours.public else f"“{begin.name}”"
        whom = "you" if begin.recipient == self.ours.public else f"“{begin.recipient_name}”"
        if is_first:
            return [(f"{who} began this conversation with {whom}.", "begun")]
        return [(f"{who} began the conversation with {whom} anew: with new keys.", "begun-anew")]

    def landed(self, record, begin):
        thread = record.thread(begin.session)
        if thread:
            record.begun(thread)
        else:  # by a copy of this device, or by this one before it was cleared
            record.threads = []

    async def answer(self, record, used, begin):
        """The other began a session with us. Raises PrekeyGone, DoesNotOpen."""
        initial, prekeys = begin.initial, self.entrance.prekeys
        spk, opk = prekeys.pair(initial.spk), initial.opk and prekeys.pair(initial.opk)
        if spk is None or (initial.opk and opk is None):
            raise PrekeyGone()
        sk = await respond(self.platform, self.ours, initial, spk, opk)
        ad = associated_data(initial.identity, self.ours.public, self.room)
        now, state = self.platform.time(), init_bob(sk, spk)
        state, _ = await decrypt(self.platform, state, begin.head, begin.ciphertext, ad, now)
        record.begun(Thread(begin.session, 0, (initial.identity, begin.name), ad, state))
        if initial.opk:
            used.append(initial.opk)
