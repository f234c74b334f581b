"""relay_process.py that says what it holds: on SIGUSR1 it prints one line of JSON, its objects by type. `leak`, a list,
makes it lose something with every connection, to show that the soak test would notice."""

import gc
import json
import os
import signal
import sys
import threading
from collections import Counter
from functools import partial

import gevent
from gevent.event import Event

import relay_process
import server

kept, heap = [], bytearray()
LEAKS = {  # of each connection
    "connection": lambda connection: kept.append(connection),
    "closure": lambda connection: kept.append(partial(lambda host: lambda: host, connection.settings.host)()),
    "room": lambda connection: kept.append(connection.relay.log.room(f"{len(kept)}")),
    "greenlet": lambda _: kept.append(gevent.spawn(Event().wait)),
    "thread": lambda _: threading.Thread(target=threading.Event().wait, daemon=True).start(),
    "descriptor": lambda connection: os.dup(connection.sock.fileno()),
    "memory": lambda _: heap.extend(bytes(65_536)),  # as a library in C would: no object shows it
}


def count() -> None:
    gc.collect()
    types = map(type, gc.get_objects())
    print(json.dumps(Counter(f"{type_.__module__}.{type_.__qualname__}" for type_ in types)), flush=True)


def leak(kinds: list[str]) -> None:
    run = server.Connection.run

    def run_and_leak(connection):
        for kind in kinds:
            LEAKS[kind](connection)
        run(connection)

    server.Connection.run = run_and_leak


if __name__ == "__main__":
    options = json.loads(sys.argv[1])
    leak(options.pop("leak", []))
    sys.argv[1] = json.dumps(options)
    gevent.signal_handler(signal.SIGUSR1, count)
    relay_process.main()
