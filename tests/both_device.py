"""What lasts on a device, as far as it is pure, on CPython and, in the page, on MicroPython: checks as of both.py."""

from protocol.encoding import uint
from protocol.errors import Malformed, Refusal
from protocol.identity import OurIdentity
from protocol.memory import Memory
from protocol.records import Records, id_of
from protocol.store_errors import NotKept
from protocol.trust import ENCRYPTED, SAME_KEY, VERIFIED, Pin, Trust

SEED, OTHER = bytes(range(32)), bytes(range(32, 64))


def same(found, expected, what=""):
    assert found == expected, f"{what}: {found!r} is not {expected!r}"


def refuses(kind, work, *arguments):
    try:
        work(*arguments)
    except kind:
        return True
    return False


async def damaged(work):
    try:
        await work
    except NotKept as error:
        return error.code
    return "opened"


async def people(platform, count):
    made = []
    for number in range(count):
        made.append((await OurIdentity.from_seed(platform, bytes([number]) * 32)).public)
    return made


# Pins


async def check_a_pin_goes_from_encrypted_to_verified_and_a_changed_key_begins_anew(platform, given):
    one, two, three = await people(platform, 3)
    changes = []
    trust = Trust([], lambda: changes.append(1))
    same((trust.state(one), trust.pin_of("Bob"), trust.of(one)), (ENCRYPTED, None, None))
    pin = trust.first_contact("Bob", one, 1)
    same((trust.pin_of("Bob") is pin, trust.of(one) is pin, trust.state(one)), (True, True, ENCRYPTED))
    trust.verify(one)
    same((trust.state(one), trust.state(two)), (VERIFIED, ENCRYPTED))
    trust.moved(pin, one, 2)
    same((pin.version, pin.former, trust.state(one)), (2, None, VERIFIED))
    trust.moved(pin, two, 3)
    same((trust.state(one), trust.state(two), trust.of(one)), (ENCRYPTED, ENCRYPTED, None))
    same((pin.former, pin.former_verified, pin.verified, pin.version), (one, True, False, 3))
    trust.moved(pin, three, 4)
    same((pin.former, pin.former_verified), (two, True), "a verified key has changed, however often")
    trust.acknowledge(pin)
    same((pin.former, pin.former_verified, trust.state(three)), (None, False, ENCRYPTED))
    trust.verify(three)
    trust.unverify(three)
    same((trust.state(three), len(changes)), (ENCRYPTED, 8))


async def check_a_pin_that_was_stored_is_the_same_key_as_before(platform, given):
    one, two = await people(platform, 2)
    trust = Trust([], lambda: None)
    trust.first_contact("Zo\u00eb", one, 2**32 - 1)
    trust.first_contact("Bob", two, 0)
    trust.verify(two)
    read = Trust.read(platform, trust.octets(), lambda: None)
    same(read.octets(), trust.octets())
    same((read.state(one), read.state(two)), (SAME_KEY, VERIFIED))
    pin = read.pin_of("Zo\u00eb")
    same((pin.name, pin.identity, pin.version, pin.earlier), ("Zo\u00eb", one, 2**32 - 1, True))
    read.moved(read.pin_of("Bob"), one, 1)
    again = Trust.read(platform, read.octets(), lambda: None)
    read.acknowledge(read.pin_of("Bob"))
    same(read.state(one), ENCRYPTED, "it came while this page was open")
    bob = again.pin_of("Bob")
    same((bob.identity, bob.former, bob.former_verified, bob.verified), (one, two, True, False))
    same(again.of(one) is bob, True, "of two names the first")
    same(again.state(one), ENCRYPTED, "nobody has seen the change yet")
    again.acknowledge(bob)
    same(again.state(one), SAME_KEY)


