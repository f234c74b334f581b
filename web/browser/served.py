"""The door to what this page was served: the only fetch, which asks the browser's cache before the network."""

from js import Promise, fetch, location, performance
from pyscript import config
from pyscript.ffi import to_js

from .webcrypto import settled

FOLDER = config.get("folder")  # the versioned one, from start.js
IN_LAB = config.get("lab")  # whether this is a page of the lab
# Where the cache has the file this gives what the page was made of, old or not, and not what is served now.
FROM_CACHE = to_js({"cache": "force-cache"})
QUERY = location.search  # as the page was asked for, and lies in the cache: address.py takes it out of the address


def address_of(name):
    """The whole address of a name of the server's list: a page, a file on the CDN, or one of the versioned folder."""
    if name.startswith("/"):
        return location.origin + name + (QUERY if name == location.pathname else "")
    return name if name.startswith("https://") else location.origin + FOLDER + name


def loaded():
    """The addresses that the browser says it loaded for this page so far."""
    return [entry.name for entry in performance.getEntriesByType("resource")]


async def contents(addresses):
    """Of each address the content, an ArrayBuffer; None where it does not come."""
    answers = await settled([fetch(address, FROM_CACHE) for address in addresses])
    return await settled([answer.arrayBuffer() if answer and answer.ok else Promise.reject() for answer in answers])
