"""The lesson's part: its steps, of which one is shown, named by the address (#lesson/3)."""

from pyscript import window

from view.dom import add, by_id, clone, listen, show

from .page import turn_to

_NAMES = {"console": "The attack console", "ladder": "The ladder"}  # of the parts, for a step's ways to them


class LessonView:
    """steps: a list, each with title, question, experiment, places, seen and test as lab/lesson.py has them."""

    def __init__(self, steps):
        self._steps = steps
        self._number = 0  # of the step that is shown, from 1 on
        self._buttons = []
        for number, step in enumerate(steps, 1):
            self._add_to_list(number, step.title)
        listen(by_id("step-back"), "click", lambda event: self._turn(self._number - 1))
        listen(by_id("step-next"), "click", lambda event: self._turn(self._number + 1))

    async def shown(self, rest):
        """The part is turned to. rest: the number of a step, or anything else for the one that was shown last."""
        is_start = not self._number
        wanted = int(rest) if rest.isdigit() else 0
        is_step = 1 <= wanted <= len(self._steps)
        number = wanted if is_step else self._number or 1
        if not is_step and not is_start:
            window.history.replaceState(None, "", "#lesson/" + str(number))  # so that a reload comes back here
        if number == self._number:
            return
        self._number = number
        self._show(self._steps[number - 1])
        if not is_start:
            by_id("step-title").focus()

    def _add_to_list(self, number, title):
        item = clone("lesson-step")
        item.querySelector(".number").textContent = str(number)
        item.querySelector(".title").textContent = title
        self._buttons.append(item.firstElementChild)
        listen(item.firstElementChild, "click", lambda event: self._turn(number))
        by_id("lesson-steps").append(item)

    def _turn(self, number):
        turn_to("lesson", str(number))

    def _show(self, step):
        by_id("step-progress").textContent = f"Step {self._number} of {len(self._steps)}"
        by_id("step-title").textContent = step.title
        by_id("step-question").textContent = step.question
        _fill("step-experiment", step.experiment)
        _fill("step-sentences", step.seen)
        by_id("step-test").textContent = step.test
        by_id("step-seen").open = False
        places = by_id("step-places")
        places.replaceChildren()
        for part, rest in step.places:
            places.append(_place(part, rest))
        show(by_id("step-back"), self._number > 1)
        show(by_id("step-next"), self._number < len(self._steps))
        for number, button in enumerate(self._buttons, 1):
            if number == self._number:
                button.setAttribute("aria-current", "step")
            else:
                button.removeAttribute("aria-current")


def _fill(list_id, sentences):
    place = by_id(list_id)
    place.replaceChildren()
    for sentence in sentences:
        add(place, "li", sentence)


def _place(part, rest):
    if part == "chat":
        return clone("place-chat")
    item = clone("place")
    button = item.firstElementChild
    button.textContent = _NAMES[part] + (": " + rest if rest else "")
    listen(button, "click", lambda event: turn_to(part, rest))
    return item
