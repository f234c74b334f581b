"""The list of what a page was served, as the server and the page both write it. Specification, section 9. Pure."""

import hashlib

DIGITS, GROUP = 40, 5  # of a fingerprint: 132 bits, so that nobody finds another list with the same one
INTEGRITY = "sha384-"
INTEGRITY_CHARACTERS = len(INTEGRITY) + 64


def lines_of(served):
    """The lines of a list of (name, integrity), without the fingerprint."""
    return "".join([name + " " + integrity + "\n" for name, integrity in served])


def fingerprint(served):
    """The last 40 digits of the lines' SHA-256 taken as one whole number, in groups of five."""
    number = int.from_bytes(hashlib.sha256(lines_of(served).encode()).digest(), "big")
    digits = str(10**DIGITS + number % 10**DIGITS)[1:]
    return " ".join([digits[at : at + GROUP] for at in range(0, DIGITS, GROUP)])


def write(served):
    """The whole text of a list of (name, integrity)."""
    return lines_of(served) + "fingerprint " + fingerprint(served) + "\n"


def read(text):
    """The list of (name, integrity) that `text` holds, or None if it is no such text."""
    served = []
    for line in text.split("\n")[:-2]:
        name, _, integrity = line.rpartition(" ")
        if not name or not integrity.startswith(INTEGRITY) or len(integrity) != INTEGRITY_CHARACTERS:
            return None
        served.append((name, integrity))
    return served if write(served) == text else None
