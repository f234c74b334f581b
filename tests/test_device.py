"""What lasts on a device, in real browsers: reload, a second tab, another browser, tampering with each record, and what
a copy of the store shows. The pure parts are in both_device.py, the doors in test_store.py."""

import hashlib

import pytest

from device_page import DevicePage, Failed
from reveal import forms_of, stands_in

START = "global device\ndevice = Device(platform)\nawait device.start()\n"
ENTER = 'global alice\nalice = await device.enter("Alice")\nreturn alice.ours.public.hex()'
BOB = '"%s"' % ("ab" * 32)
PIN = f'alice.trust.first_contact("Bob", bytes.fromhex({BOB}), 3)\n'
# Until what was learned is stored: the name is free for others then.
STORED = "alice.close()\nrelease = await locks.wait('secure-chat name Alice')\nrelease()\n"

# All records of a database, as (store, key, value); of a CryptoKey what it tells of itself.
DUMP = """async () => {
  const result = (request) => new Promise((done, failed) => {
    request.onsuccess = () => done(request.result);
    request.onerror = failed;
  });
  if (!(await indexedDB.databases()).some(({ name }) => name === "secure-chat")) return [];
  const database = await result(indexedDB.open("secure-chat"));
  const all = [];
  for (const store of database.objectStoreNames) {
    const records = database.transaction(store).objectStore(store);
    const [keys, values] = await Promise.all([result(records.getAllKeys()), result(records.getAll())]);
    for (const [at, key] of keys.entries()) {
      const value = values[at];
      all.push([store, key, value instanceof CryptoKey ? { extractable: value.extractable } : value]);
    }
  }
  database.close();
  return all;
}"""
# Puts, or deletes where there is no value.
CHANGE = """async ([store, key, value]) => {
  const result = (request) => new Promise((done, failed) => {
    request.onsuccess = () => done(request.result);
    request.onerror = failed;
  });
  const database = await result(indexedDB.open("secure-chat"));
  const records = database.transaction(store, "readwrite").objectStore(store);
  await result(value === null ? records.delete(key) : records.put(value, key));
  database.close();
}"""


class Tab(DevicePage):
    def starts(self) -> None:
        self.python(START)

    def enters(self, name: str = "Alice") -> str:
        """Its identity there, in hexadecimal."""
        return self.python(ENTER.replace('"Alice"', repr(name)))

    def comes_again(self) -> None:
        self.opens()
        self.starts()

    def records(self) -> list[list]:
        return self.page.evaluate(DUMP)

    def record(self, ending: str) -> str:
        """The one key in `keys` that ends so."""
        [key] = [key for store, key, _ in self.records() if store == "keys" and key.endswith(ending)]
        return key

    def changes(self, store: str, key: str, value) -> None:
        self.page.evaluate(CHANGE, [store, key, value])

    def fails(self, source: str) -> str:
        with pytest.raises(Failed) as failed:
            self.python(source)
        assert failed.value.sentence.endswith("."), failed.value.code
        return failed.value.code


@pytest.fixture
def tab(device_context, device_server):
    """tab(): another tab of one browser, with its device started."""

    def make() -> Tab:
        made = Tab(device_context, device_server.url)
        made.starts()
        return made

    return make


def test_a_name_has_one_identity_that_outlives_the_page_and_another_name_another(tab):
    one = tab()
    alice, bob = one.enters("Alice"), one.enters("Bob")
    assert alice != bob
    one.comes_again()
    assert (one.enters("Bob"), one.enters("Alice")) == (bob, alice)


def test_another_browser_has_other_identities(tab, new_context, device_server):
    other = Tab(new_context(), device_server.url)
    other.starts()
    assert tab().enters() != other.enters()


def test_one_tab_at_a_time_has_a_name_and_two_names_can_talk_in_two_tabs(tab):
    one, other = tab(), tab()
    alice = one.enters()
    assert other.fails(ENTER) == "other-tab"
    assert other.enters("Bob") != alice
    one.python("alice.close()")
    assert other.enters() == alice
    assert one.fails(ENTER) == "other-tab"
    other.page.close()
    one.python("(await locks.wait('secure-chat name Alice'))()")
    assert one.enters() == alice


