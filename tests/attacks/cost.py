"""Attacks on the reader's time: keys that are dear to derive, or so cheap that a stranger may guess them."""

from protocol.encoding import uint
from protocol.envelope import ARGON2ID, ARGON2ID_MEBIBYTES, ARGON2ID_TIME, PBKDF2, PBKDF2_COST, Parameters

from .attack import ANYONE, MEMBER, Attack
from .bodies import replaced, signed, value_of

FLOOD = 30  # more than a page derives in a minute


def argon2id(passes, lanes, mebibytes):
    return passes << 24 | lanes << 16 | mebibytes


# (label, kdf, cost): zero, 2^31, and just outside each bound
COSTS = (
    ("PBKDF2: 0", PBKDF2, 0),
    ("one below the least", PBKDF2, PBKDF2_COST[0] - 1),
    ("one above the most", PBKDF2, PBKDF2_COST[1] + 1),
    ("2^31", PBKDF2, 2**31),
    ("Argon2id: 0", ARGON2ID, 0),
    ("too few passes", ARGON2ID, argon2id(ARGON2ID_TIME[0] - 1, 1, ARGON2ID_MEBIBYTES[0])),
    ("too many passes", ARGON2ID, argon2id(ARGON2ID_TIME[1] + 1, 1, ARGON2ID_MEBIBYTES[0])),
    ("no lane", ARGON2ID, argon2id(ARGON2ID_TIME[0], 0, ARGON2ID_MEBIBYTES[0])),
    ("too many lanes", ARGON2ID, argon2id(ARGON2ID_TIME[0], 5, ARGON2ID_MEBIBYTES[0])),
    ("too little memory", ARGON2ID, argon2id(ARGON2ID_TIME[0], 1, ARGON2ID_MEBIBYTES[0] - 1)),
    ("too much memory", ARGON2ID, argon2id(ARGON2ID_TIME[0], 1, ARGON2ID_MEBIBYTES[1] + 1)),
    ("Argon2id: 2^31", ARGON2ID, 2**31),
)


class Costs(Attack):
    name = "costs of zero, of 2^31 and just outside the bounds"
    needs = ANYONE
    sentence = "Bodies of a session of one's own, signed, that ask for a key derivation at each of these costs."

    async def begin(self):
        parts = self.hand.parts(self.hand.last("Alice")["body"])
        value_of(parts, "cost")
        for label, kdf, cost in COSTS:
            changed = replaced(replaced(parts, "kdf", uint(kdf, 1, "kdf")), "cost", uint(cost, 4, "cost"))
            self.append(self.hand.body(await signed(self.hand, changed)), label)


class WeakCost(Attack):
    name = "a cost just below the least, by a member"
    needs = MEMBER
    sentence = "A member seals at one iteration less than is accepted, so the words would be there to read."
    as_name = "Mallory"

    async def begin(self):
        value_of(self.hand.parts(self.hand.last("Alice")["body"]), "cost")
        session = await self.session("Mallory", change=self.weaken)
        self.append(await session.seal("cheap to guess"))

    async def weaken(self, session):
        parameters = Parameters(PBKDF2, PBKDF2_COST[0] - 1, self.hand.platform.random(16))
        await session.keyring.add(parameters.octets)
        session.parameters = parameters


class Flood(Attack):
    name = "a flood of unknown salts"
    needs = ANYONE
    sentence = "30 bodies, each of which needs a slow key of its own to find out that it does not open."
    leaves_waiting = True

    async def begin(self):
        parts = self.hand.parts(self.hand.last("Alice")["body"])
        field = "room_salt" if "room_salt" in dict(parts) else "salt"
        for _ in range(FLOOD):
            changed = replaced(parts, field, self.hand.platform.random(16))
            self.append(self.hand.body(await signed(self.hand, changed)))


ATTACKS = [Costs, WeakCost, Flood]
