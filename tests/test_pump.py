"""The inbound pump: one item after another, in their order, whatever happens."""

import asyncio

import own_loop
from protocol.pump import Pump
from reference import run


def test_items_are_handled_in_their_order_although_each_waits_for_something_of_its_own():
    events = []

    async def story():
        gates = {item: asyncio.Event() for item in "abc"}

        async def handle(item):
            events.append(f"{item} begins")
            await gates[item].wait()
            events.append(f"{item} ends")

        pump = Pump(handle, None)
        puts = [asyncio.ensure_future(pump.put(item)) for item in "abc"]
        for item in "cba":  # the last is ready first
            gates[item].set()
            await asyncio.sleep(0)
        await asyncio.wait_for(asyncio.gather(*puts), 5)
        assert (pump.waiting, pump.running) == ([], False)

    own_loop.run(story(), 10)
    assert events == ["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]


def test_one_item_that_fails_does_not_stop_what_comes_after_it():
    events = []

    async def handle(item):
        if item == "bad":
            raise ValueError("bad item")
        events.append(item)

    pump = Pump(handle, lambda item, error: events.append(f"{item}: {error}"))
    for item in ("one", "bad", "two", "bad", "three"):
        run(pump.put(item))
    assert events == ["one", "bad: bad item", "two", "bad: bad item", "three"]


def test_what_is_put_while_an_item_is_handled_comes_after_all_that_waited():
    events = []

    async def handle(item):
        if item == "first":
            await pump.put("second")
            await pump.put("third")
        events.append(item)

    pump = Pump(handle, None)
    run(pump.put("first"))
    assert events == ["first", "second", "third"]


def test_what_waits_is_arranged_together_and_handled_one_after_another():
    events = []

    async def handle(item):
        events.append(item)
        if item == ["a"]:
            await pump.put("b")
            await pump.put("c")

    pump = Pump(handle, None, lambda batch: [batch])
    run(pump.put("a"))
    assert events == [["a"], ["b", "c"]]


def test_what_cannot_be_arranged_does_not_stop_what_comes_after_it():
    events = []

    async def handle(item):
        events.append(item)

    def arrange(batch):
        if "bad" in batch:
            raise ValueError("bad batch")
        return batch

    pump = Pump(handle, lambda batch, error: events.append(f"{batch}: {error}"), arrange)
    for item in ("one", "bad", "two"):
        run(pump.put(item))
    assert events == ["one", "['bad']: bad batch", "two"]
