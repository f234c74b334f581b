"""What this device keeps: keys, a passphrase, messages; how it is locked, taken along and erased."""

from js import Promise
from pyscript import document
from pyscript.ffi import to_js

from .acts import Act, PassphraseForm, TwoClicks
from .dialog import Dialog
from .dom import add, by_id, clone, in_lines, listen, show
from .download import offer, withdraw

_IDLE = [1, 5, 15, 60, 0]  # minutes; 0: never
_LARGEST_FILE = 8_388_608  # bytes
_PARTS = ["locked", "identities", "passphrase", "history", "file", "erase"]
_OF_DEVICE = "Passphrase of this device"
_FORMS = [  # what of the actions is called, the word on the button, what is said when it is done, labels of the fields
    ("unlock", "Unlock", "Unlocked.", [_OF_DEVICE]),
    ("set_passphrase", "Set passphrase", "The passphrase is set.", ["New passphrase", "The same again"]),
    (
        "change_passphrase",
        "Change passphrase",
        "The passphrase is changed.",
        ["Passphrase until now", "New passphrase", "The new one again"],
    ),
    ("remove_passphrase", "Remove passphrase", "The passphrase is removed.", ["Passphrase until now"]),
]
_NEW_DEVICE = (
    "New key",
    "Another key takes the place of this one, which signs that. Everybody sees that it changed, and has to compare "
    "numbers with you again. Do it if somebody else may have had this key.",
    "Make a new key",
)
_ERASE_ONE = (
    "Erase",
    "This key goes for good, with all that was compared and kept under this name. The name stays taken at the relay, "
    "for you too: only its operator can free it.",
    "Erase this key",
)
_ERASE_ALL = (
    "Erase everything",
    "All your keys go for good, with all that you compared and all messages that are kept here. The names stay taken "
    "at the relay, for you too. If you may want to come back, export a file first.",
    "Erase everything now",
)
_NO_FILE = "Choose the file first."
_TOO_LARGE = "This file is larger than 8 MB, which is more than this page can read. Choose another one."
_NOT_READ = "Your browser could not read this file. Choose it again."


