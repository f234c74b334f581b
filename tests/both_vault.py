"""What a passphrase of a device locks, on CPython and, in the page, on MicroPython: checks as of both.py."""

from both_device import damaged, records_of, refuses, same
from protocol import export, keeping
from protocol.encoding import uint
from protocol.envelope import PBKDF2
from protocol.errors import BadInput, Malformed, Problem, Refusal
from protocol.records import Records
from protocol.trust import Pin, Trust
from protocol.vault import FILE, STORE, WRAPPED, unwrap, wrap

WORDS, SECRET = "correct horse battery staple", bytes(range(32))
ONE = bytes.fromhex("03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8")


class Counting:
    """A platform without Argon2id, which tells what it derived, and derives nothing twice. One passphrase only."""

    def __init__(self, platform):
        self.platform = platform
        self.derived = []
        self.roots = {}

    def __getattr__(self, name):
        return getattr(self.platform, name)

    def argon2id_secret(self, passphrase):
        return None

    async def argon2id_root(self, *given):
        return None

    def argon2id_forget(self, secret):
        pass

    async def pbkdf2_root(self, key, salt, iterations):
        if salt not in self.roots:
            self.derived.append(iterations)
            self.roots[salt] = await self.platform.pbkdf2_root(key, salt, iterations)
        return self.roots[salt]


async def problem(work):
    try:
        await work
    except Problem as error:
        return error.code
    return "accepted"


# The passphrase


async def check_a_secret_comes_back_with_its_passphrase_alone(platform, given):
    wrapped = await wrap(platform, WORDS, STORE, SECRET)
    same((len(wrapped), wrapped[0], SECRET in wrapped), (WRAPPED, 2, False))
    same(await unwrap(platform, WORDS, STORE, wrapped), SECRET)
    same(await problem(unwrap(platform, WORDS + " ", STORE, wrapped)), "wrong-device-passphrase")
    same(await problem(unwrap(platform, WORDS, FILE, wrapped)), "wrong-device-passphrase", "another purpose")
    same(await problem(unwrap(platform, "", STORE, wrapped)), "passphrase-empty")
    assert wrapped[5:21] != (await wrap(platform, WORDS, STORE, SECRET))[5:21]
    same(await unwrap(platform, "Zo\u00eb", STORE, await wrap(platform, "Zoe\u0308", STORE, SECRET)), SECRET)


async def check_a_wrapped_secret_that_was_changed_is_damaged_and_never_derived_at_any_price(platform, given):
    counting = Counting(platform)
    wrapped = await wrap(counting, WORDS, STORE, SECRET)
    same((wrapped[0], counting.derived), (PBKDF2, [600_000]))
    costs = [
        uint(kdf, 1, "kdf") + uint(cost, 4, "cost") for kdf, cost in ((1, 1), (1, 10_000_001), (2, 0), (3, 600_000))
    ]
    for wrong in [cost + wrapped[5:] for cost in costs] + [wrapped[:-1], wrapped + b"\0", wrapped[:20], b""]:
        same(await damaged(unwrap(counting, WORDS, STORE, wrong)), "store-damaged", wrong[:5])
    same(counting.derived, [600_000])
    for at in (10, 25, 80):
        changed = wrapped[:at] + bytes([wrapped[at] ^ 1]) + wrapped[at + 1 :]
        same(await problem(unwrap(counting, WORDS, STORE, changed)), "wrong-device-passphrase", at)
    same(counting.derived, [600_000] * 2, "another salt is another key")


async def check_a_page_without_argon2id_says_so(platform, given):
    wrapped = await wrap(platform, WORDS, STORE, SECRET)
    same(await problem(unwrap(Counting(platform), WORDS, STORE, wrapped)), "kdf-unavailable")


async def check_a_second_layer_opens_with_its_key_alone_and_comes_off_again(platform, given):
    plain = await records_of(platform)
    await plain.put("a", b"one")
    await plain.store.put_all(await plain.wrapped("b", SECRET))
    await plain.store.put_all([("keys", "x", "damaged")])
    identity = (await plain.unwrapped("b")).public
    layered = Records(platform, plain.store, plain.profile_key, True, await platform.aes_key(bytes(32)))
    await plain.store.put_all(await plain.moved_to(layered))
    same([await layered.get("a"), (await layered.unwrapped("b")).public], [b"one", identity])
    same([await damaged(plain.get("a")), await damaged(layered.get("x"))], ["store-damaged"] * 2)
    await layered.put("c", b"three")
    locked = Records(platform, plain.store, plain.profile_key, True)
    for work in (locked.get("a"), locked.put("a", b""), locked.unwrapped("b"), locked.moved_to(plain)):
        same(await damaged(work), "device-locked")
    other = Records(platform, plain.store, plain.profile_key, True, await platform.aes_key(SECRET))
    same(await damaged(other.get("a")), "store-damaged")
    await plain.store.put_all(await layered.moved_to(plain))
    same(
        [await plain.get("a"), await plain.get("c"), (await plain.unwrapped("b")).public], [b"one", b"three", identity]
    )


