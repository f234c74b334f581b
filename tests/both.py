"""Checks with one result on CPython and, inside the page, on MicroPython. No pytest, no library: it runs in both.

Each check takes a platform and `given`, the data that test_micropython.py puts together, and fails by AssertionError.
Of its platform a check needs one thing more than the protocol does: `seeded`, bytes to be used as random ones.
"""

import both_device
import both_identity
import both_invite
import both_ratchet
import both_talk
import both_vault
from both_attacks import (  # noqa: F401 - CHECKS
    check_an_outcome_is_put_in_the_same_words,
    check_every_attack_runs_and_what_it_sends_is_of_the_specification,
)
from protocol import encoding, envelope, errors, frames, padding
from protocol.digits import COMPARED, same_digits, session_digits
from protocol.levels import Opened, Tag, Waiting
from protocol.levels.classic import Classic
from protocol.levels.passphrase import Passphrase
from protocol.looks import look

WORDS = "correct horse battery staple"
HALF = chr(0xD83D)  # a surrogate without its other half


def equal(found, expected, what=""):
    assert found == expected, f"{what}: {found!r} is not {expected!r}"


def code_of(work, *arguments):
    """The code of what is raised; anything without a code is a failure."""
    try:
        work(*arguments)
    except (errors.Refusal, errors.BadFrame, errors.Problem) as error:
        return error.code
    return "accepted"


def entry(seq, body):
    return {
        "seq": seq,
        "kind": "message",
        "id": f"id{seq}",
        "name": "relay",
        "at": "",
        "body": body,
        "row": f"s0-{seq}",
    }


async def opened(level, bodies):
    """(text or None, code) for each body, once every key is derived."""
    entries = [entry(seq, body) for seq, body in enumerate(bodies, 1)]
    outcomes = await level.open(entries)
    while level.keyring.wait() == 0.0:
        name, key = await level.keyring.derive_next()
        level.keyring.keep(name, key)
    waiting = [at for at, outcome in enumerate(outcomes) if isinstance(outcome, Waiting)]
    for at, outcome in zip(waiting, await level.open([entries[at] for at in waiting])):  # noqa: B905 - MicroPython has no strict
        outcomes[at] = outcome
    return [(one.text, "opened") if isinstance(one, Opened) else (None, one.code) for one in outcomes]


async def passphrase_reader(platform, room="kitchen", words=WORDS):
    return await Passphrase.start(platform, room, "Reader", words.encode())


# What is sealed, and what opens


async def check_classic_bodies_are_the_known_ones(platform, given):
    for known in given["known"]["classic"]:
        platform.seeded = bytes.fromhex(known["salt"] + known["iv"])
        level = await Classic.start(platform, "any", "any", known["passphrase"].encode())
        await level.prepare()
        equal(await level.seal(known["text"]), known["body"])
        equal((level.tag.text, level.tag.color), (known["tag"], known["color"]))
        equal(" ".join(await session_digits(platform, "classic", level.tag.key)), known["digits"])
        reader = await Classic.start(platform, "any", "any", known["passphrase"].encode())
        equal(await opened(reader, [known["body"]]), [(known["text"], "opened")])


async def check_passphrase_bodies_are_the_known_ones(platform, given):
    for known in given["known"]["passphrase"]:
        platform.seeded = bytes.fromhex(known["session_private"])
        level = await Passphrase.start(platform, known["room"], known["name"], known["passphrase"].encode())
        level.newest_opened = envelope.Parameters(known["kdf"], known["cost"], bytes.fromhex(known["room_salt"]))
        await level.keyring.add(level.newest_opened.octets)
        await level.prepare()
        level.counter = known["counter"]
        level.anchors.newest = (known["anchor_seq"], bytes.fromhex(known["anchor_hash"]))
        equal(level.public.hex(), known["session_public"])
        equal(await level.seal(known["text"]), known["body"])
        tag = Tag(bytes.fromhex(known["session_public"]))
        equal((tag.text, tag.color), (known["tag"], known["color"]))
        equal(" ".join(await session_digits(platform, "passphrase", tag.key)), known["digits"])
        reader = await passphrase_reader(platform, known["room"], known["passphrase"])
        equal(await opened(reader, [known["body"]]), [(known["text"], "opened")])


async def check_every_attack_is_refused_with_its_code(platform, given):
    attacks = given["known"]["attacks"]
    outcomes = await opened(await passphrase_reader(platform), [body for _, body, _ in attacks])
    for (what, _, code), (_, found) in zip(attacks, outcomes):  # noqa: B905 - as above
        equal(found, code, what)


