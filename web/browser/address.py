"""The door to the address bar: what a link holds behind its # is taken out of there as soon as it is read."""

from js import history, location, window
from pyscript.ffi import create_proxy

MARK = "invited"  # in the query, which the server sees: that there should be something behind the #


def link(fragment):
    """The whole link to this server's page with that behind its #."""
    return f"{location.origin}/?{MARK}#{fragment}"


def take_fragment():
    """(whether the address says that it invites, what stands behind its #); after this it holds neither.

    Without the mark, what has no slash is a place of the page, as of its skip link, and stays: (False, "").
    """
    invited, fragment = MARK in location.search[1:].split("&"), location.hash[1:]
    if not invited and "/" not in fragment:
        return False, ""
    history.replaceState(None, "", location.pathname)
    return invited, fragment


def on_change(came):
    """Call the async came() whenever what stands behind the # was changed: by a link that this page is open at."""

    async def changed(event):
        await came()

    window.addEventListener("hashchange", create_proxy(changed))