# What records hold


async def check_what_a_record_holds_is_read_as_it_was_written(platform, given):
    record = {"text": "é".encode(), "": b"", "state": bytes(70_000)}
    log, read = keeping.read_message(platform, keeping.write_message("log 1", record))
    same((log, read), ("log 1", record))
    same(keeping.read_name(platform, keeping.write_name("Zo\u00eb", 2**32 - 1, 7)), ("Zo\u00eb", 2**32 - 1, 7))
    same(keeping.read_state(platform, keeping.write_state("identity/a", b"s")), ("identity/a", b"s"))
    same(keeping.read_room(platform, keeping.write_room("Al", "a/b", ["1", "2"])), ("Al", "a/b", ["1", "2"]))
    keys = [keeping.message_key("p.r", log, seq) for log, seq in ((0, 1), (0, 16), (0, 2**53), (2, 0), (10, 3))]
    same(sorted(keys), keys)
    one, other = {"a": b"1", "b": b"2"}, {"b": b"2", "a": b"1"}
    same(keeping.write_record(one), keeping.write_record(other))
    same([keeping.seq_of(key) for key in keys], [1, 16, 2**53, 0, 3])
    same([keeping.seq_of(key) for key in ("p.r", "p.r.about", "p.r.0000.x", "a.b.c.d.e")], [None] * 4)
    assert refuses(BadInput, keeping.write_record, {"a": bytes(keeping.RECORD_BYTES)})
    assert refuses(BadInput, keeping.write_record, {str(number): b"" for number in range(33)})
    assert refuses(BadInput, keeping.write_record, {"a": "text"})


async def check_what_is_no_record_is_refused(platform, given):
    message, room = keeping.write_message("1", {"a": b"b"}), keeping.write_room("Al", "a", ["1"])
    name, state = keeping.write_name("Al", 2, 1), keeping.write_state("a", b"")
    wrong = [(keeping.read_message, message[:end]) for end in range(len(message))]
    wrong += [(keeping.read_message, message + b"\0"), (keeping.read_message, message.replace(b"b", b"\xff", 0)[:-1])]
    twice = message[:5] + b"\2" + message[6:] + message[6:]
    wrong += [(keeping.read_message, twice), (keeping.read_message, message.replace(b"1", b"\xff"))]
    wrong += [(keeping.read_message, message.replace(b"a", b"\xff")), (keeping.read_room, room[:-1])]
    wrong += [
        (keeping.read_room, b""),
        (keeping.read_room, room[:6]),
        (keeping.read_room, room.replace(b"Al", b"A\xff")),
    ]
    wrong += [
        (keeping.read_name, one) for one in (b"", name[:8], name[:9], b"\2" + name[1:], name + b"\n", name + b"\xff")
    ]
    wrong += [(keeping.read_name, keeping.write_name("Al", *numbers)) for numbers in ((1, 1), (1, 2), (0, 0))]
    wrong += [(keeping.read_state, state[:4]), (keeping.read_state, state.replace(b"a", b"\xff"))]
    for read, octets in wrong:
        assert refuses(Malformed, read, platform, octets), (octets, read)


# The file


def items_of():
    pins, record = Trust([Pin("Bob", ONE, 1)], None).octets(), keeping.write_message("7", {"text": b"hi"})
    item = export.write_item
    return [
        item(export.NAME, b"Al", SECRET, bytes(32)),
        item(export.PINS, b"Al", pins),
        item(export.ROOM, b"Al", b"identity/kitchen", b"state"),
        item(export.MESSAGE, b"Al", b"identity/kitchen", uint(9, 8, "seq"), record),
        item(export.DRAFT, b"Cy", b"classic/kitchen", b"begun"),
    ]


