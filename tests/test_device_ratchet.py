"""What level ratchet keeps on a device, in real browsers: across a reload, in one transaction, in one tab at a time."""

import pytest

from member import FREE
from reveal import forms_of, stands_in
from test_device import Tab

ENTER = """
from device.ratchet import ratchet_entrance
from joining import Wish

global door
told = []
wish = Wish("Alice", ROOM, None, "ratchet")
door = await ratchet_entrance(device, wish, told.append)
published = [pair[1].hex() for pair in door.prekeys.ring.one_time]
return [door.ours.public.hex(), door.record and door.record.hex(), published]
"""
RECORD = """
from protocol.ratchet_record import Record

record = Record()
record.log = "L1"
record.fresh = [(1, "2026-11-26T12:00:00.000Z", bytes([7]) * 32, "Bob", "SAID")]
"""
KEEP = RECORD + 'await door.keep(record.octets(), [bytes.fromhex(one) for one in "USED".split()], SKIPPED)'
PUBLISHED = "_, _, new = await door.prekeys.due(0, 0)\nreturn [one.hex() for one in new]"


class Device(Tab):
    def enters_room(self, room: str = "den"):
        """(identity, record or None, public one-time prekeys)."""
        return self.python(ENTER.replace("ROOM", repr(room)))

    def keeps(self, said: str = "between us", used: str = "", skipped: int = 0) -> None:
        self.python(KEEP.replace("SAID", said).replace("USED", used).replace("SKIPPED", str(skipped)))


@pytest.fixture
def tab(device_context, device_server):
    def make() -> Device:
        made = Device(device_context, device_server.url)
        made.starts()
        return made

    return make


def test_a_record_and_the_prekeys_are_there_after_a_reload_and_what_was_used_is_not(tab):
    one = tab()
    identity, record, prekeys = one.enters_room()
    assert (record, prekeys) == (None, [])
    published = one.python(PUBLISHED)
    assert len(published) == 100
    one.keeps(used=f"{published[3]} {published[5]}")
    one.comes_again()
    again, record, prekeys = one.enters_room()
    assert again == identity and b"between us".hex() in record
    assert prekeys == [public for number, public in enumerate(published) if number not in (3, 5)]
    assert one.enters_room("cellar")[1:] == [None, prekeys]


def test_two_rooms_of_a_name_use_up_one_ring(tab):
    one = tab()
    one.enters_room()
    published = one.python(PUBLISHED)
    one.python("global first\nfirst = door")
    one.enters_room("cellar")
    assert one.python("return first.prekeys is door.prekeys")
    one.keeps(used=published[0])
    one.python(KEEP.replace("door.keep", "first.keep").replace("USED", published[1]).replace("SKIPPED", "0"))
    one.comes_again()
    assert one.enters_room()[2] == published[2:]


@pytest.mark.parametrize("failing", ["put", "delete"])
def test_what_cannot_be_stored_whole_is_not_stored_at_all(tab, failing):
    one = tab()
    one.enters_room()
    published = one.python(PUBLISHED)
    one.keeps("before")
    if failing == "put":  # the second of the two in the transaction
        one.page.evaluate("""() => {
          const put = IDBObjectStore.prototype.put;
          let count = 0;
          IDBObjectStore.prototype.put = function (...given) {
            const request = put.apply(this, given);
            if (++count === 2) this.transaction.abort();
            return request;
          };
        }""")
    else:
        one.page.evaluate("""() => { IDBDatabase.prototype.transaction = () => {
          throw new DOMException("full", "QuotaExceededError");
        }; }""")
    code = one.fails(KEEP.replace("SAID", "after").replace("USED", published[0]).replace("SKIPPED", "0"))
    assert code == {"put": "store-failed", "delete": "store-full"}[failing]
    assert one.python(f"return door.prekeys.pair(bytes.fromhex('{published[0]}')) is not None")
    one.comes_again()
    _, record, prekeys = one.enters_room()
    assert b"before".hex() in record and b"after".hex() not in record and prekeys == published


def test_one_change_comes_after_the_other_and_no_other_tab_has_any_to_make(tab):
    one, other = tab(), tab()
    one.enters_room()
    one.python("global release\nrelease = await door.turn()")
    assert other.fails(ENTER.replace("ROOM", repr("den"))) == "other-tab"
    one.page.evaluate("""() => {
      window.second = "waits";
      python("global second\\nsecond = await door.turn()").then(() => { window.second = "has it"; });
    }""")
    for _ in range(3):  # what is asked after it is answered, and it waits still
        assert one.python("return 1") == 1
    assert one.page.evaluate("second") == "waits"
    one.python("release()")
    one.page.wait_for_function("second === 'has it'")


