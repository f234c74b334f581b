"""The page at /lab/chat: the chat with keys of glass and the lab's levels, in a window of its own or in a frame."""

from browser.link import websocket
from chat import Chat
from lab.glass import GlassPlatform
from lab.levels import LAB
from lab.parent import Socket, is_framed

chat = Chat(GlassPlatform(), LAB, Socket if is_framed() else websocket)