async def check_a_file_gives_back_what_was_written(platform, given):
    lines = await export.write(platform, WORDS, items_of())
    same((len(lines), lines[0].startswith("secure-chat-device-1.")), (7, True))
    for content in ("\n".join(lines), "\n".join(lines) + "\n"):
        found = await export.read(platform, WORDS, content)
        seeds, pins, rooms = found.names["Al"]
        same((seeds, rooms), ([SECRET, bytes(32)], [("identity/kitchen", b"state")]))
        same(sorted(Trust.read(platform, pins, None).pins), ["Bob"])
        same(found.messages, {("Al", "identity/kitchen"): [("7", 9, {"text": b"hi"})]})
        same(found.drafts, {("Cy", "classic/kitchen"): "begun"})
    same(await problem(export.read(platform, "another", "\n".join(lines))), "wrong-device-passphrase")
    same(await problem(export.write(platform, "", [])), "passphrase-empty")


async def check_a_file_takes_the_newest_messages_that_a_page_can_read_again(platform, given):
    lengths = range(1, 8)
    lines = await export.write(platform, WORDS, [bytes([9] * length) for length in lengths])
    same([len(line) + 1 for line in lines[1:-1]], [export.size_of(bytes(length)) for length in lengths])
    assert len(lines[0]) + len(lines[-1]) + 2 <= export.ENDS
    large, messages = bytes(400_000), [("3", b"three"), ("1", b"one"), ("4", b"four"), ("2", b"two")]
    same(export.what_fits([large] * 15, messages), [b"three", b"one", b"four", b"two"])  # of lines of 533,372
    messages[3] = ("2", large)
    same(export.what_fits([large] * 14, messages), [b"three", b"one", b"four", large])
    same(export.what_fits([large] * 15, messages), [b"three", b"four"])  # none is left out between others
    assert refuses(Problem, export.what_fits, [large] * 16, messages)


def at(lines, number, *others):
    """With others in the place of a line."""
    return lines[:number] + list(others) + lines[number + 1 :]


async def check_a_file_that_was_changed_anywhere_is_refused_whole(platform, given):
    platform = Counting(platform)
    lines = await export.write(platform, WORDS, items_of())
    other = await export.write(platform, WORDS, items_of())
    flipped = [line[:-3] + ("B" if line[-3] == "A" else "A") + line[-2:] for line in lines]
    wrong = [at(lines, number, flipped[number]) for number in range(1, len(lines))]
    wrong += [lines[:-1], lines[:1], lines[:3], lines[1:], lines + lines[-1:], [""], ["", ""]]
    wrong += [at(at(lines, 4, lines[5]), 5, lines[4]), at(lines, 2, other[2]), at(lines, 2), at(lines, 2, "", lines[2])]
    wrong += [at(lines, 2, "!"), at(lines, 0, lines[0] + "A"), at(lines, 0, lines[0][:40]), at(lines, 0, lines[0][1:])]
    wrong += [at(lines, 0, lines[0].replace("-1.", "-2."))]
    for number, one in enumerate(wrong):
        same(await problem(export.read(platform, WORDS, "\n".join(one))), "bad-file", number)


async def check_a_file_with_what_no_device_writes_is_refused_whole(platform, given):
    name, pins, room = items_of()[:3]
    item, empty = export.write_item, keeping.write_message("1", {})
    wrong = [[pins], [name], [name, name, pins], [name, pins, pins], [room], [item(9)], [b""], [name[:-1], pins]]
    wrong += [[item(export.NAME, b"Al"), pins], [item(export.NAME, b"Al", SECRET, SECRET, SECRET), pins]]
    wrong += [[item(export.NAME, b"Al", SECRET[:31]), pins], [item(export.DRAFT, b"A\n", b"a", b"x")]]
    wrong += [[name, item(export.PINS, b"Al", b"\1")], [item(export.DRAFT, b"Al", b"a", b"\xff")]]
    wrong += [
        [item(export.MESSAGE, b"Al", b"a", bytes(7), empty)],
        [item(export.MESSAGE, b"Al", b"a", bytes(8), b"x")],
    ]
    wrong += [[item(export.DRAFT, b"Al", b"", b"x")], [item(export.END)], [item(export.END), name, pins]]
    for number, items in enumerate(wrong):
        kinds = (Refusal, BadInput)
        assert refuses(kinds, lambda items=items: export.Content(platform, [export.read_item(one) for one in items])), (
            number
        )
    lines = await export.write(platform, WORDS, wrong[0])
    same(await problem(export.read(platform, WORDS, "\n".join(lines))), "bad-file")


CHECKS = {name[6:]: check for name, check in globals().items() if name.startswith("check_")}
