"""The doors to what lasts in the browser, and to its locks and calendar, in the real page: protocol-free, as code uses
them. What is kept there, and how, is in test_device.py."""

import pytest

from device_page import DevicePage, Failed

STORES = '["profile", "keys"]'


@pytest.fixture
def tab(device_context, device_server):
    """tab(): another tab of one browser, with its store open."""

    def make() -> DevicePage:
        tab = DevicePage(device_context, device_server.url)
        tab.python(f'global kept\nkept = await store.opened("probe", {STORES})')
        return tab

    return make


def fails(tab: DevicePage, source: str) -> str:
    with pytest.raises(Failed) as failed:
        tab.python(source)
    assert failed.value.sentence.endswith(".")
    return failed.value.code


def test_what_was_put_is_there_after_a_reload_and_in_another_tab(tab):
    one = tab()
    one.python('await kept.put_all([("keys", "a.2", "two"), ("keys", "a.1", "one"), ("keys", "b", "é")])')
    one.opens()
    one.python(f'global kept\nkept = await store.opened("probe", {STORES})')
    for page in (one, tab()):
        assert page.python('return await kept.keys("keys", "a.")') == ["a.1", "a.2"]
        assert page.python('return await kept.entries("keys", "a.1", "a.2")') == [["a.1", "one"], ["a.2", "two"]]
        assert page.python('return await kept.entries("keys", "a.2", "b")') == [["a.2", "two"], ["b", "é"]]
        assert page.python('return await kept.get("keys", "b")') == "é"
        assert page.python('return await kept.get("keys", "a")') is None
    one.python('await kept.delete("keys", "a.")')
    assert tab().python('return await kept.keys("keys")') == ["b"]


def test_another_browser_has_none_of_it(tab, new_context, device_server):
    tab().python('await kept.put_all([("keys", "a", "one")])')
    other = DevicePage(new_context(), device_server.url)
    assert other.python(f'return await (await store.opened("probe", {STORES})).keys("keys")') == []


def test_a_key_that_cannot_be_read_out_stays_one(tab):
    one = tab()
    one.python('await kept.put_all([("profile", "key", await platform.profile_key())])')
    sealed = 'key = await kept.get("profile", "key")\nglobal sealed\n'
    one.python(sealed + 'sealed = await platform.aes_gcm_seal(key, bytes(12), b"text", b"")')
    text = one.python("return platform.base64url(sealed)")
    other = tab()
    [key] = other.page.evaluate("""async () => {
      const result = (request) => new Promise((done) => { request.onsuccess = () => done(request.result) });
      const database = await result(indexedDB.open("probe"));
      const keys = await result(database.transaction("profile").objectStore("profile").getAll());
      return keys.map(({ type, extractable, usages, algorithm }) => ({ type, extractable, usages, ...algorithm }));
    }""")
    assert key == {
        "type": "secret",
        "extractable": False,
        "usages": ["encrypt", "decrypt", "unwrapKey"],
        "name": "AES-GCM",
        "length": 256,
    }
    opened = f'key = await kept.get("profile", "key")\nsealed = platform.from_base64url("{text}")\n'
    opened += '[data] = await platform.aes_gcm_open_all([(key, bytes(12), sealed, b"")])\nreturn data.decode()'
    assert other.python(opened) == "text"


def test_a_transaction_that_fails_changes_nothing_and_says_that_the_device_is_full(tab):
    one = tab()
    one.python('await kept.put_all([("keys", "a", "one")])')
    one.page.evaluate("""() => {
      const put = IDBObjectStore.prototype.put;
      IDBObjectStore.prototype.put = function (value, key) {
        if (value !== "too much") return put.call(this, value, key);
        // As a browser does it when the disk is full: the transaction ends with this error.
        this.transaction.abort();
        Object.defineProperty(this.transaction, "error", { value: new DOMException("", "QuotaExceededError") });
      };
    }""")
    assert fails(one, 'await kept.put_all([("keys", "a", "other"), ("keys", "b", "too much")])') == "store-full"
    assert one.python('return await kept.entries("keys", "a", "z")') == [["a", "one"]]


