"""Secure Chat's server: serves web/ and relays what pages say. It is blind: it imports nothing from web/, has no code
that could decrypt, and cannot parse what it carries (web/protocol/README.md, section 1, is all that it knows). It
verifies one thing: who signed a bundle of its directory of public keys (web/protocol/identity.md, section 4).

Sections, top to bottom: settings, directory, log, rooms, connections, runtime, HTTP, command line.
"""

import base64
import dataclasses
import errno
import gzip
import hashlib
import json
import logging
import os
import re
import secrets
import shutil
import signal
import socket
import sqlite3
import ssl
import struct
import subprocess
import tarfile
import tempfile
import urllib.request
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from http.client import HTTPException
from ipaddress import IPv4Address, IPv6Address, ip_address
from itertools import accumulate, count
from pathlib import Path
from time import monotonic, time
from types import SimpleNamespace
from typing import Annotated, NamedTuple, get_origin
from urllib.parse import urlsplit
from weakref import WeakValueDictionary

import click
import gevent
import gevent.ssl
import msgspec
import platformdirs
from click import Choice, FloatRange, IntRange, echo
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from flask import Flask, Response, abort, redirect, request
from flask_sock import Sock
from gevent.event import Event
from gevent.lock import Semaphore
from gevent.pywsgi import WSGIHandler, WSGIServer
from msgspec import Meta, Struct
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, make_wsgi_app
from websockets.frames import Frame, Opcode
from websockets.protocol import SERVER, Protocol, State
from werkzeug.serving import get_interface_ip, make_ssl_devcert

logger = logging.getLogger("securechat")

# ---------------------------------------------------------------------------------------------------- 1. Settings


class StartError(click.ClickException):
    """The server cannot start: click says so and exits with 1. The text is for people: what happened, what to do."""


def origin(text: str) -> str:
    """An origin as browsers write it. Raises click.BadParameter."""
    if not re.fullmatch(r"https?://([a-z0-9.-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?", text):
        raise click.BadParameter("need scheme, host and port alone, such as https://chat.example")
    return text


ORIGIN, SYNC, RUNTIME = origin, Choice(["normal", "full"]), Choice(["auto", "local", "cdn"])
SOME, RATE, BURST, SECONDS = IntRange(1), FloatRange(1), FloatRange(16), FloatRange(0.1)  # a frame may count as 16
LEVEL = Choice(["debug", "info", "warning", "error"])
DATA = platformdirs.user_data_path("secure-chat", appauthor=False) / "log.sqlite"
CACHE = platformdirs.user_cache_path("secure-chat", appauthor=False)
IPAddress = IPv4Address | IPv6Address
PORTS = range(5000, 5020)  # when none is given, the first that is free


@dataclass(frozen=True)
class Limits:
    """So that nobody can take what is there for all. Each is an option, as those of Settings are."""

    frame_bytes: Annotated[int, "bytes of a frame; twice as much ends the connection", IntRange(32_768)] = 131_072
    frames_per_second: Annotated[float, "frames that a connection may send; some count as more", RATE] = 100
    frames_burst: Annotated[float, "of them at once", BURST] = 400
    address_frames_per_second: Annotated[float, "frames that all of one address may send", RATE] = 2_000
    address_frames_burst: Annotated[float, "of them at once", BURST] = 8_000
    # Slow enough that one address needs a day or more to take all of `rooms`, of `names` or of `log_bytes`.
    address_rooms_per_second: Annotated[float, "new rooms that all of one address may begin", FloatRange(0.001)] = 1
    address_rooms_burst: Annotated[float, "of them at once", RATE] = 1_000
    address_names_per_second: Annotated[float, "new names that all of one address may take", FloatRange(0.001)] = 1
    address_names_burst: Annotated[float, "of them at once", RATE] = 1_000
    address_takes_per_second: Annotated[float, "prekeys that all of one address may take", FloatRange(0.001)] = 0.1
    address_takes_burst: Annotated[float, "of them at once", RATE] = 100
    address_bytes_per_second: Annotated[float, "bytes that all of one address may append", RATE] = 50_000
    address_bytes_burst: Annotated[float, "of them at once", FloatRange(1_048_576)] = 50_000_000
    # More than of one address, so that nobody can take a room for themselves alone.
    room_frames_per_second: Annotated[float, "joinings and appends that a room takes", RATE] = 4_000
    room_frames_burst: Annotated[float, "of them at once", BURST] = 16_000
    bad_frames: Annotated[float, "malformed frames of a connection in ten seconds", RATE] = 20
    connections: Annotated[int, "connections in all; 0: what the system's limit of open files allows", IntRange(0)] = 0
    connections_per_address: Annotated[int, "of one address or IPv6 /64, at most half; pages loading count", SOME] = 500
    rooms: Annotated[int, "rooms with a log", SOME] = 100_000
    names: Annotated[int, "names in the directory of public keys", SOME] = 100_000
    rooms_per_connection: Annotated[int, "rooms that a connection may be in", SOME] = 32
    members_per_room: Annotated[int, "members that a room may have", SOME] = 500
    kinds_per_room: Annotated[int, "kinds of entries in a room; of each the newest stays", SOME] = 64
    retention_bytes: Annotated[int, "newest bytes of bodies kept of a room", IntRange(262_144)] = 50_000_000
    log_bytes: Annotated[int, "bytes of the whole log on disk, what is free inside not counted", SOME] = 10_000_000_000
    memory: Annotated[int, "bytes of the whole log when it is in memory", SOME] = 250_000_000
    backlog: Annotated[int, "bytes that may wait for one connection", SOME] = 1_048_576
    stall: Annotated[float, "seconds in which a connection takes nothing of them", SECONDS] = 10
    silence: Annotated[float, "seconds without a word, then a ping; as long again: closed", SECONDS] = 20
    handshake: Annotated[float, "seconds for a TLS handshake, and for a request to come whole", SECONDS] = 10
    answer: Annotated[float, "seconds for an answer over HTTP to be taken", SECONDS] = 120
    first_frame: Annotated[float, "seconds from the WebSocket's handshake to its first frame", SECONDS] = 10


@dataclass(frozen=True)
class Settings(Limits):
    """Every option of the command line and every limit of the relay, in bytes and seconds. An annotated field is an
    option: its help and, where its type does not say it, click's type."""

    host: Annotated[str, "address to listen on; 0.0.0.0 for all that this machine has"] = "127.0.0.1"
    port: Annotated[int | None, f"port; 0: any; not given: {PORTS[0]} or the next free one", IntRange(0, 65_535)] = None
    data: Annotated[Path, "file that keeps the rooms' logs; made if it is not there", Path] = DATA
    retention_messages: Annotated[int, "newest entries kept of a room; 0: nothing goes to disk", IntRange(0)] = 10_000
    retention_days: Annotated[int, "days that an entry is kept, and a room after its last", IntRange(1, 36_500)] = 30
    sync: Annotated[str, "full: an acknowledged message survives a power cut too; slower", SYNC] = "normal"
    runtime: Annotated[str, "whose copy of PyScript pages load; auto: ours if it can be had", RUNTIME] = "auto"
    cache: Annotated[Path, "folder that keeps our copy of PyScript"] = CACHE
    tls_adhoc: Annotated[bool, "serve https with a self-signed certificate, made beside the data file"] = False
    tls_cert: Annotated[Path | None, "serve https with this certificate chain, PEM", Path] = None
    tls_key: Annotated[Path | None, "its private key, PEM, if it is in a file of its own", Path] = None
    origin: Annotated[tuple[str, ...], "another origin that people reach the page at; may be repeated", ORIGIN] = ()
    proxy: Annotated[IPAddress | None, "proxy whose X-Forwarded-For is believed: its last address", ip_address] = None
    open: Annotated[bool, "open the page in a browser"] = False
    lab: Annotated[bool, "serve the lab too, at /lab: rooms of its own, to be watched and attacked"] = False
    manifest: Annotated[bool, "print the SHA-384 of every file that would be served, and end"] = False
    log_level: Annotated[str, "what is logged, to standard error", LEVEL] = "warning"

    pending: int = 500  # appends waiting to be written, of all connections: then nobody is listened to for a moment
    hold: float = 60  # retention 0: no entry is kept longer
    patience: float = 5  # while another process holds the log's lock
    linger: float = 5  # for a connection being closed to read what was said before


ENTRIES_BYTES = 262_144  # of an `entries` frame: web/protocol/README.md, section 1
PUBLISH_COST = 16  # frames: two signatures are verified, which takes as long
ROTATIONS = 100  # of a name, in the directory
PREKEYS = 100  # one-time prekeys of a name
TAKES = {"rate": 1 / 60, "burst": 20}  # one-time prekeys that a name gives, so that nobody empties it at once
ROW_BYTES = 1_024  # that an entry counts for beside its frame. On disk it takes at most 2.2 times as much as both

ERRORS = {
    "binary": "The frame is binary; frames are text.",
    "too-large": "The frame is larger than this relay takes.",
    "too-deep": "The frame nests so deep that it cannot be read.",
    "not-json": "The frame is not one JSON value as RFC 8259 has it, or has half of a surrogate pair.",
    "unknown-type": "The frame has no type that this relay knows.",
    "bad-frame": "A member of the frame is missing, unknown, or not as the frame's type has it.",
    "not-joined": "This connection is not in that room; join it first.",
    "too-many-rooms": "This connection is in as many rooms as it may be; leave one first.",
    "room-full": "The room has as many members as it may have; try again when someone has left.",
    "no-more-rooms": "The relay keeps as many rooms as it may; its operator can raise the limit.",
    "too-many-kinds": "The room's log has as many kinds of entries as it may have.",
    "id-conflict": "The log has this id already, with another body or kind, so nothing was appended.",
    "not-newest": "The newest entry of this kind is another one, so nothing was appended.",
    "bad-bundle": "The bundle is not of the specification's form, or a signature of it is wrong.",
    "name-taken": "This name belongs to another key, which has not signed this change.",
    "not-next": "The name's newest bundle has another version, so nothing was written.",
    "bad-prekeys": "The prekeys are not of the specification's form, or a signature of them is wrong.",
    "no-more-names": "The relay keeps as many names as it may; its operator can raise the limit.",
    "log-full": "The relay keeps as many bytes as it may; some are free again when old messages go.",
    "too-fast": "Too many frames in a short time; nothing was done, send this one again a little later.",
    "address-too-fast": "Too much from this address; nothing was done, send this one again a little later.",
    "room-too-fast": "Too much is going on in this room; nothing was done, send this one again a little later.",
    "storage": "The relay could not write or read its log, so nothing was done; send it again later.",
}
CLOSE_CODES = {  # a reason has at most 123 bytes
    1000: "Closed as asked.",
    1002: "The connection broke the WebSocket protocol.",
    1007: "A text frame was not UTF-8.",
    1009: "A frame was far larger than this relay takes.",
    1011: "The relay met an error of its own; connect again.",
    1012: "The relay is being restarted; connect again in a moment.",
    1013: "The relay has as many connections as it may have; try again later.",
    4001: "Too many connections from this address; close one first.",
    4002: "Too many malformed frames.",
    4003: "Too many frames for too long; connect again and send more slowly.",
    4004: "Reading too slowly; connect again to go on from the log.",
    4005: "No answer to a ping; connect again.",
    4006: "No frame came in time; connect again.",
}


class Refused(Exception):
    """A frame that is answered by an error frame. `code` is one of ERRORS, `detail` may say which member it was."""

    def __init__(self, code: str, detail: str = ""):
        self.code, self.detail = code, detail


# ---------------------------------------------------------------------------------------------------- 2. The directory

BUNDLE, LABEL, NOBODY = "bundle-1.", b"secure-chat identity 1 ", bytes(32)
UPLOAD, TAKEN, OF_PREKEYS = "prekeys-1.", "prekey-1.", b"secure-chat ratchet 1 "
# Of Ed25519 (RFC 8032, section 5.1): the field's prime, the group's order, and the y of the points of small order.
PRIME, ORDER = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
ORDER_8 = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
SMALL_ORDER = {0, 1, PRIME - 1, ORDER_8, PRIME - ORDER_8}


