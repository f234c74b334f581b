"""The door to time: a clock that never goes back, and one-shot timers."""

from js import performance, setTimeout


def seconds():
    return performance.now() / 1000


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
