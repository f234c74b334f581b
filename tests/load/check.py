"""Before anything is timed: does the server deliver every message to every member of its room once and in order?"""

import re
from time import perf_counter

from load.client import BODY, FILLER, MARK, Client, body
from load.processes import Server
from load.traffic import Crowd, Wrong

SHAPE = re.compile(rb"\d{20}(\d{8})(\d{6})" + MARK + rb"[A-Za-z0-9_-]{%d}" % FILLER)
ROOMS, MEMBERS, BURST, BURSTS = 2, 5, 4, 5
SETTLED = 0.1  # seconds in which one too many would come


def check(server: Server) -> bool:
    """Every member gets every message of its room once, byte for byte, each sender's in order -> whether all members
    of a room saw one order. Raises Wrong."""
    with Crowd(server, ROOMS, MEMBERS) as crowd:
        for client in crowd.clients:
            client.record = bytearray()
        for _ in range(BURSTS):
            for client in crowd.clients:
                client.say(BURST)
            list(crowd.read(0))
        crowd.settle()
        end = perf_counter() + SETTLED
        while perf_counter() < end:
            list(crowd.read(SETTLED))
        orders = [has_one_order(room) for room in crowd.rooms]  # looks at every room, whatever it finds
        return all(orders)


def has_one_order(room: list[Client]) -> bool:
    orders = [check_one(client, room) for client in room]
    return all(order == orders[0] for order in orders)


def check_one(client: Client, room: list[Client]) -> list[bytes]:
    """The bodies that one member received, in order. Raises Wrong."""
    found = list(SHAPE.finditer(client.record))
    for sender in room:
        numbers = [int(match[1]) for match in found if int(match[2]) == sender.number]
        if numbers != list(range(1, BURST * BURSTS + 1)):
            raise Wrong(f"of one sender's messages these came, in this order: {numbers}")
    if len(found) != BURST * BURSTS * len(room):
        raise Wrong("messages came of a room that they were not said in")
    for match in found:
        stamp = int(match[0][:20])
        if len(match[0]) != BODY or match[0].decode() != body(int(match[2]), int(match[1]), stamp):
            raise Wrong("a message came altered")
    return [match[0] for match in found]