async def check_what_the_other_side_sealed_opens(platform, given):
    for level, body, text in given["sealed"]:
        start = {"classic": Classic, "passphrase": Passphrase}[level].start
        reader = await start(platform, "kitchen", "Reader", WORDS.encode())
        equal(await opened(reader, [body]), [(text, "opened")], level)


# The primitives, against vectors of others


async def check_ed25519_agrees_with_wycheproof(platform, given):
    vectors = given["ed25519"]
    signed = [[bytes.fromhex(one[part]) for part in ("public", "signature", "message")] for one in vectors]
    valid = await platform.ed25519_verify_all([tuple(one) for one in signed])
    for one, public_signature_message, accepted in zip(vectors, signed, valid):  # noqa: B905 - as above
        equal(accepted and encoding.canonical_signature(public_signature_message[1]), one["valid"], one["id"])


async def check_aes_gcm_agrees_with_wycheproof(platform, given):
    for one in given["aes_gcm"]:
        key = await platform.aes_key(bytes.fromhex(one["key"]))
        nonce, aad, plaintext, sealed = [bytes.fromhex(one[part]) for part in ("nonce", "aad", "plaintext", "sealed")]
        (found,) = await platform.aes_gcm_open_all([(key, nonce, sealed, aad)])
        equal(found, plaintext if one["valid"] else None, one["id"])
        if one["valid"]:
            equal(await platform.aes_gcm_seal(key, nonce, plaintext, aad), sealed, one["id"])


async def check_pbkdf2_agrees_with_wycheproof(platform, given):
    for one in given["pbkdf2"]:
        handle = await platform.passphrase_key(bytes.fromhex(one["passphrase"]))
        key = await platform.pbkdf2_aes_key(handle, bytes.fromhex(one["salt"]), one["iterations"])
        expected = await platform.aes_key(bytes.fromhex(one["key"]))
        # Keys cannot be looked into: two are the same if they seal alike.
        found = await platform.aes_gcm_seal(key, bytes(12), b"text", b"")
        equal(found, await platform.aes_gcm_seal(expected, bytes(12), b"text", b""), one["id"])


async def check_argon2id_agrees_with_pyca(platform, given):
    for one in given["argon2id"]:
        secret = platform.argon2id_secret(bytes.fromhex(one["passphrase"]))
        how = [one[part] for part in ("passes", "lanes", "mebibytes")]
        root = await platform.argon2id_root(secret, bytes.fromhex(one["salt"]), *how)
        platform.argon2id_forget(secret)
        # As above: what is derived from two roots is the same only if they are.
        key = await platform.hkdf_aes_key(root, bytes(32), b"")
        equal((await platform.aes_gcm_seal(key, bytes(12), b"text", b"")).hex(), one["sealed"], how)


# Bytes and text


async def check_padded_sizes_are_the_known_ones(platform, given):
    for length, padded in given["known"]["padding"]:
        equal(len(padding.pad(bytes(length))), padded)
        equal(padding.unpad(padding.pad(bytes(length))), bytes(length))
    for wrong in (b"", bytes(256), b"x" * 256, b"x\x80" + bytes(253), b"x\x80" + bytes(255), b"x\x80\x01" + bytes(253)):
        equal(code_of(padding.unpad, wrong), "bad-padding", wrong[:3])


async def check_base64url_has_one_spelling(platform, given):
    for text, data in (("", b""), ("QQ", b"A"), ("QUI", b"AB"), ("QUJD", b"ABC"), ("-_-_", b"\xfb\xff\xbf")):
        equal(encoding.from_base64url(platform, text, "t"), data)
        equal(platform.base64url(data), text)
    equal(platform.from_base64url(platform.base64url(bytes(range(256)))), bytes(range(256)))
    wrong = [
        "QQ==",
        "QQ=",
        "QR",
        "Q",
        "Q Q",
        "Q\nQ",
        "QQ ",
        " QQ",
        "+/+/",
        "QUJ",
        "QQ\x00",
        "Q\uff31",
        "é",
        "=",
        "....",
        "QUI=",
    ]
    wrong.append("QQ" + HALF)
    for text in wrong:
        equal(code_of(encoding.from_base64url, platform, text, "t"), "malformed", text)


async def check_utf8_is_strict(platform, given):
    for data in ("a", "é", "東京", "👋", "\ufeffa", "\x00", "a\ufffd"):
        equal(platform.utf8(data.encode()), data)
    wrong = (
        "ff",
        "c0af",
        "c080",
        "e08080",
        "eda080",
        "edbfbf",
        "eda0bdedb88b",
        "f4908080",
        "f8888080",
        "c3",
        "61c3",
        "80",
        "fe",
    )
    for data in wrong:
        equal(platform.utf8(bytes.fromhex(data)), None, data)