class DevicePanel:
    """actions, all async, each giving "" or a sentence that says what went wrong: unlock(passphrase),
    set_passphrase(new, again), change_passphrase(old, new, again), remove_passphrase(old), lock_now(), idle(minutes),
    keep_history(bool), import_file(text, passphrase), new_device(name), erase_identity(name), erase_all(); and
    export_file(passphrase), which gives (file name, pieces of text), or the sentence. While or after one works, whoever
    gave the facts opens the panel again with new ones, if is_open().
    """

    def __init__(self, actions):
        self._actions, self._identities, self._facts, self._link = actions, None, None, None
        self._dialog = Dialog(by_id("device"), self._closed)
        self._find, self.is_open = self._dialog.find, self._dialog.is_open
        self._parts = {name: self._find(f'[data-part="{name}"]') for name in _PARTS}
        self._kept, self._idle, self._chosen = (
            by_id("device-history-kept"),
            by_id("device-idle"),
            by_id("device-chosen"),
        )
        self._forms = [self._form(name, verb, done, labels, self._calls(name)) for name, verb, done, labels in _FORMS]
        self._forms.append(self._form("export_file", "Export a file", "The file is made.", [_OF_DEVICE], self._export))
        self._forms.append(self._form("import_file", "Import", "Imported.", ["Passphrase of the file"], self._import))
        self._acts = {
            "lock_now": self._act("lock_now", "Locked.", self._calls("lock_now")),
            "keep_history": self._act("keep_history", "Changed.", self._calls("keep_history")),
            "idle": self._act("idle", "Changed.", self._calls("idle")),
        }
        self._erasing = self._two_clicks(self._find(".erasing"), _ERASE_ALL, "Everything is erased.", "erase_all")
        listen(self._place("lock_now").querySelector("button"), "click", self._pressed("lock_now"))
        listen(self._kept, "change", self._kept_changed)
        listen(self._idle, "change", self._idle_changed)

    def open(self, facts):
        """facts: a dict with "identities", a list of {"name", "number": twelve groups, "in_use": bool}; "passphrase":
        whether one is set; "locked"; "history": whether messages are kept; "idle": minutes until it locks, 0 for never;
        "problem": a sentence or ""."""
        before = document.activeElement
        part = before.closest("section")
        if not self.is_open():
            self._say("")
            self._identities = None  # made anew, without what was asked there
        self._facts = facts
        self._find(".device-problem").textContent = facts["problem"]
        for name in _PARTS:
            show(self._parts[name], name == "erase" or (name == "locked") == facts["locked"])
        self._fill_identities(facts["identities"])
        self._fill_passphrase(facts)
        self._dialog.open()
        if part and (not before.isConnected or before.closest("[hidden]")):  # the focus was in what is gone now
            by_id("device-title" if part.hidden else part.getAttribute("aria-labelledby")).focus()

    # ------------------------------------------------------------------------------------------ what is shown

    def _fill_identities(self, identities):
        if identities == self._identities:
            return
        self._identities = identities
        place = self._find(".identities")
        place.replaceChildren()
        for number, identity in enumerate(identities):
            self._add_identity(place, identity, "device-name-" + str(number))
        show(self._find(".none"), not identities)

    def _add_identity(self, place, identity, name_id):
        item = clone("identity-item")
        place.append(item)
        name = item.querySelector(".name")
        name.textContent, name.id = identity["name"], name_id
        show(item.querySelector(".you"), identity["in_use"])
        item.querySelector(".digits").textContent = in_lines(identity["number"])
        tools = item.querySelector(".identity-tools")
        self._two_clicks(tools, _NEW_DEVICE, "There is a new key.", "new_device", identity["name"])
        self._two_clicks(tools, _ERASE_ONE, "The key is erased.", "erase_identity", identity["name"])
        for button in tools.querySelectorAll("button"):
            button.setAttribute("aria-describedby", name_id)

    def _fill_passphrase(self, facts):
        show(self._place("set_passphrase"), not facts["passphrase"])
        show(self._find(".with-passphrase"), facts["passphrase"])
        self._idle.replaceChildren()
        for minutes in _IDLE if facts["idle"] in _IDLE else [facts["idle"]] + _IDLE:
            add(self._idle, "option", _after(minutes)).value = str(minutes)
        self._idle.value = str(facts["idle"])
        self._kept.checked = facts["history"]
        self._kept.disabled = not facts["passphrase"]
        show(by_id("device-history-needs"), not facts["passphrase"])

    def _say(self, sentence):
        self._find(".done").textContent = sentence

    def _closed(self):
        """Nothing of what was typed stays, nor what was said."""
        for form in self._forms:
            form.clear()
        for act in self._acts.values():
            act.say("")
        self._erasing.clear()
        self._chosen.value = ""
        self._say("")
        self._withdraw()

    # ------------------------------------------------------------------------------------------ what is done

    def _place(self, name):
        return self._find(f'[data-act="{name}"]')

    def _calls(self, name, *first):
        """Looked up when it is called."""
        return lambda *values: getattr(self._actions, name)(*first, *values)

    def _act(self, name, done, work):
        return Act(self._place(name), work, lambda: self._say(done))

    def _form(self, name, verb, done, labels, work):
        return PassphraseForm(self._place(name), labels, verb, work, lambda: self._say(done))

    def _two_clicks(self, place, words, done, name, *values):
        return TwoClicks(place, words, self._calls(name, *values), lambda: self._say(done))

    def _pressed(self, name):
        async def on_press(event):
            await self._acts[name].run()

        return on_press

    async def _kept_changed(self, event):
        if not await self._acts["keep_history"].run(self._kept.checked):
            self._kept.checked = self._facts["history"]

    async def _idle_changed(self, event):
        if not await self._acts["idle"].run(int(self._idle.value)):
            self._idle.value = str(self._facts["idle"])

    async def _export(self, passphrase):
        made = await self._actions.export_file(passphrase)
        if type(made) is str:
            return made
        self._withdraw()
        self._link = offer(self._find(".exported"), made[0], made[1])
        self._link.click()
        return ""

    def _withdraw(self):
        if self._link is not None:
            withdraw(self._link)
            self._link.remove()
            self._link = None

    async def _import(self, passphrase):
        file = self._chosen.files.item(0)
        if file is None:
            return _NO_FILE
        if not 0 <= file.size <= _LARGEST_FILE:  # of more than 2^31 it comes as something negative
            return _TOO_LARGE
        [read] = await Promise.allSettled(to_js([file.text()]))
        if read.status != "fulfilled":
            return _NOT_READ
        problem = await self._actions.import_file(_value(read), passphrase)
        if not problem:
            self._chosen.value = ""
        return problem


def _value(answer):
    try:
        return answer.value
    except MemoryError:  # of a large text the first try makes MicroPython's heap grow, and fails all the same
        return answer.value


def _after(minutes):
    if minutes == 0:
        return "Never"
    return "After 1 minute" if minutes == 1 else f"After {minutes} minutes"
