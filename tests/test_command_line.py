"""Starting and stopping: what is printed, where it listens, and how it refuses."""

import urllib.request


def test_the_page_is_served_at_the_printed_address(server):
    with urllib.request.urlopen(server.url) as answer:
        assert b"<title>Secure Chat</title>" in answer.read()


def test_an_interrupt_ends_the_server_with_status_0(server):
    assert server.stop() == 0
    assert "Traceback" not in server.output
