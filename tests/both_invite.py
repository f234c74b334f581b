"""Invites, on CPython and, inside the page, on MicroPython: checks as those of both.py."""

from protocol import invite
from protocol.errors import BadInput, Problem
from protocol.identity_errors import BadIdentity

IDENTITY = bytes.fromhex("03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8")
LETTERS = "A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg"
HALF = chr(0xD83D)  # a surrogate without its other half
KNOWN = [
    ("identity/kitchen/" + LETTERS, ("identity", "kitchen", IDENTITY, "")),
    ("identity/Zo%C3%AB%27s%20kitchen/" + LETTERS, ("identity", "Zo\u00eb's kitchen", IDENTITY, "")),
    ("ratchet/kitchen/" + LETTERS, ("ratchet", "kitchen", IDENTITY, "")),
    ("passphrase/kitchen", ("passphrase", "kitchen", None, "")),
    ("classic/a%2Fb", ("classic", "a/b", None, "")),
    ("passphrase/%E6%9D%B1%E4%BA%AC%F0%9F%91%8B", ("passphrase", "\u6771\u4eac\U0001f44b", None, "")),
    ("passphrase/kitchen/copper%20kettle%2047", ("passphrase", "kitchen", None, "copper kettle 47")),
    ("classic/k/%20%2F%23%25%09", ("classic", "k", None, " /#%\t")),
    ("passphrase/%2E%2D%5F%7E/%2E", ("passphrase", ".-_~", None, ".")),
    ("passphrase/identity/" + "%C3%A9" * 512, ("passphrase", "identity", None, "\u00e9" * 512)),
    ("classic/" + "%F0%9F%91%8B" * 64, ("classic", "\U0001f44b" * 64, None, "")),
]
REFUSED = [
    "/",
    "identity",
    "identity/kitchen",
    "identity/kitchen/",
    "identity//" + LETTERS,
    "identity/kitchen/" + LETTERS + "/",
    "identity/kitchen/" + LETTERS[:-1],
    "identity/kitchen/" + LETTERS[:-1] + "h",  # spare bits
    "identity/kitchen/" + LETTERS[:-1] + " ",
    "identity/kitchen/" + LETTERS[:-1] + "=",
    "identity/kitchen/" + LETTERS[:-1] + "\u0261",
    "identity/kitchen/" + "A" * 43,  # of small order
    "Identity/kitchen/" + LETTERS,
    "identity/kitchen/copper",
    "passphrase/",
    "passphrase//x",
    "passphrase/kitchen/",
    "passphrase/kitchen/x/y",
    "ratchet/kitchen",
    "main",
    "passphrase/a b",
    "passphrase/a+b",
    "passphrase/a-b",  # has another form
    "passphrase/a%2eb",
    "passphrase/%61",
    "passphrase/%",
    "passphrase/%2",
    "passphrase/a%2",
    "passphrase/%2 ",
    "passphrase/% 2",
    "passphrase/%%20",
    "passphrase/%zz",
    "passphrase/%C3",  # no UTF-8
    "passphrase/%C0%AF",
    "passphrase/%ED%A0%BD",
    "passphrase/\u00e9",
    "passphrase/" + HALF,
    "passphrase/e%CC%81",  # not NFC
    "passphrase/%20a",  # no clean name
    "passphrase/a%E2%80%8B",
    "passphrase/a%00",
    "passphrase/" + "a" * 65,
    "passphrase/k/e%CC%81",
    "passphrase/k/" + "a" * 1025,
    "passphrase/k/a%00b",
    "passphrase/k/a%0Ab",
    "passphrase/k/%0D",
    "passphrase/k/%ED%A0%BD",
    "passphrase/k/\x00",
    "passphrase/k#",
    "#passphrase/k",
    " passphrase/k",
    "passphrase/" + "%41" * 5_000,
    "/" * 100_000,
]


def code_of(work, *arguments):
    try:
        work(*arguments)
    except Problem as problem:
        return problem.code
    return "accepted"


async def check_invites_are_written_and_read_in_one_form(platform, given):
    for text, (level, room, identity, passphrase) in KNOWN:
        read = invite.read(platform, text)
        found = (read.level, read.room, read.identity, read.passphrase)
        assert found == (level, room, identity, passphrase), f"{text}: {found!r}"
        if identity:
            written = invite.write(platform, level, room, identity)
        else:
            written = invite.write_passphrase(platform, level, room, passphrase or None)
        assert written == text, written
        assert len(written) < invite.LONGEST


async def check_what_is_no_invite_is_refused(platform, given):
    for text in REFUSED:
        found = code_of(invite.read, platform, text)
        assert found == "invite-unreadable", f"{text[:60]!r}: {found}"
    assert code_of(invite.read, platform, "") == "invite-missing"


async def check_no_invite_is_written_that_could_not_be_read(platform, given):
    wrong = [
        (BadInput, invite.write, ("passphrase", "kitchen", IDENTITY)),
        (BadInput, invite.write, ("identity", " kitchen", IDENTITY)),
        (BadInput, invite.write, ("ratchet", "kitchen", IDENTITY[:31])),
        (BadIdentity, invite.write, ("identity", "kitchen", bytes(32))),
        (BadInput, invite.write_passphrase, ("identity", "kitchen")),
        (BadInput, invite.write_passphrase, ("passphrase", "")),
        (BadInput, invite.write_passphrase, ("passphrase", "kitchen", "a\nb")),
        (BadInput, invite.write_passphrase, ("classic", "kitchen", "a\x00")),
        (Problem, invite.write_passphrase, ("passphrase", "kitchen", "")),
        (Problem, invite.write_passphrase, ("passphrase", "kitchen", "x" * 1025)),
        (Problem, invite.write_passphrase, ("passphrase", "kitchen", HALF)),
    ]
    for kind, work, arguments in wrong:
        try:
            work(platform, *arguments)
        except kind:
            continue
        raise AssertionError(repr(arguments))
    # As it is typed, and read as it is used.
    text = invite.write_passphrase(platform, "passphrase", "kitchen", "Zoe\u0308")
    assert invite.read(platform, text).passphrase == "Zo\u00eb", text


CHECKS = {name[6:]: check for name, check in globals().items() if name.startswith("check_")}
