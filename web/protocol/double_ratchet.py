"""The Double Ratchet: Signal's specification, revision 1, section 3, by its names. Parameters: ratchet.md, 3. Pure.

A state is never changed: encrypt() and decrypt() give the one that follows. So whoever keeps states stores the new one
first and then sends or shows, and what is refused leaves nothing behind.
"""

from .encoding import Reader, exactly, sized, uint
from .errors import BadInput, Malformed
from .hkdf import hkdf, hmac_sha256
from .ratchet_errors import DoesNotOpen, KeyDeleted, TooFarAhead

LABEL = b"secure-chat ratchet 1 "
MAX_SKIP = 1_000  # keys of each of two chains that one message may make us derive and keep
SKIPPED = 2_000  # keys kept in a session; of more the oldest go
SKIPPED_AGE = 7 * 86_400  # seconds that one is kept
HEADER = 40  # bytes
FORM = 1  # of a stored state
NONE = b""  # in place of a key that is not there yet


class State:
    """Section 3.2, where a pair is (private(32), public(32)), and a key that is not there yet is empty.

    skipped    MKSKIPPED, the oldest first: [(dh(32), n, mk(32), since)], since in seconds since 1970-01-01 UTC
    """

    def __init__(self, dh_s, dh_r, rk, ck_s=NONE, ck_r=NONE, n_s=0, n_r=0, pn=0, skipped=()):
        self.dh_s = dh_s
        self.dh_r = dh_r
        self.rk = rk
        self.ck_s = ck_s
        self.ck_r = ck_r
        self.n_s = n_s
        self.n_r = n_r
        self.pn = pn
        self.skipped = list(skipped)

    def copy(self):
        return State(
            self.dh_s, self.dh_r, self.rk, self.ck_s, self.ck_r, self.n_s, self.n_r, self.pn, self.skipped
        )  # fmt: skip

    def octets(self):
        """form(1) || private(32) || public(32) || sized(dh_r) || rk(32) || sized(ck_s) || sized(ck_r) || n_s(4) ||
        n_r(4) || pn(4) || count(2) || (dh(32) || n(4) || mk(32) || since(8)) ..."""
        keys = bytes([FORM]) + b"".join(self.dh_s) + sized(self.dh_r) + self.rk + sized(self.ck_s) + sized(self.ck_r)
        numbers = uint(self.n_s, 4, "n_s") + uint(self.n_r, 4, "n_r") + uint(self.pn, 4, "pn")
        skipped = [dh + uint(n, 4, "n") + mk + uint(since, 8, "since") for dh, n, mk, since in self.skipped]
        return keys + numbers + uint(len(skipped), 2, "count") + b"".join(skipped)

    @classmethod
    def read(cls, octets):
        """Raises Malformed for what octets() did not give."""
        reader = Reader(octets)
        if reader.uint(1) != FORM:
            raise Malformed("state: of another form")
        dh_s, dh_r, rk = (reader.take(32), reader.take(32)), reader.sized(32), reader.take(32)
        ck_s, ck_r, n_s, n_r, pn = reader.sized(32), reader.sized(32), reader.uint(4), reader.uint(4), reader.uint(4)
        skipped = [(reader.take(32), reader.uint(4), reader.take(32), reader.uint(8)) for _ in range(reader.uint(2))]
        if reader.at < len(octets):
            raise Malformed("state: too long")
        return cls(dh_s, dh_r, rk, ck_s, ck_r, n_s, n_r, pn, skipped)


# Section 3.1, by the choices of section 5.2


async def generate_dh(platform):
    """A new pair. The private key is bytes and no handle: it has to last as long as the state."""
    return await pair_of(platform, platform.random(32))


async def pair_of(platform, private):
    return private, await platform.x25519_public(await platform.x25519_import(private))


async def dh(platform, pair, public):
    """X25519, 32 bytes; None for a public key that makes no secret."""
    return await platform.x25519(await platform.x25519_import(pair[0]), public)


def kdf_rk(rk, dh_out):
    """(root key(32), chain key(32))."""
    keys = hkdf(dh_out, rk, LABEL + b"root", 64)
    return keys[:32], keys[32:]


def kdf_ck(ck):
    """(chain key(32), message key(32))."""
    return hmac_sha256(ck, b"\x02"), hmac_sha256(ck, b"\x01")


async def cipher(platform, mk):
    """(AES-256-GCM handle, nonce(12)) of a message key. The nonce is safe although it is derived: so is the key, and a
    message key seals one message."""
    okm = hkdf(mk, bytes(32), LABEL + b"message", 44)
    return await platform.aes_key(okm[:32]), okm[32:]