class Bundle(NamedTuple):
    """Who has a name: web/protocol/identity.md, section 4. Its fields are the columns of the table."""

    name: str
    identity: bytes
    version: int
    previous: bytes
    text: str


def read_bundle(name: str, text: str) -> Bundle:
    """A bundle of this name, if it has its one form and its signatures are right. Raises Refused."""
    named = len(name.encode()).to_bytes(4, "big") + name.encode()
    form = struct.Struct(f">32s{len(named)}sI32s64s")
    try:
        octets = base64.urlsafe_b64decode(text.removeprefix(BUNDLE) + "==")
        identity, its_name, version, previous, signature = form.unpack_from(octets)
    except (ValueError, struct.error):
        raise Refused("bad-bundle") from None
    fields, handover, is_rotation = octets[: form.size - 64], octets[form.size :], previous not in (NOBODY, identity)
    is_right = BUNDLE + base64.urlsafe_b64encode(octets).decode().rstrip("=") == text and its_name == named
    is_right &= version == 1 if previous == NOBODY else version > 1
    is_right &= verifies(identity, signature, LABEL + b"bundle" + fields)
    is_right &= verifies(previous, handover, LABEL + b"rotation" + fields) if is_rotation else not handover
    if not is_right:
        raise Refused("bad-bundle")
    return Bundle(name, identity, version, previous, text)


class Upload(NamedTuple):
    """The prekeys of a name: web/protocol/ratchet.md, section 2. Bytes to the relay, but for who has signed them."""

    name: str
    identity: bytes
    number: int
    signed: bytes  # spk || its signature
    text: str
    one_time: list[bytes]


def read_upload(name: str, text: str) -> Upload:
    """Prekeys of this name, if they have their one form and their signatures are right. Raises Refused."""
    named = len(name.encode()).to_bytes(4, "big") + name.encode()
    form = struct.Struct(f">32s{len(named)}sI32s64sB")
    try:
        octets = base64.urlsafe_b64decode(text.removeprefix(UPLOAD) + "==")
        identity, its_name, number, spk, signature, count = form.unpack_from(octets)
    except (ValueError, struct.error):
        raise Refused("bad-prekeys") from None
    fields, own = octets[:-64], octets[-64:]
    is_right = UPLOAD + base64.urlsafe_b64encode(octets).decode().rstrip("=") == text and its_name == named
    is_right &= number > 0 and count <= PREKEYS and len(fields) == form.size + 32 * count
    is_right = is_right and verifies(identity, signature, OF_PREKEYS + b"prekey" + spk)
    if not is_right or not verifies(identity, own, OF_PREKEYS + b"upload" + fields):
        raise Refused("bad-prekeys")
    one_time = [fields[at : at + 32] for at in range(form.size, len(fields), 32)]
    return Upload(name, identity, number, spk + signature, text, one_time)


def verifies(identity: bytes, signature: bytes, message: bytes) -> bool:
    """Whether an identity has signed: neither its key nor the signature may have another form that is valid too."""
    y, s = int.from_bytes(identity, "little") % 2**255, int.from_bytes(signature[32:], "little")
    if y >= PRIME or y in SMALL_ORDER or s >= ORDER:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(identity).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


# ---------------------------------------------------------------------------------------------------- 3. The log

APPLICATION_ID = 0x5EC0C4A7
SIZE = "length(cast(body as blob))"  # in bytes: of a text it would be characters
DIRECTORY = """
create table bundle (name text not null, identity blob not null, version integer not null, previous blob not null,
                     text text not null);
create unique index bundle_version on bundle (name, version);
"""
PREKEY_TABLES = """
create table prekeys (name text primary key, identity blob not null, number integer not null, signed blob not null,
                      text text not null);
create table one_time (number integer primary key, name text not null, key blob not null);
create index one_time_name on one_time (name, number);
"""
# From version 1 on, each to the next, whole or not at all: free room is given back; rooms have a size; a directory;
# prekeys in it.
MIGRATIONS = (
    "vacuum",
    f"""begin; alter table room add column bytes integer not null default 0;
    update room set bytes = (select coalesce(sum({SIZE}), 0) from entry
        where room = number and seq <= (select max(value) from json_each(kinds)));
    pragma user_version=3; commit""",
    f"begin; {DIRECTORY} pragma user_version=4; commit",
    f"begin; {PREKEY_TABLES} pragma user_version=5; commit",
)
SCHEMA_VERSION = 1 + len(MIGRATIONS)
COLUMNS = ("seq", "kind", "id", "name", "at", "body")  # of an entry, in the log and in `entries` frames
STEP = 64  # entries after which a room is settled, and of which so many more than came are removed at a time
WAL_BYTES, SPARE_PAGES = 67_108_864, 4_096  # past it the file of commits begins anew, and room is given back
MANY_CHANGES = 4_096  # rows: then commits are moved into the main file, or after ten seconds
# An ordinary rowid table: `without rowid` costs three times as much per row. Rowids are in order of time.
# `kinds` is a JSON object: the newest seq of each kind when the room was last settled, so of the last entries only
# those in `entry` are true. `bytes` is the size of all bodies, then too. From `oldest` on no entry is missing.
SCHEMA = """
create table room (number integer primary key, name text not null unique, log text not null,
                   oldest integer not null, kinds text not null, bytes integer not null);
create table entry (room integer not null, seq integer not null, kind text not null, id text not null,
                    name text not null, at text not null, body text not null);
create unique index entry_seq on entry (room, seq);
create unique index entry_id on entry (room, id);
"""  # and DIRECTORY, PREKEY_TABLES
DAMAGED = (
    "The data file {0} is damaged. Put a copy that is whole in its place, or move it away, with {0}-wal if that is "
    "there, to begin with empty rooms."
)


class Bucket:
    """A token bucket. One of a single connection can go below zero, so whoever does not stop has to wait the longer. A
    shared one cannot, or those who try again would keep each other waiting."""

    def __init__(self, rate: float, burst: float, is_shared: bool = True):
        self.rate, self.burst, self.tokens, self.time, self.is_shared = rate, burst, burst, monotonic(), is_shared

    def take(self, time: float, tokens: int = 1) -> bool:
        self.tokens = min(self.burst, self.tokens + max(0, time - self.time) * self.rate)
        self.time = max(time, self.time)  # of those who share it one may be heard before others and served after them
        is_enough = self.tokens >= tokens
        if is_enough or not self.is_shared:
            self.tokens -= tokens
        return is_enough

    def pay(self, time: float, code: str, tokens: int = 1) -> None:
        """Raises Refused with this code if there are not as many tokens."""
        if not self.take(time, tokens):
            raise Refused(code)

    def is_full(self, time: float) -> bool:
        self.take(time, 0)
        return self.tokens == self.burst


class Household:
    """What all connections of one address, `users` of them, may do. What takes them long they do in turns, a bit in a
    millisecond, so that one address has no more of the relay's time than others can spare."""

    def __init__(self, limits: Limits):
        self.users, self.turn = 0, Semaphore()
        self.frames = Bucket(limits.address_frames_per_second, limits.address_frames_burst)
        self.rooms = Bucket(limits.address_rooms_per_second, limits.address_rooms_burst)
        self.names = Bucket(limits.address_names_per_second, limits.address_names_burst)
        self.bytes = Bucket(limits.address_bytes_per_second, limits.address_bytes_burst)
        self.takes = Bucket(limits.address_takes_per_second, limits.address_takes_burst)

    def is_idle(self, time: float) -> bool:
        return not self.users and all(one.is_full(time) for one in vars(self).values() if isinstance(one, Bucket))

    def take_turn(self) -> None:
        with self.turn:
            gevent.sleep(0.001)  # sleep(0) would not wait for the sockets
        gevent.sleep(0)  # who waits for the turn is told only now, and we would take it again before


@dataclass(slots=True, eq=False, weakref_slot=True)
class Room:
    """One room while anybody needs it: who is there, and what is known of its log without asking the disk."""

    name: str
    number: int | None  # its row; None before the first append
    log: str
    oldest: int
    kinds: dict[str, int]
    settled: int  # the newest entry when its row was last written
    bytes: int  # of all bodies
    frames: Bucket | None = None  # what it takes
    members: dict = dataclasses.field(default_factory=dict)  # Member by its number

    @property
    def newest(self) -> int:
        return max(self.kinds.values(), default=0)


def timestamp(ago: float = 0) -> str:
    """The time `ago` seconds back, as `2026-11-23T20:42:34.123Z`."""
    return datetime.fromtimestamp(time() - ago, UTC).isoformat(timespec="milliseconds")[: -len("+00:00")] + "Z"


