"""The door to IndexedDB: what lasts on this device. Keys are text; values are text, or CryptoKeys.

A transaction lasts as long as requests are made of it, so nothing else is awaited between its beginning and its last
request. Whatever goes wrong is a StoreFailed.
"""

from js import IDBKeyRange, Promise, window
from pyscript.ffi import to_js

SENTENCES = {
    "no-store": "This browser keeps nothing for this page (a private window, perhaps).",
    "store-full": "This device has no room left for what this page keeps, so the newest was not stored.",
    "store-closed": "What this page keeps on this device was erased by another tab, or the browser. Reload the page.",
    "store-changed": "What this page keeps on this device was changed by another tab. Reload the page.",
    "store-busy": "Another tab still uses what is to be erased. Close it.",
    "store-failed": "What this page keeps on this device could not be read or written.",
}
CODES = {  # of DOMException names; all others: store-failed
    "SecurityError": "no-store",
    "QuotaExceededError": "store-full",
    "InvalidStateError": "store-closed",
    "store-changed": "store-changed",
}
AFTER_ALL = "\uffff"  # no key has this letter
STRICT = to_js({"durability": "strict"})  # written is what is on disk: a key is made once


class StoreFailed(Exception):
    def __init__(self, code):
        super().__init__(code)
        self.code = code
        self.for_people = SENTENCES[code]


async def settled(promise):
    """(value, None), or (None, the name of the error)."""
    (result,) = await Promise.allSettled(to_js([promise]))
    if result.status == "fulfilled":
        return result.value, None
    return None, getattr(result.reason, "name", None) or "unknown"


def attempt(call, *arguments):
    """A promise of what a JavaScript function gives: Python could not catch what it throws, a promise can."""
    return getattr(Promise, "try")(call, *arguments)


def outcome_of(request):
    """A promise of what an IDBRequest gives."""
    done = Promise.withResolvers()
    request.onsuccess = lambda *_: done.resolve(request.result)
    request.onerror = lambda *_: done.reject(request.error)
    return done


async def opened(name, stores):
    """The Store of this name, made with these object stores at first."""
    if not getattr(window, "indexedDB", None):
        raise StoreFailed("no-store")
    request, error = await settled(attempt(window.indexedDB.open, name, 1))
    if error:
        raise StoreFailed("no-store")
    outcome = outcome_of(request)

    def make(*_):
        for store in stores:
            request.result.createObjectStore(store)

    request.onupgradeneeded = make
    request.onblocked = lambda *_: outcome.reject(None)
    database, error = await settled(outcome.promise)
    if error:
        raise StoreFailed("no-store" if error == "InvalidStateError" else CODES.get(error, "store-failed"))
    return Store(name, database)


class Store:
    def __init__(self, name, database):
        self.name = name
        self.database = database
        # Another tab erases the database: it can as soon as this one lets go.
        database.onversionchange = lambda *_: database.close()

    async def begin(self, mode, stores):
        # The wait ends before the browser turns to anything else, and so before it ends the new transaction.
        transaction, error = await settled(attempt(self.database.transaction, to_js(stores), mode, STRICT))
        if error:
            raise StoreFailed(CODES.get(error, "store-failed"))
        return transaction

    async def get(self, store, key):
        """The value, or None."""
        # As a list: what is not there would be JavaScript's `undefined`, which is not None.
        transaction = await self.begin("readonly", [store])
        request = transaction.objectStore(store).getAll(key)
        await done(transaction)
        return request.result[0] if request.result.length else None

    async def keys(self, store, prefix=""):
        """All keys that begin with `prefix`, in their order."""
        transaction = await self.begin("readonly", [store])
        request = transaction.objectStore(store).getAllKeys(beginning_with(prefix))
        await done(transaction)
        return list(request.result)

    async def values(self, store, prefix=""):
        """The values of these keys, in their order."""
        transaction = await self.begin("readonly", [store])
        request = transaction.objectStore(store).getAll(beginning_with(prefix))
        await done(transaction)
        return list(request.result)

    async def put_all(self, records):
        """Stores each (store, key, value), or nothing at all."""
        transaction = await self.begin("readwrite", list({store for store, _, _ in records}))
        for store, key, value in records:
            transaction.objectStore(store).put(value, key)
        await done(transaction)

    async def delete(self, store, prefix):
        """All whose keys begin with `prefix`."""
        transaction = await self.begin("readwrite", [store])
        transaction.objectStore(store).delete(beginning_with(prefix))
        await done(transaction)

    async def erase(self):
        """Deletes the database. Other tabs let go of it by themselves, if they are not asleep."""
        self.database.close()
        request = window.indexedDB.deleteDatabase(self.name)
        outcome = outcome_of(request)
        request.onblocked = lambda *_: outcome.reject(None)
        if (await settled(outcome.promise))[1]:
            raise StoreFailed("store-busy")


def beginning_with(prefix):
    return IDBKeyRange.bound(prefix, prefix + AFTER_ALL)


async def done(transaction):
    """Waits until it is on disk, or raises StoreFailed: then nothing of it is."""
    outcome = Promise.withResolvers()
    transaction.oncomplete = lambda *_: outcome.resolve(None)
    transaction.onabort = lambda *_: outcome.reject(transaction.error)
    _, error = await settled(outcome.promise)
    if error:
        raise StoreFailed(CODES.get(error, "store-failed"))