def test_a_quota_that_is_used_up_is_said_and_what_was_there_stays(tab, device_context, device_server):
    one = tab()
    devtools = device_context.new_cdp_session(one.page)  # before anything is written: the browser remembers for a while
    devtools.send("Storage.overrideQuotaForOrigin", {"origin": device_server.url, "quotaSize": 400_000})
    one.python('await kept.put_all([("keys", "a", "one")])')
    assert fails(one, 'await kept.put_all([("keys", "a", "other"), ("keys", "b", "x" * 500_000)])') == "store-full"
    assert one.python('return await kept.entries("keys", "a", "z")') == [["a", "one"]]


def test_a_tab_lets_go_of_what_another_erases_and_says_so_afterwards(tab):
    one, other = tab(), tab()
    one.python('await kept.put_all([("keys", "a", "one")])')
    other.python("await kept.erase()")
    assert fails(one, 'return await kept.get("keys", "a")') == "store-closed"
    assert fails(one, 'await kept.put_all([("keys", "a", "one")])') == "store-closed"
    assert tab().python('return await kept.keys("keys")') == []


def test_a_tab_that_does_not_let_go_keeps_the_store_from_being_erased_and_that_is_said(tab):
    one, other = tab(), tab()
    one.page.evaluate("() => { IDBDatabase.prototype.close = () => {} }")
    assert fails(other, "await kept.erase()") == "store-busy"


GONE = {
    "there is none": "delete Window.prototype.indexedDB; delete self.indexedDB",
    "it is null": 'Object.defineProperty(self, "indexedDB", { value: null })',
    "it throws": 'IDBFactory.prototype.open = () => { throw new DOMException("", "SecurityError") }',
    "it refuses": """IDBFactory.prototype.open = () => {
      const request = { error: new DOMException("", "InvalidStateError") };
      setTimeout(() => request.onerror());
      return request;
    }""",
}


@pytest.mark.parametrize("how", GONE.values(), ids=GONE)
def test_a_browser_that_keeps_nothing_is_one_error(device_context, device_server, how):
    page = DevicePage(device_context, device_server.url)
    page.page.evaluate(f"() => {{ {how} }}")
    assert fails(page, f'await store.opened("probe", {STORES})') == "no-store"


def test_a_store_that_the_browser_cannot_read_is_one_error(tab):
    one = tab()
    one.page.evaluate("""() => {
      IDBObjectStore.prototype.getAll = function () {
        this.transaction.abort();
        Object.defineProperty(this.transaction, "error", { value: new DOMException("", "UnknownError") });
        return {};
      };
    }""")
    assert fails(one, 'return await kept.get("keys", "a")') == "store-failed"


# ------------------------------------------------------------------------------------------ locks, and the calendar

HOLD = 'global release\nrelease = await locks.hold("a")\nreturn release is not None'


def test_one_tab_at_a_time_has_a_lock(tab):
    one, other = tab(), tab()
    assert one.python(HOLD) and not other.python(HOLD)
    assert other.python(HOLD.replace('"a"', '"b"'))
    again = HOLD.replace("global release\n", "global release\nrelease()\n")
    assert one.python(again), "the same page has it again at once"
    assert not other.python(HOLD)
    one.page.close()
    assert other.python('release = await locks.wait("a")\nreturn release is not None'), "it went with the tab"


def test_who_waits_for_a_lock_gets_it_when_it_is_free(tab):
    one, other = tab(), tab()
    assert one.python(HOLD)
    other.page.evaluate("source => { self.waited = python(source) }", 'await locks.wait("a")\nreturn 1')
    pending = "Promise.race([waited, new Promise((done) => setTimeout(() => done(null), 300))])"
    assert other.page.evaluate(pending) is None
    one.python("release()")
    assert other.page.evaluate("waited") == '{"result": 1}'


def test_the_calendar_is_that_of_the_browser_also_after_2038(device_context, device_server):
    page = DevicePage(device_context, device_server.url)
    assert abs(page.python("return clock.time()") - page.page.evaluate("Date.now()") / 1000) < 60
    page.page.clock.set_fixed_time("2106-02-07T06:28:16.900Z")
    page.opens()
    assert page.python("return str(clock.time())") == str(2**32)