class Log:
    """An ordered log of opaque bodies per room, in SQLite. It never waits for a lock: that would stop everyone."""

    def __init__(self, settings: Settings):
        self.settings, self.kept = settings, settings.retention_messages > 0  # on disk
        self.loaded: WeakValueDictionary[str, Room] = WeakValueDictionary()
        self.before: dict[Room, Room] = {}  # of each room that the transaction changed, what it was
        self.added: dict[Room, list[tuple]] = {}  # and its entries in order
        self.swept = 0  # the rowid to which retention by age has come
        self.rooms = self.names = 0
        self.spare = 0  # bytes that can be appended before it is looked what the log holds

    def open(self) -> None:
        """Opens or makes the file. Raises StartError."""
        path = self.settings.data if self.kept else ":memory:"
        try:
            if self.kept:
                self._lock(path)
                # Read-only, or closing it would move commits into a file that is refused and so has to stay as it is.
                mode = "rw" if Path(f"{path}-journal").exists() else "ro"  # what was cut short is undone first
                uri = f"{path.absolute().as_uri()}?mode={mode}"
                with closing(sqlite3.connect(uri, timeout=0, uri=True)) as self.sql:
                    self._check(path)
            self.sql = sqlite3.connect(path, timeout=0, isolation_level=None)
            self._prepare()
            self.paths = [f"{path}", f"{path}-wal"] if self.kept else []
            self.inodes = [os.stat(each).st_ino for each in self.paths]
        except (OSError, sqlite3.Error) as error:
            text = f"The data file {path} cannot be used: {error}. Name another one with --data, or move it away."
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_CORRUPT:
                text = DAMAGED.format(path)
            raise StartError(text) from None

    def _lock(self, path: Path) -> None:
        # Two relays on one log would each miss what the other takes. SQLite's lock ends with the process in any case.
        lock = path.with_name(path.name + ".lock")
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.touch(mode=0o600)
        self.lock = sqlite3.connect(lock, timeout=0, isolation_level=None)
        try:
            self.lock.execute("begin exclusive")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:  # such as a full disk
                raise
            text = f"Another server is using the data file {path}. Stop it, or name another file with --data."
            raise StartError(text) from None
        if self.wal_size() and not (path.exists() and path.stat().st_size >= 512):
            raise StartError(DAMAGED.format(path))  # SQLite would take it for a new one, and throw away the commits
        path.touch(mode=0o600)  # SQLite gives its other files the same

    def _check(self, path: Path) -> None:
        if self._value("pragma application_id") != APPLICATION_ID and self._value("select count(*) from sqlite_master"):
            raise StartError(f"The data file {path} belongs to another program. Name another one with --data.")
        if not 0 <= self._value("pragma user_version") <= SCHEMA_VERSION:
            raise StartError(f"The data file {path} is of a later version of this server. Update, or name another one.")
        if self._value("pragma quick_check(1)") != "ok":  # a second for each GB
            raise StartError(DAMAGED.format(path))

    def _prepare(self) -> None:
        version = self._value("pragma user_version")
        # With a WAL, synchronous=normal survives the end of the process; only a power cut may cost the last commits.
        pragmas = ("auto_vacuum=incremental", "journal_mode=wal", f"synchronous={self.settings.sync}")
        for pragma in (*pragmas, "wal_autocheckpoint=0", f"journal_size_limit={WAL_BYTES}", "secure_delete=on"):
            self.sql.execute(f"pragma {pragma}")
        if version == 0:
            header = f"pragma application_id={APPLICATION_ID}; pragma user_version={SCHEMA_VERSION}"
            self.sql.executescript(f"begin; {SCHEMA} {DIRECTORY} {PREKEY_TABLES} {header}; commit")
        for old in range(version or SCHEMA_VERSION, SCHEMA_VERSION):
            self.sql.executescript(f"{MIGRATIONS[old - 1]}; pragma user_version={old + 1}")
        self.rooms = self._value("select count(*) from room")
        self.names = self._value("select count(distinct name) from bundle")

    def _value(self, question: str, *values) -> int | None:
        return self.sql.execute(question, values).fetchone()[0]

    def close(self) -> None:
        with suppress(sqlite3.Error):
            self.sql.execute("pragma wal_checkpoint(truncate)")
        self.sql.close()
        if self.kept:
            self.lock.close()

    def wal_size(self) -> int:
        wal = Path(f"{self.settings.data}-wal")
        return wal.stat().st_size if wal.exists() else 0

    def is_there(self) -> bool:
        """False if somebody has moved, replaced or deleted the file: what is appended now would be lost at the end."""
        with suppress(OSError):
            return [os.stat(path).st_ino for path in self.paths] == self.inodes
        return False

    def checkpoint(self, mode: str) -> sqlite3.Error | None:
        """Moves commits into the main file: passive, beside new ones; restart, all, while none come, so that the
        next overwrite them. It waits for the disk: call it in a thread. -> what went wrong, as no thread may raise."""
        try:
            if self.is_there():  # else what stands in its place is not ours
                with closing(sqlite3.connect(self.settings.data, timeout=0)) as sql:
                    sql.execute(f"pragma wal_checkpoint({mode})")
        except sqlite3.Error as error:
            return error
        return None

    def give_back(self) -> None:
        """One step of returning room in the file to the disk, if there is much."""
        if self._value("pragma freelist_count") > SPARE_PAGES:
            self.sql.executescript(f"pragma incremental_vacuum({SPARE_PAGES // 16})")  # execute() would free one page

    def room(self, name: str) -> Room:
        """The room, made up if there is none: the first append writes it. Raises sqlite3.Error."""
        room = self.loaded.get(name)
        if room is None:
            question = "select number, log, oldest, kinds, bytes from room where name = ?"
            row = self.sql.execute(question, (name,)).fetchone()
            number, log, oldest, kinds, size = row or (None, secrets.token_urlsafe(12), 0, "{}", 0)
            rate = Bucket(self.settings.room_frames_per_second, self.settings.room_frames_burst)
            room = self.loaded[name] = Room(name, number, log, oldest, json.loads(kinds), 0, size, rate)
            room.settled = room.newest
            since = f"select kind, max(seq), sum({SIZE}) from entry where room = ? and seq > ? group by kind"
            for kind, newest, size in self.sql.execute(since, (number, room.settled)):
                room.kinds[kind] = newest
                room.bytes += size
        return room

    def read(self, room: Room, after: int, most: int = -1) -> sqlite3.Cursor:
        """Entries (seq, kind, id, name, at, body) past `after`, in order. Close it, or checkpoints wait."""
        question = f"select {', '.join(COLUMNS)} from entry where room = ? and seq > ? order by seq limit ?"
        return self.sql.execute(question, (room.number, after, most))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is appended inside is kept at its end, or nothing is. Raises sqlite3.Error."""
        self.before, self.added, counts = {}, {}, (self.rooms, self.names)
        if not self.is_there():
            raise sqlite3.OperationalError(f"{self.settings.data} was moved, replaced or deleted; start anew")
        try:
            with self.sql:  # commits, or rolls back
                self.sql.execute("begin immediate")
                yield
                for room, was in self.before.items():
                    if oldest := self._overdue(room, was):
                        self._trim(room, oldest)
        except BaseException:
            for room, was in self.before.items():
                room.number, room.log, room.oldest, room.kinds = was.number, was.log, was.oldest, was.kinds
                room.settled, room.bytes = was.settled, was.bytes
            self.added, (self.rooms, self.names) = {}, counts
            raise

    def append(
        self, room: Room, kind: str, body: str, id: str, name: str, at: str, if_newest: int | None = None
    ) -> int:
        """Inside a transaction -> the entry's seq, the first one for a repeat. Raises Refused, sqlite3.Error."""
        question = "select seq, kind, body from entry where room = ? and id = ?"
        if row := self.sql.execute(question, (room.number, id)).fetchone():
            if row[1:] != (kind, body):
                raise Refused("id-conflict")
            return row[0]
        if if_newest not in (None, room.kinds.get(kind, 0)):
            raise Refused("not-newest")
        if kind not in room.kinds and len(room.kinds) >= self.settings.kinds_per_room:
            raise Refused("too-many-kinds")
        if room.number is None and self.rooms >= self.settings.rooms:
            raise Refused("no-more-rooms")
        self._claim(len(body))
        self._remember(room)
        if room.number is None:
            command = "insert into room values (null, ?, ?, 1, '{}', 0)"
            room.number, room.oldest = self.sql.execute(command, (room.name, room.log)).lastrowid, 1
            self.rooms += 1
        seq = room.newest + 1
        row = (seq, kind, id, name, at, body)
        self.sql.execute("insert into entry values (?, ?, ?, ?, ?, ?, ?)", (room.number, *row))
        self.added.setdefault(room, []).append(row)
        room.kinds[kind] = seq
        room.bytes += len(body) if body.isascii() else len(body.encode())
        return seq

    def newest_bundle(self, name: str) -> Bundle | None:
        row = self.sql.execute("select * from bundle where name = ? order by version desc", (name,)).fetchone()
        return row and Bundle(*row)

    def bundles(self, name: str) -> list[str]:
        """The rotations of a name and its newest bundle, in order. Raises sqlite3.Error."""
        return [
            text for (text,) in self.sql.execute("select text from bundle where name = ? order by version", (name,))
        ]

    def publish(self, new: Bundle, newest: Bundle | None) -> None:
        """Inside a transaction; `newest` is that of its name. Nothing for a repeat. Raises Refused, sqlite3.Error."""
        if new == newest:
            return
        if newest and newest.identity not in (new.identity, new.previous):
            raise Refused("name-taken")
        if newest and (new.version, new.previous) != (newest.version + 1, newest.identity):
            raise Refused("not-next")
        if not newest and self.names >= self.settings.names:
            raise Refused("no-more-names")
        self._claim(len(new.text))
        self.names += not newest
        self.sql.execute("insert into bundle values (?, ?, ?, ?, ?)", new)
        rotations = "select version from bundle where name = ? and previous not in (identity, zeroblob(32))"
        staying = f"{rotations} order by version desc limit {ROTATIONS}"
        gone = f"delete from bundle where name = ? and version < ? and version not in ({staying})"
        self.sql.execute(gone, (new.name, new.version, new.name))
        if newest and newest.identity != new.identity:
            self._forget_prekeys(new.name)

    def _forget_prekeys(self, name: str) -> None:
        for table in ("prekeys", "one_time"):
            self.sql.execute(f"delete from {table} where name = ?", (name,))

    def prekeys(self, name: str) -> tuple[int, int]:
        """(number of the last upload, one-time prekeys that are left), both 0 for none. Raises sqlite3.Error."""
        number = self._value("select max(number) from prekeys where name = ?", name)
        return number or 0, self._value("select count(*) from one_time where name = ?", name)

    def publish_prekeys(self, new: Upload) -> None:
        """Inside a transaction. Nothing for a repeat. Raises Refused, sqlite3.Error."""
        owner = self.newest_bundle(new.name)
        if not owner or owner.identity != new.identity:
            raise Refused("name-taken")
        question = "select number, text from prekeys where name = ? and identity = ?"
        last = self.sql.execute(question, (new.name, new.identity)).fetchone()
        if last and last[1] == new.text:
            return
        if last and new.number <= last[0]:
            raise Refused("not-next")
        self._claim(2 * len(new.text))
        if not last:
            self._forget_prekeys(new.name)  # of whom the operator has taken the name from
        self.sql.execute("insert or replace into prekeys values (?, ?, ?, ?, ?)", new[:5])
        self.sql.executemany("insert into one_time values (null, ?, ?)", [(new.name, key) for key in new.one_time])
        staying = f"select number from one_time where name = ? order by number desc limit {PREKEYS}"
        self.sql.execute(f"delete from one_time where name = ? and number not in ({staying})", (new.name, new.name))

    def take_prekeys(self, name: str, with_one_time: bool) -> str:
        """Inside a transaction, which deletes the one-time prekey that is given. Raises sqlite3.Error."""
        row = self.sql.execute("select identity, signed from prekeys where name = ?", (name,)).fetchone()
        if not row:
            return ""
        oldest = "select number, key from one_time where name = ? order by number limit 1"
        number, key = self.sql.execute(oldest, (name,)).fetchone() or (0, b"") if with_one_time else (0, b"")
        self.sql.execute("delete from one_time where number = ?", (number,))
        return TAKEN + base64.urlsafe_b64encode(b"".join(row) + key).decode().rstrip("=")

    def _claim(self, size: int) -> None:
        """Room for a body of so many characters. Raises Refused."""
        size = 4 * size + 16_384  # never less than it takes, so that it is rarely measured
        if self.spare < size:
            pages = self._value("pragma page_count") - self._value("pragma freelist_count")
            most = self.settings.log_bytes if self.kept else self.settings.memory
            self.spare = most - pages * self._value("pragma page_size")
            if self.spare < size:
                raise Refused("log-full")
        self.spare -= size

    def _remember(self, room: Room) -> None:
        if room not in self.before:
            self.before[room] = dataclasses.replace(room, kinds=dict(room.kinds))

    def _overdue(self, room: Room, was: Room) -> int:
        """The seq from which on entries stay, 0 for all. What is new has yet to be delivered, and of what was there no
        more than a step goes, however much came, so that who reads the log is not overtaken."""
        limit, most, oldest = self.settings.retention_messages, self.settings.retention_bytes, 0
        if limit and room.newest - min(room.settled, room.oldest + limit) >= STEP:
            stay = max(limit, was.newest - room.oldest - STEP, room.newest - was.newest)
            oldest = room.newest - stay + 1
        if room.bytes > most:
            going = room.bytes - max(most, was.bytes) + min(ENTRIES_BYTES, most // 4)
            question = f"select seq, {SIZE} from entry where room = ? and seq between ? and ? order by seq"
            with closing(self.sql.execute(question, (room.number, room.oldest, was.newest))) as rows:
                while going > 0 and (row := rows.fetchone()):
                    going, oldest = going - row[1], max(oldest, row[0] + 1)
        return oldest

    def _trim(self, room: Room, oldest: int) -> None:
        """Settles the room: removes all before `oldest`, but on disk the newest of each kind, and writes its row."""
        self._remember(room)
        room.oldest, room.settled = max(room.oldest, oldest), room.newest
        staying = json.dumps(list(room.kinds.values()) if self.kept else [])
        command = "delete from entry where room = ? and seq < ? and seq not in (select value from json_each(?))"
        gone = self.sql.execute(f"{command} returning {SIZE}", (room.number, room.oldest, staying))
        room.bytes -= sum(size for (size,) in gone)
        row = (room.oldest, json.dumps(room.kinds), room.bytes, room.number)
        self.sql.execute("update room set oldest = ?, kinds = ?, bytes = ? where number = ?", row)

    def sweep(self) -> None:
        """One step of retention by age; `swept` is 0 when it has come to the end."""
        some = f"select rowid as place, room, seq, at from entry where rowid > ? order by rowid limit {STEP}"
        old = f"select name, max(seq), max(place) from ({some}) join room on number = room where at < ? group by number"
        limit = timestamp(self.settings.retention_days * 86_400)
        swept, self.swept = self.swept, 0  # a step that fails is not tried again and again
        rows = self.sql.execute(old, (swept, limit)).fetchall()
        with self.transaction():
            for name, seq, _ in rows:
                if seq >= (room := self.room(name)).oldest:  # else it stays as the newest of its kind
                    self._trim(room, seq + 1)
                newest = "select max(at) from entry where room = ?"  # of what stays: of each kind one
                if seq == room.newest and not room.members and self._value(newest, room.number) < limit:
                    self._delete(room)
        self.swept = max((place for *_, place in rows), default=0)

    def _delete(self, room: Room) -> None:
        """Removes the room whole: its log begins anew, under another name."""
        self._remember(room)
        self.sql.execute("delete from entry where room = ?", (room.number,))
        self.sql.execute("delete from room where number = ?", (room.number,))
        room.number, room.log, room.oldest, room.kinds = None, secrets.token_urlsafe(12), 0, {}
        room.settled = room.bytes = 0
        self.rooms -= 1

    def forget(self, room: Room) -> None:
        """Retention 0: removes what all members have and what is too old; nothing at all is left of an empty room."""
        if self.kept or room.number is None:
            return
        if room.members:
            # What still waits in a connection's backlog has not arrived.
            have = min(0 if one.connection.out else one.cursor for one in room.members.values())
            question = "select max(seq) from entry where room = ? and at < ?"
            old = self._value(question, room.number, timestamp(self.settings.hold))
            self._trim(room, max(have, old or 0) + 1)
        else:
            self._delete(room)


# ---------------------------------------------------------------------------------------------------- 4. Rooms

Token = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9_-]{1,64}\Z")]
RoomName = Annotated[str, Meta(min_length=1, max_length=512)]
Name = Annotated[str, Meta(min_length=1, max_length=256)]
Seq = Annotated[int, Meta(ge=0, le=2**53 - 1)]