def test_a_copy_of_the_store_shows_neither_texts_nor_private_keys(tab):
    one = tab()
    one.enters_room()
    one.python(PUBLISHED)
    one.keeps("between us")
    private = one.python("ring = door.prekeys.ring\nreturn [ring.spk[0].hex(), ring.one_time[0][0].hex()]")
    stored = repr(one.records())
    for secret in (b"between us", *map(bytes.fromhex, private)):
        assert not any(stands_in(form, stored) for form in forms_of(secret))


def test_a_record_or_a_ring_that_was_changed_is_damaged_and_nothing_is_made_in_its_place(tab):
    one = tab()
    one.enters_room()
    one.keeps()
    for ending in (".prekeys", ""):
        keys = [key for store, key, _ in one.records() if store == "keys"]
        [key] = [key for key in keys if (key.endswith(ending) if ending else ".room." in key)]
        [value] = [value for _, one_key, value in one.records() if one_key == key]
        one.changes("keys", key, value[:-9] + ("A" if value[-9] != "A" else "B") + value[-8:])
        one.comes_again()
        assert one.fails(ENTER.replace("ROOM", repr("den"))) == "store-damaged"
        one.changes("keys", key, value)
        one.comes_again()
        one.enters_room()


def test_a_name_that_is_erased_takes_its_records_and_prekeys_with_it(tab):
    one = tab()
    one.enters_room()
    one.keeps()
    one.python("door.close()")
    one.python("await device.erase_name('Alice')")
    assert [key for store, key, _ in one.records() if store == "keys" and "." in key] == []


def test_a_file_to_take_along_holds_neither(tab):
    one = tab()
    one.enters_room()
    one.python(PUBLISHED)
    one.keeps()
    one.python('await door.profile.keep_room_state("identity/kitchen", b"a list of members")')
    one.python('await device.locking.choose("copper kettle 47")')
    items = one.python("""
        from protocol import export
        kept = {}
        write = export.write

        async def look(platform, text, items):
            kept["items"] = items
            return await write(platform, text, items)

        export.write = look
        await moving.written(device, "copper kettle 47")
        export.write = write
        return [one.hex() for one in kept["items"]]
    """)
    whole = b"".join(map(bytes.fromhex, items))
    assert b"a list of members" in whole and b"between us" not in whole and b"ratchet/" not in whole
    private = one.python("return [pair[0].hex() for pair in door.prekeys.ring.one_time[:3]]")
    assert not any(bytes.fromhex(one) in whole for one in private)


AFTER = KEEP.replace("SAID", "too late").replace("USED", "").replace("SKIPPED", "0")


def test_nothing_is_written_of_a_room_that_was_left(tab):
    one = tab()
    one.enters_room()
    one.keeps("before")
    one.python("global old\nold = door\nold.close()")
    assert one.fails(AFTER.replace("door.keep", "old.keep")) == "store-closed"
    assert b"before".hex() in one.enters_room()[1]
    one.enters_room("cellar")  # the name stays in use
    one.python("old.closed = False\nold.profile.rooms += 1\nold.close()")
    assert one.fails(AFTER.replace("door.keep", "old.keep")) == "store-closed"
    assert b"too late".hex() not in one.enters_room()[1]


def test_prekeys_of_an_earlier_visit_are_not_put_in_the_place_of_newer_ones(tab):
    one = tab()
    one.enters_room()
    one.python("global old\nold = door.prekeys\ndoor.close()")
    one.enters_room()
    published = one.python(PUBLISHED)
    assert one.fails("await old.due(0, 0)") == "store-closed"
    one.comes_again()
    assert one.enters_room()[2] == published


def test_a_name_is_not_free_for_another_tab_before_all_is_written(tab):
    one, other = tab(), tab()
    one.enters_room()
    one.python("""
        import asyncio
        global gate
        gate = asyncio.Event()
        put_all = device.store.put_all

        async def slow(records, gone=()):
            await gate.wait()
            await put_all(records, gone)

        device.store.put_all = slow
    """)
    one.page.evaluate("source => { python(source); }", AFTER.replace("too late", "in time"))
    one.python("door.close()")
    assert other.fails(ENTER.replace("ROOM", repr("den"))) == "other-tab"
    one.python("gate.set()")
    one.page.wait_for_function(FREE, arg="secure-chat name Alice")
    assert b"in time".hex() in other.enters_room()[1]


def test_keys_of_messages_that_have_not_come_are_bounded_over_all_rooms_of_a_name(tab):
    one = tab()
    one.enters_room("cellar")
    one.keeps(skipped=9_000)
    one.enters_room()
    assert one.python("return door.spare()") == 1_000
    one.keeps(skipped=1_000)
    assert one.python("return door.spare()") == 1_000, "its own are not counted"
    one.comes_again()
    one.enters_room()  # counted anew, from what is stored
    assert one.python("return [door.spare(), sorted(door.prekeys.skipped.values())]") == [10_000, [0, 0]]
