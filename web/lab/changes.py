"""Waiting for what pages and frames bring about."""

from js import Promise

from browser import clock


class Changes:
    """note() whenever something may have come about that somebody waits for."""

    def __init__(self):
        self.waiting = []  # (condition, what ends the wait)

    def note(self):
        for one in self.waiting[:]:
            condition, settle = one
            if condition() and one in self.waiting:
                self.waiting.remove(one)
                settle(True)

    async def until(self, condition, seconds):
        """Whether the condition came true before the time was over."""
        if condition():
            return True
        wait = Promise.withResolvers()
        one = (condition, wait.resolve)
        self.waiting.append(one)

        def give_up():
            if one in self.waiting:
                self.waiting.remove(one)
                one[1](False)

        impatience = clock.after(seconds, give_up)
        came = await wait.promise
        impatience.cancel()
        return came