class FromPage(Struct, tag_field="type", tag=str.lower, forbid_unknown_fields=True):
    """A frame as web/protocol/README.md has it. None stands for a member that may be left out; null is refused."""


class Join(FromPage):
    room: RoomName
    name: Name
    after: Seq
    log: Token = None


class Leave(FromPage):
    room: RoomName


class Append(FromPage):
    room: RoomName
    kind: Annotated[str, Meta(pattern=r"\A[a-z0-9.-]{1,32}\Z")]
    id: Token
    body: Annotated[str, Meta(min_length=1, max_length=65_536)]
    if_newest: Seq = None


class Look(FromPage):
    rooms: Annotated[list[RoomName], Meta(min_length=1, max_length=16)]


class Publish(FromPage):
    name: Name
    bundle: Annotated[str, Meta(min_length=1, max_length=617)]  # of a name of 256 bytes


class LookUp(FromPage, tag="look-up"):
    names: Annotated[list[Name], Meta(min_length=1, max_length=16)]


class PublishPrekeys(FromPage, tag="publish-prekeys"):
    name: Name
    upload: Annotated[str, Meta(min_length=1, max_length=4_886)]  # of a name of 256 bytes, and as many as there may be


class CountPrekeys(FromPage, tag="count-prekeys"):
    name: Name


class TakePrekeys(FromPage, tag="take-prekeys"):
    name: Name


class Ping(FromPage):
    pass


class Address(Struct):
    """What an error frame repeats of a frame that is malformed elsewhere."""

    room: RoomName = None
    id: Token = None


OfPrekeys = PublishPrekeys | CountPrekeys | TakePrekeys
decode = msgspec.json.Decoder(Join | Leave | Append | Look | Publish | LookUp | OfPrekeys | Ping).decode
decode_address = msgspec.json.Decoder(Address).decode
encode = msgspec.json.Encoder().encode


def parse(data: bytearray, is_binary: bool, most: int) -> FromPage:
    """Raises Refused; UnicodeDecodeError if it is not even text."""
    if is_binary:
        raise Refused("binary")
    if len(data) > most:
        raise Refused("too-large", f" At most {most:,} bytes are possible.")
    try:
        return decode(data.decode())
    except RecursionError:
        raise Refused("too-deep") from None
    except msgspec.ValidationError as error:  # its text names the member, and of values only that of the type
        is_type = str(error).endswith(("`$.type`", "field `type`"))
        raise (Refused("unknown-type") if is_type else Refused("bad-frame", f" {error}."[:200])) from None
    except msgspec.DecodeError:
        raise Refused("not-json") from None