def test_two_rooms_of_one_page_share_a_name_until_the_last_is_left(tab):
    one, other = tab(), tab()
    one.python('global a, b\na, b = await device.enter("Alice"), await device.enter("Alice")')
    assert one.python("return a is b")
    one.python("a.close()")
    assert other.fails(ENTER) == "other-tab"
    one.python("b.close()")
    assert other.enters()


def test_two_rooms_that_are_entered_in_one_moment_share_a_name_too(tab):
    one = tab()
    one.page.evaluate("""async () => {
      const enter = (name) => python(`global ${name}\\n${name} = await device.enter("Alice")`);
      await Promise.all([enter("a"), enter("b")]);
    }""")
    assert one.python("return [a is b, a.rooms]") == [True, 2]


def test_two_that_start_in_one_moment_have_the_same_keys(device_context, device_server):
    one = Tab(device_context, device_server.url)
    one.page.evaluate(
        """async (start) => {
      await Promise.all([python(start), python(start.replaceAll("device", "other"))]);
    }""",
        START,
    )
    assert one.python("return [device.names_key == other.names_key, device.failure, other.failure]") == [
        True,
        None,
        None,
    ]
    bob = one.enters("Bob")
    one.comes_again()
    assert one.enters("Bob") == bob


def test_what_was_learned_is_there_again(tab):
    one = tab()
    one.enters()
    one.python(PIN + f"alice.trust.verify(bytes.fromhex({BOB}))")
    one.python('await alice.keep_room_state("identity/kitchen", b"state")')
    one.python(STORED)
    one.comes_again()
    one.enters()
    assert one.python(f"return alice.trust.state(bytes.fromhex({BOB}))") == "verified"
    assert one.python('return alice.trust.pin_of("Bob").version') == 3
    assert one.python('return (await alice.room_state("identity/kitchen")).decode()') == "state"
    assert one.python('return await alice.room_state("identity/cellar")') is None


def test_what_one_name_learned_is_nothing_to_another(tab):
    one = tab()
    one.enters("Alice")
    one.python(PIN + 'await alice.keep_room_state("identity/kitchen", b"state")')
    one.enters("Bob")
    assert one.python('return [len(alice.trust.pins), await alice.room_state("identity/kitchen")]') == [0, None]


def test_changes_in_one_moment_are_all_stored_and_the_name_stays_taken_until_then(tab):
    one, other = tab(), tab()
    one.enters()
    two = PIN + 'alice.trust.first_contact("Carol", bytes([7]) * 31 + bytes(1), 1)\n'
    assert one.python(two + "alice.close()\nreturn alice.release is not None"), "nothing is stored yet"
    other.python("(await locks.wait('secure-chat name Alice'))()")
    other.enters()
    assert other.python("return sorted(alice.trust.pins)") == ["Bob", "Carol"]


def test_a_new_device_has_another_identity_and_the_old_one_signs_until_it_was_handed_over(tab):
    one = tab()
    first = one.enters()
    old, second = one.python("old, new = await alice.replace()\nreturn [old.public.hex(), new.public.hex()]")
    assert old == first != second
    assert one.python("return alice.ours.public.hex()") == second
    one.comes_again()
    assert one.enters() == second
    assert one.python("return alice.former.public.hex()") == first
    signed = "signature = await platform.ed25519_sign(alice.former.signing, b'x')\n"
    assert one.python(signed + "return await platform.ed25519_verify_all([(alice.former.public, signature, b'x')])")
    again, third = one.python("old, new = await alice.replace()\nreturn [old.public.hex(), new.public.hex()]")
    assert again == first, "nobody has seen the one between"
    one.python("await alice.handed_over()")
    one.comes_again()
    assert one.enters() == third
    assert one.python("return alice.former") is None
    assert len([key for _, key, _ in one.records() if key.endswith(".ed25519")]) == 1


def test_what_is_erased_is_gone_and_the_name_begins_anew(tab):
    one = tab()
    alice, bob = one.enters(), one.enters("Bob")
    one.comes_again()
    one.enters()
    one.python("await alice.erase()")
    assert one.fails(ENTER) == "erased"
    one.python(PIN + 'await alice.keep_room_state("identity/kitchen", b"state")\n' + STORED)
    assert one.enters() != alice
    assert one.enters("Bob") == bob


