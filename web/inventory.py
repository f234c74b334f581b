"""What code this page runs: the server's list of files beside what the browser has of each, hashed here. The page."""

from browser import served, text, webcrypto
from protocol import manifest

NO_LIST = (
    "The server's list of files did not come, so there is nothing to compare with. Reload the page and look again."
)
CHANGED = (
    " is not what the server's list says. It was changed on its way to you, or the server has been updated since this "
    "page was loaded: reload the page and look again."
)
MISSING = " did not come again, so it is not checked."
UNLISTED = " was loaded too, and the server's list does not have it."
NOT_FETCHED = "not-fetched"  # in place of a SHA-384


class Inventory:
    """served: list of (name, integrity as found here), empty without a list. problems: list of (name, sentence)."""

    def __init__(self, served, problems):
        self.served = served
        self.problems = problems
        self.fingerprint = manifest.fingerprint(served)
        self.text = manifest.write(served)


async def take():
    """An Inventory of the page as it is now."""
    address = served.address_of("manifest.txt")
    [content] = await served.contents([address])
    listed = content and manifest.read(text.utf8(webcrypto.from_octets(content)) or "")
    if not listed:
        return Inventory([], [("", NO_LIST)])
    addresses = [served.address_of(name) for name, _ in listed]
    hashes = await webcrypto.sha384_all(await served.contents(addresses))
    found = [(name, manifest.INTEGRITY + one if one else NOT_FETCHED) for (name, _), one in zip(listed, hashes)]
    problems = []
    for (name, ours), (_, theirs) in zip(found, listed):
        if ours != theirs:
            problems.append((name, MISSING if ours == NOT_FETCHED else CHANGED))
    for other in sorted(set(served.loaded()) - set(addresses) - {address}):
        problems.append((other, UNLISTED))
    return Inventory(found, problems)