def address_of(data: bytearray) -> Address:
    """Empty if the frame is no JSON object, or has one of the two and not as it should be."""
    try:
        return decode_address(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Address()


def text_frame(payload: bytes) -> bytes:
    """A WebSocket frame. A server's frames are not masked, so these bytes serve every member: framed once."""
    return Frame(Opcode.TEXT, payload).serialize(mask=False)


def entries_frames(room: str, rows: Iterable[tuple]) -> Iterator[tuple[int, int, bytes]]:
    """`entries` frames of at most ENTRIES_BYTES unless one entry alone is larger: last seq, entries, frame."""
    head, tail = encode({"type": "entries", "room": room})[:-1] + b',"entries":[', b"]}"
    batch, size, last = [], 0, 0
    for row in rows:
        data = encode(dict(zip(COLUMNS, row, strict=True)))
        if batch and len(head) + size + len(data) + len(tail) > ENTRIES_BYTES:
            yield last, len(batch), text_frame(head + b",".join(batch) + tail)
            batch, size = [], 0
        batch.append(data)
        size, last = size + len(data) + 1, row[0]
    if batch:
        yield last, len(batch), text_frame(head + b",".join(batch) + tail)


@dataclass(slots=True, eq=False)
class Member:
    """One joining of one connection. It has, or has in its backlog, the entries up to `cursor`."""

    number: int
    room: Room
    connection: "Connection"
    name: str
    cursor: int = 0

    def leave(self) -> None:
        del self.connection.members[self.room.name], self.room.members[self.number]
        self.tell_others("member-left")
        self.connection.relay.log.forget(self.room)

    def tell_others(self, type_: str) -> None:
        data = text_frame(encode({"type": type_, "room": self.room.name, "member": self.number, "name": self.name}))
        for other in list(self.room.members.values()):  # a copy: queueing may cut a slow one off, and it leaves
            if other is not self:
                other.connection.queue(data)


class Metrics:
    """What /metrics shows. Counted at most once per tick or frame; no label holds what a person chose."""

    def __init__(self, relay: "Relay"):
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        shared = {"namespace": "securechat", "registry": self.registry}
        for name, text, value in (
            ("healthy", "1 while /healthz answers 200", lambda: not relay.ailment()),
            ("connections", "Open WebSocket connections", lambda: len(relay.connections)),
            ("rooms", "Rooms with a member", lambda: len({room for one in relay.connections for room in one.members})),
            ("backlog_bytes", "Waiting to be sent", lambda: sum(one.size for one in relay.connections)),
        ):
            Gauge(name, text, **shared).set_function(value)
        self.appends = Counter("appends", "Entries written to the log", **shared)
        self.deliveries = Counter("deliveries", "Entries handed to members, as they came and from the log", **shared)
        self.refusals = Counter("refusals", "Error frames, by their code", ["code"], **shared)
        self.closed = Counter("connections_closed", "Closed connections, by close code", ["code"], **shared)
        for counter, codes in ((self.refusals, ERRORS), (self.closed, CLOSE_CODES)):
            for code in codes:  # so that each is shown before its first time, as 0
                counter.labels(code)
        buckets = [digit * 10.0**power for power in range(-5, 1) for digit in (1, 2, 5)][1:]  # 20 us to 5 s
        self.commits = Histogram("commit_seconds", "From the start of a tick to its commit", buckets=buckets, **shared)


class Pending(NamedTuple):
    """What the next tick writes, inside its transaction: `write` -> the frame that answers. It may raise Refused."""

    connection: "Connection"
    frame: FromPage
    size: int  # characters, most of what it takes
    write: Callable[[str], dict]


class Visit(tuple):
    """A connection from its first byte on. It is its address, since that is what gevent hands on to its handler."""

    code = 0  # with which it is closed, if it is one too many
    counted: Household  # at the address where it counts


class Relay:
    """All connections, and the tick: what comes while one tick runs is written by the next in one transaction, and
    leaves in one send per connection. All in one thread: between two waits nothing else changes."""

    def __init__(self, settings: Settings):
        self.settings, self.log = settings, Log(settings)
        self.connections: set[Connection] = set()
        self.visits = self.excess = 0  # connections of any kind, and those of them that are too many
        self.addresses: dict[str, Household] = {}
        self.pending: deque[Pending] = deque()  # until they are written and answered
        self.dirty: set[Connection] = set()  # those that have something to send
        self.wake, self.turn = Event(), Semaphore()  # who has the turn may write: a tick, or tidying
        self.member_numbers, self.closing, self.failing = count(1), False, False
        self.next_sweep = monotonic() + 60  # until then pages come back, and no room of theirs is taken for empty
        self.next_checkpoint = self.next_probe = self.tick_began = 0.0
        self.moved = -1  # changes of the log that are in its main file; before the first time there may be others
        self.metrics = Metrics(self)
        self.complained: dict[str, float] = {}  # when each sentence was last logged
        self.takes: dict[str, Bucket] = {}  # of one-time prekeys, by name

    def open(self) -> None:
        """Opens the log and starts. Raises StartError."""
        self.log.open()
        possible = (open_files() - 256) // 2  # flask-sock takes two files for each
        self.most = min(self.settings.connections or possible, possible)
        self.most_per_address = min(self.settings.connections_per_address, (self.most + 1) // 2)  # half is for others
        # Checks have a greenlet of their own, because tidying waits for the disk.
        self.greenlets = [gevent.spawn(self._keep, what) for what in (self._check, self._tidy)]
        self.greenlets.append(gevent.spawn(self._run_ticks))

    def close(self) -> None:
        """A clean stop: what was accepted is written and acknowledged, every connection is closed with 1012."""
        self.closing = True
        logger.info("The relay is being stopped")
        with gevent.Timeout(self.settings.patience + self.settings.linger, False):
            while self.pending:
                gevent.sleep(0.01)
            for connection in list(self.connections):
                connection.close(1012)
            while self.connections:
                gevent.sleep(0.01)
        gevent.killall(self.greenlets)
        self.log.close()

    def begin(self, address: tuple) -> Visit | None:
        """Counts a connection -> None if it is one of so many too many that it cannot be told so."""
        visit = Visit(address)
        self.visits += 1
        self._count(visit, address[0])
        if self.visits > self.most:
            self._turn_away(visit, 1013)
        if visit.code and self.excess > EXCESS:
            self.end(visit)
            return None
        return visit

    def end(self, visit: Visit) -> None:
        self.visits -= 1
        self.excess -= bool(visit.code)
        visit.counted.users -= 1

    def _count(self, visit: Visit, name: str) -> None:
        visit.counted = self.addresses.setdefault(network(name), Household(self.settings))
        visit.counted.users += 1
        if visit.counted.users > self.most_per_address and not is_proxy(name, self.settings):
            self._turn_away(visit, 4001)

    def _turn_away(self, visit: Visit, code: int) -> None:
        self.excess += not visit.code
        visit.code = visit.code or code

    def serve(self, ws, environ: dict) -> None:
        """One connection from its handshake to its end. `ws` is flask-sock's; only its socket is used."""
        ws.connected = False  # or flask-sock would send a close frame of its own
        environ["wsgi.input"].close()  # no further request comes: its buffer and flask-sock's parser, unused, would
        del ws.ws  # make a third of what an idle connection costs
        visit = environ["securechat.visit"]
        if environ["REMOTE_ADDR"] != visit[0]:  # by the word of the proxy, which comes with the request
            visit.counted.users -= 1
            self._count(visit, environ["REMOTE_ADDR"])
        connection = Connection(self, ws.sock, visit.counted)
        self.connections.add(connection)
        if self.closing or visit.code:
            connection.close(1012 if self.closing else visit.code)
        try:
            connection.run()
        finally:
            self.connections.discard(connection)

    def complain(self, text: str, error: Exception) -> None:
        """A log line, and the same again only after a minute: what cannot be done may be asked for by everyone."""
        if monotonic() >= self.complained.get(text, -60) + 60:
            self.complained[text] = monotonic()
            logger.error("%s: %s", text, error)

    def _run_ticks(self) -> None:
        while True:
            self.wake.wait()
            self.wake.clear()
            self.tick_began = monotonic()
            try:
                if self.pending:
                    with self.turn:
                        self._write()
                self._flush()
            except Exception:  # a mistake of ours must not end the ticks
                logger.exception("A tick ended by an error of the relay")
            self.tick_began = 0.0
            if self.pending:
                self.wake.set()
                gevent.sleep(0)  # waiting for a set event does not wait, and the others must come to their turn

    def _flush(self) -> None:
        dirty, self.dirty = self.dirty, set()
        for connection in dirty:
            connection.flush()

    def _write(self) -> None:
        # At most about one `entries` frame, so that a burst neither holds the loop nor fills a quick reader's backlog.
        sizes = accumulate(one.size for one in self.pending)
        batch = [one for one, size in zip(self.pending, sizes, strict=True) if size <= ENTRIES_BYTES]
        results = [Refused("storage")] * len(batch)
        try:
            results = self._transact(batch)
            self.metrics.commits.observe(monotonic() - self.tick_began)
        except sqlite3.Error as error:
            if not self.failing:
                logger.error("The log could not be written: %s", error)
            self.failing, self.next_probe = True, monotonic() + self.settings.patience
        finally:
            for one, result in zip(batch, results, strict=True):
                self.pending.popleft()
                one.connection.answer(one.frame, result)
        self.metrics.appends.inc(sum(map(len, self.log.added.values())))
        self.metrics.deliveries.inc(sum(self._deliver(room, rows) for room, rows in self.log.added.items()))

    def _deliver(self, room: Room, rows: list[tuple]) -> int:
        """-> the number of entries handed to members."""
        newest, frames, delivered = rows[0][0] - 1, list(entries_frames(room.name, rows)), 0
        for member in list(room.members.values()):  # a copy: who is cut off leaves
            if member.cursor == newest:
                member.connection.deliver(member, frames)
                delivered += member.cursor - newest
            else:  # it still reads what was before
                member.connection.lag()
        self.log.forget(room)
        return delivered

    def _transact(self, batch: list[Pending]) -> list[dict | Refused]:
        """-> the answer to each. While another process holds the lock, it is tried again, and the others are served.
        Raises sqlite3.Error."""
        deadline, at = monotonic() + self.settings.patience, timestamp()
        while True:
            try:
                with self.log.transaction():
                    return [self._result(one, at) for one in batch]
            except sqlite3.Error as error:
                if getattr(error, "sqlite_errorcode", None) != sqlite3.SQLITE_BUSY or monotonic() > deadline:
                    raise
            self._flush()
            gevent.sleep(0.01)

    def ailment(self) -> str:
        """What keeps the relay from its work, as a sentence; "" if nothing does. It asks nothing of the disk."""
        if self.closing:
            return "The relay is being stopped."
        if self.failing:
            return "The relay's log cannot be used; what the relay has logged says why."
        is_stuck = self.tick_began and monotonic() - self.tick_began > 3 * self.settings.patience
        return "The relay has been writing for too long; its disk may hang." if is_stuck else ""

    def _result(self, one: Pending, at: str) -> dict | Refused:
        try:
            return one.write(at)
        except Refused as refused:
            return refused

    def append(self, member: Member, new: Append, at: str) -> dict:
        if member.room.number is None:
            member.connection.address.rooms.pay(self.tick_began, "address-too-fast")
        seq = self.log.append(member.room, new.kind, new.body, new.id, member.name, at, new.if_newest)
        return {"type": "appended", "room": new.room, "id": new.id, "seq": seq}

    def publish(self, address: Household, new: Bundle, at: str) -> dict:
        newest = self.log.newest_bundle(new.name)
        if not newest:
            address.names.pay(self.tick_began, "address-too-fast")
        self.log.publish(new, newest)
        return {"type": "published", "name": new.name, "version": new.version}

    def publish_prekeys(self, new: Upload, at: str) -> dict:
        self.log.publish_prekeys(new)
        return self.count_prekeys("prekeys-published", new.name)

    def count_prekeys(self, type_: str, name: str) -> dict:
        number, left = self.log.prekeys(name)
        return {"type": type_, "name": name, "number": number, "left": left}

    def take_prekeys(self, name: str, at: str) -> dict:
        with_one_time = self.takes.setdefault(name, Bucket(**TAKES)).take(self.tick_began)
        return {"type": "prekeys-taken", "name": name, "prekeys": self.log.take_prekeys(name, with_one_time)}

    def _keep(self, what) -> None:
        while True:
            gevent.sleep(min(1, self.settings.silence / 4, self.settings.stall / 4, self.settings.first_frame / 4))
            try:
                what(monotonic())
            except sqlite3.Error as error:
                self.complain("The log could not be tidied", error)
            except Exception:  # a mistake of ours must not end the pings
                logger.exception("Tidying ended by an error of the relay")

    def _check(self, time: float) -> None:
        for connection in list(self.connections):
            connection.check(time)
        self.addresses = {name: one for name, one in self.addresses.items() if not one.is_idle(time)}
        self.takes = {name: one for name, one in self.takes.items() if not one.is_full(time)}

    def _tidy(self, time: float) -> None:
        self._checkpoint(time)  # while nothing can be written too: it may make room
        if self.failing and time > self.next_probe:
            with self.log.transaction():
                self.log.sql.execute(f"pragma user_version={SCHEMA_VERSION}")  # a page is written, of the same content
            self.failing = False
            logger.warning("The log can be used again")
        if self.log.kept:
            self._sweep(time)
        else:
            for room in list(self.log.loaded.values()):
                self.log.forget(room)

    def _checkpoint(self, time: float) -> None:
        changes = self.log.sql.total_changes - self.moved if self.log.kept else 0
        if changes > (0 if time > self.next_checkpoint else MANY_CHANGES):
            self.next_checkpoint, apply = time + 10, gevent.get_hub().threadpool.apply
            self.moved, moved = self.log.sql.total_changes, self.moved
            error = apply(self.log.checkpoint, ("passive",)) or apply(self.log.checkpoint, ("passive",))
            if not error and self.log.wal_size() > WAL_BYTES:
                # It begins anew by itself once all of it is moved, but not while somebody writes all the time. Little
                # came during the second one above; it is waited for because the disk takes its time.
                with self.turn:
                    error = apply(self.log.checkpoint, ("restart",))
            if error:
                self.moved = moved
                self.complain("The log could not be tidied", error)

    def _sweep(self, time: float) -> None:
        for _ in range(8):  # small steps, so that the ticks take turns with them
            if self.log.swept or time > self.next_sweep:
                self.next_sweep = time + 3_600
                self.log.sweep()
                gevent.sleep(0)
        self.log.give_back()


# ---------------------------------------------------------------------------------------------------- 5. Connections

PIECE, SLICE = 65_536, 1_024  # bytes, of one recv or one send that waits, and of what is looked at in one go
TURN = 0.0005  # seconds that a connection has before others of its address
EXCESS = 64  # connections past the limits that are still told so, of 256 files that are kept for this and the log
SILENT = logging.Logger("websockets", logging.ERROR)  # at debug level it would show bodies


def open_files() -> int:
    """Raises the limit of open files as far as the system lets us -> the limit."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return 8_192
    limit, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    for wanted in (1_048_576 if most == resource.RLIM_INFINITY else most, 10_240):  # macOS takes no more
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
            return wanted
    return limit


def network(address: str) -> str:
    """What counts as one address: of IPv6 what one household has of it, and IPv4 however it is written."""
    with suppress(ValueError):
        ip = ip_address(address)
        return str(ip if ip.version == 4 else ip.ipv4_mapped or IPv6Address(int(ip) >> 64 << 64))
    return address


def is_proxy(address: str, settings: Settings) -> bool:
    return address.removeprefix("::ffff:") == str(settings.proxy)


class Connection:
    """One WebSocket after its handshake. Its handler reads the socket itself; what is to be sent waits in `out`, `size`
    bytes: whole frames, which members share, so that only what has to be joined is copied."""

    def __init__(self, relay: Relay, sock, address: Household):
        self.relay, self.settings, self.sock, self.address = relay, relay.settings, sock, address
        self.protocol = Protocol(SERVER, state=State.OPEN, max_size=2 * self.settings.frame_bytes, logger=SILENT)
        self.is_tls = isinstance(sock, gevent.ssl.SSLSocket)
        self.members: dict[str, Member] = {}  # by room
        self.lagging = False  # some of them may have to read the log
        self.out, self.size = list[bytes](), 0
        self.writer = None  # a greenlet, while the socket does not take everything
        self.message, self.is_binary = bytearray(), False  # the fragments of a message so far
        self.heard = self.moved = monotonic()
        self.pinged, self.closing = False, 0.0  # since when it is being closed
        self.frames = Bucket(self.settings.frames_per_second, self.settings.frames_burst, is_shared=False)
        self.bad = Bucket(self.settings.bad_frames / 10, self.settings.bad_frames)

    def run(self) -> None:
        turns = count(1)
        try:
            while data := self.sock.recv(PIECE):
                self.heard, self.pinged, self.began = monotonic(), False, monotonic()
                if not all(self._take(data[at : at + SLICE]) for at in range(0, len(data), SLICE)):
                    break  # of who floods us no more is read than what makes us end it
                if len(data) == PIECE or next(turns) % 1_024 == 0:
                    self.address.take_turn()  # a recv that finds something does not wait
                elif self.frames.tokens < 0:
                    gevent.sleep(0.001)  # in turns, many would be so slow together that 4003 never came
        except OSError:
            self._sent(self.size)
        except Exception:  # a mistake of ours ends this connection only
            logger.exception("A connection ended by an error of the relay")
            self.close(1011)
        finally:
            self._end()

    def _take(self, data: bytes) -> bool:
        """A slice of what has come -> whether there is to be more."""
        if self.closing:
            return False
        self.protocol.receive_data(data)
        for frame in self.protocol.events_received():
            self._wait_for_room()
            self._receive(frame)
            if monotonic() > self.began + TURN:
                self.address.take_turn()
                self.began = monotonic()
        return self._take_writes() and not self.closing

    def _wait_for_room(self) -> None:
        """Who does not read the answers is asked no further questions, so a burst of joins cuts nobody off."""
        relay, most = self.relay, self.settings.pending
        while not self.closing and (self.size > ENTRIES_BYTES or relay.closing or len(relay.pending) >= most):
            gevent.sleep(0.01)
            self.heard = monotonic()

    def _take_writes(self) -> bool:
        """Queues what the protocol answers by itself (pong, close) -> False if that was the last."""
        writes = self.protocol.data_to_send()
        self._put(b"".join(writes))
        return b"" not in writes

    def _receive(self, frame: Frame) -> None:
        if self.closing:
            return
        if frame.opcode in (Opcode.PING, Opcode.PONG) or not frame.fin:
            with suppress(Refused):
                self._pay()
        if frame.opcode in (Opcode.TEXT, Opcode.BINARY):
            self.message, self.is_binary = bytearray(), frame.opcode is Opcode.BINARY
        if frame.opcode in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            self.message += frame.data
            if frame.fin:
                self._handle(self.message)

    def _handle(self, data: bytearray) -> None:
        frame = None
        try:
            frame = parse(data, self.is_binary, self.settings.frame_bytes)
            self._pay()
            self._do(frame, len(data))
        except UnicodeDecodeError:
            self.close(1007)
        except sqlite3.Error as error:
            self.relay.complain("The log could not be read", error)
            self.refuse(Refused("storage"), frame)
        except Refused as refused:
            self.refuse(refused, frame or address_of(data))
            if not frame:
                self.frames.take(self.heard)
                if not self.bad.take(self.heard):
                    self.close(4002)

    def _pay(self, tokens: int = 1) -> None:
        """One token for one frame. Raises Refused, and closes the connection if it does not stop."""
        if not self.frames.take(self.heard, tokens):
            if self.frames.tokens <= -self.frames.burst:
                self.close(4003)
            raise Refused("too-fast")
        self.address.frames.pay(self.heard, "address-too-fast", tokens)

    def _do(self, frame: FromPage, size: int) -> None:
        match frame:
            case Join():
                self._join(frame)
            case Leave():
                self._member(frame.room).leave()
                self.say({"type": "left", "room": frame.room})
            case Append():
                member = self._member(frame.room)
                self.address.bytes.pay(self.heard, "address-too-fast", size + ROW_BYTES)
                member.room.frames.pay(self.heard, "room-too-fast")
                self._write_soon(frame, len(frame.body), partial(self.relay.append, member, frame))
            case Look():
                self._pay(len(frame.rooms) - 1)  # as many questions
                rooms = [self.relay.log.room(name) for name in frame.rooms]
                looked = [{"room": one.name, "newest": one.newest, "members": len(one.members)} for one in rooms]
                self.say({"type": "looked", "rooms": looked})
            case Publish():
                self._pay(PUBLISH_COST - 1)
                self.address.bytes.pay(self.heard, "address-too-fast", size + ROW_BYTES)
                bundle = read_bundle(frame.name, frame.bundle)
                self._write_soon(frame, size, partial(self.relay.publish, self.address, bundle))
            case LookUp():
                self._pay(len(frame.names) - 1)
                self.say({"type": "found", "names": self._look_up(frame.names)})
            case PublishPrekeys():
                self._pay(PUBLISH_COST - 1)
                self.address.bytes.pay(self.heard, "address-too-fast", size + ROW_BYTES)
                upload = read_upload(frame.name, frame.upload)
                self._write_soon(frame, size, partial(self.relay.publish_prekeys, upload))
            case CountPrekeys():
                self.say(self.relay.count_prekeys("prekeys-counted", frame.name))
            case TakePrekeys():
                self.address.takes.pay(self.heard, "address-too-fast")
                self._write_soon(frame, size, partial(self.relay.take_prekeys, frame.name))
            case Ping():
                self.say({"type": "pong"})

    def _write_soon(self, frame: FromPage, size: int, write: Callable[[str], dict]) -> None:
        self.relay.pending.append(Pending(self, frame, size, write))
        self.relay.wake.set()

    def _look_up(self, names: list[str]) -> list[dict]:
        """Of as many of these names as go into one frame, in their order, and of one at least."""
        found, size = [], 0
        for name in names:
            bundles = self.relay.log.bundles(name)
            size += sum(map(len, bundles))
            if found and size > ENTRIES_BYTES:
                break
            found.append({"name": name, "bundles": bundles})
        return found

    def _member(self, room: str) -> Member:
        if room not in self.members:
            raise Refused("not-joined")
        return self.members[room]

    def _join(self, frame: Join) -> None:
        room = self.relay.log.room(frame.room)
        room.frames.pay(self.heard, "room-too-fast")
        if frame.room in self.members and self.members[frame.room].name != frame.name:
            self.members[frame.room].leave()
        after = frame.after if frame.log in (None, room.log) and frame.after <= room.newest else 0
        # Now, or a trim may take what `oldest` promises. What cannot be read refuses the joining and ends nothing else.
        page = self._page(room, after)
        member = self.members.get(room.name) or self._enter(room, frame.name)
        member.cursor, self.lagging = after, True
        members = [{"member": one.number, "name": one.name} for one in room.members.values()]
        joined = {"type": "joined", "room": room.name, "log": room.log, "after": member.cursor, "oldest": room.oldest}
        joined |= {"newest": room.newest, "you": member.number, "members": members, "kept": self.relay.log.kept}
        self.say(joined)
        self._hand(member, page)

    def _enter(self, room: Room, name: str) -> Member:
        if len(self.members) >= self.settings.rooms_per_connection:
            raise Refused("too-many-rooms")
        if len(room.members) >= self.settings.members_per_room:
            raise Refused("room-full")
        member = Member(next(self.relay.member_numbers), room, self, name)
        room.members[member.number] = self.members[room.name] = member
        member.tell_others("member-joined")
        return member

    def answer(self, frame: FromPage, result: dict | Refused) -> None:
        if isinstance(result, Refused):
            self.refuse(result, frame)
        else:
            self.say(result)

    def refuse(self, refused: Refused, frame: FromPage | Address) -> None:
        error = {"type": "error", "code": refused.code, "message": ERRORS[refused.code] + refused.detail}
        self.relay.metrics.refusals.labels(refused.code).inc()
        self.say(error | {name: getattr(frame, name) for name in ("room", "id") if getattr(frame, name, None)})

    def say(self, frame: dict) -> None:
        self.queue(text_frame(encode(frame)))

    def queue(self, data: bytes) -> None:
        """Takes a whole frame for the next tick. Past the bounded backlog the connection is cut off."""
        if self.out and self.size + len(data) > self.settings.backlog:
            self.close(4004)
        elif not self.closing:
            self._put(data)

    def deliver(self, member: Member, frames: list[tuple[int, int, bytes]]) -> None:
        """New entries. A connection that lags reads them from the log later, so they need no memory."""
        for last, _, data in frames:
            if self.size > ENTRIES_BYTES:
                self.lag()
                return
            member.cursor = last
            self.queue(data)

    def lag(self) -> None:
        """It reads the log, until it is at the end."""
        self.lagging = True
        self._put(b"")

    def _put(self, data: bytes) -> None:
        if data:
            self.out.append(data)
            self.size += len(data)
        if not self.relay.dirty:
            self.relay.wake.set()
        self.relay.dirty.add(self)

    def flush(self) -> None:
        """Sends what waits, at once. What the socket does not take is left to a greenlet of its own."""
        if self.writer:
            return
        if self.out:
            try:  # noqa: SIM105 - suppress() would be 4 % of a delivery
                self._sent(self._send_now(self._joined()))
            except OSError:  # it takes no more for now, or it has ended: the greenlet will see
                pass
        if self.out or self.lagging:
            self.moved = monotonic()
            self.writer = gevent.spawn(self._write_rest)

    def _send_now(self, data: bytes) -> int:
        """-> the bytes that the socket took without waiting. Raises OSError."""
        if not self.is_tls:
            return self.sock.send(data, timeout=0.0)
        self.sock.settimeout(0.0)  # the only one that its send() heeds
        try:
            return self.sock.send(data[:PIECE])  # OpenSSL wants a second try to be no shorter than the first
        finally:
            self.sock.settimeout(None)

    def _joined(self) -> bytes:
        if len(self.out) > 1:
            self.out = [b"".join(self.out)]
        return self.out[0]

    def _sent(self, size: int) -> None:
        self.size -= size
        self.out = [self._joined()[size:]] if self.size else []

    def _write_rest(self) -> None:
        """Waits for the socket piece by piece, and fetches the next page of a log when all before it is gone."""
        try:
            while self.out or self.lagging:
                if self.out:
                    self._sent(self.sock.send(self._joined()[:PIECE]))
                else:
                    self._read_page()
                self.moved = monotonic()
        except OSError:
            self._sent(self.size)
        except sqlite3.Error as error:
            self.relay.complain("The log could not be read", error)
            self.close(1011)
        finally:
            self.writer = None

    def _read_page(self) -> None:
        self.address.take_turn()  # a socket that takes everything never waits
        behind = [one for one in self.members.values() if one.cursor < one.room.newest]
        self.lagging = bool(behind)
        for member in behind[:1]:
            self.members[member.room.name] = self.members.pop(member.room.name)  # rooms take turns
            self._hand(member, self._page(member.room, member.cursor))

    def _page(self, room: Room, after: int, most: int = -1) -> tuple[int, int, bytes] | None:
        try:
            with closing(self.relay.log.read(room, after, most)) as rows:
                return next(entries_frames(room.name, rows), None)
        except sqlite3.Error:
            if most == 1:
                raise
            return self._page(room, after, 1)  # of what is damaged farther on, all before the damage

    def _hand(self, member: Member, page: tuple[int, int, bytes] | None) -> None:
        member.cursor, entries, data = page or (member.room.newest, 0, b"")  # b"" if none of them is kept
        self.relay.metrics.deliveries.inc(entries)
        self._put(data)

    def check(self, time: float) -> None:
        """Once in a while: is the other side still there, and does it still read?"""
        silence, limit = time - self.heard, self.settings.silence
        if self.closing:
            if time - self.closing > self.settings.linger:
                with suppress(OSError):  # not the TLS socket's own, after which a recv under way is a ValueError
                    gevent.socket.socket.shutdown(self.sock, socket.SHUT_RDWR)
        elif self.writer and self.out and time - self.moved > self.settings.stall:
            self.close(4004)
        elif silence > 2 * limit:
            self.close(4005)
        elif self.frames.tokens == self.frames.burst and time - self.frames.time > self.settings.first_frame:
            self.close(4006)  # nothing was ever taken from this bucket
        elif silence > limit and not self.pinged:
            self.pinged = True
            self.protocol.send_ping(b"")
            self._take_writes()

    def close(self, code: int) -> None:
        """Leaves all rooms now and says why; the handler goes on until the other side has answered, or has had time."""
        if self.closing:
            return
        self.closing = monotonic()
        level = logging.DEBUG if code == 1000 else logging.INFO
        logger.log(level, "A connection is closed: %s %s", code, CLOSE_CODES[code])
        self.relay.metrics.closed.labels(code).inc()
        for member in list(self.members.values()):
            member.leave()
        if self.protocol.state is State.OPEN:
            self.protocol.send_close(code, CLOSE_CODES[code])
            self._take_writes()

    def _end(self) -> None:
        own = self.protocol.close_sent  # with 1002 or 1009: the library has closed
        self.close(own.code if own and not self.protocol.close_rcvd else 1000)
        with gevent.Timeout(self.settings.linger, False), suppress(OSError):
            self.flush()
            if self.writer:
                self.writer.join()
            # Reads on until there is no more: a reset for unread bytes would overtake our close frame.
            self.sock.shutdown(socket.SHUT_WR)
            while self.sock.recv(PIECE):
                self.address.take_turn()
        if self.writer:
            self.writer.kill()
        self.sock.close()


# ---------------------------------------------------------------------------------------------------- 6. The runtime

WEB = Path(__file__).resolve().parent / "web"
CDN_TIMEOUT, NPM_TIMEOUT = 10.0, 180.0  # seconds for one file, and for one package
LARGEST_RUNTIME_FILE = 8 * 2**20  # bytes


class RuntimeFile(Struct, frozen=True):
    """One file of what pages take from others, as web/runtime.json names it."""

    package: str  # "@pyscript/core@0.7.31", as npm takes it
    path: str  # inside the package
    address: str  # on the CDN
    integrity: str  # "sha384-" and base64, as browsers take it
    optional: bool  # pages work without it, and load it from our copy only

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    def kept_in(self, cache: Path) -> Path:
        return cache / self.package / self.path


def integrity_of(algorithm: str, content: bytes) -> str:
    return f"{algorithm}-{base64.b64encode(hashlib.new(algorithm, content).digest()).decode()}"


def read_manifest() -> list[RuntimeFile]:
    return msgspec.convert(json.loads((WEB / "runtime.json").read_bytes())["files"], list[RuntimeFile])


def find_runtime(mode: str, cache: Path) -> dict[str, bytes]:
    """Our copy of PyScript, content by file name; empty if browsers load it from the CDN. Raises StartError."""
    if mode == "cdn":
        return {}
    own = own_copy(read_manifest(), cache)
    if not own:
        what_to_do = (
            "PyScript could not be fetched: cdn.jsdelivr.net does not answer, and npm is not installed or cannot reach "
            "its registry. Make one of the two available and start again; the copy is then kept"
        )
        if mode == "local":
            raise StartError(f"{what_to_do} in {cache}.")
        echo(f"{what_to_do}. Until then every browser loads PyScript from cdn.jsdelivr.net itself.", err=True)
    return own


def own_copy(pinned: list[RuntimeFile], cache: Path) -> dict[str, bytes]:
    """Content by file name: from the cache, checked at every start, else fetched; else empty. Raises StartError."""
    own = {}
    for file in pinned:
        with suppress(OSError):  # it is fetched
            own[file] = file.kept_in(cache).read_bytes()
    if other := unpinned(own):
        raise StartError(f"{other.kept_in(cache)} is not the file web/runtime.json pins. Delete it and start again.")
    if missing := [file for file in pinned if file not in own]:
        echo("Fetching PyScript, once ...", err=True)
        if not (fetched := fetch(missing)):
            if not all(file.optional for file in missing):
                return {}
            packages = " and ".join({file.package: file for file in missing})
            echo(f"{packages} could not be fetched: pages keep guessers off less well, or draw no QR code.", err=True)
        if other := unpinned(fetched):
            raise StartError(
                f"What came as {other.path} of {other.package} is not the file that web/runtime.json pins, so nothing "
                "of it is used. Something on the way may answer in its place; try another network."
            )
        keep(fetched, cache)
        own |= fetched
    return {file.name: own[file] for file in pinned if file in own}


def unpinned(files: dict[RuntimeFile, bytes]) -> RuntimeFile | None:
    """The first whose content is not what it should be."""
    return next((file for file, content in files.items() if integrity_of("sha384", content) != file.integrity), None)


def fetch(files: list[RuntimeFile]) -> dict[RuntimeFile, bytes]:
    """Every file's content, unchecked: from the CDN, else with npm; empty if neither can be reached."""
    for way in (fetch_from_cdn, fetch_with_npm):
        try:
            return way(files)
        except (OSError, HTTPException, subprocess.SubprocessError, tarfile.TarError, LookupError, ValueError) as error:
            logger.info("%s: %s", way.__name__, error)
    return {}


def fetch_from_cdn(files: list[RuntimeFile]) -> dict[RuntimeFile, bytes]:
    fetched = {}
    for file in files:
        with urllib.request.urlopen(file.address, timeout=CDN_TIMEOUT) as answer:
            fetched[file] = answer.read(LARGEST_RUNTIME_FILE)
    return fetched


def fetch_with_npm(files: list[RuntimeFile]) -> dict[RuntimeFile, bytes]:
    """Out of the packages that `npm pack` brings."""
    fetched = {}
    npm = shutil.which("npm") or "npm"  # on Windows it is npm.cmd
    for package in {file.package for file in files}:
        with tempfile.TemporaryDirectory() as folder:
            command = [npm, "pack", package, "--ignore-scripts", "--silent", "--fetch-retries=0"]
            subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=NPM_TIMEOUT)
            # Only the pinned names are read: nothing that the archive says decides where we write.
            [archive] = Path(folder).glob("*.tgz")
            with tarfile.open(archive) as packed:
                for file in (file for file in files if file.package == package):
                    fetched[file] = packed.extractfile(f"package/{file.path}").read(LARGEST_RUNTIME_FILE)
    return fetched


def keep(files: dict[RuntimeFile, bytes], cache: Path) -> None:
    """Writes each file whole or not at all. Raises StartError."""
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            for file, content in files.items():
                part = Path(folder, file.name)
                part.write_bytes(content)
                file.kept_in(cache).parent.mkdir(parents=True, exist_ok=True)
                part.replace(file.kept_in(cache))
    except OSError as error:
        raise StartError(
            f"PyScript cannot be kept in {cache} ({error.strerror}). Make room or the folder writable, name "
            "another with --cache, or start with --runtime cdn."
        ) from None


# ---------------------------------------------------------------------------------------------------- 7. HTTP

# Our own table: what the system's says differs from machine to machine, and a module of the wrong type does not run.
MIME_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".md": "text/markdown; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".py": "text/x-python; charset=utf-8",
    ".toml": "application/toml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
}
# 'unsafe-eval' is for one string that PyScript evaluates; the Trusted Types policy in web/start.js lets no other in.
POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval' 'unsafe-eval' '{import_map}' {cdn};"
    " connect-src 'self' {cdn}; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none';"
    " {frames}; worker-src 'self'; require-trusted-types-for 'script'; trusted-types default"
)
# The lab's console shows two chats beside each other, each in a frame. Nothing else may be framed, nor by others.
LAB_PAGES = {"/lab": "lab/index.html", "/lab/chat": "index.html"}
LAB_FRAMES = {"/lab": "frame-src 'self'; frame-ancestors 'none'", "/lab/chat": "frame-ancestors 'self'"}
# All that a browser can be told to withhold and the page does not use: all but writing to the clipboard. Left out are
# the way into local networks, as the relay may be in one, and hints about the browser that go with requests (ch-...).
POWERS = """
accelerometer aria-notify autoplay browsing-topics camera captured-surface-control clipboard-read
compute-pressure cross-origin-isolated deferred-fetch deferred-fetch-minimal digital-credentials-create
digital-credentials-get display-capture encrypted-media fullscreen gamepad geolocation gyroscope hid
identity-credentials-get idle-detection interest-cohort keyboard-map language-detector language-model local-fonts
magnetometer media-playback-while-not-visible microphone midi on-device-speech-recognition otp-credentials payment
picture-in-picture private-state-token-issuance private-state-token-redemption publickey-credentials-create
publickey-credentials-get screen-wake-lock serial speaker-selection storage-access summarizer sync-xhr translator
unload usb window-management xr-spatial-tracking"""
HEADERS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{power}=()" for power in POWERS.split()),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def read_web(lab: bool = False) -> dict[str, bytes]:
    """What web/ holds, by path with forward slashes, in order: no hidden files or caches, and the lab if wanted."""
    paths = (path for path in WEB.rglob("*") if path.suffix in MIME_TYPES and path.is_file())
    names = {path.relative_to(WEB).as_posix(): path for path in paths}
    left_out = ("/.",) if lab else ("/.", "/lab/")
    return {name: names[name].read_bytes() for name in sorted(names) if not any(one in f"/{name}" for one in left_out)}


