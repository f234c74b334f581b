"""Wiring of the lab's page at /lab."""

import gc

from lab.view.page import LabPage

gc.threshold(1_000_000)  # as in ../main.py


async def shown(part):
    """A part of the page was turned to."""


await LabPage(shown).ready()
