"""Who does the lab's first lesson as it is written: the teacher's page, the windows of the chat, the console."""

import re
import subprocess
import sys

from playwright.sync_api import expect

from conftest import Server
from lab.lesson import STEPS
from person import Person

QUOTED = re.compile("“(.+?)”")
WIDER = """() => [...document.querySelectorAll('*')].filter(one => one.checkVisibility() && one.clientWidth
  && one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).display !== 'inline'
  && !one.matches('input, .unseen, .title, [role=region][tabindex="0"]')).map(one => one.outerHTML.slice(0, 80))"""


def running_lab(tmp_path_factory, runtime_cache):
    """A server with the lab, for all tests of a module, in which each leaves it as it is or goes on from the last."""
    server = Server(tmp_path_factory.mktemp("server"), cache=runtime_cache, lab=True).start()
    yield server
    server.kill()


def is_at(page, number):
    expect(page.get_by_role("heading", name=STEPS[number - 1].title, exact=True)).to_be_visible()
    expect(page.get_by_text(f"Step {number} of 6", exact=True)).to_be_visible()


def turn_to(page, number):
    page.get_by_role("link", name="Lesson", exact=True).click()
    page.get_by_role("navigation", name="Steps").get_by_role("button").nth(number - 1).click()
    is_at(page, number)


def wider_than_they_seem(page):
    """What can be scrolled sideways, but for regions that are meant to be, where the Tab key leads."""
    return page.evaluate(WIDER)


class Learner:
    """Does what a step says. Each name is looked up in the step's own instructions, so that these cannot say what the
    page does not have; at the end all of them have been needed."""

    def __init__(self, page, number):
        self.page, self.step = page, STEPS[number - 1]
        self.names = {name for text in self.step.experiment for name in QUOTED.findall(text)}
        self.needed = set()
        page.bring_to_front()
        turn_to(page, number)

    def named(self, name):
        assert name in self.names, f"the step does not say {name}"
        self.needed.add(name)
        return name

    def press(self, name, where=None):
        (where or self.page).get_by_role("button", name=self.named(name), exact=True).click()

    def goes_to(self, place):
        self.page.bring_to_front()
        self.page.get_by_role("link", name="Lesson", exact=True).click()
        self.page.get_by_role("list", name="Where to go").get_by_role("button", name=place, exact=True).click()

    def opens_the_chat(self):
        """In a new window; returns its page."""
        self.page.bring_to_front()
        self.page.get_by_role("link", name="Lesson", exact=True).click()
        with self.page.expect_popup() as opened:
            self.page.get_by_role("link", name="The lab's chat, in a new window").click()
        return opened.value

    def begins(self, level):
        """In the console, a room at this level in which Alice and Bob have greeted each other."""
        console = self.page.get_by_role("region", name="Attack console")
        console.get_by_label("Level", exact=True).select_option(self.named(level))
        self.needed |= self.names & {"Begin", "New room"}  # the one until a room was begun, the other from then on
        console.get_by_role("button", name=re.compile("^(Begin|New room)$")).click()
        expect(console.get_by_role("status", name="Progress")).to_contain_text("Alice and Bob have heard each other")
        return console

    def attacks(self, console, name):
        """Tries an attack; returns where it stands what came of it."""
        choice = self.page.get_by_role("radio", name=self.named(name), exact=True, include_hidden=True)
        if not choice.is_visible():  # in a group that is closed
            console.locator("details").filter(has=choice).locator("summary").click()
        choice.check()
        self.press("Attack", console)
        self.press("Do all", console)
        expect(console.get_by_role("status", name="Progress")).to_contain_text("Done.")
        return console.get_by_role("region", name=self.named("What came of it"))

    def has_done_all(self):
        assert self.names - self.needed == set(), "the step names what nobody needed"


class InTheLab(Person):
    """Somebody in a window of the lab's chat."""

    def __init__(self, name, page):
        self.name, self.page, self.context = name, page, page.context

    def looks(self):
        """A browser draws the window in front, and others only now and then."""
        self.page.bring_to_front()
        return self

    def sends(self, learner, text):
        """At "Message", and by "Send": the first step says so, and the others take it for known."""
        learner.needed |= learner.names & {"Message", "Send"}
        self.looks()
        self.message_field.fill(learner.named(text))
        self.button("Send").click()

    def pane(self, text):
        """What the relay sees of the newest message of this text."""
        row = self.page.get_by_role("log", name="Messages").locator(".row").filter(has_text=text).last
        return row.get_by_role("group", name="The relay sees")

    def shows(self, learner, name):
        """Presses a button that shows something, unless it is pressed already."""
        button = self.looks().button(learner.named(name))
        if button.get_attribute("aria-pressed") != "true":
            button.click()
        expect(button).to_have_attribute("aria-pressed", "true")


def at_home(folder, passphrase):
    """What the program prints in this folder to who types this passphrase."""
    command = [sys.executable, "-I", "-X", "utf8", "open_capture.py", "kitchen.capture.json"]
    # In a session of its own it has no terminal, so the passphrase is read from standard input.
    done = subprocess.run(
        command, cwd=folder, input=f"{passphrase}\n", text=True, capture_output=True, timeout=60, start_new_session=True
    )
    return done.stdout
