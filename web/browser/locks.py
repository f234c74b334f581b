"""The door to Web Locks: what one page at a time may have, of all the pages that this browser profile has open here."""

from js import Promise, navigator
from pyscript.ffi import to_js

leaving = {}  # name -> promise of a lock that this page has given back, and may not be free yet


async def hold(name):
    """What gives the lock `name` back, or None if another has it. It goes with the page too."""
    if name in leaving:
        await Promise.allSettled(to_js([leaving.pop(name)]))
    return await request(name, {"ifAvailable": True})


async def wait(name):
    """The same, once nobody else has it."""
    return await request(name, {}) or (lambda: None)


async def share(name):
    """The same, beside all others who share it, once nobody has it alone."""
    return await request(name, {"mode": "shared"}) or (lambda: None)


async def request(name, options):
    granted, released = Promise.withResolvers(), Promise.withResolvers()

    def decided(lock):
        granted.resolve(lock is not None)
        return None if lock is None else released.promise

    def release():
        leaving[name] = asked
        released.resolve(None)

    asked = navigator.locks.request(name, to_js(options), decided)
    # Rejected where a page may not have locks at all.
    asked.catch(lambda _: granted.resolve(False))
    return release if await granted.promise else None
