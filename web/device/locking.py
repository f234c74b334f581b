"""The passphrase of this device: choosing, changing and removing it, locking and unlocking. Beside device.py.

Specification, level identity, section 7.2.
"""

from browser import clock
from protocol.errors import Problem
from protocol.records import Records, octets_of
from protocol.store_errors import NotKept
from protocol.vault import STORE, unwrap, wrap

VAULT, IDLE = ("profile", "vault"), ("profile", "idle")
LONGEST_IDLE = 1_440  # minutes
LOOK = 20  # seconds between two looks at the clocks
KEEPING = "What is kept of your rooms is locked with this passphrase. Stop keeping it first."


class Locking:
    """chosen: there is a passphrase. locked: it was not given yet, or the device was locked since.

    minutes: without a sign of the person until it locks by itself, 0 for never
    """

    def __init__(self, device):
        self.device = device
        self.platform = device.platform
        self.minutes = 0
        self.seen = (0, 0)
        self.watching = False

    @property
    def chosen(self):
        return self.device.records is not None and self.device.records.layered

    @property
    def locked(self):
        return self.chosen and self.device.records.layer_key is None

    async def load(self):
        store = self.device.store
        self.device.records.layered = await store.get(*VAULT) is not None
        minutes = await store.get(*IDLE)
        self.minutes = int(minutes) if type(minutes) is str and minutes.isdigit() else 0

    def vault(self, wrapped):
        return VAULT + (self.platform.base64url(wrapped),)

    async def secret(self, text):
        """The store key(32) that the passphrase wraps. Raises Problem or NotKept."""
        self.device.check()
        if not self.chosen:
            raise Problem("passphrase", "none-chosen", "This device has no passphrase. Choose one first.")
        value = await self.device.store.get(*VAULT)
        return await unwrap(self.platform, text, STORE, octets_of(self.platform, value))

    # ------------------------------------------------------------------------------------------ the passphrase

    async def choose(self, text):
        """From now on all keys are sealed under it too. Raises Problem, or NotKept: then nothing has changed."""
        self.device.check()
        if self.chosen:
            raise Problem("passphrase", "chosen", "This device has a passphrase already. Change it instead.")
        secret = self.platform.random(32)
        wrapped = await wrap(self.platform, text, STORE, secret)
        await self.device.alone(self.seal_anew, await self.platform.aes_key(secret), [self.vault(wrapped)], [])
        self.active()

    async def change(self, old, new):
        """Wraps the same key anew, so nothing else is written. Raises as choose()."""
        wrapped = await wrap(self.platform, new, STORE, await self.secret(old))
        await self.device.store.put_all([self.vault(wrapped)])

    async def remove(self, text):
        """The keys are then sealed under the key of the profile alone. Raises as choose()."""
        await self.secret(text)
        if self.device.history.on:
            raise Problem("passphrase", "history-on", KEEPING)
        await self.unlock(text)
        await self.device.alone(self.seal_anew, None, [], [VAULT])

    async def seal_anew(self, layer_key, put, gone):
        records = self.device.records
        layered = layer_key is not None
        other = Records(self.platform, records.store, records.profile_key, layered, layer_key)
        await records.store.put_all(await records.moved_to(other) + put, gone)
        records.layered, records.layer_key = layered, layer_key

    # ------------------------------------------------------------------------------------------ the lock

    async def unlock(self, text):
        """Raises Problem, or NotKept."""
        secret = await self.secret(text)
        self.device.records.layer_key = await self.platform.aes_key(secret)
        try:
            await self.device.load_names()
        except NotKept:
            self.device.records.layer_key = None
            raise
        self.active()

    async def lock(self):
        """Leaves all rooms and forgets the keys that open the stores."""
        if self.chosen and not self.locked:
            await self.device.leave_all()
            self.device.records.layer_key = self.device.names_key = None
            self.device.history.logs = {}

    async def idle_after(self, minutes):
        """Locks by itself after so many minutes; 0 for never. Raises Problem or NotKept."""
        if type(minutes) is not int or not 0 <= minutes <= LONGEST_IDLE:
            raise Problem("minutes", "bad-minutes", f"Give a number of minutes from 0 (never) to {LONGEST_IDLE}.")
        self.device.check()
        await self.device.store.put_all([IDLE + (str(minutes),)])
        self.minutes = minutes
        self.active()

    def active(self):
        """The person does something: to be called at each sign of that."""
        self.seen = clock.seconds(), self.platform.time()
        if self.minutes and not self.watching:
            self.watching = True
            clock.after(LOOK, self.look)

    async def look(self):
        # Of two clocks the one that says more: one stands still while a computer sleeps, the other can be set back.
        idle = max(clock.seconds() - self.seen[0], self.platform.time() - self.seen[1])
        self.watching = bool(self.minutes and self.chosen and not self.locked)
        if not self.watching:
            return
        if idle >= self.minutes * 60:
            self.watching = False
            await self.lock()
        else:
            clock.after(LOOK, self.look)
