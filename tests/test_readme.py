"""What the documents say is what the code does."""

import re
from pathlib import Path

import server
from conftest import ROOT
from protocol import encoding, envelope, errors, frames, identity_bodies, identity_envelope, looks, writers
from protocol.levels import anchors, classic, epochs, keyring, membership, passphrase, senders
from reference import ReferencePlatform

README = (ROOT / "README.md").read_text("utf-8")
SPECIFICATION = (ROOT / "web" / "protocol" / "README.md").read_text("utf-8")


def section(title: str) -> str:
    """The text of README.md under one heading."""
    return re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", README, re.MULTILINE | re.DOTALL)[1]


def documented_options() -> dict[str, tuple[str, str]]:
    rows = re.findall(r"^\| `(.+?)` \| (.*?) ?\| (.+?) \|$", section("Options"), re.MULTILINE)
    return {option: (default, meaning) for option, default, meaning in rows}


def parsed_options() -> dict[str, tuple[str, str]]:
    """Every option as its row in README.md should be."""
    return {in_words(option): (default_in_words(option), option.help) for option in server.options()}


def in_words(option) -> str:
    value = "" if option.is_flag else ",".join(getattr(option.type, "choices", [])) or option.type.name.upper()
    return f"{option.opts[0]} {value.removesuffix(' RANGE')}".strip()


def default_in_words(option) -> str:
    if isinstance(option.default, Path):  # another one on each machine
        return f"`{option.default.name}` in the system's {option.name} folder"
    return str(option.default) if option.default else ""


def test_the_table_of_options_is_that_of_the_command_line():
    assert documented_options() == parsed_options()


def test_each_command_is_one_line_that_begins_with_a_virtual_environment():
    for title, end in (("Start", "python server.py"), ("Tests", "python -m pytest -n 2 --dist worksteal")):
        [command] = re.findall(r"```sh\n(.*?)\n```", section(title), re.DOTALL)
        assert command.startswith("python3 -m venv .venv && ") and command.endswith(end)


def test_every_requirement_is_pinned_exactly():
    for name in ("requirements.txt", "tests/requirements.txt"):
        lines = [line for line in (ROOT / name).read_text("utf-8").splitlines() if not line.startswith("#")]
        assert all(re.fullmatch(r"[A-Za-z0-9-]+==[0-9.]+", line) for line in lines), name


def codes_and_sentences(after: str) -> dict[str, str]:
    """The table of codes that follows this text of the specification."""
    table = SPECIFICATION.partition(after)[2].partition("|---|---|\n")[2].partition("\n\n")[0]
    return dict(re.findall(r"^\| (`.+?`) \| (.+?) \|$", table, re.MULTILINE))


def test_the_specification_has_every_refusal_with_its_sentence():
    assert codes_and_sentences("## 6. Refusals and warnings") == {f"`{r.code}`": r.for_people for r in errors.REFUSALS}
    defined = {each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, errors.Refusal)}
    assert defined - {errors.Refusal} == set(errors.REFUSALS)


def test_the_specification_has_every_warning_with_its_sentence():
    warnings = (errors.Gap(3), errors.Late(), errors.Forked(), errors.OutOfOrder())
    assert codes_and_sentences("Shown, with a warning beside it:") == {f"`{w.code}`": w.for_people for w in warnings}
    assert {type(warning) for warning in warnings} == set(errors.Warning_.__subclasses__())


def test_the_specification_has_every_mark_with_its_sentence_the_gravest_first():
    names = {errors.SameTag: "4KVE", errors.YourName: None, errors.TwoNames: None}
    marks = [mark(*filter(None, [names.get(mark, "Bob")])) for mark in errors.MARKS]
    table = codes_and_sentences("Marked, beside the name")
    assert list(table.items()) == [(f"`{mark.code}`", mark.for_people) for mark in marks]
    assert set(errors.MARKS) == set(errors.Mark.__subclasses__())


def test_the_letters_taken_for_latin_ones_are_those_of_the_specification():
    listed = re.search(r"\(code point, twin\):\n(.+?)\.\n", SPECIFICATION, re.DOTALL)[1]
    pairs = [pair.split() for pair in listed.replace("\n", " ").split(", ")]
    assert {chr(int(code, 16)): twin for code, twin in pairs} == looks.TWINS


def problem_of(call, *arguments) -> errors.Problem:
    try:
        call(*arguments)
    except errors.Problem as problem:
        return problem
    raise AssertionError("nothing was refused")


def test_the_specification_has_every_problem_of_what_people_type_with_its_sentence():
    platform = ReferencePlatform()
    clean, secret = encoding.clean_name, encoding.passphrase_bytes
    problems = [
        problem_of(clean, platform, typed, field) for typed in ("", "n" * 65, "n\u200b") for field in ("name", "room")
    ]
    problems += [problem_of(secret, platform, typed) for typed in ("", "p" * 1025, "\ud800")]
    problems += [problem_of(envelope.text_bytes, typed) for typed in ("", "\ud800", "m" * 16_385)]
    table = codes_and_sentences("|---|---|---|\n| room, name |")
    assert set(", ".join(table).split(", ")) == {f"`{problem.code}`" for problem in problems}
    for problem in problems:
        if problem.field == "room":
            continue  # its sentence is that of the name, with another beginning
        sentence = next(text for codes, text in table.items() if f"`{problem.code}`" in codes)
        assert re.sub(r"\b(65|1025|16385)\b", "N", problem.for_people) in sentence


