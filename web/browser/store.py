"""The door to IndexedDB: what lasts on this device. Keys are text; values are text, or CryptoKeys.

A transaction lasts as long as requests are made of it, so nothing else is awaited between its beginning and its last
request. Whatever goes wrong is a NotKept.
"""

from js import IDBKeyRange, Promise, window
from pyscript.ffi import to_js

from protocol.store_errors import NotKept

CODES = {  # of DOMException names; all others: store-failed
    "SecurityError": "no-store",
    "QuotaExceededError": "store-full",
    "InvalidStateError": "store-closed",
}
AFTER_ALL = "\uffff"  # no key has this letter
STRICT = to_js({"durability": "strict"})  # written is what is on disk: a key is made once


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
        raise NotKept("no-store")
    request, error = await settled(attempt(window.indexedDB.open, name, 1))
    if error:
        raise NotKept("no-store")
    outcome = outcome_of(request)

    def make(*_):
        for store in stores:
            request.result.createObjectStore(store)

    request.onupgradeneeded = make
    request.onblocked = lambda *_: outcome.reject(None)
    database, error = await settled(outcome.promise)
    if error:
        raise NotKept("no-store" if error == "InvalidStateError" else CODES.get(error, "store-failed"))
    return Store(name, database)


async def erase(name):
    """Deletes the store of this name, also one that cannot be opened."""
    request, error = await settled(attempt(window.indexedDB.deleteDatabase, name))
    if error:
        raise NotKept("no-store")
    outcome = outcome_of(request)
    request.onblocked = lambda *_: outcome.reject(None)
    if (await settled(outcome.promise))[1]:
        raise NotKept("store-busy")


class Store:
    def __init__(self, name, database):
        self.name = name
        self.database = database
        # Another tab erases the database: it can as soon as this one lets go.
        database.onversionchange = lambda *_: database.close()

    async def begin(self, mode, stores):
        # The wait ends before the browser turns to anything else, and so before it ends the new transaction.
        transaction, error = await settled(attempt(self.database.transaction, to_js(list(set(stores))), mode, STRICT))
        if error:
            raise NotKept(CODES.get(error, "store-failed"))
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

    async def entries(self, store, first, last):
        """(key, value) of all from key `first` to key `last`, in their order."""
        transaction = await self.begin("readonly", [store])
        records, between = transaction.objectStore(store), IDBKeyRange.bound(first, last)
        keys, values = records.getAllKeys(between), records.getAll(between)
        await done(transaction)
        return list(zip(list(keys.result), list(values.result)))

    async def put_all(self, records, gone=()):
        """Stores each (store, key, value) and deletes each (store, key) of `gone`, or does nothing at all."""
        transaction = await self.begin("readwrite", [one[0] for one in list(records) + list(gone)])
        for store, key in gone:
            transaction.objectStore(store).delete(key)
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
        await erase(self.name)


def beginning_with(prefix):
    return IDBKeyRange.bound(prefix, prefix + AFTER_ALL)


async def done(transaction):
    """Waits until it is on disk, or raises NotKept: then nothing of it is."""
    outcome = Promise.withResolvers()
    transaction.oncomplete = lambda *_: outcome.resolve(None)
    transaction.onabort = lambda *_: outcome.reject(transaction.error)
    _, error = await settled(outcome.promise)
    if error:
        raise NotKept(CODES.get(error, "store-failed"))