async def check_what_is_no_record_of_pins_is_refused_and_cut_anywhere_too(platform, given):
    one, two = await people(platform, 2)
    trust = Trust([Pin("Al", one, 1), Pin("Bo", two, 1)], lambda: None)
    trust.moved(trust.pin_of("Bo"), one, 2)
    good = trust.octets()
    Trust.read(platform, good, None)
    al = trust.pin_of("Al").octets()
    wrong = [good[:end] for end in range(len(good))] + [good + b"\0", b"\2" + good[1:], al]
    wrong.append(b"\1" + uint(2, 4, "count") + al + al)
    wrong.append(b"\1" + uint(10_001, 4, "count") + al)
    wrong.append(b"\1" + uint(1, 4, "count") + al.replace(b"Al", b"A\n"))
    wrong.append(b"\1" + uint(1, 4, "count") + al.replace(b"Al", b"A\xff"))
    wrong.append(b"\1" + uint(1, 4, "count") + al.replace(one, bytes(32)))
    wrong += [b"\1" + uint(1, 4, "count") + al[:-1] + flags for flags in (b"\4", b"\5", b"\2" + bytes(32))]
    for flags in (8, 16, 255):
        wrong.append(b"\1" + uint(1, 4, "count") + al[:-1] + bytes([flags]) + one)
    for data in wrong:
        assert refuses(Refusal, Trust.read, platform, data, None), data
    assert refuses(Malformed, Trust.read, platform, b"", None)


# Records


async def records_of(platform):
    return Records(platform, Memory(), await platform.profile_key())


async def check_a_record_opens_where_it_was_put_and_nowhere_else(platform, given):
    records = await records_of(platform)
    store = records.store
    await records.put("a", b"one")
    await records.put("b", b"two")
    same([await records.get("a"), await records.get("b"), await records.get("c")], [b"one", b"two", None])
    value = await store.get("keys", "a")
    assert value != await store.get("keys", "b")
    first = value[0]
    for changed in (("B" if first == "A" else "A") + value[1:], value[:-4], "", value + "AAAA", value + "!", "x y", 7):
        await store.put_all([("keys", "a", changed)])
        same(await damaged(records.get("a")), "store-damaged", changed)
    await store.put_all([("keys", "b", value)])
    same(await damaged(records.get("b")), "store-damaged", "moved")
    await store.put_all([("keys", "a", value)])
    same(await records.get("a"), b"one")
    other = Records(platform, store, await platform.profile_key())
    same(await damaged(other.get("a")), "store-damaged", "another profile")


async def check_a_record_is_never_sealed_twice_alike(platform, given):
    records = await records_of(platform)
    same(len({(await records.sealed("a", b"one"))[2], (await records.sealed("a", b"one"))[2]}), 2)


async def check_an_identity_that_was_kept_is_the_same(platform, given):
    records = await records_of(platform)
    await records.store.put_all(await records.wrapped("a.1", SEED))
    known, kept = await OurIdentity.from_seed(platform, SEED), await records.unwrapped("a.1")
    same((kept.public, kept.x25519_public), (known.public, known.x25519_public))
    signature = await platform.ed25519_sign(kept.signing, b"text")
    same(await platform.ed25519_verify_all([(known.public, signature, b"text")]), [True])
    other = await OurIdentity.from_seed(platform, OTHER)
    shared = await platform.x25519(kept.x25519_private, other.x25519_public)
    same(shared, await platform.x25519(other.x25519_private, known.x25519_public))


async def check_an_identity_of_two_halves_of_different_seeds_is_damaged(platform, given):
    records = await records_of(platform)
    one, _ = await records.wrapped("a", SEED)
    _, other = await records.wrapped("a", OTHER)
    await records.store.put_all([one])
    same(await damaged(records.unwrapped("a")), "store-damaged", "one half is missing")
    await records.store.put_all([one, other])
    same(await damaged(records.unwrapped("a")), "store-damaged")
    [(_, _, ed25519), (_, _, x25519)] = await records.wrapped("a", SEED)
    await records.store.put_all([("keys", "a.ed25519", x25519), ("keys", "a.x25519", ed25519)])
    same(await damaged(records.unwrapped("a")), "store-damaged", "exchanged")


async def check_names_in_keys_tell_nothing_and_never_meet(platform, given):
    key = bytes(32)
    ids = [id_of(platform, key, *names) for names in (("ab", "c"), ("a", "bc"), ("abc",), ("a",), ("a", ""))]
    same(len(set(ids)), 5)
    same({len(one) for one in ids}, {22})
    same(id_of(platform, key, "a"), ids[3])
    assert id_of(platform, bytes(31) + b"\1", "a") != ids[3]


CHECKS = {name[6:]: check for name, check in globals().items() if name.startswith("check_")}
