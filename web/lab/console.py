"""The attack console: a person plays the relay between two pages, with the attacks of the matrix.

Every attack is begun and judged by the code of the tests' attack matrix: middle.py, attacks/ and outcome.py. Here is
only what a person can do with it, and in which order.
"""

import sys

from browser import clock
from protocol.ladder import facts_of
from protocol.levels import TAG_LETTERS

from . import findings, lines
from .attacks.attack import Attack, NotHere
from .attacks.groups import GROUPS
from .attempt import PATIENCE, Attempt, Over, Stuck, said_elsewhere
from .carrying import send
from .changes import Changes
from .channel import take_over
from .expectation import Expectation
from .middle import Middle
from .victim import Victim
from .view.console import ConsoleView

NAMES = ("Alice", "Bob")
ATTACKS = [attack for _, attacks in GROUPS for attack in attacks]
PASSPHRASE = "copper kettle "  # and a number for each level, as a page warns of one that was used at a level above
READY = "Alice and Bob have heard each other. Choose an attack."
BUSY = "One thing after another: something else is still under way. A new room can be begun at any time."
NO_ROOM = "Begin a room first: Alice and Bob have to be there."
NOT_GREETED = "Alice and Bob have not heard each other yet. Begin a new room."
USED = "This room has been attacked already, and two attacks would be mixed. Begin a new room."
NOT_CHOSEN = "Choose an attack first."
NO_STEPS = "There is nothing to do: press Attack first."
BEGUN = "The attack has begun. Now Alice and Bob go on, by the steps or in their frames by hand."
DONE = "Done. The attack stays as it is until a new room is begun; talk on in the frames if you like."
FAILED = "The console failed at this. Begin a new room."


