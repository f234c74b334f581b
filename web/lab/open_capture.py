"""python open_capture.py NAME.capture.json, after pip install cryptography: prints each message of a room as its relay
has it, or why it does not open. Sections 3 and 4 of the specification; of 4.4 and 4.5 it knows only plain repeats."""

import base64, functools, getpass, hashlib, json, pathlib, re, struct, sys, unicodedata
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf import argon2, hkdf, pbkdf2

capture = json.loads(pathlib.Path(sys.argv[1]).read_text("utf-8"))
level, _, room = capture["room"].partition("/")
words = unicodedata.normalize("NFC", getpass.getpass("Passphrase: ")).encode()
seen, failed = {}, 0


def from_base64url(text):
    data = base64.urlsafe_b64decode(text + "==")
    if base64.urlsafe_b64encode(data).decode().rstrip("=") != text:
        raise ValueError("not the one spelling of base64url")
    return data


@functools.cache  # slow on purpose, so once for each salt
def kdf(number, salt, cost):
    passes, lanes, kib = cost >> 24, cost >> 16 & 0xFF, (cost & 0xFFFF) * 1024
    if number == 1 and cost <= 10_000_000:
        return pbkdf2.PBKDF2HMAC(SHA256(), 32, salt, cost).derive(words)
    if number == 2 and passes * kib <= 512 * 1024:
        return argon2.Argon2id(salt=salt, length=32, iterations=passes, lanes=lanes, memory_cost=kib).derive(words)
    raise ValueError("a kdf that is unknown or too dear")


def opened(body):
    if level.endswith("classic"):
        [fields] = re.findall(r'\A{"iv":"([\w-]+)","ciphertext":"([\w-]+)","salt":"([\w-]+)"}\Z', body)
        iv, ciphertext, salt = [from_base64url(field) for field in fields]
        return (salt, iv), None, AESGCM(kdf(1, salt, 150_000)).decrypt(iv, ciphertext, None).decode()
    label, in_room = f"secure-chat {level} 1 ".encode(), struct.pack(">I", len(room.encode())) + room.encode()
    data = from_base64url(body.removeprefix(f"{level}-1."))
    number, cost, room_salt, session_public, size = struct.unpack(">BI16s32sI", data[:57])
    name, counter, fields = data[57 : 57 + size], data[57 + size : 61 + size], data[: 101 + size]
    ct, sig, header = data[101 + size : -64], data[-64:], label + b"header" + in_room + fields
    Ed25519PublicKey.from_public_bytes(session_public).verify(sig, header + ct)
    root = kdf(number, hashlib.sha256(label + b"root" + in_room + room_salt).digest(), cost)
    key = hkdf.HKDF(SHA256(), 32, session_public, label + b"key" + in_room).derive(root)
    padded = AESGCM(key).decrypt(bytes(8) + counter, ct, header)
    return (session_public, counter), name.decode(), padded.rstrip(b"\0")[:-1].decode()


for entry in capture["entries"]:
    try:
        once, name, text = opened(entry["body"])
        if seen.setdefault(once, entry) is not entry:
            raise ValueError("it came before")
        print(entry["seq"], entry["at"], repr(name or entry["name"]), repr(text))
    except (InvalidSignature, InvalidTag, ValueError, struct.error) as error:
        print(entry["seq"], entry["at"], "does not open:", type(error).__name__, error)
        failed = 1
sys.exit(failed)