def version_of(files: dict[str, bytes]) -> str:
    return hashlib.sha256(encode(files)).hexdigest()  # as JSON, so where a name or a content ends counts too


def manifest(served: dict[str, str]) -> str:
    """What is served, SHA-384 by name, as lines that two servers can compare; web/protocol/README.md, section 9."""
    lines = "".join(f"{name} {integrity}\n" for name, integrity in served.items())
    digits = f"{int(hashlib.sha256(lines.encode()).hexdigest(), 16) % 10**40:040}"
    return lines + "fingerprint " + " ".join(digits[at : at + 5] for at in range(0, 40, 5)) + "\n"


class Site(NamedTuple):
    """All that is served. `cdn`: the folders on the CDN that pages may load from."""

    pages: dict[str, str]  # by path
    folder: str  # the versioned one, in which all else is
    files: dict[str, bytes]
    cdn: str

    def policy(self, path: str) -> str:
        """The Content-Security-Policy of a page."""
        import_map = re.search('<script type="importmap">(.*?)</script>', self.pages[path], re.DOTALL)[1]
        frames = LAB_FRAMES.get(path, "frame-ancestors 'none'")
        return POLICY.format(import_map=integrity_of("sha256", import_map.encode()), cdn=self.cdn, frames=frames)


def site(runtime: dict[str, bytes], lab: bool = False) -> Site:
    """`runtime` is as from find_runtime."""
    # Read now and once: what is served is of one version, however web/ changes while the server runs.
    files = read_web(lab) | {f"runtime/{name}": content for name, content in runtime.items()}
    folder = f"/v/{version_of(files)}/"
    on_cdn = {} if runtime else {file.name: file for file in read_manifest() if not file.optional}
    interpreter = on_cdn["micropython.mjs"].address if on_cdn else f"{folder}runtime/micropython.mjs"
    sources = {"/": "index.html"} | (LAB_PAGES if lab else {})
    fill = lambda text: text.replace("{{folder}}", folder).replace("{{interpreter}}", interpreter)  # noqa: E731
    pages = {path: fill(files[name].decode()) for path, name in sources.items()}
    served = {path: page.encode() for path, page in pages.items()} | files
    listed = {name: integrity_of("sha384", content) for name, content in served.items()}
    text = manifest(listed | {file.address: file.integrity for file in on_cdn.values()})
    cdn = " ".join(sorted({file.address.removesuffix(file.path) for file in on_cdn.values()}))
    return Site(pages, folder, files | {"manifest.txt": text.encode()}, cdn)


