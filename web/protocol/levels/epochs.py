"""The keys of a room's epochs, as far as this device has them. Specification, level identity, 5.4 to 6. Pure."""

from ..epoch import commitment, message_key, unwrap
from ..identity_errors import BadWrap

AGE, MESSAGES = 86_400, 1_000  # seconds, and messages of all together: then an epoch is over
EPOCHS = 5_000  # commitments kept; of older epochs no shared key is taken any more
MESSAGE_KEYS = 1_000  # kept at once; a forgotten one is derived again


class Epochs:
    def __init__(self, platform, ours, room):
        self.platform = platform
        self.ours = ours
        self.room = room
        self.commitments = {}  # number -> commitment
        self.keys = {}  # number -> key(32)
        self.message_keys = {}  # (number, session, sender) -> handle
        self.state = None  # the Roster with the newest epoch
        self.since = 0
        self.messages = 0
        self.is_wrong = False  # we were given no key of the newest epoch, or another than its commitment's

    async def turn(self, roster):
        """The newest state of the room, with our wrapped key of its epoch. Whether that was right."""
        self.state = roster
        epoch = roster.current
        if epoch is None:
            return True
        self.commitments[epoch.number] = epoch.commitment
        if len(self.commitments) > EPOCHS:
            self.commitments.pop(min(self.commitments))
        self.since, self.messages = self.platform.time(), 0
        try:
            key = await unwrap(self.platform, self.ours, self.room, roster)
        except BadWrap:
            self.is_wrong = True
            return False
        self.is_wrong = False
        if key is not None:
            self.keys[epoch.number] = key
        return True

    def take(self, number, key):
        """A former key that a member shared; whether it is that of its epoch."""
        if self.commitments.get(number) != commitment(key):
            return False
        self.keys[number] = key
        return True

    def former(self, most):
        """(first number, keys) of the newest epochs before the current one, as far as they have no gap."""
        number, keys = self.state.epoch - 1, []
        while number in self.keys and len(keys) < most:
            keys.insert(0, self.keys[number])
            number -= 1
        return number + 1, keys

    def can_seal(self):
        """Whether there is a key of the newest epoch that may still be used."""
        return not self.is_wrong and not self.is_over()

    def is_over(self):
        """Whether who wants to write has to begin a new epoch."""
        return self.messages >= MESSAGES or self.platform.time() - self.since >= AGE

    async def message_key(self, number, session, sender):
        """None if there is no key of this epoch."""
        name = (number, session, sender)
        if name not in self.message_keys:
            key = self.keys.get(number)
            if key is None:
                return None
            if len(self.message_keys) >= MESSAGE_KEYS:
                self.message_keys = {}
            self.message_keys[name] = await message_key(self.platform, key, session, sender)
        return self.message_keys[name]
