"""The PyScript runtime: its three modes, and what is refused."""

from playwright.sync_api import expect


def test_python_runs_in_the_page(server, page):
    page.goto(server.url)
    expect(page.locator("#startup")).to_have_text("ran")
