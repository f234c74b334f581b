"""Level identity: keys of devices, a signed list of members, a room key for them. Its specification, 5 and 6. Pure."""

from ..encoding import canonical_signature, sized, uint, utf8_bytes
from ..envelope import TEXT_BYTES, text_bytes, written
from ..epoch import history_label, open_shared
from ..errors import BadInput, BadSignature, NotText, Refusal, UnknownKind
from ..identity import LABEL
from ..identity_bodies import (
    HISTORY_PREFIX,
    MEANINGS,
    MESSAGE_PREFIX,
    message_fields,
    message_parts,
    read_history,
    read_message,
    write,
)
from ..identity_envelope import MEMBERS_PREFIX
from ..identity_errors import ForkedList, NotAMember, NotForYou, OldEpoch, OtherKey
from ..padding import pad, unpad
from . import MESSAGE, Changed, Opened, Tag
from .anchors import Anchors
from .keyring import KeyRing
from .membership import Membership
from .people import meet, people
from .senders import Senders
from .steward import HISTORY, MEMBERS, Steward

SHUT = 1_000  # messages without a key, kept until former keys are shared


def nonce(counter):
    """0^8 || counter(4). Safe although it is fixed: the key is one session's, and its counter never seals two texts."""
    return bytes(8) + uint(counter, 4, "counter")


def header(room, fields):
    """What is authenticated besides the ciphertext: label || sized(room) || the fields as they stand in the body."""
    return LABEL + b"header" + sized(room) + fields


