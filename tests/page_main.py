"""What test_micropython.py runs in place of main.py: every check of both.py on MicroPython, over Web Crypto."""

import json

from js import document
from pyscript.ffi import to_js

from both import CHECKS, WORDS
from browser import webcrypto
from browser.platform import BrowserPlatform
from protocol.levels.classic import Classic
from protocol.levels.passphrase import Passphrase

PKCS8 = bytes.fromhex("302e020100300506032b657004220420")  # RFC 8410: what stands before a raw private key


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
        raw = webcrypto.octets(PKCS8 + self.random(32))
        private = await webcrypto.subtle.importKey("pkcs8", raw, webcrypto.ED25519, True, to_js(["sign"]))
        public = await webcrypto.subtle.exportKey("jwk", private)
        return private, self.from_base64url(public.x)

    async def raw_aes_key(self, key):
        usages = to_js(["encrypt", "decrypt"])
        return await webcrypto.subtle.importKey("raw", webcrypto.octets(key), webcrypto.AES_256_GCM, False, usages)


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


async def main():
    with open("given.json") as file:
        given = json.load(file)
    results = {}
    for name in CHECKS:
        results[name] = await outcome(CHECKS[name], given)
    sealed = []
    for level in (Classic, Passphrase):
        for text in ("hello", "é 東京 👋\n<b>", "x" * 16_384, "\ufeff\x00"):
            sealed.append(await seal(level, text))
    place = document.createElement("pre")
    place.id = "results"
    place.textContent = json.dumps({"results": results, "sealed": sealed})
    document.body.append(place)
    document.getElementById("startup").remove()


await main()  # noqa: F704 - PyScript allows await at top level
