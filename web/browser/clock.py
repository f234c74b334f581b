"""The door to time: a clock that never goes back, and one-shot timers."""

from js import clearTimeout, performance, setTimeout


def seconds():
    return performance.now() / 1000


def after(delay, work):
    """Calls `work()`, plain or async, `delay` seconds from now, as a call from JavaScript. Returns a handle."""
    return setTimeout(lambda *_: work(), int(delay * 1000))


def cancel(handle):
    clearTimeout(handle)
