"""One item after another, in arrival order. Pure.

Two decryptions that are awaited finish in any order, so everything inbound passes through one pump. It runs inside
calls from JavaScript and never as a task: MicroPython schedules tasks with setTimeout, 4.6 ms an await.
"""


class Pump:
    """`handle(item)` is async; `failed(item, error)` must not raise, as nothing may stop the pump.

    `arrange(items)`, if given, turns what has arrived meanwhile into what is handled, so that much can be done at once.
    """

    def __init__(self, handle, failed, arrange=None):
        self.handle = handle
        self.failed = failed
        self.arrange = arrange
        self.waiting = []
        self.running = False

    async def put(self, item):
        self.waiting.append(item)
        if self.running:
            return
        self.running = True
        while self.waiting:
            batch, self.waiting = self.waiting, []
            for one in self.arranged(batch):
                try:
                    await self.handle(one)
                except Exception as error:  # noqa: BLE001 - one bad item must not stop what comes after it
                    self.failed(one, error)
        self.running = False

    def arranged(self, batch):
        try:
            return self.arrange(batch) if self.arrange else batch
        except Exception as error:  # noqa: BLE001 - nor may a batch that cannot be arranged
            self.failed(batch, error)
            return []