async def check_names_are_normalized_trimmed_and_visible(platform, given):
    good = [
        ("Zoe\u0308", "Zoë"),
        (" \u3000a b\u00a0\t", "a b"),
        ("\u1112\u1161\u11ab", "\ud55c"),
        ("\u212b", "\u00c5"),
        ("👋", "👋"),
    ]
    for text, name in good:
        equal(encoding.clean_name(platform, text, "name"), name)
        assert encoding.is_clean_name(platform, name), name
        assert name == text or not encoding.is_clean_name(platform, text), text
    for code in (0, 0x1F, 0x7F, 0x85, 0xAD, 0x200B, 0x200E, 0x202E, 0x2066, 0xFEFF, 0xFE0F, 0xFFFE, 0xD800, 0xE0001):
        name = "a" + chr(code) + "b"
        equal(code_of(encoding.clean_name, platform, name, "name"), "name-invisible", hex(code))
        assert not encoding.is_clean_name(platform, name), hex(code)
    for text, code in (("", "empty"), ("\u2003 ", "empty"), ("é" * 65, "too-long")):
        equal(code_of(encoding.clean_name, platform, text, "room"), "room-" + code)
    equal(encoding.clean_name(platform, "é" * 64, "name"), "é" * 64)
    equal(platform.nfc("e\u0301\x00e\u0301\x00"), "é\x00é\x00")


SAME_LOOK = [
    (
        "Bob",
        "bob",
        "BOB",
        "B o b",
        "\u0412\u043eb",
        "\uff22\uff4f\uff42",
        "\U0001d401\U0001d428\U0001d41b",
        "B\u200bo\ufe0fb",
    ),
    ("Zo\u00eb", "Zoe\u0308", "ZO\u00cb", "z\u043e\u0451"),
    ("Strasse", "Stra\u00dfe", "STRA\u1e9eE"),
    ("\u039f\u0394\u039f\u03a3", "\u03bf\u03b4\u03bf\u03c2", "\u03bf\u03b4\u03bf\u03c3"),
    ("\u0130x", "i\u0307x"),
    ("\ufb01nn", "finn"),
]
OTHER_LOOKS = (
    "Bob",
    "Bab",
    "Zo\u00eb",
    "Zoe",
    "Zo\u00e9",
    "Bill",
    "\u6771\u4eac",
    "\U0001f44b",
    "\U0001f44d",
    "rn",
    "m",
)


async def check_names_that_look_alike_are_found(platform, given):
    for names in SAME_LOOK:
        equal({look(platform, name) for name in names}, {look(platform, names[0])}, names[0])
    equal(len({look(platform, name) for name in OTHER_LOOKS}), len(OTHER_LOOKS))


async def check_passphrases_are_normalized_and_otherwise_untouched(platform, given):
    equal(encoding.passphrase_bytes(platform, " Zoe\u0308\t"), b" Zo\xc3\xab\t")
    for text, code in (("", "empty"), ("x" * 1025, "too-long"), ("é" * 513, "too-long"), ("a" + HALF, "not-text")):
        equal(code_of(encoding.passphrase_bytes, platform, text), "passphrase-" + code)


async def check_a_text_with_half_a_character_is_a_problem(platform, given):
    for text, code in (("", "empty"), ("é" * 8193, "too-long"), (HALF, "not-text"), (HALF + chr(0xDC4B), "not-text")):
        equal(code_of(envelope.text_bytes, text), "message-" + code)


# Comparing by what somebody pastes

NUMBER = "36006 49809 13585 52905 51700 66370 59176 23252 30688 02751 69551 00144"
TEN = "0123456789"
AS_PASTED = (
    NUMBER,
    NUMBER.replace(" ", ""),
    NUMBER.replace(" ", "-"),
    NUMBER.replace(" ", "\u00a0"),
    NUMBER.replace(" ", "\u2009\u2013\u200b"),
    NUMBER.replace("52905 ", "52905\r\n").replace("23252 ", "23252\n"),
    "\ufeff> My number, read to you:\n\u202e" + NUMBER + "\u202c.\nIs it yours, too? \u00b2\u0663\uff13\U0001d7d1",
)


async def check_pasted_digits_are_the_same_whatever_stands_around_them(platform, given):
    for text in AS_PASTED:
        equal(same_digits(text, NUMBER.split()), "same", text)