# ------------------------------------------------------------------------------------------ what a copy shows

WORD = "meet me by the crooked lighthouse"


SEED = bytes(range(32))
VISIT = f"""
platform.random = lambda count: bytes(range(count)) if count == 32 else webcrypto.random(count)
{START}
global alice
alice = await device.enter("Alice Liddell")
alice.trust.first_contact("Humpty Dumpty", bytes([9]) * 32, 3)
await alice.keep_room_state("identity/kitchen", b"{WORD}")
return [alice.ours.public.hex(), alice.ours.x25519_public.hex()]
"""
LEFT = STORED.replace("name Alice", "name Alice Liddell")


def shows(records: list, word: str | bytes) -> bool:
    forms = [form for record in records for part in record for form in forms_of(str(part).encode())]
    return any(word in form if isinstance(word, bytes) else stands_in(form, word) for form in forms)


def test_a_copy_of_the_records_shows_no_seed_key_name_room_or_word(device_context, device_server):
    one = Tab(device_context, device_server.url)
    publics = one.python(VISIT)
    one.python(LEFT)
    records = one.records()
    stores = {store for store, _, _ in records}
    assert stores == {"profile", "keys"} and len(records) == 7
    assert [value for _, _, value in records if isinstance(value, dict)] == [{"extractable": False}]
    words = ["Alice", "Liddell", "Humpty", "kitchen", "identity/", WORD, SEED, bytes([9]) * 32]
    words += [bytes.fromhex(public) for public in publics] + [hashlib.sha512(SEED).digest()[:32]]
    assert [word for word in words if shows(records, word)] == []


def test_the_search_above_notices_what_stands_there_in_plain(device_context, device_server):
    one = Tab(device_context, device_server.url)
    one.python(
        "webcrypto.aes_gcm_seal\nasync def plain(key, nonce, data, aad):\n    return data + bytes(16)\n"
        "platform.aes_gcm_seal = plain\n" + START + "await device.records.put('a', b'" + WORD + "')"
    )
    assert shows(one.records(), WORD)


def test_no_private_key_in_hand_can_be_read_out(tab):
    one = tab()
    one.enters()
    kept = "return [[key.type, key.extractable, list(key.usages)] for key in keys]"
    keys = "keys = [alice.ours.signing, alice.ours.x25519_private, device.records.profile_key]\n"
    assert one.python(keys + kept) == [
        ["private", False, ["sign"]],
        ["private", False, ["deriveBits"]],
        ["secret", False, ["encrypt", "decrypt", "unwrapKey"]],
    ]


def test_a_second_visit_takes_no_secret_through_python(tab):
    one = tab()
    alice = one.enters()
    one.opens()
    # Whatever is made of bytes in the page's hands, or gives such: nothing of it is called.
    one.page.evaluate("""() => {
      for (const name of ["importKey", "generateKey", "exportKey", "deriveKey"]) {
        const call = SubtleCrypto.prototype[name];
        SubtleCrypto.prototype[name] = function (form, ...more) {
          const harmless = more.at(-1)?.[0] === "verify" || (form === "raw" && more.at(-1)?.length === 0);
          return harmless ? call.call(this, form, ...more) : Promise.reject(new Error(name));
        };
      }
    }""")
    one.starts()
    assert one.enters() == alice


# ------------------------------------------------------------------------------------------ tampering


CODE = """try:
    return (await device.enter("{name}")).ours.public.hex()
except Exception as problem:
    return problem.code"""


def flipped(value: str) -> str:
    """One bit in the middle is another."""
    middle = len(value) // 2
    return value[:middle] + ("B" if value[middle] == "A" else "A") + value[middle + 1 :]


def changed(records: dict, kind: str) -> tuple[str, dict]:
    """The key of one name's record of a kind, and what is put in its place: by what it is."""
    place, other = sorted(key.removesuffix(".trust") for key in records if key.endswith(".trust"))
    key = place + kind
    return key, {
        "one bit": flipped(records[key]),
        "the end": records[key][:-4],
        "nothing": "",
        "a number": 7,
        "another name's": records[other + kind],
        "another of this name": records[place + (".1.x25519" if kind == ".trust" else ".trust")],
        "deleted": None,
    }