def header(dh_public, pn, n):
    """HEADER: dh(32) || pn(4) || n(4)."""
    return exactly(dh_public, 32, "dh") + uint(pn, 4, "pn") + uint(n, 4, "n")


# Section 3.3


async def init_alice(platform, sk, bob_public):
    """The state of who begins, with what X3DH gave: SK(32), and Bob's signed prekey(32)."""
    pair = await generate_dh(platform)
    dh_out = await dh(platform, pair, bob_public)
    if dh_out is None:
        raise BadInput("bob_public: makes no secret")
    rk, ck_s = kdf_rk(exactly(sk, 32, "sk"), dh_out)
    return State(pair, bob_public, rk, ck_s)


def init_bob(sk, pair):
    """The state of who was begun with; pair: that of the signed prekey."""
    return State(pair, NONE, exactly(sk, 32, "sk"))


# Section 3.4


async def encrypt(platform, state, plaintext, ad):
    """(State, header(40), ciphertext). BadInput from who has read nothing yet and did not begin."""
    if not state.ck_s:
        raise BadInput("state: has no sending chain yet")
    after = state.copy()
    after.ck_s, mk = kdf_ck(state.ck_s)
    head = header(state.dh_s[1], state.pn, state.n_s)
    after.n_s += 1
    key, nonce = await cipher(platform, mk)
    return after, head, await platform.aes_gcm_seal(key, nonce, plaintext, ad + head)


# Section 3.5


async def decrypt(platform, state, head, ciphertext, ad, now):
    """(State, plaintext). now: seconds since 1970-01-01 UTC. Raises DoesNotOpen, KeyDeleted or TooFarAhead."""
    dh_public, pn, n = exactly(head, HEADER, "head")[:32], number(head[32:36]), number(head[36:])
    after, mk = state.copy(), take_skipped(state, dh_public, n)
    if mk is not None:
        after.skipped = [one for one in state.skipped if one[:2] != (dh_public, n)]
    else:
        if dh_public != state.dh_r:
            # Else whoever lost too much of a chain could never follow into the next one.
            if pn <= state.n_r + MAX_SKIP:
                skip(after, pn, now)
            await dh_ratchet(platform, after, dh_public)
        elif n < state.n_r:
            raise KeyDeleted()
        if n > after.n_r + MAX_SKIP:
            raise TooFarAhead()
        skip(after, n, now)
        after.ck_r, mk = kdf_ck(after.ck_r)
        after.n_r += 1
    key, nonce = await cipher(platform, mk)
    (plaintext,) = await platform.aes_gcm_open_all([(key, nonce, ciphertext, ad + head)])
    if plaintext is None:
        raise DoesNotOpen()
    return after, plaintext


def missed(before, after, head):
    """(how many messages before this one have not come yet and were not missed before; whether this one was missed)."""
    known = {one[:2] for one in before.skipped}
    new = [one for one in after.skipped if one[:2] not in known]
    return len(new), (head[:32], number(head[36:])) in known


def number(octets):
    return int.from_bytes(octets, "big")


def take_skipped(state, dh_public, n):
    for one in state.skipped:
        if one[:2] == (dh_public, n):
            return one[2]
    return None


def skip(state, until, now):
    """SkipMessageKeys, for at most MAX_SKIP."""
    while state.ck_r and state.n_r < until:
        state.ck_r, mk = kdf_ck(state.ck_r)
        state.skipped.append((state.dh_r, state.n_r, mk, now))
        state.n_r += 1
    state.skipped = state.skipped[-SKIPPED:]


async def dh_ratchet(platform, state, dh_public):
    """DHRatchet."""
    state.pn, state.n_s, state.n_r, state.dh_r = state.n_s, 0, 0, dh_public
    await turn(platform, state, "ck_r")
    state.dh_s = await generate_dh(platform)
    await turn(platform, state, "ck_s")


async def turn(platform, state, chain):
    dh_out = await dh(platform, state.dh_s, state.dh_r)
    if dh_out is None:
        raise DoesNotOpen()
    state.rk, key = kdf_rk(state.rk, dh_out)
    setattr(state, chain, key)


def without_old(state, now):
    """The state without the skipped keys that have been kept for SKIPPED_AGE, or itself if there are none."""
    kept = [one for one in state.skipped if now - one[3] < SKIPPED_AGE]
    if len(kept) == len(state.skipped):
        return state
    after = state.copy()
    after.skipped = kept
    return after
