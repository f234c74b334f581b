"""The key of an epoch: made, wrapped to each member, opened, shared. Specification, level identity, 5.5, 5.7, 6. Pure.

An epoch's key is 32 bytes here and no handle: a member hands it on, wrapped, to whoever may have it.
"""

from .encoding import sized, uint
from .hkdf import hkdf
from .hpke import open_base, seal_base
from .identity import LABEL, x25519_of
from .identity_bodies import history_fields
from .identity_envelope import epoch_fields
from .identity_errors import BadWrap, OtherKey
from .roster import sign_epoch

KEY = 32  # bytes


def commitment(key):
    """What an epoch's wrapper signs of its key, so that no member can be given another one unnoticed."""
    return hkdf(key, b"", LABEL + b"commitment")


def wrap_info(room, number, list_hash, wrapper):
    return LABEL + b"wrap" + sized(room) + uint(number, 8, "epoch") + list_hash + wrapper


async def begin(platform, ours, room, list_hash, number, members):
    """A new epoch on a list: its part of a body, signed. `room` is its name as UTF-8, members those of the list."""
    key, info = platform.random(KEY), wrap_info(room, number, list_hash, ours.public)
    wrapped = []
    for member in members:
        wrapped.append(await seal_base(platform, x25519_of(member.identity), info, b"", key))
    fields = epoch_fields(number, ours.public, commitment(key), wrapped)
    return await sign_epoch(platform, ours, room, list_hash, fields)


async def unwrap(platform, ours, room, state):
    """The key of the epoch that a Roster has as its newest; None if we are not in its list. Raises BadWrap."""
    identities = [member.identity for member in state.list.members]
    if ours.public not in identities:
        return None
    epoch = state.current
    info = wrap_info(room, epoch.number, state.list_hash, epoch.wrapper)
    wrapped = epoch.wrapped[identities.index(ours.public)]
    key = await open_base(platform, ours.x25519_private, ours.x25519_public, info, b"", wrapped)
    if key is None or commitment(key) != epoch.commitment:
        raise BadWrap()
    return key


async def message_key(platform, key, session, sender):
    """An AES-256-GCM handle, for what this sender(32) seals in one session(16) and epoch."""
    return await platform.aes_key(hkdf(key, session, LABEL + b"key" + sender))


# Former keys, for a member who was added later


def history_label(room, fields):
    return LABEL + b"history" + sized(room) + fields


async def share(platform, ours, room, recipient, first, keys):
    """fields || sealed || signature, for an identity: the keys of the epochs from number `first` on."""
    fields = history_fields(ours.public, recipient, first, len(keys))
    label = history_label(room, fields)
    sealed = await seal_base(platform, x25519_of(recipient), label, b"", b"".join(keys))
    return fields + sealed + await platform.ed25519_sign(ours.signing, label + sealed)


async def open_shared(platform, ours, room, entry):
    """[(number, key)] of a HistoryEntry made for us. Raises OtherKey."""
    label = history_label(room, entry.fields)
    opened = await open_base(platform, ours.x25519_private, ours.x25519_public, label, b"", entry.sealed)
    if opened is None or len(opened) != KEY * entry.count:
        raise OtherKey()
    return [(entry.first + i, opened[KEY * i : KEY * (i + 1)]) for i in range(entry.count)]
