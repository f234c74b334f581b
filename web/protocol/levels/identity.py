"""Level identity: keys of devices, a signed list of members, a room key for them. Its specification, 5 and 6. Pure."""

from ..encoding import utf8_bytes
from ..epoch import history_label, open_shared
from ..errors import BadSignature, Refusal, UnknownKind
from ..identity import verified_all
from ..identity_bodies import HISTORY_PREFIX, MEANINGS, MESSAGE_PREFIX, message_parts, read_history
from ..identity_envelope import MEMBERS_PREFIX
from ..identity_forms import HistoryForm, MembersForm
from . import MESSAGE, Changed, Prefixed, Tag
from .keyring import KeyRing
from .membership import Membership
from .messages import Messages
from .people import changed_keys, meet, people
from .steward import HISTORY, MEMBERS, Steward


class Identity(Prefixed):
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
    forms = {MEMBERS: MembersForm(MEMBERS_PREFIX), HISTORY: HistoryForm(HISTORY_PREFIX)}
    sealed, signature = "ct", "sig"
    meanings = MEANINGS
    in_clear = "who wrote it, by key, how much before, and what it had been shown: all before ct is not encrypted"
    relayed_is_final = False
    has_duties = True
    of_two = keeps_sealed = False
    scope = ""  # before the room's name in all that is signed

    @classmethod
    def parts(cls, platform, body):
        return message_parts(platform, body, cls.prefix)

    def __init__(self, platform, room, entrance):
        self.platform = platform
        self.room = utf8_bytes(self.scope + room, "room")
        self.room_name = room
        self.entrance = entrance
        self.ours = entrance.ours
        self.trust = entrance.trust
        self.tag = Tag(self.ours.public)
        self.membership = Membership(platform, self.room, entrance, self.members_prefix)
        self.steward = Steward(platform, self.membership, self.history_prefix)
        self.messages = Messages(platform, self.membership, self.trust, self.prefix)
        self.keyring = KeyRing(platform, None)  # no key here is slow, so none is ever wished for

    @classmethod
    async def start(cls, platform, room, name, entrance):
        """A new session. entrance: as Membership has it."""
        return cls(platform, room, entrance)

    def resumed(self):
        return None

    def begins_at(self, log, oldest):
        self.messages.anchors.complete_from(oldest)
        self.membership.begins_at(log, oldest)

    def new_log(self):
        self.messages.new_log()
        self.membership.new_log()

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
        return await self.messages.seal(text)

    # ------------------------------------------------------------------------------------------ reading

    async def open(self, entries):
        """Messages in batches, each between two changes of the list: what counts depends on the one before."""
        outcomes, batch = [], []
        for entry in entries:
            self.membership.read = max(self.membership.read, entry["seq"])
            if entry["kind"] == MESSAGE:
                batch.append(entry)
                continue
            outcomes += await self.messages.open(batch)
            batch = []
            self.messages.anchors.note(entry["seq"], entry["body"])
            outcomes.append(await self.open_control(entry))
        return outcomes + await self.messages.open(batch)

    async def reopen(self, entries):
        return await self.messages.reopen(entries)

    async def open_control(self, entry):
        try:
            if entry["kind"] == MEMBERS:
                return await self.members_changed(entry)
            return await self.keys_shared(entry) if entry["kind"] == HISTORY else UnknownKind()
        except Refusal as refusal:
            return refusal

    async def members_changed(self, entry):
        notices = await self.membership.apply(entry)
        return Changed(notices + (meet(self.membership, self.trust) if self.membership.settled else []))

    async def keys_shared(self, entry):
        shared = read_history(self.platform, entry["body"], self.history_prefix)
        label = history_label(self.room, shared.fields)
        signed = (shared.sender, shared.signature, label + shared.sealed)
        if not all(await verified_all(self.platform, [signed])):
            raise BadSignature()
        by, to = self.membership.sharer(shared), self.membership.member(shared.recipient)
        if shared.sender == self.ours.public:
            self.steward.was_shared(shared.recipient)
        if shared.recipient != self.ours.public:
            whom = f"“{to.name}”" if to else "somebody who has left"
            return Changed([(f"“{by.name}” shared earlier messages with {whom}.", "shared")])
        keys = await open_shared(self.platform, self.ours, self.room, shared)
        taken = [self.membership.keys.take(number, key) for number, key in keys]
        return Changed([(f"“{by.name}” shared earlier messages with you.", "shared")], any(taken))

    # ------------------------------------------------------------------------------------------ people

    def changed_keys(self):
        return changed_keys(self.membership, self.trust)

    def unconfirmed(self):
        """Since when nobody has confirmed the list, if that is too long ago: seconds since 1970-01-01 UTC; else 0."""
        return self.membership.unconfirmed()

    def people(self, present):
        return people(self.platform, self.membership, self.trust, present)