@pytest.mark.parametrize("kind", ["", ".1.ed25519", ".1.x25519", ".trust"], ids=["name", "ed25519", "x25519", "pins"])
def test_a_changed_record_is_not_used_and_nothing_takes_its_place_in_silence(tab, kind):
    one = tab()
    names = {name: one.enters(name) for name in ("Alice", "Bob")}
    one.comes_again()
    records = {key: value for store, key, value in one.records() if store == "keys"}
    key, changes = changed(records, kind)
    for what, value in changes.items():
        one.changes("keys", key, value)
        entered = [one.python(CODE.format(name=name)) for name in names]
        assert sorted(entered)[-1] == "store-damaged" and entered.count("store-damaged") == 1, what
        one.python("for profile in list(device.profiles.values()):\n    profile.close()")
        one.changes("keys", key, records[key])
    assert {name: one.enters(name) for name in names} == names


def test_a_changed_room_is_said_and_the_rest_is_there(tab):
    one = tab()
    one.enters()
    one.python('for name in "ab":\n    await alice.keep_room_state(name, b"state of " + name.encode())')
    one_key, other_key = [key for _, key, _ in one.records() if ".room." in key]
    records = {key: value for _, key, value in one.records()}
    read = "states = []\nfor name in 'ab':\n    try:\n        states.append((await alice.room_state(name)).decode())\n"
    read += "    except Exception as error:\n        states.append(error.code)\nreturn sorted(states)"
    assert one.python(read) == ["state of a", "state of b"]
    one.changes("keys", one_key, records[other_key])
    found = one.python(read)
    assert found[-1] == "store-damaged" and found[0].startswith("state of ")


@pytest.mark.parametrize("lost", [("profile", "key"), ("keys", "names")])
def test_a_device_that_lost_its_own_keys_makes_no_others_beside_what_is_there(tab, lost):
    one = tab()
    one.enters()
    records = one.records()
    one.changes(*lost, None)
    one.comes_again()
    assert one.fails(ENTER) == "store-damaged"
    assert [record[:2] for record in one.records()] == [record[:2] for record in records if record[:2] != list(lost)]


# ------------------------------------------------------------------------------------------ where nothing can be kept


def test_where_the_browser_keeps_nothing_a_name_lasts_as_long_as_the_page_and_that_is_said(
    device_context, device_server
):
    one = Tab(device_context, device_server.url)
    one.page.evaluate("() => { delete Window.prototype.indexedDB; delete self.indexedDB; }")
    one.starts()
    assert "keeps nothing" in one.python("return device.problem")
    alice = one.enters()
    one.python(PIN + "alice.close()")
    assert one.enters() == alice
    assert one.python("return sorted(alice.trust.pins)") == ["Bob"]
    other = Tab(device_context, device_server.url)
    other.starts()
    assert other.python("return device.problem") == ""
    assert other.enters("Bob") != alice


def test_what_cannot_be_stored_later_is_told_and_the_next_change_is_tried_again(tab):
    one = tab()
    one.python("global told\ntold = []\ndevice.tell = told.append")
    alice = one.enters()
    one.page.evaluate("""() => {
      self.put = IDBObjectStore.prototype.put;
      IDBObjectStore.prototype.put = function () {
        this.transaction.abort();
        Object.defineProperty(this.transaction, "error", { value: new DOMException("", "QuotaExceededError") });
      };
    }""")
    one.python(PIN)
    assert one.fails('await alice.keep_room_state("a", b"state")') == "store-full"
    one.page.evaluate("() => { IDBObjectStore.prototype.put = put }")
    assert "no room left" in one.python("return told[0]")
    one.python('alice.trust.first_contact("Carol", bytes([7]) * 31 + bytes(1), 1)\n' + STORED)
    one.comes_again()
    assert one.enters() == alice
    assert one.python("return sorted(alice.trust.pins)") == ["Bob", "Carol"]