async def check_one_other_digit_at_any_place_is_a_difference(platform, given):
    at = [place for place, one in enumerate(NUMBER) if one != " "]
    equal(len(at), 60)
    for place in at:
        for other in TEN.replace(NUMBER[place], ""):
            text = NUMBER[:place] + other + NUMBER[place + 1 :]
            equal(same_digits(text, NUMBER.split()), "different", text)
    swapped = NUMBER.split()
    swapped[0], swapped[11] = swapped[11], swapped[0]
    equal(same_digits(" ".join(swapped), NUMBER.split()), "different")


async def check_digits_that_are_missing_or_too_many_are_not_compared(platform, given):
    for text in ("", " ", "no digits", NUMBER[:-1], NUMBER[1:], NUMBER[:30], NUMBER.replace("7", "\uff17")):
        equal(same_digits(text, NUMBER.split()), "too few", text)
    for text in (NUMBER + "0", "1" + NUMBER, NUMBER + NUMBER, "10:30 " + NUMBER, NUMBER + " 1" * 5_000):
        equal(same_digits(text, NUMBER.split()), "too many", text[:80])
    equal(set(COMPARED), {"same", "different", "too few", "too many"})


# Frames

LEFT = '{"type":"left","room":"%s"}'
ENTRIES = '{"type":"entries","room":"r","entries":[%s]}'
APPENDED = '{"type":"appended","room":"r","id":"a","seq":%s}'


async def check_frames_are_read(platform, given):
    equal(
        frames.read(APPENDED % "9007199254740991"),
        {"type": "appended", "room": "r", "id": "a", "seq": 9007199254740991},
    )
    equal(frames.read(LEFT % "é👋\\n\\u00e9"), {"type": "left", "room": "é👋\né"})
    equal(frames.read(frames.write({"type": "pong"})), {"type": "pong"})
    body = "x" * 65_536
    read = frames.read(ENTRIES % given["entry"].replace("BODY", body))
    equal(read["entries"][0]["body"], body)
    # Of two equal members the last counts, on both.
    equal(frames.read('{"type":"left","type":"appended","room":"r","id":"a","seq":1,"seq":2}')["seq"], 2)


async def check_what_is_no_frame_is_refused(platform, given):
    numbers = (
        "1e3",
        "1.0",
        "-1",
        "9007199254740992",
        "NaN",
        "Infinity",
        "1" * 5_000,
        "true",
        '"1"',
        "null",
        "[]",
        "01x",
    )
    rooms = ("\\ud83d", "\\udc4b", "\\ud83d\\ud83d", "", "x" * 513, "é" * 513)
    texts = [APPENDED % number for number in numbers] + [LEFT % room for room in rooms]
    texts += [
        "",
        "{",
        "null",
        "[]",
        '"pong"',
        '{"type":["pong"]}',
        '{"type":"Pong"}',
        '{"type":"pong","x":1}',
        '{"type":"pong"} x',
    ]
    texts += [
        '{"type":"pong"',
        "[" * 5_000 + "]" * 5_000,
        '{"a":' * 5_000 + "1" + "}" * 5_000,
        "[" * 100_000,
    ]
    texts += [LEFT % ("x" * 10) + LEFT % "y", '{"type":"left","room":1}', '{"type":"left"}', "\x00", HALF]
    for body in ("", "\\ud83d", "x" * 65_537):
        texts.append(ENTRIES % given["entry"].replace("BODY", body))
    for letter in (" ", "\\n", "\\u0000", "é", "\u2003", "=", "A"):
        for kind in (letter, "a" + letter, letter + "a", "a" + letter + "a"):
            texts.append(ENTRIES % given["entry"].replace("message", kind))
    texts.append(ENTRIES % (given["entry"] + "," + given["entry"]))
    for text in texts:
        equal(code_of(frames.read, text), "bad-frame", text[:60])
    for other in (b'{"type":"pong"}', None, 1):
        equal(code_of(frames.read, other), "bad-frame")


async def check_a_raw_control_character_gives_a_frame_or_is_refused(platform, given):
    """CPython's parser refuses it, MicroPython's takes it: harmless, as a name is text to the page."""
    for character in ("\n", "\x00", "\x1f"):
        assert code_of(frames.read, LEFT % ("a" + character)) in ("accepted", "bad-frame")


CHECKS = {name[6:]: check for name, check in globals().items() if name.startswith("check_")}
CHECKS.update(both_identity.CHECKS)
CHECKS.update(both_invite.CHECKS)
CHECKS.update(both_device.CHECKS)
CHECKS.update(both_ratchet.CHECKS)
CHECKS.update(both_talk.CHECKS)
CHECKS.update(both_vault.CHECKS)
