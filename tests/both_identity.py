"""What level identity is made of, on CPython and, inside the page, on MicroPython: checks as those of both.py."""

from protocol import directory, hpke
from protocol.errors import BadInput, Refusal
from protocol.hkdf import expand, extract, hkdf, hmac_sha256
from protocol.identity import (
    SMALL_ORDER,
    OurIdentity,
    P,
    checked,
    fingerprint,
    little_endian,
    room_number,
    safety_number,
    verified_all,
    x25519_of,
)
from protocol.identity_envelope import Member, epoch_fields, write_members
from protocol.identity_errors import BadIdentity
from protocol.roster import Roster, hash_of, sign_epoch, sign_list


def same(found, expected, what=""):
    assert found == expected, f"{what}: {found!r} is not {expected!r}"


def raises(kind, work, *arguments):
    try:
        work(*arguments)
    except kind:
        return True
    return False


def octets_of(one, *parts):
    return [bytes.fromhex(one[part]) for part in parts]


# The primitives, against vectors of others


async def check_hmac_is_that_of_rfc_4231(platform, given):
    for one in given["hmac"]:
        key, data, tag = octets_of(one, "key", "data", "tag")
        same(hmac_sha256(key, data)[: len(tag)], tag, one["id"])


async def check_hkdf_is_that_of_rfc_5869(platform, given):
    for one in given["hkdf"]:
        ikm, salt, info, prk, okm = octets_of(one, "ikm", "salt", "info", "prk", "okm")
        same(extract(salt, ikm), prk, one["id"])
        same(expand(prk, info, one["length"]), okm, one["id"])
        same(hkdf(ikm, salt, info, one["length"]), okm, one["id"])
    assert raises(BadInput, expand, bytes(32), b"", 255 * 32 + 1)


async def check_x25519_agrees_with_wycheproof(platform, given):
    for one in given["x25519"]:
        private, public = octets_of(one, "private", "public")
        shared = await platform.x25519(await platform.x25519_import(private), public)
        same(shared, one["shared"] and bytes.fromhex(one["shared"]), one["id"])
    private, public = await platform.x25519_generate()
    same(await platform.x25519_public(private), public)
    for size in (0, 31, 33):
        same(await platform.x25519(private, bytes([9]) * size), None, size)


async def check_a_signature_counts_only_in_its_one_form(platform, given):
    signed = [tuple(octets_of(one, "public", "signature", "message")) for one in given["ed25519"]]
    same(await verified_all(platform, signed), [one["valid"] for one in given["ed25519"]])


async def check_hpke_is_that_of_rfc_9180(platform, given):
    for one in given["hpke"]:
        ephemeral, private, public, enc, secret = octets_of(one, "skEm", "skRm", "pkRm", "enc", "shared_secret")
        platform.seeded = ephemeral
        same(await hpke.encap(platform, public), (secret, enc))
        private = await platform.x25519_import(private)
        same(await hpke.decap(platform, enc, private, public), secret)
        if one["aead_id"] != hpke.AEAD:
            continue
        info, aad, plaintext, ciphertext = octets_of(one, "info", "aad", "pt", "ct")
        same(hpke.key_schedule(secret, info), tuple(octets_of(one, "key", "base_nonce")))
        platform.seeded = ephemeral
        same(await hpke.seal_base(platform, public, info, aad, plaintext), enc + ciphertext)
        same(await hpke.open_base(platform, private, public, info, aad, enc + ciphertext), plaintext)


async def check_hpke_opens_nothing_but_what_was_sealed(platform, given):
    private, public = await platform.x25519_generate()
    other_private, other_public = await platform.x25519_generate()
    sealed = await hpke.seal_base(platform, public, b"info", b"aad", b"text")

    async def opened(sealed, info=b"info", aad=b"aad", private=private, public=public):
        return await hpke.open_base(platform, private, public, info, aad, sealed)

    same(await opened(sealed), b"text")
    for at in (0, 15, 30, 32, 35, 36, len(sealed) - 1):
        changed = sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]
        same(await opened(changed), None, at)
    for size in (0, 31, 32, 47, 48, len(sealed) - 1):
        same(await opened(sealed[:size]), None, size)
    same(await opened(sealed + b"\x00"), None)
    same(await opened(sealed, info=b"inf"), None)
    same(await opened(sealed, aad=b""), None)
    same(await opened(sealed, private=other_private), None)
    same(await opened(sealed, public=other_public), None)
    same(await opened(bytes(32) + sealed[32:]), None, "of small order")


async def check_hpke_seals_to_no_key_that_makes_no_secret(platform, given):
    for public in (bytes(32), b"\x01" + bytes(31), little_endian(P - 1), bytes(31)):
        try:
            await hpke.seal_base(platform, public, b"", b"", b"text")
        except BadInput:
            continue
        raise AssertionError(public)


