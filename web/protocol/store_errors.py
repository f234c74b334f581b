"""Why something is not kept on this device, or not had back. Specification, level identity, section 7.1. Pure."""

SENTENCES = {
    "no-store": "This browser keeps nothing for this page (a private window, perhaps).",
    "store-full": "This device has no room left for what this page keeps, so the newest was not stored.",
    "store-closed": "What this page keeps on this device was erased by another tab, or the browser. Reload the page.",
    "other-tabs": "Other tabs of this chat are open in this browser. Close them first.",
    "store-busy": "Another tab still uses what is to be erased. Close it.",
    "store-failed": "What this page keeps on this device could not be read or written.",
    "store-damaged": (
        "What this device keeps under this name is damaged, so it is not used. Take another name, or erase what is "
        "kept under this one: it then begins anew, as on a new device."
    ),
    "device-locked": "The keys on this device are locked. Unlock them with the passphrase of this device first.",
}


class NotKept(Exception):
    """Nothing was stored, or nothing is given back. What was stored before is still there, as it was."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code
        self.for_people = SENTENCES[code]
