"""Pages whose Python does what a test asks of it: `page_device.py` in place of main.py, all else as it is served."""

import json
from pathlib import Path
from textwrap import dedent

from playwright.sync_api import expect

from test_layers import TO_COME

# What is asked of the page's Python, or that it never came to an end.
ASK = """source => Promise.race([
  python(source), new Promise((done) => setTimeout(() => done('{"error": "no answer", "sentence": ""}'), 20_000)),
])"""
TESTS = Path(__file__).parent
CONFIGURATION = TESTS.parent / "web" / "pyscript.toml"


class Failed(Exception):
    """What the page's Python raised: its code, or its type and text."""

    def __init__(self, code: str, sentence: str):
        super().__init__(code)
        self.code, self.sentence = code, sentence


class DevicePage:
    """One tab. python("return 1 + 1") is 2; names that are declared global there stay."""

    def __init__(self, context, address: str):
        self.page, self.address = context.new_page(), address
        more = "".join(f'"./{name}" = "./{name}"\n' for name in sorted(TO_COME))
        self.serve("main.py", (TESTS / "page_device.py").read_text("utf-8"))
        self.serve("pyscript.toml", CONFIGURATION.read_text("utf-8") + more)
        self.opens()

    def serve(self, name: str, text: str) -> None:
        self.page.route(f"**/{name}", lambda route: route.fulfill(body=text))

    def opens(self) -> None:
        """Loads the page, anew too."""
        self.page.goto(self.address)
        expect(self.page.locator("#startup")).to_have_count(0)

    def python(self, source: str):
        answer = json.loads(self.page.evaluate(ASK, dedent(source).strip()))
        if "error" in answer:
            raise Failed(answer["error"], answer["sentence"])
        return answer["result"]
