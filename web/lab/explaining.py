"""Explain this message: its steps, and beside each the lines that ran, from the files that this page was served.

The page. The hash is that of the whole file, as in the page's list of code (inventory.py).
"""

from browser import served, text, webcrypto
from lab.explain import classic, identity, passphrase
from lab.levels import LabClassic, LabIdentity, LabPassphrase
from lab.sources import NoSuchBlock, block
from protocol import manifest

STEPS = {LabClassic.id: classic.steps, LabPassphrase.id: passphrase.steps, LabIdentity.id: identity.steps}
NOT_COME = "This file did not come again, so its lines cannot be shown."


class Excerpt:
    """Of a file under web/ the lines of one dotted name; or why there are none, a sentence."""

    def __init__(self, path, name):
        self.path = path
        self.name = name
        self.integrity = ""
        self.number = 0  # of the first line
        self.lines = []
        self.problem = ""

    def take(self, content, digest):
        """content: the file's text, digest: base64; both None where it did not come."""
        if content is None or digest is None:
            self.problem = NOT_COME
            return
        self.integrity = manifest.INTEGRITY + digest
        try:
            self.number, self.lines = block(content, self.name)
        except NoSuchBlock as problem:
            self.problem = problem.for_people


async def excerpts(wanted):
    """{(file, name): Excerpt} of these pairs. Each file is fetched, from the browser's cache, and hashed once."""
    files = sorted({path for path, _ in wanted})
    contents = await served.contents([served.address_of(path) for path in files])
    digests = await webcrypto.sha384_all(contents)
    texts = [content and text.utf8(webcrypto.from_octets(content)) for content in contents]
    found = {}
    for path, name in wanted:
        at = files.index(path)
        found[(path, name)] = excerpt = Excerpt(path, name)
        excerpt.take(texts[at], digests[at])
    return found


async def explained(session, row_id):
    """(entry, steps, excerpts); None for a row that is no entry of the log, or one that is no longer kept."""
    kept = session.wire.entry(row_id)
    if kept is None:
        return None
    entry, outcome = kept
    steps = await STEPS[session.level.id](session.level, entry, outcome)
    ran = []
    for step in steps:
        ran += step.ran
    return entry, steps, await excerpts(ran)
