"""What the tests of the device's store run in place of main.py: a page whose Python does what a test asks of it."""

import json

from js import document, window
from pyscript.ffi import create_proxy

from browser import clock, locks, store, webcrypto
from browser.platform import BrowserPlatform
from device import moving
from device.device import Device

scope = {"clock": clock, "locks": locks, "store": store, "webcrypto": webcrypto, "platform": BrowserPlatform()}
scope |= {"window": window, "Device": Device, "moving": moving}


async def python(source):
    """Runs the body of an async function; gives what it returns as JSON, or {"error", "sentence"}."""
    lines = "\n".join(["    " + line for line in source.split("\n")])
    exec("async def work():\n" + lines, scope)
    try:
        return json.dumps({"result": await scope["work"]()})
    except Exception as error:  # noqa: BLE001 - every error is the test's to judge
        name = getattr(error, "code", None) or repr(error)
        return json.dumps({"error": name, "sentence": getattr(error, "for_people", "")})


window.python = create_proxy(python)
document.getElementById("startup").remove()