def create_app(settings: Settings, relay: Relay, runtime: dict[str, bytes]) -> Flask:
    """Flask's application: pages, their versioned files, and the relay at /ws. `runtime` is as from find_runtime."""
    app = Flask(__name__, static_folder=None)
    app.url_map.merge_slashes = False  # a path that is not ours is not found, rather than redirected
    served = site(runtime, settings.lab)
    headers = {path: HEADERS | {"Content-Security-Policy": served.policy(path)} for path in served.pages}
    # Not for a certificate of our own making: browsers pass over it there, and to one that was told to trust that
    # certificate, the next would be an error that cannot be clicked away (RFC 6797, sections 8.1 and 12.1).
    forever = {"Strict-Transport-Security": "max-age=31536000"} if settings.tls_cert else {}

    def page():
        answer = Response(served.pages[request.path], content_type=MIME_TYPES[".html"])
        answer.headers["Cache-Control"] = "no-cache"
        answer.add_etag()
        return answer.make_conditional(request)

    for path in served.pages:
        app.add_url_rule(path, view_func=page)

    @app.after_request
    def guard(answer):
        answer.headers.update(headers.get(request.path, headers["/"]) | forever)
        return answer

    serve_files(app, served.folder, served.files)
    serve_relay(app, settings, relay)
    serve_operator(app, relay)
    return app


def serve_files(app: Flask, folder: str, files: dict[str, bytes]) -> None:
    """Puts the files under the versioned folder. They never change, so they are squeezed now and kept for ever."""
    squeezed = {name: gzip.compress(content, mtime=0) for name, content in files.items()}

    @app.get(f"{folder}<path:name>")
    def versioned(name):
        if name not in files:
            abort(404)
        answer = Response(files[name], content_type=MIME_TYPES[Path(name).suffix])
        answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        answer.vary.add("Accept-Encoding")
        if request.accept_encodings["gzip"]:
            answer.data, answer.content_encoding = squeezed[name], "gzip"
        return answer


HANDSHAKE = {  # RFC 6455, section 4.2.1; a header that comes twice is one value with a comma
    "REQUEST_METHOD": "get",
    "SERVER_PROTOCOL": r"http/1\.1",
    "HTTP_UPGRADE": "websocket",
    "HTTP_CONNECTION": r"(.*,\s*)?upgrade(\s*,.*)?",
    "HTTP_SEC_WEBSOCKET_KEY": "[a-z0-9+/]{22}==",
    "HTTP_SEC_WEBSOCKET_VERSION": "13",
}
LATE_ANSWER = (
    b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Content-Length: 61\r\n\r\nThe request did not come whole in time; please send it again."
)
TOO_LATE = "408", LATE_ANSWER  # as gevent has its own


