"""Slowly derived keys, by the public values they are derived with. Specification, section 2.5. Pure.

Anyone who can write to a room can make the page derive keys by sending new salts. So unknown ones are derived one at a
time and at most ten a minute, beside the messages whose keys are known, which are never delayed.
"""

PER_MINUTE = 10
WANTED = 100  # at most so many wait; the oldest wish is forgotten first, until want() makes it again


class KeyRing:
    """`derive(name) -> key handle` is slow and async, or None where no key is slow; a name is the bytes of the
    salt and the cost."""

    def __init__(self, platform, derive):
        self.platform = platform
        self.derive = derive
        self.keys = {}
        self.wanted = []
        self.starts = []
        self.deriving = None  # the name under way

    def awaits_first(self):
        """Whether there is a slow key to come, and none so far."""
        return self.derive is not None and not self.keys

    def get(self, name):
        """The key, or None, and then it is wanted."""
        self.want(name)
        return self.keys.get(name)

    def want(self, name):
        """Wishes for a key, also for one whose wish was forgotten; nothing if it is known, wished for or under way."""
        if name in self.keys or name in self.wanted or name == self.deriving:
            return
        self.wanted.append(name)
        if len(self.wanted) > WANTED:
            self.wanted.pop(0)

    def wait(self):
        """Seconds until the next derivation may start, 0.0 for now, or None if none is wanted or one is under way."""
        if self.deriving or not self.wanted:
            return None
        now = self.platform.seconds()
        self.starts = [start for start in self.starts if now - start < 60]
        if len(self.starts) < PER_MINUTE:
            return 0.0
        return 60 - (now - self.starts[0])

    async def derive_next(self):
        """Derives the newest wish, as newer messages matter more; call only when wait() is 0.0. Returns (name, key)."""
        name = self.wanted.pop()
        self.starts.append(self.platform.seconds())
        return name, await self.derived(name)

    def keep(self, name, key):
        """From now on `name` is known. Not at once: a message read meanwhile would open before those that waited."""
        self.keys[name] = key
        self.deriving = None
        if name in self.wanted:
            self.wanted.remove(name)

    async def add(self, name):
        """Derives the key of `name` and keeps it: our own, which no one can make us derive, so it does not count."""
        self.keep(name, await self.derived(name))

    async def derived(self, name):
        self.deriving = name
        try:
            return await self.derive(name)
        except Exception:
            self.deriving = None
            raise
