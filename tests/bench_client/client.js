// Level passphrase in plain JavaScript, as little as talks with our page: the measure for tests/bench_page.py.
// It keeps the order of the log and batches its calls, and leaves out what is not needed for that: reconnecting,
// anchors' checks, gaps, padding's check, several rooms.
const $ = (id) => document.getElementById(id);
const subtle = crypto.subtle;
const utf8 = new TextEncoder();
const text = new TextDecoder();
const PREFIX = "passphrase-1.";
const B64 = { alphabet: "base64url" };
const B64_OUT = { alphabet: "base64url", omitPadding: true };

const join = (...parts) => {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) { whole.set(part, at); at += part.length; }
  return whole;
};
const uint = (value, size) => {
  const bytes = new Uint8Array(size);
  for (let i = size - 1; i >= 0; i--) { bytes[i] = value % 256; value = Math.floor(value / 256); }
  return bytes;
};
const sized = (bytes) => join(uint(bytes.length, 4), bytes);
const sha256 = async (bytes) => new Uint8Array(await subtle.digest("SHA-256", bytes));
const number = (bytes) => bytes.reduce((value, byte) => value * 256 + byte, 0);

let socket, room, address, name, passphraseKey, argon2id, pair, publicRaw, ours, counter = 0, anchor = [0, new Uint8Array(32)];
let newest = 0, caughtUp, isCaughtUp = new Promise((resolve) => { caughtUp = resolve; });
const roots = new Map(), keys = new Map(), verifiers = new Map(), seen = new Set();

