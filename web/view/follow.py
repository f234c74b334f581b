"""Keeps a log at its end while its reader is there, and leaves it alone while they read further up."""

from pyscript import window
from pyscript.ffi import create_proxy

from .dom import listen, show

_NEAR = 24  # pixels from the end that still count as the end


class Follow:
    """Scrolling of one log: following is True while the reader is at the end; jump leads back there."""

    def __init__(self, log, rows, jump):
        self.following = True
        self._log, self._jump, self._top = log, jump, 0
        listen(log, "scroll", self._scrolled)
        listen(jump, "click", self._jumped)
        # One observer for every reason to move: rows added, the window or the draft resized, the room shown again.
        self._observer = window.ResizeObserver.new(create_proxy(self._resized))
        self._observer.observe(log)
        self._observer.observe(rows)

    def arrived(self):
        """Messages were added."""
        if not self.following:
            show(self._jump, True)

    def to_end(self):
        """Go to the end and stay there."""
        # Who is there already is kept there by the observer, once a frame. To ask for the height lays the page out.
        if not self.following:
            self.following = True
            show(self._jump, False)
            self._log.scrollTop = self._log.scrollHeight

    def stop(self):
        """The log is gone."""
        self._observer.disconnect()

    def _jumped(self, event):
        self.to_end()
        self._log.focus()

    def _resized(self, entries, observer):
        if self.following:
            self._log.scrollTop = self._log.scrollHeight

    def _scrolled(self, event):
        # Only an upward move is the reader leaving: rows added since the last move also put the end further away.
        top = self._log.scrollTop
        if self._log.scrollHeight - top - self._log.clientHeight <= _NEAR:
            self.following = True
            show(self._jump, False)
        elif top < self._top:
            self.following = False
        self._top = top
