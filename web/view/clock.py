"""Times of messages in the reader's time zone and language. Each minute is worked out once."""

from pyscript import window
from pyscript.ffi import to_js

_MINUTES_KEPT = 2000

_language = window.navigator.language
_clock = window.Intl.DateTimeFormat.new(_language, to_js({"hour": "2-digit", "minute": "2-digit", "hourCycle": "h23"}))
_day = window.Intl.DateTimeFormat.new(_language, to_js({"dateStyle": "full"}))
_known = {}


def today():
    """The reader's date in words, in the form that local() gives."""
    return _day.format(window.Date.new())


def local(at):
    """(HH:MM, date in words) of "2026-11-23T20:42:34.123Z". What is no time stands for itself."""
    minute = at[:16]
    if minute not in _known:
        if len(_known) >= _MINUTES_KEPT:
            _known.clear()
        # The string crosses, not a number: milliseconds since 1970 would wrap at 32 bits.
        date = window.Date.new(at)
        time = date.getTime()
        # NaN: format() would throw, and what JavaScript throws in a plain call ends the page's Python.
        _known[minute] = ("", at) if time != time else (_clock.format(date), _day.format(date))
    return _known[minute]
