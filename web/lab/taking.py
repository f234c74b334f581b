"""Take a room home: its capture, and the program that opens it, as this page was served it. The page."""

from browser import served, webcrypto
from lab.capture import file_name, pieces
from protocol import manifest

PROGRAM = "open_capture.py"


async def taken(session):
    """What lab/view/take_home.py shows: (files, count, integrity). files: [(name, what a Blob is made of)], the capture
    first; count: of its entries, in words; integrity: the program's hash, and "" and no file where it does not come.
    None and no file where no passphrase opens the room."""
    entries = session.wire.entries()
    count = "1 entry" if len(entries) == 1 else f"{len(entries)} entries"
    if session.wire.has_dropped():
        count = "the newest " + count
    files = [(file_name(session.address), pieces(session.address, session.log.log, entries))]
    if session.level.secret == "device":
        return files, count, None
    [program] = await served.contents([served.address_of("lab/" + PROGRAM)])
    [digest] = await webcrypto.sha384_all([program])
    if digest is None:
        return files, count, ""
    return files + [(PROGRAM, [program])], count, manifest.INTEGRITY + digest
