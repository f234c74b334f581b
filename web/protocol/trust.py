"""Whose key is whose, as this device has seen it: pins. Specification, level identity, section 7. Pure."""

from .encoding import Reader, exactly, is_clean_name, sized, uint, utf8_bytes
from .errors import Malformed, Problem
from .identity import checked

ENCRYPTED, SAME_KEY, VERIFIED = "encrypted", "same-key", "verified"
FORM = 1  # of the record
PINS = 10_000  # at most
IS_VERIFIED, HAS_FORMER, FORMER_WAS_VERIFIED = 1, 2, 4


class Pin:
    """The identity that a name has here.

    version          of the newest bundle seen
    verified         people have compared the numbers
    earlier          it was pinned before this page started
    former           the identity before the last change, until the change is acknowledged; else None
    former_verified  one that was verified has changed since, and that is not acknowledged
    """

    def __init__(self, name, identity, version):
        self.name = name
        self.identity = exactly(identity, 32, "identity")
        self.version = version
        self.verified = False
        self.earlier = False
        self.former = None
        self.former_verified = False

    def octets(self):
        """sized(name) || identity(32) || version(4) || flags(1) || former(32), if there is one."""
        flags = (
            (IS_VERIFIED if self.verified else 0)
            | (HAS_FORMER if self.former else 0)
            | (FORMER_WAS_VERIFIED if self.former_verified else 0)
        )
        name = sized(utf8_bytes(self.name, "name"))
        return name + self.identity + uint(self.version, 4, "version") + bytes([flags]) + (self.former or b"")


def read_pin(platform, reader):
    name = platform.utf8(reader.sized(256))
    if name is None or not is_clean_name(platform, name):
        raise Malformed("pin: not a clean name")
    pin = Pin(name, checked(reader.take(32)), reader.uint(4))
    flags = reader.uint(1)
    if flags > 7 or (flags & FORMER_WAS_VERIFIED and not flags & HAS_FORMER):
        raise Malformed("pin: unknown flags")
    pin.verified = bool(flags & IS_VERIFIED)
    pin.former = checked(reader.take(32)) if flags & HAS_FORMER else None
    pin.former_verified = bool(flags & FORMER_WAS_VERIFIED)
    pin.earlier = True
    return pin


class Trust:
    """All pins of one name of this device. `changed()` is called after each change."""

    def __init__(self, pins, changed):
        self.pins = {}
        self.names = {}  # identity -> the names that have it, as of() is asked for each message
        self.changed = changed
        for pin in pins:
            self.keep(pin)

    def keep(self, pin):
        self.pins[pin.name] = pin
        self.names.setdefault(pin.identity, []).append(pin.name)

    @classmethod
    def read(cls, platform, data, changed):
        """From octets(). Raises Malformed or BadIdentity."""
        reader = Reader(data)
        if reader.uint(1) != FORM:
            raise Malformed("pins: unknown form")
        count = reader.uint(4)
        if count > PINS:
            raise Malformed("pins: too many")
        pins = [read_pin(platform, reader) for _ in range(count)]
        trust = cls(pins, changed)
        if reader.at < len(data) or len(trust.pins) < count:
            raise Malformed("pins: more than they say, or a name twice")
        return trust

    def octets(self):
        """form(1) || count(4) || pin ..., the names in the order of their letters."""
        pins = [self.pins[name].octets() for name in sorted(self.pins)]
        return bytes([FORM]) + uint(len(pins), 4, "count") + b"".join(pins)

    def pin_of(self, name):
        """The Pin of a name, or None."""
        return self.pins.get(name)

    def of(self, identity):
        """The Pin with this identity, or None: of several names that have it, the first."""
        names = self.names.get(identity)
        return self.pins[min(names)] if names else None

    def state(self, identity):
        """ENCRYPTED, SAME_KEY or VERIFIED. After a change nothing is "as before" until that is acknowledged."""
        pin = self.of(identity)
        if pin is None:
            return ENCRYPTED
        if pin.verified:
            return VERIFIED
        return SAME_KEY if pin.earlier and pin.former is None else ENCRYPTED

    def is_full(self):
        return len(self.pins) >= PINS

    def first_contact(self, name, identity, version):
        """The new Pin of a name that has none. Raises Problem if there are too many."""
        if self.is_full():
            sentence = f"This device knows {PINS} people already, and can remember no more keys."
            raise Problem("name", "too-many-pins", sentence)
        pin = Pin(name, identity, version)
        self.keep(pin)
        self.changed()
        return pin

    def shown(self, name, bundle):
        """The directory has shown this Bundle of a name, and it was checked: no older one is believed from now on.

        Another identity than the pinned one moves the pin once it is in a list, of which people are told.
        """
        pin = self.pins.get(name)
        if pin is None and not self.is_full():
            self.first_contact(name, bundle.identity, bundle.version)
        elif pin and pin.identity == bundle.identity:
            self.moved(pin, bundle.identity, bundle.version)

    def moved(self, pin, identity, version):
        """The name has a newer bundle: another identity, or the same one again."""
        if identity != pin.identity:
            pin.former_verified = pin.verified or pin.former_verified
            pin.former = pin.identity
            self.names[pin.identity].remove(pin.name)
            pin.identity = exactly(identity, 32, "identity")
            self.keep(pin)
            pin.verified = pin.earlier = False
        pin.version = version
        self.changed()

    def acknowledge(self, pin):
        """A person has seen that the key changed."""
        pin.former, pin.former_verified = None, False
        self.changed()

    def verify(self, identity):
        """People have compared the safety number, and it was the same. Whatever changed before matters no more."""
        self.mark(identity, True)

    def unverify(self, identity):
        self.mark(identity, False)

    def mark(self, identity, verified):
        for name in self.names.get(identity, []):
            pin = self.pins[name]
            pin.verified = verified
            if verified:
                pin.former, pin.former_verified = None, False
        self.changed()
