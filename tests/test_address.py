"""The address bar: what a link holds behind its # is read once, and is gone from there."""

import pytest
from playwright.sync_api import expect

INVITE = "passphrase/kitchen/copper%20kettle"


@pytest.mark.parametrize(
    ("path", "taken"),
    [
        (f"/?invited#{INVITE}", [True, INVITE]),
        ("/?invited", [True, ""]),
        ("/?invited#", [True, ""]),
        ("/?invited#main", [True, "main"]),
        (f"/?from=chat&invited&x=1#{INVITE}", [True, INVITE]),
        (f"/#{INVITE}", [False, INVITE]),
        (f"/?uninvited#{INVITE}", [False, INVITE]),
    ],
)
def test_what_a_link_holds_is_read_once_and_gone_from_the_address_and_from_the_way_back(
    mount, views_server, path, taken
):
    mounted = mount(path)
    assert mounted.do("address", "take_fragment") == taken
    expect(mounted.page).to_have_url(views_server.url + "/")
    assert mounted.page.evaluate("history.length") == 2  # that of about:blank is the other
    assert mounted.do("address", "take_fragment") == [False, ""]


@pytest.mark.parametrize("path", ["/", "/#main", "/?x=1#main"])
def test_an_address_that_invites_to_nothing_is_left_as_it_is(mount, views_server, path):
    mounted = mount(path)
    assert mounted.do("address", "take_fragment") == [False, ""]
    expect(mounted.page).to_have_url(views_server.url + path)


def test_the_query_of_a_link_tells_the_server_nothing_but_that_there_was_one(mounted, views_server):
    assert mounted.do("address", "link", [INVITE]) == f"{views_server.url}/?invited#{INVITE}"


def test_a_link_that_an_open_page_is_led_to_is_noticed_and_so_is_the_skip_link_which_is_none(mounted, views_server):
    mounted.do("address", "on_change")
    mounted.page.evaluate("fragment => { location.hash = fragment }", INVITE)
    mounted.calls(["came"])
    assert mounted.do("address", "take_fragment") == [False, INVITE]
    expect(mounted.page).to_have_url(views_server.url + "/")
    mounted.page.get_by_role("link", name="Skip to the conversation").press("Enter")
    mounted.calls(["came"])
    assert mounted.do("address", "take_fragment") == [False, ""]
    expect(mounted.page).to_have_url(views_server.url + "/#main")
    expect(mounted.page.get_by_role("main")).to_be_focused()


def test_the_page_is_compared_as_it_was_asked_for_also_once_its_address_is_another(mount, views_server):
    mounted = mount(f"/?invited#{INVITE}")
    mounted.do("address", "take_fragment")
    assert mounted.do("served", "address_of", ["/"]) == f"{views_server.url}/?invited"
