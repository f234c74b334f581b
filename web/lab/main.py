"""Wiring of the lab's page at /lab."""

import gc

from lab.console import Console
from lab.glass import GlassPlatform
from lab.ladder import LadderPart
from lab.lesson import STEPS
from lab.levels import LAB
from lab.stealing import StealingPart
from lab.view.lesson import LessonView
from lab.view.page import LabPage
from protocol.ladder import LADDER

gc.threshold(1_000_000)  # as in ../main.py

platform = GlassPlatform()
parts = {"lesson": LessonView(STEPS), "console": Console(platform, LAB), "ladder": LadderPart(platform, LAB)}
parts["theft"] = StealingPart(platform, LADDER)


async def shown(part, rest):
    """A part of the page was turned to."""
    if part in parts:
        await parts[part].shown(rest)


await LabPage(shown).ready()
