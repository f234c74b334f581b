"""The page's start: the chat over the browser's own cryptography and a WebSocket, or the lab's."""

import gc

from browser.served import IN_LAB

# Bytes of allocation until memory is collected, which happens at the end of a call from JavaScript. By default it is
# 16 KiB, and every message pays for one or two collections of 0.5 ms.
gc.threshold(1_000_000)

if IN_LAB:
    from lab.chat import chat
else:
    from browser.link import websocket
    from browser.platform import BrowserPlatform
    from chat import Chat
    from device.device import Device
    from protocol.ladder import LADDER

    platform = BrowserPlatform()
    chat = Chat(platform, LADDER, websocket, Device(platform))

await chat.start()
