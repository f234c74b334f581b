"""The page at /lab/chat: the chat with keys of glass and the lab's levels, in a window of its own or in a frame."""

from browser.link import websocket
from browser.served import address_of
from chat import Chat
from lab.glass import GlassPlatform
from lab.levels import LAB
from lab.parent import Socket, is_framed
from lab.taking import taken
from lab.view.stylesheet import wear
from lab.view.take_home import TakeHomePanel

farewell = TakeHomePanel()


async def take_home(session):
    farewell.open(*await taken(session))


wear(address_of("lab/lab.css"))
chat = Chat(GlassPlatform(), LAB, Socket if is_framed() else websocket, (), [("Take home", take_home)])