// The page's own worker for Argon2id, see ../../web/browser/argon2.js; answers by number.
const startArgon2id = (passphrase) => {
  const worker = new Worker("browser/argon2.js", { type: "module" }), waiting = new Map();
  worker.onmessage = ({ data }) => waiting.get(data.number)(data.root);
  worker.postMessage({ passphrase });
  return (salt, passes, lanes, mebibytes) => new Promise((answered) => {
    const number = waiting.size;
    waiting.set(number, answered);
    worker.postMessage({ number, salt, passes, lanes, mebibytes });
  });
};
const rootOf = (parameters) => {
  const id = parameters.toHex();
  if (!roots.has(id)) roots.set(id, (async () => {
    const salt = await sha256(join(utf8.encode("secure-chat passphrase 1 root"), sized(room), parameters.subarray(5)));
    if (parameters[0] === 2) return argon2id(salt, parameters[1], parameters[2], number(parameters.subarray(3, 5)));
    const iterations = number(parameters.subarray(1, 5));
    const bits = await subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt, iterations }, passphraseKey, 256);
    return subtle.importKey("raw", bits, "HKDF", false, ["deriveKey"]);
  })());
  return roots.get(id);
};
const keyOf = (parameters, session) => {
  const id = parameters.toHex() + session.toHex();
  if (!keys.has(id)) keys.set(id, (async () => {
    const info = join(utf8.encode("secure-chat passphrase 1 key"), sized(room));
    return subtle.deriveKey({ name: "HKDF", hash: "SHA-256", salt: session, info }, await rootOf(parameters),
      { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
  })());
  return keys.get(id);
};
const verifierOf = (session) => {
  const id = session.toHex();
  if (!verifiers.has(id)) verifiers.set(id, subtle.importKey("raw", session, "Ed25519", true, ["verify"]));
  return verifiers.get(id);
};
const gcm = (count, aad) => ({ name: "AES-GCM", iv: join(new Uint8Array(8), count), additionalData: aad });
const head = () => join(utf8.encode("secure-chat passphrase 1 header"), sized(room));

const open = async (entry) => {
  const data = Uint8Array.fromBase64(entry.body.slice(PREFIX.length), B64);
  const parameters = data.subarray(0, 21), session = data.subarray(21, 53);
  const nameEnd = 57 + number(data.subarray(53, 57)), end = nameEnd + 44;
  const count = data.subarray(nameEnd, nameEnd + 4), signature = data.subarray(-64);
  const aad = join(head(), data.subarray(0, end)), sealed = data.subarray(end, -64);
  const signed = join(aad, sealed);
  if (!await subtle.verify("Ed25519", await verifierOf(session), signature, signed)) throw new Error("bad-signature");
  const padded = new Uint8Array(await subtle.decrypt(gcm(count, aad), await keyOf(parameters, session), sealed));
  const once = session.toHex() + count.toHex();
  if (seen.has(once)) throw new Error("replayed");
  seen.add(once);
  ours ??= parameters.slice();
  return [text.decode(data.subarray(57, nameEnd)), text.decode(padded.subarray(0, padded.lastIndexOf(0x80)))];
};
const show = async (entries) => {
  const opened = await Promise.allSettled(entries.map(open));
  const rows = document.createDocumentFragment();
  opened.forEach(({ value, reason }, i) => {
    const row = document.createElement("li"), who = document.createElement("b"), said = document.createElement("p");
    const when = document.createElement("time");
    who.textContent = value ? value[0] : "";
    said.textContent = value ? value[1] : String(reason);
    when.textContent = new Date(entries[i].at).toLocaleTimeString();
    row.append(who, said, when);
    rows.append(row);
  });
  $("messages").append(rows);
  const last = entries.at(-1);
  anchor = [last.seq, await sha256(utf8.encode(last.body))];
  if (last.seq >= newest) caughtUp();
};
const padme = (length) => {
  const exponent = Math.floor(Math.log2(length)), low = exponent - Math.floor(Math.log2(exponent)) - 1;
  const step = 2 ** Math.max(low, 0);
  return Math.ceil(length / step) * step;
};
let sealing = Promise.resolve();
const say = (words) => { sealing = sealing.then(() => seal(words)); };
const seal = async (words) => {
  await isCaughtUp;
  ours ??= join([2, 2, 1, 0, 19], crypto.getRandomValues(new Uint8Array(16)));
  const count = uint(counter++, 4), plain = utf8.encode(words);
  const padded = join(plain, [0x80], new Uint8Array(Math.max(256, padme(plain.length + 1)) - plain.length - 1));
  const fields = join(ours, publicRaw, sized(utf8.encode(name)), count, uint(anchor[0], 8), anchor[1]);
  const aad = join(head(), fields);
  const sealed = new Uint8Array(await subtle.encrypt(gcm(count, aad), await keyOf(ours, publicRaw), padded));
  const signature = new Uint8Array(await subtle.sign("Ed25519", pair.privateKey, join(aad, sealed)));
  const body = PREFIX + join(fields, sealed, signature).toBase64(B64_OUT);
  const id = crypto.getRandomValues(new Uint8Array(16)).toBase64(B64_OUT);
  socket.send(JSON.stringify({ type: "append", room: address, kind: "message", id, body }));
};

let reading = Promise.resolve();
socket = new WebSocket(new URLSearchParams(location.search).get("relay"));
socket.onopen = () => { $("join").disabled = false; };
socket.onmessage = ({ data }) => {
  const frame = JSON.parse(data);
  if (frame.type === "joined") {
    newest = frame.newest;
    for (const { name: member } of frame.members) $("members").append(Object.assign(document.createElement("li"), { textContent: member }));
    if (!newest) caughtUp();
  }
  if (frame.type === "entries") reading = reading.then(() => show(frame.entries));
};
document.querySelector("form").onsubmit = async (event) => {
  event.preventDefault();
  name = $("name").value.normalize("NFC");
  room = utf8.encode($("room").value.normalize("NFC"));
  address = "passphrase/" + $("room").value.normalize("NFC");
  const secret = utf8.encode($("passphrase").value.normalize("NFC"));
  passphraseKey = await subtle.importKey("raw", secret, "PBKDF2", false, ["deriveBits"]);
  argon2id = startArgon2id(secret);
  pair = await subtle.generateKey("Ed25519", false, ["sign", "verify"]);
  publicRaw = new Uint8Array(await subtle.exportKey("raw", pair.publicKey));
  socket.send(JSON.stringify({ type: "join", room: address, name, after: 0 }));
};
$("send").onclick = () => { say($("message").value); $("message").value = ""; };