async def check_what_pyca_sealed_opens(platform, given):
    for one in given["identity"]["identities"]:
        ours = await OurIdentity.from_seed(platform, bytes.fromhex(one["seed"]))
        sealed = bytes.fromhex(one["sealed"])
        opened = await hpke.open_base(platform, ours.x25519_private, ours.x25519_public, b"info", b"", sealed)
        same(opened, b"to " + ours.public)


# Identities


async def check_identities_are_the_known_ones(platform, given):
    known = given["identity"]
    first = bytes.fromhex(known["identities"][0]["public"])
    for one in known["identities"]:
        public, x25519_public = octets_of(one, "public", "x25519_public")
        ours = await OurIdentity.from_seed(platform, bytes.fromhex(one["seed"]))
        same((ours.public, ours.x25519_public), (public, x25519_public))
        same(x25519_of(checked(public)), x25519_public)
        same(await platform.x25519_public(ours.x25519_private), x25519_public)
        signature = await platform.ed25519_sign(ours.signing, b"message")
        same(await verified_all(platform, [(public, signature, b"message")]), [True])
        same(" ".join(await fingerprint(platform, public)), one["fingerprint"])
        for pair in ((public, first), (first, public)):
            same(" ".join(await safety_number(platform, *pair)), one["safety_number"])
    number = await room_number(platform, b"kitchen", bytes.fromhex(known["members"]))
    same(" ".join(number), known["room_number"])


async def check_identities_that_are_no_safe_key_are_refused(platform, given):
    highest_bit = bytes(31) + b"\x80"
    private, _ = await platform.x25519_generate()
    for y in SMALL_ORDER:
        for octets in (little_endian(y), little_endian(y | 2**255)):
            assert raises(BadIdentity, checked, octets), octets
            same(await platform.x25519(private, x25519_of(octets)), None, "makes a secret")
    for y in (P, P + 1, 2**255 - 1):
        assert raises(BadIdentity, checked, little_endian(y)), y
    for octets in (little_endian(2), little_endian(P - 2), b"\x02" + highest_bit[1:]):
        same(checked(octets), octets)
    for wrong in (b"", bytes(31), bytes(33), None):
        assert raises(BadInput, checked, wrong), wrong


# The directory


class Pin:
    def __init__(self, identity, version):
        self.identity = bytes.fromhex(identity)
        self.version = version


async def judged(platform, name, texts, pin):
    """The identity and version that is found, None, or the code of the refusal."""
    try:
        newest = await directory.check(platform, name, texts, pin and Pin(*pin))
    except Refusal as refusal:
        return refusal.code
    return newest and [newest.identity.hex(), newest.version]


async def check_what_the_directory_shows_is_judged_as_in_the_known_story(platform, given):
    for what, texts, pin, found in given["bundles"]["story"]:
        same(await judged(platform, given["bundles"]["name"], texts, pin), found, what)


async def check_bundles_are_written_as_the_known_ones(platform, given):
    name, written = given["bundles"]["name"], given["bundles"]["written"]
    seeds = [bytes.fromhex(seed) for seed in given["bundles"]["seeds"]]
    ann, bob = await OurIdentity.from_seed(platform, seeds[0]), await OurIdentity.from_seed(platform, seeds[1])
    made = [await directory.first_bundle(platform, ann, name)]
    last = await directory.check(platform, name, made)
    made.append(await directory.renewal(platform, ann, name, last))
    last = await directory.check(platform, name, made[-1:], last)
    made.append(await directory.rotation(platform, bob, ann, name, last))
    same(made, written)
    last = await directory.check(platform, name, made[-1:], last)
    same((last.identity, last.version, last.previous), (bob.public, 3, ann.public))


async def check_a_rooms_list_of_members_goes_as_the_known_story(platform, given):
    roster, codes = Roster(b"kitchen"), []
    for body, code, list_hash, epoch in given["roster"]:
        try:
            roster = await roster.apply(platform, body)
            found = "accepted"
        except Refusal as refusal:
            found = refusal.code
        codes.append(found)
        same((found, roster.list_hash.hex(), roster.epoch), (code, list_hash, epoch), len(codes))
    same([member.name for member in roster.list.members], ["Alice", "Dave"])
    assert len(set(codes)) == 7, codes


async def check_a_list_that_is_written_here_is_read(platform, given):
    ours = await OurIdentity.from_seed(platform, bytes(range(32)))
    roster, members = Roster(b"kitchen"), [Member(ours.public, "Alice", True)]
    part = await sign_list(platform, ours, roster.room, roster.next_fields(2**32, ours.public, members))
    list_hash = hash_of(roster.room, part[:-64])
    fields = epoch_fields(1, ours.public, bytes(32), [bytes(80)])
    body = write_members(platform, part, await sign_epoch(platform, ours, roster.room, list_hash, fields))
    read = await roster.apply(platform, body)
    same((read.list_hash, read.list.time, read.epoch, read.proven), (list_hash, 2**32, 1, True))


CHECKS = {name[6:]: check for name, check in globals().items() if name.startswith("check_")}
