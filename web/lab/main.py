"""Wiring of the lab's page at /lab."""

import gc

from lab.glass import GlassPlatform
from lab.ladder import LadderPart
from lab.lesson import STEPS
from lab.levels import LAB
from lab.view.lesson import LessonView
from lab.view.page import LabPage

gc.threshold(1_000_000)  # as in ../main.py

parts = {"lesson": LessonView(STEPS), "ladder": LadderPart(GlassPlatform(), LAB)}


async def shown(part, rest):
    """A part of the page was turned to."""
    if part in parts:
        await parts[part].shown(rest)


await LabPage(shown).ready()
