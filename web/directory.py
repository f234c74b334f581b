"""The relay's directory of keys, as this page uses it: one question at a time, asked again after a break. The page."""

from protocol import directory, prekeys
from protocol.errors import Refusal
from protocol.identity_errors import BadBundle

TAKEN = (
    "On this relay the name “{}” belongs to another key than yours, so who adds you by this name adds somebody else. "
    "Leave, and join under another name."
)


class Directory:
    """`transmit(frame)` hands a frame to the link. scope: stands before each name, so that the lab takes nobody's."""

    def __init__(self, platform, transmit, scope=""):
        self.platform = platform
        self.transmit = transmit
        self.scope = scope
        self.questions = []  # (frame, async answered(frame)), the first of them under way
        self.online = False

    def up(self):
        self.online = True
        if self.questions:
            self.transmit(self.questions[0][0])

    def down(self):
        self.online = False

    def ask(self, frame, answer, answered):
        """answer: the type of the frame that answers it, unless an error does."""
        self.questions.append((frame, answer, answered))
        if self.online and len(self.questions) == 1:
            self.transmit(frame)

    async def answered(self, frame):
        """Takes a frame that belongs to no room; False if it answers nothing that was asked here."""
        if not self.questions or frame["type"] not in (self.questions[0][1], "error"):
            return False
        _, _, answered = self.questions.pop(0)
        if self.online and self.questions:
            self.transmit(self.questions[0][0])
        await answered(frame)
        return True

    def look_up(self, name, pin, found):
        """async found(Bundle, or None for an unknown name, code, sentence): what the directory has of a name, checked
        against its pin, if there is one; or else why it is not used."""
        name = self.scope + name

        async def answered(frame):
            if frame["type"] == "error":
                return await found(None, frame["code"], frame["message"])
            try:
                shown = [one["bundles"] for one in frame["names"] if one["name"] == name]
                if not shown:
                    raise BadBundle()
                bundle = await directory.check(self.platform, name, shown[0], pin)
            except Refusal as refusal:
                return await found(None, refusal.code, refusal.for_people)
            return await found(bundle, "", "")

        self.ask({"type": "look-up", "names": [name]}, "found", answered)

    def publish(self, profile, problem, published=None):
        """Sees to it that the directory has our key under our name, and then awaits published(). problem(sentence) is
        called if it cannot."""
        name, ours, former = self.scope + profile.name, profile.ours, profile.former

        async def found(newest, code, sentence):
            if code:
                problem(sentence)
            elif newest is None:
                self.put(name, await directory.first_bundle(self.platform, ours, name), done)
            elif newest.identity == ours.public:
                await done("")
            elif former and newest.identity == former.public:
                bundle = await directory.rotation(self.platform, ours, former, name, newest)
                self.put(name, bundle, done)
            else:
                problem(TAKEN.format(profile.name))

        async def done(sentence):
            if sentence:
                return problem(sentence)
            if former:
                await profile.handed_over()
            return await published() if published else None

        self.look_up(profile.name, None, found)

    def put(self, name, bundle, done):
        async def answered(frame):
            await done(frame.get("message", ""))

        self.ask({"type": "publish", "name": name, "bundle": bundle}, "published", answered)

    # ------------------------------------------------------------------------------------------ prekeys

    def count_prekeys(self, name, counted):
        """async counted(number of the name's last upload, one-time prekeys that are left, code, sentence)."""

        async def answered(frame):
            await counted(frame.get("number", 0), frame.get("left", 0), frame.get("code", ""), frame.get("message", ""))

        self.ask({"type": "count-prekeys", "name": self.scope + name}, "prekeys-counted", answered)

    async def publish_prekeys(self, profile, number, spk, one_time, done):
        """async done(code, sentence), both "" once the relay has them: public keys, as PrekeyRing.due() gives them."""
        name = self.scope + profile.name

        async def answered(frame):
            await done(frame.get("code", ""), frame.get("message", ""))

        upload = await prekeys.upload(self.platform, profile.ours, name, number, spk, one_time)
        self.ask({"type": "publish-prekeys", "name": name, "upload": upload}, "prekeys-published", answered)

    def take_prekeys(self, name, identity, taken):
        """async taken(Prekeys, or None if the name has none, code, sentence): those of identity(32), or else why they
        are not used. One-time prekeys are given once: a question that is asked again after a break takes another."""

        async def answered(frame):
            if frame["type"] == "error":
                return await taken(None, frame["code"], frame["message"])
            try:
                found = frame["prekeys"] and await prekeys.read_taken(self.platform, frame["prekeys"], identity)
            except Refusal as refusal:
                return await taken(None, refusal.code, refusal.for_people)
            return await taken(found or None, "", "")

        self.ask({"type": "take-prekeys", "name": self.scope + name}, "prekeys-taken", answered)