class Console:
    """`platform`: one with ed25519_from_seed; `ladder`: the levels to choose from."""

    def __init__(self, platform, ladder):
        self.platform = platform
        self.ladder = ladder
        self.changes = Changes()
        self.middle = Middle(self.passed)
        self.view = ConsoleView(self)
        self.victims = {name: Victim(name, self.middle, self.view.seat, self.changed) for name in NAMES}
        self.attempt = None
        self.kind = None  # the attack that is chosen
        self.busy = False
        self.elsewhere = {}  # level id -> entries of another room
        self.expectation = Expectation(self.platform)
        take_over(self.taken)
        self.view.ready([facts_of(level) for level in ladder.levels], ladder.usual, GROUPS)

    # ------------------------------------------------------------------------------------------ what comes in

    def taken(self, window, purpose, end):
        for victim in self.victims.values():
            if victim.window is not None and victim.window == window:
                victim.taken(purpose, end)

    def passed(self, connection, to, frame, fate, became):
        """A frame passed by the man in the middle."""
        if frame["type"] in ("ping", "pong"):
            return
        name = connection.page.name
        way = f"{name} → relay" if to == "relay" else f"relay → {name}"
        self.view.wire(fate, way, lines.described(frame), lines.difference(frame, became) if became else "")

    def changed(self):
        """Something came from a page or passed."""
        attempt = self.attempt
        if attempt and attempt.advance():
            self.show_steps()
            if attempt.is_due() and not self.busy:
                clock.after(0, self.finish)
        self.changes.note()

    # ------------------------------------------------------------------------------------------ what a person does

    async def shown(self, rest):
        """The console is turned to, perhaps with the name of an attack behind the address."""
        for number, attack in enumerate(ATTACKS):
            if attack.name == rest.replace("%20", " "):
                self.view.check(number)
                self.choose(attack)

    async def act(self, work):
        """One thing after another, and no mistake ends it."""
        while self.busy:
            if not await self.changes.until(lambda: not self.busy, PATIENCE):
                return self.view.say(BUSY, "warning")
        self.busy = True
        try:
            await work()
        except Over:
            pass
        except Stuck as stuck:
            self.view.say(str(stuck), "warning")
        except Exception as error:  # noqa: BLE001 - a person is told, and can begin anew
            sys.print_exception(error)
            self.view.say(FAILED, "error")
        self.busy = False
        self.changes.note()
        return None

    async def begin(self, level):
        """A new room; what is under way ends."""
        self.leave()

        async def work():
            await self.seat(self.ladder.of(level), Attack)
            await self.run(len(self.attempt.steps))
            self.view.say(READY, "info")
            self.choose(self.kind)

        await self.act(work)

    def leave(self):
        if self.attempt:
            self.attempt.over = True
            self.changes.note()
            if self.attempt.attack:
                self.attempt.attack.hand.close()

    async def seat(self, level, kind):
        """Alice and Bob before a new room, which nobody is in yet, nor attacks. kind: of the attack that is to come."""
        self.middle.attack = None
        room = "Lab " + "".join([TAG_LETTERS[octet & 31] for octet in self.platform.random(6)])
        passphrase = PASSPHRASE + str(47 + self.ladder.rank(level.id))
        attempt = Attempt(level, room, passphrase, self.victims, self.middle, self.changes.until, kind)
        self.attempt = attempt
        await attempt.bring_devices(self.platform)
        for victim in [self.victims[name] for name in NAMES]:
            if victim.control:
                victim.order("leave")
            else:
                victim.load()
        self.view.room(room, passphrase if level.secret == "passphrase" else "")
        self.view.outcome(None)
        self.show_steps()

    def choose(self, kind):
        """The attack that is chosen, and on what of a message it could be tried alone."""
        self.kind = kind
        fields = []
        if kind and self.attempt and not self.attempt.current():
            try:
                fields = self.attempt.attack_of(kind, self.platform, self.ladder, self.elsewhere).choices()
            except NotHere:
                pass
        self.view.fields(fields)

    def chosen(self, number):
        """Of all attacks, in the order of the groups."""
        self.choose(ATTACKS[number])

    async def attack(self, only):
        await self.act(lambda: self.attack_with(only))

    async def step(self):
        await self.act(lambda: self.go_on(1))

    async def all_steps(self):
        await self.act(lambda: self.go_on(len(self.attempt.steps) if self.attempt else 1))

    # ------------------------------------------------------------------------------------------ one attack

    async def attack_with(self, only):
        attempt, kind = self.attempt, self.kind
        for missing, sentence in (
            (attempt is None, NO_ROOM),
            (attempt and attempt.attack, USED),
            (kind is None, NOT_CHOSEN),
            (kind and not kind.from_the_start and attempt and attempt.current(), NOT_GREETED),
        ):
            if missing:
                return self.view.say(sentence, "warning")
        if kind.from_the_start or kind.before(attempt.level) != attempt.before:
            self.leave()
            await self.seat(attempt.level, kind)
        return await self.try_out(self.attempt, kind, only)

    async def try_out(self, attempt, kind, only):
        await self.prepare(attempt)
        if not kind.from_the_start:
            await self.run(len(attempt.steps))  # those that this attack needs, in a new room
        attack = attempt.attack_of(kind, self.platform, self.ladder, self.elsewhere)
        attack.only = only
        try:
            send(await self.middle.begin(attack))
        except NotHere as missing:
            attack.hand.close()
            self.view.say(f"This attack does not apply at level {attempt.level.title}: {missing}.", "warning")
            return self.view.outcome(f"({missing})", self.expectation.of(attack, attempt.level), [])
        attempt.attacked(attack)
        self.show_steps()
        if not attack.from_the_start:
            await attempt.settle()  # what is marked depends on whether a key was there before the next message
        return self.view.say(BEGUN, "info")

    async def prepare(self, attempt):
        """What is needed once: the table, and what Alice said elsewhere."""
        await self.expectation.load()
        of_devices = attempt.level.secret == "device"
        if of_devices or attempt.level.id not in self.elsewhere:
            secret = self.victims["Alice"].seed if of_devices else attempt.passphrase.encode("utf-8")
            self.elsewhere[attempt.level.id] = await said_elsewhere(self.platform, attempt.level, secret)
        if attempt.over:
            raise Over()

    async def go_on(self, most):
        """So many of the steps, or until they are done."""
        if self.attempt is None or not self.attempt.attack:
            return self.view.say(NO_STEPS, "warning")
        if self.attempt.finished:
            return self.view.say(DONE, "info")
        await self.run(most)
        if self.attempt.is_due():
            await self.judge()
        return None

    async def run(self, most):
        attempt = self.attempt
        while most and attempt.current():
            step, most = attempt.current(), most - 1
            self.view.say(step.sentence + " ...", "info")
            await attempt.do(step)
            attempt.advance()
            self.show_steps()

    async def finish(self):
        """All steps were done, the last one by hand."""
        if not self.busy and self.attempt.is_due():
            await self.act(self.judge)

    async def judge(self):
        attempt = self.attempt
        await attempt.settle()
        if self.middle.problems:  # of the attack's own
            raise self.middle.problems[0]
        await attempt.learn()
        attempt.finished = True
        seen = [(name, findings.of(self.victims[name])) for name in NAMES]
        self.view.outcome(attempt.outcome(), self.expectation.of(attempt.attack, attempt.level), seen)
        self.view.say(DONE, "info")

    def show_steps(self):
        self.view.steps(self.attempt.progress() if self.attempt.attack else [])
