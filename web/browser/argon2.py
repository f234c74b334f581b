"""The door to Argon2id: a worker for each joined room, which keeps its passphrase and derives. See argon2.js.

Beside the page, since 256 MiB take seconds. Nothing here waits for ever: whatever goes wrong there is an answer.
"""

from js import Promise, Worker
from pyscript import config
from pyscript.ffi import to_js

from . import clock
from .webcrypto import octets

ADDRESS = config.get("argon2")  # the worker's script, from start.js, which lets this one through; None: there is none
MODULE = to_js({"type": "module"})
PATIENCE = 30.0  # seconds until a worker that has not answered is given up


class Argon2id:
    """What holds a passphrase. `root()` gives an HKDF CryptoKey or None; after close() always None."""

    def __init__(self, passphrase):
        self.waiting = {}  # number -> what settles the promise of an answer
        self.asked = 0
        self.worker = None
        if ADDRESS:
            self.worker = Worker.new(ADDRESS, MODULE)
            self.worker.onmessage = self.answered
            # Its script, or what that imports, does not come or run; or the browser cannot hand a key over.
            self.worker.onerror = self.worker.onmessageerror = lambda *_: self.close()
            handed_over = octets(passphrase)
            self.worker.postMessage(to_js({"passphrase": handed_over}), to_js([handed_over.buffer]))

    async def root(self, salt, passes, lanes, mebibytes):
        if self.worker is None:
            return None
        self.asked += 1
        number, answer = self.asked, Promise.withResolvers()
        self.waiting[number] = answer.resolve
        wish = {"number": number, "salt": octets(salt), "passes": passes, "lanes": lanes, "mebibytes": mebibytes}
        self.worker.postMessage(to_js(wish))
        impatience = clock.after(PATIENCE, self.close)
        root = await answer.promise
        impatience.cancel()
        return root

    def answered(self, event):
        resolve = self.waiting.pop(event.data.number, None)
        if resolve:
            resolve(event.data.root)

    def close(self):
        """Ends the worker, and with it all that it holds. What was asked of it is answered with None."""
        if self.worker is not None:
            self.worker.terminate()
            self.worker = None
        for resolve in self.waiting.values():
            resolve(None)
        self.waiting = {}