class Identity:
    id = "identity"
    prefix, members_prefix, history_prefix = MESSAGE_PREFIX, MEMBERS_PREFIX, HISTORY_PREFIX
    title = "Identity"
    mark = ""
    secret = "device"
    sentence = (
        "No passphrase: each device has keys of its own, and admins say who is a member. Members cannot pose as each "
        "other, and who is removed reads nothing new. Who a key belongs to, you learn by comparing safety numbers."
    )
    comparison = "If the number is the same on both sides, nobody stands between you."
    open_to_view = False
    padded = True
    sealed, signature = "ct", "sig"
    meanings = MEANINGS
    in_clear = "who wrote it, by key, how much before, and what it had been shown: all before ct is not encrypted"
    relayed_is_final = False
    has_duties = True
    scope = ""  # before the room's name in all that is signed

    @classmethod
    def parts(cls, platform, body):
        return message_parts(platform, body, cls.prefix)

    @classmethod
    def pieces(cls, parts):
        return [cls.prefix, parts]

    @classmethod
    def body_of(cls, platform, parts):
        return written(platform, cls.pieces(parts))

    def __init__(self, platform, room, entrance):
        self.platform = platform
        self.room = utf8_bytes(self.scope + room, "room")
        self.room_name = room
        self.entrance = entrance
        self.ours = entrance.ours
        self.trust = entrance.trust
        self.tag = Tag(self.ours.public)
        self.session = platform.random(16)
        self.counter = 0
        self.membership = Membership(platform, self.room, entrance, self.members_prefix)
        self.steward = Steward(platform, self.membership, self.history_prefix)
        self.senders = Senders()
        self.anchors = Anchors()
        self.keyring = KeyRing(platform, None)  # no key here is slow, so none is ever wished for
        self.shut = {}  # seq -> (MessageBody, name, warnings)

    @classmethod
    async def start(cls, platform, room, name, entrance):
        """A new session. entrance: as Membership has it."""
        return cls(platform, room, entrance)

    def begins_at(self, log, oldest):
        self.anchors.complete_from(oldest)
        self.membership.begins_at(log, oldest)

    def new_log(self):
        self.anchors = Anchors()
        self.membership.new_log()
        self.shut = {}

    def close(self):
        self.entrance.close()

    async def wish(self, entry):
        return False

    async def prepare(self):
        """The log has been read: [(sentence, code)] of what people should know now."""
        unproven = await self.membership.settle()
        return [(sentence, "unproven") for sentence in unproven] + meet(self.membership, self.trust)

    # ------------------------------------------------------------------------------------------ writing

    def standing(self):
        return self.membership.standing()

    def can_seal(self):
        return self.membership.can_seal()

    async def control(self, wants_to_write):
        return await self.steward.control(wants_to_write)

    async def seal(self, text):
        """The body. Raises Problem for a text that is empty or too long. Only while can_seal()."""
        plaintext = pad(text_bytes(text))
        if self.counter >= 2**32 - 1:
            raise BadInput("counter: this session has sealed all it may; join again")
        # Taken before the first await, so that no second seal() can come by the same counter.
        counter, self.counter = self.counter, self.counter + 1
        roster = self.membership.roster
        fields = message_fields(
            self.ours.public, self.session, roster.epoch, roster.list_hash, counter, self.anchors.newest
        )
        aad = header(self.room, fields)
        key = await self.membership.keys.message_key(roster.epoch, self.session, self.ours.public)
        ciphertext = await self.platform.aes_gcm_seal(key, nonce(counter), plaintext, aad)
        signature = await self.platform.ed25519_sign(self.ours.signing, aad + ciphertext)
        return write(self.platform, self.prefix, fields + ciphertext + signature)

    # ------------------------------------------------------------------------------------------ reading

    async def open(self, entries):
        """Messages in batches, each between two changes of the list: what counts depends on the one before."""
        outcomes, batch = [], []
        for entry in entries:
            if entry["kind"] == MESSAGE:
                batch.append(entry)
                continue
            outcomes += await self.open_messages(batch)
            batch = []
            self.note(entry)
            outcomes.append(await self.open_control(entry))
        return outcomes + await self.open_messages(batch)

    def note(self, entry):
        self.anchors.note(entry["seq"], entry["body"])
        self.membership.read = max(self.membership.read, entry["seq"])

    async def open_control(self, entry):
        try:
            if entry["kind"] == MEMBERS:
                return await self.members_changed(entry)
            return await self.keys_shared(entry) if entry["kind"] == HISTORY else UnknownKind()
        except Refusal as refusal:
            return refusal

    async def members_changed(self, entry):
        notices = await self.membership.apply(entry)
        self.steward.read()
        return Changed(notices + (meet(self.membership, self.trust) if self.membership.settled else []), True)

    async def keys_shared(self, entry):
        shared = read_history(self.platform, entry["body"], self.history_prefix)
        label = history_label(self.room, shared.fields)
        signed = (shared.sender, shared.signature, label + shared.sealed)
        if not await self.is_signed(signed):
            raise BadSignature()
        by, to = self.membership.sharer(shared), self.membership.roster.list.member(shared.recipient)
        if shared.recipient != self.ours.public:
            whom = f"“{to.name}”" if to else "somebody who has left"
            return Changed([(f"“{by.name}” shared earlier messages with {whom}.", "shared")])
        keys = await open_shared(self.platform, self.ours, self.room, shared)
        taken = [self.membership.keys.take(number, key) for number, key in keys]
        return Changed([(f"“{by.name}” shared earlier messages with you.", "shared")], any(taken))

    async def is_signed(self, signed):
        [valid] = await self.platform.ed25519_verify_all([signed])
        return valid and canonical_signature(signed[1])

    async def open_messages(self, entries):
        """Form and signature in one batch; then order, one by one; then keys and ciphertexts in another batch."""
        outcomes = [self.look_at(entry) for entry in entries]
        await self.check_signatures(outcomes)
        for i, entry in enumerate(entries):
            self.note(entry)
            if not isinstance(outcomes[i], Refusal):
                outcomes[i] = self.judged(entry["seq"], outcomes[i])
        await self.decrypt(entries, outcomes)
        return outcomes

    def look_at(self, entry):
        try:
            return read_message(self.platform, entry["body"], self.prefix)
        except Refusal as refusal:
            return refusal

    async def check_signatures(self, outcomes):
        due = [i for i, outcome in enumerate(outcomes) if not isinstance(outcome, Refusal)]
        signed = []
        for i in due:
            body = outcomes[i]
            body.aad = header(self.room, body.fields)
            signed.append((body.sender, body.signature, body.aad + body.ciphertext))
        for i, valid in zip(due, await self.platform.ed25519_verify_all(signed)):
            if not valid or not canonical_signature(outcomes[i].signature):
                outcomes[i] = BadSignature()

    def judged(self, seq, body):
        """(body, name of its sender, warnings) of a message that counts, or the refusal. The counter is taken of all
        that is signed, so that what comes too late, or opens later, is no gap."""
        try:
            warnings = self.senders.check(body)
            member = counted(self.membership, body)
        except Refusal as refusal:
            return refusal
        self.membership.keys.messages += 1
        anchor = self.anchors.check(seq, body.anchor_seq, body.anchor_hash)
        return (body, member.name, warnings + ([anchor] if anchor else []))

    async def decrypt(self, entries, outcomes):
        """In place of each (body, name, warnings): Opened, or the refusal."""
        due, sealed = [], []
        for i, entry in enumerate(entries):
            if isinstance(outcomes[i], Refusal):
                continue
            body = outcomes[i][0]
            key = await self.membership.keys.message_key(body.epoch, body.session, body.sender)
            if key is None:
                self.keep_shut(entry["seq"], outcomes[i])
                outcomes[i] = NotForYou()
                continue
            due.append(i)
            sealed.append((key, nonce(body.counter), body.ciphertext, body.aad))
        for i, padded in zip(due, await self.platform.aes_gcm_open_all(sealed)):
            outcomes[i] = OtherKey() if padded is None else self.opened(outcomes[i], padded)

    def opened(self, judged, padded):
        body, name, warnings = judged
        try:
            data = unpad(padded)
            text = self.platform.utf8(data)
            if not text or len(data) > TEXT_BYTES:
                raise NotText()
        except Refusal as refusal:
            return refusal
        own = body.sender == self.ours.public
        trust = "" if own else self.trust.state(body.sender)
        return Opened(text, name, self.senders.tag(body), own, warnings, trust)

    def keep_shut(self, seq, judged):
        if len(self.shut) >= SHUT:
            self.shut.pop(min(self.shut))
        self.shut[seq] = judged

    async def reopen(self, entries):
        """Those that were not for us, once former keys are there. An outcome of each."""
        outcomes = [self.shut.pop(entry["seq"], NotForYou()) for entry in entries]
        await self.decrypt(entries, outcomes)
        return outcomes

    # ------------------------------------------------------------------------------------------ people

    def changed_keys(self):
        """The pins of members whose key was verified, and is another now that nobody has acknowledged."""
        pins = [self.trust.of(member.identity) for member in self.membership.members()]
        return [pin for pin in pins if pin and pin.former_verified]

    def unconfirmed(self):
        """Since when nobody has confirmed the list, if that is too long ago: seconds since 1970-01-01 UTC; else 0."""
        return self.membership.unconfirmed()

    def people(self, present):
        return people(self.platform, self.membership, self.trust, present)


def counted(membership, body):
    """The Member who wrote this, if it counts at this place of the log. Raises the Refusals of section 6 by epoch."""
    roster = membership.roster
    if roster.epoch == 0 or (body.epoch > roster.epoch and membership.is_missing):
        raise NotForYou()
    if body.epoch < roster.epoch or (body.epoch == roster.epoch and roster.current is None):
        raise OldEpoch()
    if body.epoch > roster.epoch or body.list_hash != roster.list_hash:
        raise ForkedList()
    member = roster.list.member(body.sender)
    if member is None:
        raise NotAMember()
    return member
