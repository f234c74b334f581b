"""The door to time: a clock that never goes back, the device's calendar, and one-shot timers."""

from js import Array, Date, Number, performance, setTimeout


def seconds():
    return performance.now() / 1000


def time():
    """Whole seconds since 1970-01-01 UTC, by this device's clock."""
    # As text: a whole number of milliseconds does not fit into the 32 bits in which numbers cross.
    return int(Array.of(Date.new()).map(Number).join()) // 1000


class Timer:
    """Rings once. Cancelled here and not by the browser's number for it, which may not fit into 32 bits."""

    def __init__(self, delay, work):
        self.work = work
        setTimeout(lambda *_: self.ring(), int(delay * 1000))

    def ring(self):
        return self.work() if self.work else None

    def cancel(self):
        self.work = None


def after(delay, work):
    """Calls `work()`, plain or async, `delay` seconds from now, as a call from JavaScript. Returns its Timer."""
    return Timer(delay, work)
