"""Taking along what this device keeps: into a file, and from one. Beside device.py.

Specification, level identity, section 7.4. What is here already is never replaced.
"""

from device.profile import room_key
from protocol import export
from protocol.encoding import exactly, uint
from protocol.errors import Problem, Refusal
from protocol.export import DRAFT, MESSAGE, NAME, PINS, ROOM, write_item
from protocol.keeping import read_name, read_state, write_message, write_name, write_state
from protocol.levels.ratchet import Ratchet
from protocol.platform import ED25519_PKCS8
from protocol.records import id_of
from protocol.store_errors import NotKept

ALL = 1_000_000  # records of a room that are read for a file, at most
NEEDS_PASSPHRASE = "The file is locked with the passphrase of this device. Choose one first."


async def written(device, text):
    """(lines of a file with all that is kept here, how many damaged records are missing in it, and how many messages,
    the oldest, for which it has no room).

    text: the passphrase of the device, which is also that of the file. Raises Problem, or NotKept.
    """
    device.check()
    if not device.locking.chosen:
        raise Problem("passphrase", "needs-passphrase", NEEDS_PASSPHRASE)
    device.usable()
    await device.locking.secret(text)  # no file under a passphrase that was mistyped
    items, messages, damaged = [], [], 0
    for place in await device.store.keys("keys"):
        if "." not in place and place != "names":
            try:
                items += await name_items(device, place)
            except (NotKept, Refusal):
                damaged += 1
    rooms, more = await device.history.rooms()
    damaged += more
    for name, address in rooms:
        kept, more = await device.history.read(name, address, ALL)
        messages += [message_item(device.platform, name, address, *one) for one in kept]
        items += await draft_items(device, name, address)
        damaged += more
    fitting = export.what_fits(items, messages)
    return await export.write(device.platform, text, items + fitting), damaged, len(messages) - len(fitting)


async def name_items(device, place):
    """A name: its seeds, the oldest first, its pins, and the state of each of its rooms."""
    records, platform = device.records, device.platform
    name, generation, former = read_name(platform, await records.get(place))
    seeds = []
    for number in [former, generation] if former else [generation]:
        pkcs8 = await records.get(f"{place}.{number}.ed25519")
        seeds.append(exactly(pkcs8, 48, "PKCS #8")[len(ED25519_PKCS8) :])
    owner = name.encode("utf-8")
    items = [write_item(NAME, owner, *seeds), write_item(PINS, owner, await records.get(place + ".trust"))]
    for key in await records.store.keys("keys", place + ".room."):
        address, state = read_state(platform, await records.get(key))
        if address.startswith(Ratchet.id + "/"):
            continue  # two devices that go on from one state would use the same keys
        items.append(write_item(ROOM, owner, address.encode("utf-8"), state))
    return items


def message_item(platform, name, address, log, seq, record):
    """(when the relay took it, as text; item)."""
    value = write_message(log, record)
    item = write_item(MESSAGE, name.encode("utf-8"), address.encode("utf-8"), uint(seq, 8, "seq"), value)
    return platform.utf8(record.get("at", b"")) or "", item


async def draft_items(device, name, address):
    draft = await device.history.draft(name, address)
    return [write_item(DRAFT, name.encode("utf-8"), address.encode("utf-8"), draft.encode("utf-8"))] if draft else []


class Taken:
    """What came of a file. names: those that are here now; there: those that were here already, and stay as they were;
    messages: kept now; left_out: messages and drafts that are not, since this device keeps none."""

    def __init__(self):
        self.names, self.there = [], []
        self.messages = self.left_out = 0


async def taken_over(device, content, text):
    """Taken of a file's content; text: its passphrase. Raises Problem: then nothing was taken over. Raises NotKept."""
    device.usable()
    content = await export.read(device.platform, text, content)
    taken = await device.alone(take_names, device, content.names)
    for messages in content.messages.values():
        taken.messages += len(messages)
    if device.history.on:
        for (name, address), messages in content.messages.items():
            await device.history.take_over(name, address, messages)
        for (name, address), draft in content.drafts.items():
            if not await device.history.draft(name, address):
                await device.history.keep_draft(name, address, draft)
    else:
        taken.left_out, taken.messages = taken.messages + len(content.drafts), 0
    return taken


async def take_names(device, names):
    """Stores all names that are not here, at once."""
    taken, records, put = Taken(), device.records, []
    for name in sorted(names):
        place = id_of(device.platform, device.names_key, name)
        if await records.store.keys("keys", place):
            taken.there.append(name)
        else:
            put += await name_records(device, place, name, *names[name])
            taken.names.append(name)
    if put:
        await records.store.put_all(put)
    return taken


async def name_records(device, place, name, seeds, pins, rooms):
    records, generation = device.records, len(seeds)
    put = [await records.sealed(place, write_name(name, generation, generation - 1))]
    put.append(await records.sealed(place + ".trust", pins))
    for number, seed in enumerate(seeds):
        put += await records.wrapped(f"{place}.{number + 1}", seed)
    for address, state in rooms:
        key = room_key(device, place, name, address)
        put.append(await records.sealed(key, write_state(address, state)))
    return put
