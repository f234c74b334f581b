"""Messages of level identity: sealed, and opened at once or when former keys are shared. Its specification, 6. Pure."""

from ..encoding import sized
from ..envelope import text_bytes
from ..errors import BadInput, Refusal
from ..identity import LABEL
from ..identity_bodies import message_fields, read_message, write
from ..identity_errors import ForkedList, NotAMember, NotForYou, OldEpoch, OtherKey
from ..padding import pad
from . import Opened
from .anchors import Anchors
from .senders import Senders
from .signed_texts import SignedTexts, nonce

SHUT = 1_000  # messages without a key, kept until former keys are shared


def header(room, fields):
    """What is authenticated besides the ciphertext: label || sized(room) || the fields as they stand in the body."""
    return LABEL + b"header" + sized(room) + fields


class Messages(SignedTexts):
    """Those of one session. trust: a Trust; prefix: of a body."""

    def __init__(self, platform, membership, trust, prefix):
        self.platform = platform
        self.membership = membership
        self.room = membership.room
        self.ours = membership.ours
        self.trust = trust
        self.prefix = prefix
        self.session = platform.random(16)
        self.counter = 0
        self.senders = Senders()
        self.anchors = Anchors()
        self.shut = {}  # seq -> (MessageBody, name, warnings)

    def new_log(self):
        self.anchors = Anchors()
        self.shut = {}

    def header_of(self, body):
        return header(self.room, body.fields)

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

    async def open(self, entries):
        """Form and signature in one batch; then order, one by one; then keys and ciphertexts in another batch."""
        outcomes = [self.look_at(entry) for entry in entries]
        await self.check_signatures(outcomes)
        for i, entry in enumerate(entries):
            self.anchors.note(entry["seq"], entry["body"])
            if not isinstance(outcomes[i], Refusal):
                outcomes[i] = self.judged(entry["seq"], outcomes[i])
        await self.decrypt(entries, outcomes)
        return outcomes

    def look_at(self, entry):
        try:
            return read_message(self.platform, entry["body"], self.prefix)
        except Refusal as refusal:
            return refusal

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
            text = self.text_of(padded)
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
