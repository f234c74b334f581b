"""What a person can do with what this device keeps: the actions of the device's panel. The page."""

from device import moving
from protocol.errors import Problem, Refusal
from protocol.identity import fingerprint
from protocol.keeping import read_name
from protocol.moments import iso
from protocol.store_errors import NotKept

DIFFERENT = "The two passphrases differ. Type the new one twice, the same way."
IN_USE = "“{}” is in a room. Leave its rooms first."
ERASED = "Everything is erased. Load the page anew to begin again."
LEFT_HERE = "Kept as it was, since this device has it already: {}."
LEFT_OUT = "Messages of the file were left out ({}): this device keeps none. Turn that on first to have them too."
INCOMPLETE = "The file was made, without {} damaged records."
TOO_MANY = "The file was made, without the {} oldest messages: a page could not read so large a file again."


class Settings:
    """device: a Device. Each action gives "" or a sentence that says what went wrong, and shows the panel anew."""

    def __init__(self, platform, view, device, directory):
        self.platform = platform
        self.view = view
        self.device = device
        self.directory = directory
        self.note = ""  # a sentence for the panel, until it is opened again

    async def open_device(self):
        self.note = ""
        self.view.show_device(await self.facts())

    async def facts(self):
        device = self.device
        if device.records is None:
            problem, locked, identities = device.failure.for_people if device.failure else "", False, []
        else:
            problem, locked = self.note or device.problem, device.locking.locked
            identities = [] if locked else await self.identities()
        return {
            "identities": identities,
            "passphrase": device.locking.chosen,
            "locked": locked,
            "history": device.history.on,
            "idle": device.locking.minutes,
            "problem": problem,
        }

    async def identities(self):
        """Each name that has a key here, with its digits, or without any where those are damaged."""
        found, records = [], self.device.records
        try:
            places = [one for one in await records.store.keys("keys") if "." not in one and one != "names"]
        except NotKept as failure:
            self.note = failure.for_people
            return []
        for place in places:
            try:
                name, generation, _ = read_name(self.platform, await records.get(place))
            except (NotKept, Refusal):
                continue
            found.append({"name": name, "number": await self.number(place, generation), "in_use": self.is_used(name)})
        return sorted(found, key=lambda one: one["name"])

    async def number(self, place, generation):
        try:
            ours = await self.device.records.unwrapped(f"{place}.{generation}")
        except NotKept:
            return []
        return await fingerprint(self.platform, ours.public)

    def is_used(self, name):
        return name in self.device.profiles

    async def attempt(self, work, *arguments):
        """ "" once it is done, or why it is not."""
        try:
            await work(*arguments)
        except (Problem, NotKept) as refused:
            return refused.for_people
        self.device.active()
        if self.view.shows_device():
            self.view.show_device(await self.facts())
        return ""

    # ------------------------------------------------------------------------------------------ the passphrase

    async def unlock(self, passphrase):
        return await self.attempt(self.device.locking.unlock, passphrase)

    async def set_passphrase(self, new, again):
        return DIFFERENT if new != again else await self.attempt(self.device.locking.choose, new)

    async def change_passphrase(self, old, new, again):
        return DIFFERENT if new != again else await self.attempt(self.device.locking.change, old, new)

    async def remove_passphrase(self, old):
        return await self.attempt(self.device.locking.remove, old)

    async def lock_now(self):
        return await self.attempt(self.device.locking.lock)

    async def idle(self, minutes):
        return await self.attempt(self.device.locking.idle_after, minutes)

    async def keep_history(self, keep):
        return await self.attempt(self.device.history.keep if keep else self.device.history.stop)

    # ------------------------------------------------------------------------------------------ files

    async def export_file(self, passphrase):
        """(file name, pieces of text), or a sentence."""
        try:
            lines, damaged, left_out = await moving.written(self.device, passphrase)
        except (Problem, NotKept) as refused:
            return refused.for_people
        said = [INCOMPLETE.format(damaged)] if damaged else []
        said += [TOO_MANY.format(left_out)] if left_out else []
        self.note = " ".join(said)
        return "secure-chat-" + iso(self.platform.time())[:10] + ".txt", [line + "\n" for line in lines]

    async def import_file(self, text, passphrase):
        async def take():
            taken = await moving.taken_over(self.device, text, passphrase)
            said = [LEFT_HERE.format(", ".join(taken.there))] if taken.there else []
            said += [LEFT_OUT.format(taken.left_out)] if taken.left_out else []
            self.note = " ".join(said)

        return await self.attempt(take)

    # ------------------------------------------------------------------------------------------ keys

    async def new_device(self, name):
        async def renew():
            if self.is_used(name):
                raise Problem("name", "in-use", IN_USE.format(name))
            profile = await self.device.enter(name)
            try:
                await profile.replace()
                self.directory.publish(profile, self.tell)
            finally:
                profile.close()

        return await self.attempt(renew)

    def tell(self, sentence):
        self.note = sentence

    async def erase_identity(self, name):
        async def erase():
            if self.is_used(name):
                raise Problem("name", "in-use", IN_USE.format(name))
            await self.device.erase_name(name)

        return await self.attempt(erase)

    async def erase_all(self):
        try:
            await self.device.erase()
        except NotKept as failure:
            return failure.for_people
        facts = {"identities": [], "passphrase": False, "locked": False, "history": False, "idle": 0}
        facts["problem"] = ERASED
        self.view.show_device(facts)
        return ""
