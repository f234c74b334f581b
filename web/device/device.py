"""What this person has on this device: keys by name, and what was learned with them. Outlives the page. The page.

Specification, level identity, section 7.1. One tab at a time has a name.
"""

from browser import locks
from browser.store import erase, opened
from device.history import History
from device.locking import Locking
from device.profile import Profile
from protocol.errors import Problem
from protocol.memory import Memory
from protocol.records import Records
from protocol.store_errors import NotKept

DATABASE, STORES = "secure-chat", ["profile", "keys", "history"]
LOCK = "secure-chat "  # the names of our locks begin so
NAME, TABS = LOCK + "name ", LOCK + "tabs"
NOT_KEPT = " So your keys last as long as this page: to the others you are a new device each time."
OTHER_TAB = (
    "Another tab of this browser is here under this name, and one tab at a time can be. Close that one, or take "
    "another name."
)
ERASED = "What was kept under this name has been erased. Leave its rooms first."


class Device:
    """`problem` is a sentence, if nothing lasts here.

    tell(sentence): something could not be stored, later. leave(), async: leaves all rooms; the device is to be locked.
    """

    lasts = True  # longer than the page
    scope = ""  # before our names in the directory

    def __init__(self, platform, tell=None, leave=None):
        self.platform = platform
        self.tell = tell or (lambda sentence: None)
        self.leave = leave
        self.problem = ""
        self.failure = None  # why no name can be entered
        self.store = self.records = None
        self.names_key = None
        self.profiles = {}  # name -> Profile in use
        self.locking = Locking(self)
        self.history = History(self)
        page = LOCK + "page " + platform.random(16).hex()
        self.entering, self.writing = page + " enters", page + " writes"
        self.present = None  # releases what says that this tab is open

    async def start(self):
        """Opens the store; a profile's first page makes its keys."""
        turn = await locks.wait(LOCK + "start")
        self.present = await locks.share(TABS)
        try:
            await self.open()
        except NotKept as failure:
            self.failure = failure
        turn()

    async def open(self):
        self.store = await self.opened_store()
        self.records = Records(self.platform, self.store, await self.profile_key())
        await self.locking.load()
        await self.history.load()
        if not self.locking.locked:
            await self.load_names()

    async def opened_store(self):
        try:
            return await opened(DATABASE, STORES)
        except NotKept as failure:
            if failure.code != "no-store":
                raise
            self.problem = failure.for_people + NOT_KEPT
            return Memory()

    async def profile_key(self):
        key = await self.store.get("profile", "key")
        if key is None:
            if await self.store.keys("keys"):
                raise NotKept("store-damaged")
            await self.store.put_all([("profile", "key", await self.platform.profile_key())])
            # As it lasts: a browser that stores no such keys shows it here.
            key = await self.store.get("profile", "key")
            if key is None:
                raise NotKept("store-damaged")
        return key

    def check(self):
        """Raises NotKept if the stores cannot be used at all."""
        if self.failure:
            raise self.failure

    def usable(self):
        """Raises NotKept, unless records can be read and written."""
        self.check()
        self.records.unlocked()

    async def load_names(self):
        names_key = await self.records.get("names")
        if names_key is None:
            if await self.store.keys("keys"):
                raise NotKept("store-damaged")
            names_key = self.platform.random(32)
            await self.records.put("names", names_key)
        self.names_key = names_key

    async def in_turn(self, work, *arguments):
        """What async work(*arguments) gives, while nothing else of this page writes."""
        turn = await locks.wait(self.writing)
        try:
            return await work(*arguments)
        finally:
            turn()

    async def alone(self, work, *arguments):
        """The same, while no other tab has this device open. Raises NotKept if one has."""
        self.present()
        only = await locks.hold(TABS)
        try:
            if only is None:
                raise NotKept("other-tabs")
            return await self.in_turn(work, *arguments)
        finally:
            if only:
                only()
            self.present = await locks.share(TABS)

    # ------------------------------------------------------------------------------------------ names

    async def enter(self, name):
        """The Profile of a clean name, for one room: it calls close() when it is left. Raises Problem."""
        turn = await locks.wait(self.entering)
        try:
            profile = self.profiles.get(name)
            if profile is None:
                profile = self.profiles[name] = await self.loaded(name)
            elif profile.erased:
                raise Problem("name", "erased", ERASED)
            profile.rooms += 1
            return profile
        except NotKept as failure:
            raise Problem("name", failure.code, failure.for_people)
        finally:
            turn()

    async def loaded(self, name):
        self.usable()
        release = await locks.hold(NAME + name)
        if release is None:
            raise Problem("name", "other-tab", OTHER_TAB)
        profile = Profile(self, name, release)
        try:
            await profile.load()
        except Exception:
            release()
            raise
        return profile

    def active(self):
        """The person does something."""
        self.locking.active()

    async def erase_name(self, name):
        """All that is kept under a name that no room uses, damaged or not. Raises Problem or NotKept."""
        self.records.unlocked()
        release = await locks.hold(NAME + name)
        if release is None:
            raise Problem("name", "other-tab", OTHER_TAB)
        await Profile(self, name, release).erase()
        release()

    async def leave_all(self):
        """Leaves all rooms, and waits until what was learned there is stored."""
        if self.leave:
            await self.leave()
        for name, profile in list(self.profiles.items()):
            profile.end()
            (await locks.wait(NAME + name))()

    async def erase(self):
        """Everything. Raises NotKept if another tab has it open. The page is to be loaded anew."""
        await self.leave_all()
        if self.store:
            await self.alone(self.store.erase)
        else:
            await self.alone(erase, DATABASE)
        self.failure = NotKept("store-closed")