def test_the_limits_in_the_specification_are_those_of_the_code():
    for limit in (
        f"1 to {encoding.NAME_CHARACTERS} code points",
        f"1 to {encoding.PASSPHRASE_BYTES:,} bytes of UTF-8",
        f"1 to {envelope.TEXT_BYTES:,} bytes of UTF-8",
        f"at most {keyring.PER_MINUTE} a minute in a room",
        f"At most {keyring.WANTED} wishes",
        f"salt, {classic.ITERATIONS:,} iterations)",
        f"iterations, uint(4) | {envelope.PBKDF2_COST[0]:,} to {envelope.PBKDF2_COST[1]:,}",
        f"passes {envelope.ARGON2ID_PASSES[0]} to {envelope.ARGON2ID_PASSES[1]}",
        f"lanes {envelope.ARGON2ID_LANES[0]} to {envelope.ARGON2ID_LANES[1]}",
        f"passes times MiB at most {envelope.ARGON2ID_WORK}",
        f"{envelope.ARGON2ID_MEBIBYTES[0]} to {envelope.ARGON2ID_MEBIBYTES[1]} MiB",
        f"as up to {senders.RANGES} ranges",
        f'"{encoding.NAME_NOT_SHOWN}"',
        f"the newest {anchors.REMEMBERED:,} entries shown",
        f"and ourselves: {writers.KEPT:,} at most",
    ):
        assert limit in SPECIFICATION, limit
    assert frames.FRAME_CHARACTERS > server.ENTRIES_BYTES
    assert frames.BUNDLES == server.ROTATIONS + 1


def test_every_character_that_the_specification_forbids_in_names_is_refused_and_no_other_range():
    listed = re.search(r"first to last code point\): (.+?)\. That", SPECIFICATION, re.DOTALL)[1].replace("\n", " ")
    ranges = [part.strip().partition("-")[::2] for part in listed.split(",")]
    assert [(int(a, 16), int(b or a, 16)) for a, b in ranges] == list(encoding.FORBIDDEN_IN_NAMES)


def test_readme_has_the_costs_of_the_levels():
    assert f"{classic.ITERATIONS:,} iterations" in README
    passes, _, mebibytes = envelope.argon2id_parts(passphrase.NEW_ROOM[0][1])
    assert f"Argon2id ({mebibytes} MiB, {passes} passes)" in README
    assert f"PBKDF2 {passphrase.NEW_ROOM[1][1]:,}" in README


def test_readme_has_the_numbers_of_level_identity():
    for number in (
        f"A room has {identity_envelope.MEMBERS} members at most",
        f"up to {identity_bodies.SHARED:,} room keys back",
        f"after {epochs.MESSAGES:,} messages, and after a day",
    ):
        assert number in README, number
    assert epochs.AGE == 86_400 and "after two days without" in README and membership.UNCONFIRMED == 2 * 86_400


def test_the_specification_has_the_relays_error_and_close_codes_with_their_sentences():
    assert codes_and_sentences("### Error codes") == {f"`{code}`": text for code, text in server.ERRORS.items()}
    table = SPECIFICATION.partition("### Close codes")[2]
    rows = re.findall(r"^\| (\d{4}) \| (.+?) \|$", table, re.MULTILINE)
    assert {int(code): text for code, text in rows} == server.CLOSE_CODES


def test_the_relays_limits_in_the_specification_are_those_of_its_settings():
    settings = server.Settings()
    for limit in (
        f"{settings.frame_bytes:,} bytes of UTF-8",
        f"{server.ENTRIES_BYTES:,} bytes of UTF-8",
        f"{settings.frames_per_second} frames a second and {settings.frames_burst} at once",
        f"sends {settings.frames_burst} more without a pause",
        f"{settings.address_frames_per_second:,} and {settings.address_frames_burst:,}",
        f"A room takes {settings.room_frames_per_second:,} a second and {settings.room_frames_burst:,}\n",
        f"{settings.bad_frames} malformed frames",
        f"begin {settings.address_rooms_per_second} room a second and {settings.address_rooms_burst:,} at once",
        f"take {settings.address_names_per_second} new name a second and {settings.address_names_burst:,} at once",
        f"directory too, which may have {settings.names:,} names",
        f"the newest {server.ROTATIONS} at most",
        f"a `publish` or `publish-prekeys` as {server.PUBLISH_COST},",
        f"take prekeys {settings.address_takes_per_second} times a second and {settings.address_takes_burst} at once",
        f"| 1 to 4,886 characters: {server.PREKEYS} one-time prekeys of a name of 256 bytes |",
        f"| at most {frames.TAKEN_CHARACTERS} characters |",
        f"| 1 to {frames.BUNDLE_CHARACTERS} characters: that of a name of 256 bytes |",
        f"{server.ENTRIES_BYTES:,} characters of bundles |",
        f"append {settings.address_bytes_per_second:,} bytes a second and {settings.address_bytes_burst:,}\n",
        f"counting as its frame and {server.ROW_BYTES:,} bytes",
        f"An address may have {settings.connections_per_address} connections",
        f"in {settings.rooms_per_connection} rooms, a room may have {settings.members_per_room} members",
        f"{settings.rooms:,} rooms and {settings.log_bytes:,} bytes of log, or {settings.memory:,}",
        f"at most {settings.kinds_per_room} kinds",
        f"the newest {settings.retention_messages:,} entries",
        f"newest {settings.retention_bytes:,} bytes of bodies, and none past {settings.retention_days} days",
        f"A request has {settings.handshake} seconds to come whole",
        f"whoever takes an answer over HTTP has {settings.answer};",
        f"The first frame has {settings.first_frame} seconds",
        f"After {settings.silence:.0f} seconds without a frame",
        f"more than {settings.backlog:,} bytes wait",
    ):
        assert limit in SPECIFICATION, limit
