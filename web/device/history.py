"""What is kept of rooms on this device, if the person wants that: messages and drafts. Beside device.py.

Specification, level identity, section 7.3. Only with a passphrase of the device, under whose key each record is sealed.
"""

from protocol.encoding import utf8_bytes
from protocol.errors import Problem, Refusal
from protocol.keeping import message_key, read_message, read_room, seq_of, write_message, write_room
from protocol.records import NONCE, TAG, id_of, octets_of, opened, place, seal
from protocol.store_errors import NotKept

SETTING = ("profile", "history")
STORE, ABOUT, DRAFT = "history", ".about", ".draft"
BATCH = 100  # records read at once
NEWEST = 1_000  # records of a room that are read, at most
NEEDS_PASSPHRASE = "What is kept of rooms is locked with a passphrase of this device. Choose one first."


class History:
    """`on`: messages are kept. Whoever calls gives the name under which the person is in the room, and its address."""

    def __init__(self, device):
        self.device = device
        self.platform = device.platform
        self.on = False
        self.logs = {}  # room -> the logs whose numbers are in its keys

    @property
    def store(self):
        return self.device.store

    async def load(self):
        self.on = self.device.locking.chosen and await self.store.get(*SETTING) is not None

    async def keep(self):
        """From now on messages are kept. Raises Problem, or NotKept."""
        self.device.check()
        if not self.device.locking.chosen:
            raise Problem("history", "needs-passphrase", NEEDS_PASSPHRASE)
        self.device.usable()
        await self.store.put_all([SETTING + ("on",)])
        self.on = True

    async def stop(self):
        """Erases all that is kept, and keeps nothing more. Raises NotKept."""
        self.device.check()
        self.on = False
        self.logs = {}
        await self.store.delete(STORE, "")
        await self.store.delete(*SETTING)

    # ------------------------------------------------------------------------------------------ sealing

    def room(self, name, address):
        self.device.usable()
        key = self.device.names_key
        return f"{id_of(self.platform, key, name)}.{id_of(self.platform, key, name, address)}"

    async def sealed(self, key, data):
        """(store, key, value)."""
        octets = await seal(self.platform, self.device.records.layer_key, place(STORE, key), data)
        return STORE, key, self.platform.base64url(octets)

    async def one(self, key):
        """The data of a record, or None. Raises NotKept."""
        value = await self.store.get(STORE, key)
        if value is None:
            return None
        layer_key, octets = self.device.records.layer_key, octets_of(self.platform, value)
        data = await opened(self.platform, layer_key, place(STORE, key), octets)
        if data is None:
            raise NotKept("store-damaged")
        return data

    async def logs_of(self, room):
        """The logs of a room, in the order in which they were met. Raises NotKept."""
        if room not in self.logs:
            about = await self.one(room + ABOUT)
            try:
                self.logs[room] = read_room(self.platform, about)[2] if about else []
            except Refusal:
                raise NotKept("store-damaged")
        return self.logs[room]

    # ------------------------------------------------------------------------------------------ messages

    async def append(self, name, address, log, seq, record):
        """Keeps a dict of text -> bytes, in the place of what was kept of this entry before; nothing if it is not on.

        Raises NotKept: then all that was kept before is there still.
        """
        if self.on:
            await self.put(self.room(name, address), name, address, [(log, seq, record)])

    async def put(self, room, name, address, messages, but=()):
        """Keeps each (log, seq, record), all at once, except where a key is in `but`."""
        logs, records = list(await self.logs_of(room)), []
        for log, seq, record in messages:
            if log not in logs:
                logs.append(log)
                records.append(await self.sealed(room + ABOUT, write_room(name, address, logs)))
            key = message_key(room, logs.index(log), seq)
            if key not in but:
                records.append(await self.sealed(key, write_message(log, record)))
        if records:
            await self.store.put_all(records)
        self.logs[room] = logs

    async def take_over(self, name, address, messages):
        """Keeps messages of another device, those that are not here."""
        room = self.room(name, address)
        known = await self.store.keys(STORE, room + ".")
        for start in range(0, len(messages), BATCH):
            await self.put(room, name, address, messages[start : start + BATCH], known)

    async def rooms(self):
        """(name, address) of each room of which anything is kept, and how many more there are that are damaged."""
        found, damaged = [], 0
        for key in await self.store.keys(STORE):
            if key.endswith(ABOUT):
                try:
                    found.append(read_room(self.platform, await self.one(key))[:2])
                except (NotKept, Refusal):
                    damaged += 1
        return found, damaged

    async def read(self, name, address, newest=NEWEST):
        """([(log, seq, record)] of the newest entries, in their order; how many of them were damaged)."""
        room, found = self.room(name, address), []
        keys = [key for key in await self.store.keys(STORE, room + ".") if seq_of(key) is not None][-newest:]
        for start in range(0, len(keys), BATCH):
            batch = keys[start : start + BATCH]
            found += await self.opened(await self.store.entries(STORE, batch[0], batch[-1]))
        read = [one for one in found if one is not None]
        return read, len(found) - len(read)

    async def opened(self, entries):
        """(log, seq, record) of each (key, value), or None."""
        sealed = []
        for key, value in entries:
            try:
                octets = octets_of(self.platform, value)
            except NotKept:
                octets = bytes(NONCE + TAG)
            sealed.append((self.device.records.layer_key, octets[:NONCE], octets[NONCE:], place(STORE, key)))
        opened_all = await self.platform.aes_gcm_open_all(sealed)
        return [self.message(key, data) for (key, _), data in zip(entries, opened_all)]

    def message(self, key, data):
        try:
            log, record = read_message(self.platform, data or b"")
        except Refusal:
            return None
        return log, seq_of(key), record

    # ------------------------------------------------------------------------------------------ drafts

    async def draft(self, name, address):
        """The text that was begun, or "". Raises NotKept."""
        return self.platform.utf8(await self.one(self.room(name, address) + DRAFT) or b"") or ""

    async def keep_draft(self, name, address, text):
        """Keeps it in the place of the one before, or forgets that for ""; nothing if it is not on. Raises NotKept."""
        if not self.on:
            return
        key = self.room(name, address) + DRAFT
        if text:
            await self.store.put_all([await self.sealed(key, utf8_bytes(text, "text"))])
        else:
            await self.store.delete(STORE, key)
