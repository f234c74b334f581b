/* Runs in a worker of its own, one for each joined room: keeps the passphrase, and derives with Argon2id (RFC 9106).

   What it is told: first { passphrase }, then { number, salt, passes, lanes, mebibytes } as often as needed. What it answers:
   { number, root }, root a CryptoKey for HKDF that nobody can look into, or null. So neither the passphrase nor what is
   derived from it ever stands in the page's own memory, and both are gone when argon2.py ends the worker. JavaScript, as
   hash-wasm is. */
import "../runtime/argon2.umd.min.js"; // makes hashwasm, by itself: it is no module

let passphrase;

const derive = async ({ salt, passes, lanes, mebibytes }) => {
  const root = await hashwasm.argon2id({
    password: passphrase, salt, iterations: passes, parallelism: lanes, memorySize: mebibytes * 1024,
    hashLength: 32, outputType: "binary",
  });
  try {
    return await crypto.subtle.importKey("raw", root, "HKDF", false, ["deriveKey"]);
  } finally {
    root.fill(0);
  }
};

self.onmessage = async ({ data }) => {
  if (data.passphrase) passphrase = data.passphrase;
  else postMessage({ number: data.number, root: await derive(data).catch(() => null) }); // null: not enough memory
};