class Handler(WSGIHandler):
    """gevent's, for requests without a body, as all of ours are: so no proxy can differ from us on where one ends.
    What it answers itself has our headers too. It does not wait for ever."""

    def read_requestline(self) -> str:
        self.has_begun = bool(self.rfile.peek(1))
        return super().read_requestline()

    def read_request(self, raw_requestline: str) -> bool:
        """Raises ValueError: it is answered by 400, and the connection is closed."""
        super().read_request(raw_requestline)
        given = self.headers
        body = given.get_all("Content-Length", []) + given.get_all("Transfer-Encoding", [])
        hosts = len(given.get_all("Host", []))
        # Python reads none of what is after a line that is no header or after a CR, and others could see a body there.
        is_whole = not given.defects and not given.get_payload()
        is_clear = is_whole and all(re.fullmatch(r"[\t -~\x80-\xff]*", value) for value in given.values())
        if not is_clear or body not in ([], ["0"]) or hosts > 1 or (not hosts and self.request_version != "HTTP/1.0"):
            raise ValueError
        return True

    def handle_one_request(self):
        result, self.has_begun = TOO_LATE, False
        with gevent.Timeout(self.server.relay.settings.handshake, False) as self.overdue:
            result = super().handle_one_request()
        if result is TOO_LATE and not self.has_begun:  # a browser may connect ahead of need
            result = None
        if isinstance(result, tuple):  # a status, and an answer of gevent's own, which would send it without a limit
            lines = "".join(f"\r\n{name}: {value}" for name, value in HEADERS.items())
            self.code, result = int(result[0]), result[1].replace(b"\r\n", lines.encode() + b"\r\n", 1)
            with suppress(OSError):
                self._sendall(result)
            return None
        return result

    def handle_one_response(self) -> None:
        self.overdue.close()
        self.client_address.counted.take_turn()  # before handshakes too: one costs as much as a hundred frames
        super().handle_one_response()
        self.close_connection |= bool(self.client_address.code)

    def get_environ(self) -> dict:
        return super().get_environ() | {"securechat.visit": self.client_address}

    def _sendall(self, data: bytes) -> None:
        gone = BrokenPipeError(errno.EPIPE, "")  # which gevent takes for a client that has gone
        with gevent.Timeout(self.server.relay.settings.answer, gone):
            super()._sendall(data)

    def _handle_client_error(self, ex: Exception):
        # Of others, such as one for more than a hundred headers, gevent prints the traceback.
        return super()._handle_client_error(ValueError())


class Server(WSGIServer):
    """gevent's, with limits that hold from a connection's first byte on."""

    max_accept = 1  # at a time: a handshake costs as much as a hundred frames

    def __init__(self, listener, app: Flask, relay: Relay, **tls):
        self.relay, tls = relay, tls | ({"do_handshake_on_connect": False} if tls else {})
        super().__init__(listener, app, log=None, error_log=None, handler_class=Handler, **tls)
        # Clients that break off, or that do not speak TLS where it is spoken, are no errors of ours.
        gevent.get_hub().NOT_ERROR += (ssl.SSLError, EOFError, ConnectionError, TimeoutError)

    def do_read(self):
        try:
            return super().do_read()
        except OSError as error:  # such as no file left: gevent tries again, after up to a second
            self.relay.complain("No connection can be taken", error)
            raise ConnectionError(*error.args) from None

    def do_handle(self, sock, address: tuple) -> None:
        if visit := self.relay.begin(address):
            super().do_handle(sock, visit)
        else:
            sock.close()

    def handle(self, sock, visit: Visit) -> None:
        with suppress(OSError):  # without it a body waits for its header's ACK, which browsers put off for 40 ms
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with gevent.Timeout(self.relay.settings.handshake, False) as overdue:
            if self.ssl_enabled:
                sock.do_handshake()
            overdue.close()
            super().handle(sock, visit)

    def do_close(self, sock, visit: Visit) -> None:
        super().do_close(sock)
        self.relay.end(visit)


def serve_relay(app: Flask, settings: Settings, relay: Relay) -> None:
    """Puts the relay at /ws, and keeps other origins away from it and from the page."""
    # gevent's Event, so that nothing needs monkey-patching; no thread, since the relay reads the socket itself.
    idle = SimpleNamespace(name="", start=lambda: None)
    app.config["SOCK_SERVER_OPTIONS"] = {"event_class": Event, "thread_class": lambda target: idle}
    ours = own_origin(settings)
    hosts = {urlsplit(origin).netloc: origin for origin in (ours, *settings.origin)}
    own = socket.gethostname().lower().removesuffix(".local")
    names = ("localhost", own, f"{own}.local")

    @app.before_request
    def one_origin():
        visit = request.environ["securechat.visit"]
        if visit.code and request.path != "/ws":
            abort(503, CLOSE_CODES[visit.code])
        if request.path in ("/healthz", "/metrics"):  # for programs, which name this machine as they like
            return None
        if request.host not in hosts:
            # Any site can let a name of its own point at this machine, so a name that we do not know is not served.
            name, is_local = urlsplit(f"//{request.host}").hostname, is_loopback(settings.host)
            if not (is_loopback(name) if is_local else name in names or is_address(name)):
                abort(403, f"This server answers as {ours}. Its operator can add another address with --origin.")
            if is_local:
                return redirect(ours + request.full_path.removesuffix("?"), 308)
        theirs = request.headers.get("Origin")  # programs other than browsers send none
        own = hosts.get(request.host, f"{request.scheme}://{request.host}")  # behind a proxy the scheme is not ours
        if request.path == "/ws" and theirs not in (None, own, *settings.origin):
            abort(403, "The relay is for its own page. Its operator can allow another origin with --origin.")
        if request.path == "/ws":
            if is_proxy(request.remote_addr, settings):
                request.environ["REMOTE_ADDR"] = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
            if not all(re.fullmatch(form, request.environ.get(name, ""), re.I) for name, form in HANDSHAKE.items()):
                abort(Response("The relay is for WebSockets, version 13.\n", 400, {"Sec-WebSocket-Version": "13"}))
            # simple-websocket accepts compression whenever offered, which costs a lot, per member, for nothing. At any
            # header that it cannot read it raises, and its copy of the socket stays open for a while.
            for name in [name for name in request.environ if name.startswith("HTTP_") and name not in HANDSHAKE]:
                del request.environ[name]
            request.environ["HTTP_HOST"] = "relay"
        return None

    @Sock(app).route("/ws")
    def ws(connection):
        relay.serve(connection, request.environ)


def serve_operator(app: Flask, relay: Relay) -> None:
    """Puts what monitors ask for at /healthz, for everyone, and at /metrics, for this machine only."""

    @app.get("/healthz")
    def healthz():
        ailment, headers = relay.ailment(), {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store"}
        return f"{ailment or 'ok'}\n", 503 if ailment else 200, headers

    @app.get("/metrics")
    def metrics():
        # Who can count messages learns when people talk. A proxy brings strangers from this machine's address, and a
        # page in a browser here may have let its own name point at this machine.
        names = (request.remote_addr, urlsplit(f"//{request.host}").hostname)
        if {"Forwarded", "X-Forwarded-For", "Via"} & {*request.headers.keys()} or not all(map(is_loopback, names)):
            abort(403, "Metrics are for programs on this machine. README.md says how to ask from another.")
        return Response.from_app(make_wsgi_app(relay.metrics.registry), request.environ)


def own_origin(settings: Settings) -> str:
    """The one origin that is printed and redirected to: "http://127.0.0.1:5000"."""
    scheme, usual_port = ("https", 443) if settings.tls_adhoc or settings.tls_cert else ("http", 80)
    host = get_interface_ip(socket.AF_INET) if settings.host in ("0.0.0.0", "::") else settings.host
    host = f"[{host}]" if ":" in host else host
    return f"{scheme}://{host}" + (f":{settings.port}" if settings.port != usual_port else "")


def is_address(host: str | None) -> bool:
    with suppress(ValueError):
        return bool(ip_address(host or ""))
    return False


def is_loopback(host: str | None) -> bool:
    return host in ("localhost", "::1") or bool(re.fullmatch(r"(::ffff:)?127(\.\d+){3}", host or ""))


# ---------------------------------------------------------------------------------------------------- 8. Command line

CERTIFICATE_DAYS = 300  # werkzeug makes it for 365


def options() -> Iterator[click.Option]:
    """The annotated fields of Settings, as click has them."""
    for field in dataclasses.fields(Settings):
        if get_origin(field.type) is Annotated:
            meaning, *kind = field.type.__metadata__
            name, default = "--" + field.name.replace("_", "-"), field.default
            given = {"type": kind[0] if kind else field.type.__origin__, "default": default, "help": meaning}
            given |= {"show_default": bool(default), "is_flag": default is False, "multiple": default == ()}
            yield click.Option([name], **given)


class Command(click.Command):
    """Its help shows the limits apart."""

    def format_options(self, context, formatter) -> None:
        for title in ("Options", "Limits"):
            shown = [one for one in self.get_params(context) if hasattr(Limits, one.name) == (title == "Limits")]
            with formatter.section(title):
                formatter.write_dl([one.get_help_record(context) for one in shown])


@click.command(cls=Command, params=list(options()))
def main(**given) -> None:
    """Serves the chat page and passes on what pages say, which they encrypt. Ctrl+C ends it."""
    settings = Settings(**given)
    logging.basicConfig(level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(message)s")
    runtime = find_runtime(settings.runtime, settings.cache)
    if settings.manifest:
        echo(site(runtime, settings.lab).files["manifest.txt"], nl=False)
        return
    listener = listen(settings.host, settings.port)
    settings = dataclasses.replace(settings, port=listener.getsockname()[1])
    tls = tls_context(settings)
    relay = Relay(settings)
    relay.open()
    try:
        server = Server(listener, create_app(settings, relay, runtime), relay, **tls)
        stopped = Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            gevent.signal_handler(number, stopped.set)
        server.start()
        announce(settings)
        stopped.wait()
        server.stop_accepting()
    finally:
        relay.close()


def listen(host: str, port: int | None):
    """A listening socket; without a port, on the first free one of the usual ones. Raises StartError."""
    ports = PORTS if port is None else [port]
    for attempt in ports:
        try:
            family = socket.getaddrinfo(host, attempt, type=socket.SOCK_STREAM)[0][0]
            listener = WSGIServer.get_listener((host, attempt), family=family)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                continue
            raise StartError(f"Cannot listen on {host}, port {attempt}: {error.strerror or error}.") from None
        if attempt != ports[0]:
            echo(f"Port {ports[0]} is in use, so this is port {attempt}.")
        return listener
    which = f"Ports {ports[0]} to {ports[-1]} are" if port is None else f"Port {port} is"
    raise StartError(f"{which} in use. Name a free one with --port, or 0 for any.")


def announce(settings: Settings) -> None:
    address = own_origin(settings)
    echo(f"Secure Chat is at {address}")
    if not (address.startswith("https") or is_loopback(settings.host) or settings.origin):
        echo("From other machines the page needs https to encrypt: --tls-adhoc, --tls-cert, or a proxy and --origin.")
    if settings.open:
        click.launch(address)


def tls_context(settings: Settings) -> dict:
    """The server's arguments for TLS, none without it. Raises StartError."""
    chain, key = settings.tls_cert, settings.tls_key
    if (key and not chain) or (chain and settings.tls_adhoc):
        raise StartError("--tls-key goes with --tls-cert, and --tls-adhoc with neither: it makes a pair of its own.")
    if settings.tls_adhoc:
        chain, key = adhoc_certificate(settings.data.parent)
    if not chain:
        return {}
    context = gevent.ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(chain, key)
    except OSError as error:  # ssl.SSLError is one
        raise StartError(f"{chain} and its key cannot be used for https: {error.strerror or error}.") from None
    if settings.tls_adhoc:
        fingerprint = hashlib.sha256(ssl.PEM_cert_to_DER_cert(chain.read_text())).digest().hex(":").upper()
        echo(f"The certificate is self-signed, so browsers warn. Its SHA-256 fingerprint, to compare:\n{fingerprint}")
    return {"ssl_context": context}


def adhoc_certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed certificate and its key. They are kept, so that pages that trust it connect again after a restart,
    and made anew before they end. Raises StartError."""
    chain, key = folder / "tls-adhoc.crt", folder / "tls-adhoc.key"
    try:
        if not key.exists() or time() - key.stat().st_mtime > CERTIFICATE_DAYS * 86_400:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder) as ours_alone:
                made = make_ssl_devcert(f"{ours_alone}/tls-adhoc", cn="localhost")
                for path, kept in zip(map(Path, made), (chain, key), strict=True):
                    path.chmod(0o600)
                    path.replace(kept)
    except OSError as error:
        raise StartError(f"The certificate cannot be kept in {folder}: {error.strerror or error}.") from None
    return chain, key


if __name__ == "__main__":
    main()
