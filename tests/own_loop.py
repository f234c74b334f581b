"""A coroutine in a loop and thread of its own: the main thread of the tests has the one of the browser's driver."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor


def run(coroutine: Coroutine, timeout: float | None = None):
    """-> what it returns. Raises what it raises, and TimeoutError after so many seconds."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result(timeout)
