"""How long it takes to make a key whose tag is that of another: by trying keys, on one core. By hand:

    python -m tests.bench_lookalike [--seconds N] [--find]

Prints keys per second of CPU time, and what 2^20 tries take at that. With --find it goes on until it has a look-alike
of the tag in the specification's section 7, in text and then in colour too: minutes of one core.
"""

import argparse
import hashlib
import os
import platform
import time
from datetime import date
from itertools import count

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

TAG_BITS = 20
TARGET = bytes.fromhex("29acbae141bccaf0b22e1a94d34d0bc7361e526d0bfe12c89794bc9322966dd7")  # session_public, section 7
CHUNK = 1_000


def session(number: int) -> bytes:
    """The public value of the session whose private key is SHA-256("look-alike " and the number)."""
    seed = hashlib.sha256(b"look-alike %d" % number).digest()
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def salt(_: int) -> bytes:
    """The public value of a session at level classic."""
    return os.urandom(16)


def tag(key: bytes) -> tuple[int, int]:
    """(text as its 20 bits, colour): section 2.6, without writing the bits as letters."""
    digest = hashlib.sha256(key).digest()
    return int.from_bytes(digest[:3], "big") >> 4, digest[3] % 12


def rate(make, seconds: float) -> float:
    """Tries per second of CPU time."""
    wanted, done, start = tag(TARGET), 0, time.process_time()
    while (spent := time.process_time() - start) < seconds:
        for number in range(done, done + CHUNK):
            tag(make(number)) == wanted  # noqa: B015 - compared as a search does, for its time
        done += CHUNK
    return done / spent


def look_alikes():
    """The number of each session whose tag has the text of TARGET's, and whether it has its colour too."""
    wanted = tag(TARGET)
    for number in count():
        text, color = tag(session(number))
        if text == wanted[0]:
            yield number, color == wanted[1]


def expected(per_second: float) -> tuple[float, float]:
    """Seconds until a match of the text, and of text and colour, on average."""
    color = tag(TARGET)[1]
    of_this_color = sum(byte % 12 == color for byte in range(256))
    return 2**TAG_BITS / per_second, 2**TAG_BITS / per_second * 256 / of_this_color


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20.0, help="CPU seconds for each figure")
    parser.add_argument("--find", action="store_true", help="go on until a look-alike is found")
    options = parser.parse_args()
    print(f"{date.today()}, Python {platform.python_version()}, {processor()}, one core, CPU time\n")
    print("| tried | per second | same text | same text and colour |\n|---|---|---|---|")
    for what, make in (("Ed25519 keys (passphrase)", session), ("salts (classic)", salt)):
        per_second = rate(make, options.seconds)
        text, color = expected(per_second)
        print(f"| {what} | {per_second:,.0f} | {text:.1f} s | {color:.0f} s |", flush=True)
    if options.find:
        find()


def find():
    start = time.process_time()
    for number, same_color in look_alikes():
        color = "the same" if same_color else "another"
        print(
            f"\nsession {number:,}: the same text, {color} colour, after {time.process_time() - start:.0f} s",
            flush=True,
        )
        if same_color:
            return


def processor() -> str:
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        return next((line.partition(":")[2].strip() for line in file if line.startswith("model name")), "unknown")


if __name__ == "__main__":
    main()
