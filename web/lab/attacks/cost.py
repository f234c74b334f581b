"""Attacks on the reader's time: keys that are dear to derive, or so cheap that a stranger may guess them."""

from protocol.encoding import uint
from protocol.envelope import (
    ARGON2ID,
    ARGON2ID_LANES,
    ARGON2ID_MEBIBYTES,
    ARGON2ID_PASSES,
    ARGON2ID_WORK,
    PBKDF2,
    PBKDF2_COST,
    Parameters,
    argon2id_cost,
)

from .attack import ANYONE, MEMBER, Attack
from .bodies import replaced, signed, value_of

FLOOD = 30  # more than a page derives in a minute
CHEAP = "cheap to guess"


def just_outside(bounds):
    return bounds[0] - 1, bounds[1] + 1


def costs():
    """(kdf, cost): zero, 2^31, and just outside each bound."""
    least = (ARGON2ID_PASSES[0], ARGON2ID_LANES[0], ARGON2ID_MEBIBYTES[0])
    found = [(PBKDF2, 0), (PBKDF2, 2**31), (ARGON2ID, 0), (ARGON2ID, 2**31)]
    found += [(PBKDF2, cost) for cost in just_outside(PBKDF2_COST)]
    for at, bounds in enumerate((ARGON2ID_PASSES, ARGON2ID_LANES, ARGON2ID_MEBIBYTES)):
        for value in just_outside(bounds):
            numbers = list(least)
            numbers[at] = value
            found.append((ARGON2ID, argon2id_cost(*numbers)))
    passes = ARGON2ID_WORK // ARGON2ID_MEBIBYTES[1] + 1
    return found + [(ARGON2ID, argon2id_cost(passes, 1, ARGON2ID_MEBIBYTES[1]))]


class Costs(Attack):
    name = "costs of zero, of 2^31 and just outside the bounds"
    needs = ANYONE
    sentence = "Bodies of a session of one's own, signed, that ask for a key derivation at each of these costs."

    async def begin(self):
        parts = self.hand.parts(self.hand.last("Alice")["body"])
        value_of(parts, "cost")
        for kdf, cost in costs():
            changed = replaced(replaced(parts, "kdf", uint(kdf, 1, "kdf")), "cost", uint(cost, 4, "cost"))
            label = "PBKDF2" if kdf == PBKDF2 else "Argon2id"
            self.append(self.hand.body(await signed(self.hand, changed)), label)


class WeakCost(Attack):
    """Of all costs that are refused, these could be opened: only a check keeps a page from it."""

    name = "a cost just below the least, by a member"
    needs = MEMBER
    sentence = "A member seals with a key that was cheaper to derive than is accepted."
    as_name = "Mallory"

    async def begin(self):
        value_of(self.hand.parts(self.hand.last("Alice")["body"]), "cost")
        await self.write("PBKDF2", PBKDF2, PBKDF2_COST[0] - 1)
        passes, lanes, mebibytes = ARGON2ID_PASSES[0], ARGON2ID_LANES[0], ARGON2ID_MEBIBYTES[0]
        await self.write("passes", ARGON2ID, argon2id_cost(passes - 1, lanes, mebibytes))
        await self.write("MiB", ARGON2ID, argon2id_cost(passes, lanes, mebibytes - 1))

    async def write(self, label, kdf, cost):
        parameters = Parameters(kdf, cost, self.hand.platform.random(16))

        async def weaken(session):
            await session.keyring.add(parameters.octets)
            session.parameters = parameters

        session = await self.session("Mallory", change=weaken)
        self.append(await session.seal(CHEAP), label)


class Flood(Attack):
    name = "a flood of unknown salts"
    needs = ANYONE
    sentence = "30 bodies, each of which needs a slow key of its own to find out that it does not open."
    leaves_waiting = True

    async def begin(self):
        parts = self.hand.parts(self.hand.last("Alice")["body"])
        field = "room_salt" if "room_salt" in dict(parts) else "salt"
        value_of(parts, field)
        for _ in range(FLOOD):
            changed = replaced(parts, field, self.hand.platform.random(16))
            self.append(self.hand.body(await signed(self.hand, changed)))


ATTACKS = [Costs, WeakCost, Flood]
