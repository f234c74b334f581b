"""The page at /lab/chat: the chat with keys of glass and the lab's levels, in a window of its own or in a frame."""

from browser.link import websocket
from browser.served import address_of
from chat import Chat
from lab.device import MemoryDevice
from lab.explaining import explained
from lab.glass import GlassPlatform
from lab.levels import LAB
from lab.parent import Socket, is_framed
from lab.remote import Remote
from lab.taking import taken
from lab.view.explain import ExplainPanel
from lab.view.pressed import TextPressed
from lab.view.stylesheet import wear
from lab.view.take_home import TakeHomePanel

explanation, farewell = ExplainPanel(), TakeHomePanel()


async def explain(session, row_id):
    found = await explained(session, row_id)
    if found:
        explanation.open(*found)
    elif row_id in session.wire.kept:
        explanation.open_forgotten()


async def take_home(session):
    farewell.open(*await taken(session))


wear(address_of("lab/lab.css"))
tools = [("Explain", explain)], [("Take home", take_home)]  # of a row, and of a room
platform = GlassPlatform()
chat = Chat(platform, LAB, Socket if is_framed() else websocket, MemoryDevice(platform), *tools)
TextPressed(chat.sessions, explain)
if is_framed():
    Remote(chat)
