"""What test_micropython.py runs in place of main.py: every check of both.py on MicroPython, over Web Crypto."""

import json

from js import document
from pyscript.ffi import to_js

from both import CHECKS, HALF, WORDS, equal
from browser import webcrypto
from browser.platform import BrowserPlatform
from protocol import hpke
from protocol.levels.classic import Classic
from protocol.levels.passphrase import Passphrase
from view import clock as view_clock


class PagePlatform(BrowserPlatform):
    """The page's own platform; `seeded` bytes are taken first where it would take random ones."""

    seeded = b""

    def random(self, count):
        if not self.seeded:
            return webcrypto.random(count)
        taken, self.seeded = self.seeded[:count], self.seeded[count:]
        return taken

    async def ed25519_generate(self):
        if not self.seeded:
            return await webcrypto.ed25519_generate()
        raw = webcrypto.octets(webcrypto.ED25519_PKCS8 + self.random(32))
        private = await webcrypto.subtle.importKey("pkcs8", raw, webcrypto.ED25519, True, to_js(["sign"]))
        public = await webcrypto.subtle.exportKey("jwk", private)
        return private, self.from_base64url(public.x)

    async def x25519_generate(self):
        if not self.seeded:
            return await webcrypto.x25519_generate()
        private = await webcrypto.x25519_import(self.random(32))
        return private, await webcrypto.x25519_public(private)


async def outcome(check, given):
    try:
        await check(PagePlatform(), given)
    except Exception as error:  # noqa: BLE001 - every error is this check's result
        return repr(error)
    return "passed"


async def seal(level, text):
    session = await level.start(PagePlatform(), "kitchen", "Page", WORDS.encode())
    await session.prepare()
    return [level.id, await session.seal(text), text]


async def sealed_to(one):
    public = bytes.fromhex(one["x25519_public"])
    return (await hpke.seal_base(PagePlatform(), public, b"info", b"", b"from the page")).hex()


async def no_private_key_can_be_read_out(platform, given):
    keys = [await platform.aes_key(bytes(32)), await platform.x25519_import(bytes(32))]
    keys += [await platform.ed25519_import(bytes(32)), (await webcrypto.x25519_generate())[0]]
    equal([key.extractable for key in keys], [False] * len(keys))


async def nothing_throws_in_javascript(platform, given):
    """What JavaScript throws in a plain call passes by every `except` here, so a failure of this ends the script."""
    for text in ("!", "Q", "Q=", "Q Q", HALF, "\x00"):
        platform.from_base64url(text)
        platform.nfc("é" + text)
        view_clock.local(text)
    for at in ("2026-99-99T99:99:99.999Z", "2026-02-30T00:00:00.000Z", "0000-00-00T00:00:00.000Z", ""):
        view_clock.local(at)
    for data in (b"\xff", b"\xc3", b"\xed\xa0\x80"):
        equal(platform.utf8(data), None)
    wrong = [(bytes(size), bytes(64), b"") for size in (0, 31, 32, 33)] + [(bytes(32), bytes(63), b"")]
    equal(await platform.ed25519_verify_all(wrong), [False] * 5)
    key = await platform.aes_key(bytes(32))
    equal(await platform.aes_gcm_open_all([(key, bytes(12), bytes(size), b"") for size in (0, 15, 16)]), [None] * 3)


async def main():
    with open("given.json") as file:
        given = json.load(file)
    results = {}
    for name in CHECKS:
        results[name] = await outcome(CHECKS[name], given)
    results["no_private_key"] = await outcome(no_private_key_can_be_read_out, given)
    results["nothing_throws"] = await outcome(nothing_throws_in_javascript, given)
    sealed = []
    for level in (Classic, Passphrase):
        for text in ("hello", "é 東京 👋\n<b>", "x" * 16_384, "\ufeff\x00"):
            sealed.append(await seal(level, text))
    to_known = []
    for one in given["identity"]["identities"]:
        to_known.append(await sealed_to(one))
    place = document.createElement("pre")
    place.id = "results"
    place.textContent = json.dumps({"results": results, "sealed": sealed, "to_known": to_known})
    document.body.append(place)
    document.getElementById("startup").remove()


await main()  # noqa: F704 - PyScript allows await at top level
