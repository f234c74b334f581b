"""Known answers of X3DH and the Double Ratchet, made by the libraries of PyPI alone: vectors/ratchet.json.

python -m tests.ratchet_answers        writes the file anew; test_double_ratchet.py compares it with a fresh one
"""

import hashlib
import json
import sys
from pathlib import Path
from unittest import mock

TESTS = Path(__file__).parent
FILE = TESTS / "vectors" / "ratchet.json"
sys.path[:0] = [str(TESTS), str(TESTS.parent / "web")]

import x3dh  # noqa: E402

import ratchet_library  # noqa: E402
from reference import run  # noqa: E402

ROOM = b"den"
# Who seals a text; or who opens which of the other's, by its number. Some never, some late, some twice.
STORY = "A B0 A A B2 B1 B B A0 A A1 B3 B B B B A4 A3 A2 A5 B3 A A A A A B7 B4 B6 B A6 A A6 B8 B5 B9 B A B10 A7 A7"


def secret(what):
    return hashlib.sha256(b"known answers " + what.encode()).digest()


def agreed(with_opk):
    """(x3dh part of the file, SK, AD, private signed prekey): Alice begins with Bob."""
    made = [secret("spk of alice"), secret("spk"), secret("opk"), secret("ephemeral")]
    with mock.patch.object(x3dh.base_state, "secrets") as secrets:
        secrets.token_bytes = lambda count: made.pop(0)
        secrets.choice = lambda keys: keys[0]
        alice = ratchet_library.X3DH.of_seed(secret("alice"))
        bob = ratchet_library.X3DH.of_seed(secret("bob"))
        bob.generate_pre_keys(1)
        bundle = bob.bundle if with_opk else bob.bundle._replace(pre_keys=frozenset())
        sk, ad, header = run(alice.get_shared_secret_active(bundle, require_pre_key=False))
    assert run(bob.get_shared_secret_passive(header, require_pre_key=False))[0] == sk
    known = {
        "alice": secret("alice"),
        "bob": secret("bob"),
        "spk": secret("spk"),
        "opk": secret("opk") if with_opk else b"",
        "ephemeral": secret("ephemeral"),
        "ephemeral_public": header.ephemeral_key,
        "spk_public": header.signed_pre_key,
        "spk_sig": bundle.signed_pre_key_sig,
        "opk_public": header.pre_key or b"",
        "sk": sk,
        "ad": ad,
    }
    return known, sk, ad


async def conversation(sk, ad, spk, spk_public):
    """[(who, what, private key made meanwhile, text, header, ciphertext)]; text None for what is refused."""
    people = {
        "A": ratchet_library.Party(ad, sk=sk),
        "B": ratchet_library.Party(ad, sk=sk, private=spk),
    }
    sealed, events = {"A": [], "B": []}, []
    for number, step in enumerate(STORY.split()):
        who, which = step[0], step[1:]
        ratchet_library.Ratchet.privates = [secret(f"step {number}")]
        if not which:
            text = f"{who} says {len(sealed[who])}".encode()
            begins = people[who].ratchet is None
            done = await (people[who].begin(spk_public, text) if begins else people[who].encrypt(text))
            sealed[who].append(done)
        else:
            done = sealed["B" if who == "A" else "A"][int(which)]
            text = await people[who].decrypt(*done)
        made = b"" if ratchet_library.Ratchet.privates else secret(f"step {number}")
        events.append([who, "open" if which else "seal", made, text, *done])
    ratchet_library.Ratchet.privates = ()
    return events


def hexed(value):
    if isinstance(value, dict):
        return {name: hexed(one) for name, one in value.items()}
    if isinstance(value, list):
        return [hexed(one) for one in value]
    return value.hex() if isinstance(value, bytes) else value


def every():
    """What stands in the file."""
    known, sk, ad = agreed(True)
    events = run(conversation(sk, ad, known["spk"], known["spk_public"]))
    return hexed({"x3dh": [known, agreed(False)[0]], "events": events})


def as_text():
    return json.dumps(every(), indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(as_text(), "utf-8")
