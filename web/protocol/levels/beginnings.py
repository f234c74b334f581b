"""How a conversation at level ratchet is begun: by us, the other, or a third. Its specification, 5. Pure.

Each function changes the Record that it is given; ratchet.py stores it, or drops it.
"""

from ..double_ratchet import decrypt, encrypt, init_alice, init_bob
from ..errors import BadSignature
from ..identity import verified_all
from ..ratchet_bodies import begin_bytes, begin_fields, read_begin, session_of, write_begin
from ..ratchet_errors import BegunAgain, NotOfThisPair, PrekeyGone
from ..ratchet_record import Thread
from ..x3dh import associated_data, initiate, respond


class Beginnings:
    """room: bytes; entrance: as Ratchet has it."""

    def __init__(self, platform, room, entrance):
        self.platform = platform
        self.room = room
        self.entrance = entrance
        self.ours = entrance.ours

    async def begin(self, record, used, prekeys, name):
        """A session with whom prekeys are of, whose name this is: its beginning is pending from then on. Raises
        BadPrekeys."""
        sk, initial = await initiate(self.platform, self.ours, prekeys)
        ad = associated_data(self.ours.public, prekeys.identity, self.room)
        state = await init_alice(self.platform, sk, prekeys.spk)
        state, head, ciphertext = await encrypt(self.platform, state, b"", ad)
        fields = begin_fields(initial, self.entrance.name, prekeys.identity, name, record.is_lost())
        signed = begin_bytes(self.room, fields, head, ciphertext)
        signature = await self.platform.ed25519_sign(self.ours.signing, signed)
        record.threads = [one for one in record.threads if one.rank]
        record.threads.append(Thread(session_of(initial), 0, (prekeys.identity, name), ad, state))
        record.pending = write_begin(self.platform, fields, head, ciphertext, signature)

    async def read(self, record, used, body):
        """(Begin, whether it is the room's first) of a beginning that counts. The one-time prekeys that it needed are
        in `used`. Raises a Refusal."""
        begin = read_begin(self.platform, body)
        signed = begin_bytes(self.room, begin.fields, begin.head, begin.ciphertext)
        if not all(await verified_all(self.platform, [(begin.initial.identity, begin.signature, signed)])):
            raise BadSignature()
        if record.pair and begin.initial.identity not in record.pair:
            raise NotOfThisPair()
        if begin.session in record.used:
            raise BegunAgain()
        is_first, pair = not record.pair, (begin.initial.identity, begin.recipient)
        if begin.recipient == self.ours.public:
            if self.lacks(begin.initial):
                record.pair, record.names = pair, (begin.name, begin.recipient_name)
                raise PrekeyGone()
            await self.answer(record, used, begin)
        elif begin.initial.identity == self.ours.public:
            landed(record, begin)
        record.use(begin.session)
        record.pending = ""  # it is in the log now, or another is in its place
        record.pair, record.names = pair, (begin.name, begin.recipient_name)
        return begin, is_first

    def lacks(self, initial):
        """Whether this device does not have the prekeys of a beginning, or no more."""
        pair = self.entrance.prekeys.pair
        return pair(initial.spk) is None or (initial.opk is not None and pair(initial.opk) is None)

    async def answer(self, record, used, begin):
        """The other began a session with us. Raises DoesNotOpen."""
        initial, pair = begin.initial, self.entrance.prekeys.pair
        spk, opk = pair(initial.spk), initial.opk and pair(initial.opk)
        sk = await respond(self.platform, self.ours, initial, spk, opk)
        ad = associated_data(initial.identity, self.ours.public, self.room)
        now, state = self.platform.time(), init_bob(sk, spk)
        state, _ = await decrypt(self.platform, state, begin.head, begin.ciphertext, ad, now)
        if begin.lost:
            record.threads = [one for one in record.threads if not one.rank]
            record.unsent = [(body, text, True) for body, text, _ in record.unsent]
        record.begun(Thread(begin.session, 0, (initial.identity, begin.name), ad, state))
        if initial.opk:
            used.append(initial.opk)


def landed(record, begin):
    """Our own beginning was read."""
    thread = record.thread(begin.session)
    if thread:
        record.begun(thread)
    else:  # by a copy of this device, or by this one before it was cleared
        record.threads = []


def told(begin, is_first, ours):
    """[(sentence, code)] of a beginning; ours: our identity."""
    who = "You" if begin.initial.identity == ours else f"“{begin.name}”"
    whom = "you" if begin.recipient == ours else f"“{begin.recipient_name}”"
    if is_first:
        return [(f"{who} began this conversation with {whom}.", "begun")]
    return [(f"{who} began the conversation with {whom} anew: with new keys.", "begun-anew")]
