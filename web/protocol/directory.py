"""The directory of public keys: bundles as our device signs them, and what the relay shows of others, checked.

Specification, level identity, section 4. Pure. Nothing that the directory says is believed unchecked.
"""

from .encoding import Reader, exactly, from_base64url, sized, uint, utf8_bytes
from .envelope import SIGNATURE
from .errors import BadInput, Malformed, Refusal
from .identity import LABEL, checked, verified_all
from .identity_errors import BadBundle, OldBundle, OtherIdentity

PREFIX = "bundle-1."
NOBODY = bytes(32)  # in place of an identity that comes before


def bundle_fields(identity, name, version, previous):
    """identity(32) || sized(name) || version(4) || previous(32)."""
    named = sized(utf8_bytes(name, "name"))
    return exactly(identity, 32, "identity") + named + uint(version, 4, "version") + exactly(previous, 32, "previous")


def bundle_bytes(fields):
    """What the identity signs."""
    return LABEL + b"bundle" + fields


def rotation_bytes(fields):
    """What the identity before signs, to hand the name over."""
    return LABEL + b"rotation" + fields


# What we publish


async def first_bundle(platform, ours, name):
    """The bundle that takes a name which nobody has. `ours` is an OurIdentity; name: clean, as people see it."""
    return await signed(platform, ours, bundle_fields(ours.public, name, 1, NOBODY))


async def renewal(platform, ours, name, last):
    """The one after `last`, a Bundle of the same identity."""
    if last.identity != ours.public:
        raise BadInput("last: need a bundle of our own identity")
    return await signed(platform, ours, bundle_fields(ours.public, name, last.version + 1, ours.public))


async def rotation(platform, ours_new, ours_old, name, last):
    """The one that hands the name from our old identity, that of the Bundle `last`, over to our new one."""
    if last.identity != ours_old.public or ours_new.public == ours_old.public:
        raise BadInput("last: need a bundle of our old identity, and a new one that is another")
    fields = bundle_fields(ours_new.public, name, last.version + 1, ours_old.public)
    handover = await platform.ed25519_sign(ours_old.signing, rotation_bytes(fields))
    return await signed(platform, ours_new, fields, handover)


async def signed(platform, ours, fields, handover=b""):
    signature = await platform.ed25519_sign(ours.signing, bundle_bytes(fields))
    return PREFIX + platform.base64url(fields + signature + handover)


# What others have published


class Bundle:
    """One that was read. As a pin (identity, version) it stands for what its name was seen with.

    identity  32 bytes
    version   from 1
    previous  the identity before: NOBODY, or its own in a renewal
    signed    (identity, signature, message) of each signature that it needs
    """

    def __init__(self, platform, name, text):
        """Of a name, from the directory's text. Raises Malformed or BadIdentity; signatures are not verified yet."""
        if not text.startswith(PREFIX):
            raise Malformed("bundle: another form")
        reader, named = Reader(from_base64url(platform, text[len(PREFIX) :], "bundle")), utf8_bytes(name, "name")
        self.identity = checked(reader.take(32))
        if reader.sized(len(named)) != named:
            raise Malformed("bundle: of another name")
        self.version = reader.uint(4)
        self.previous = reader.take(32)
        fields = reader.data[: reader.at]
        self.signed = [(self.identity, reader.take(SIGNATURE), bundle_bytes(fields))]
        if self.previous not in (NOBODY, self.identity):
            self.signed.append((checked(self.previous), reader.take(SIGNATURE), rotation_bytes(fields)))
        if reader.at < len(reader.data):
            raise Malformed("bundle: too long")
        if self.version == 0 or (self.version == 1) != (self.previous == NOBODY):
            raise Malformed("bundle: the first has version 1, and no other has")


async def check(platform, name, bundles, pin=None):
    """The newest Bundle of those that a `found` has for a name, or None if there are none.

    pin: what is known of the name already, anything with identity(32) and version, 0 if none was seen; None at first
    contact. The newest takes its place. Raises BadBundle, OldBundle or OtherIdentity, and then the pin stays.
    """
    chain = read_chain(platform, name, bundles)
    if not chain:
        return None
    if not all(await verified_all(platform, [one for bundle in chain for one in bundle.signed])):
        raise BadBundle()
    if pin:
        check_follows(pin, chain)
    return chain[-1]


def read_chain(platform, name, bundles):
    """Bundles of rising versions, from the directory's texts. Raises BadBundle."""
    try:
        chain = [Bundle(platform, name, text) for text in bundles]
    except Refusal:
        raise BadBundle()
    versions = [bundle.version for bundle in chain]
    if versions != sorted(set(versions)):
        raise BadBundle()
    return chain


def check_follows(pin, chain):
    """That the newest bundle is of the pinned identity, or one rotation after another leads to it from there."""
    identity = chain[-1].identity
    if chain[-1].version < pin.version:
        raise OldBundle()
    for bundle in reversed(chain):
        if identity == pin.identity:
            return
        # At the pinned version the name had the pinned identity, so nothing from before can have handed it over.
        if bundle.identity != identity or bundle.version <= pin.version:
            break
        identity = bundle.previous
    if identity != pin.identity:
        raise OtherIdentity()
