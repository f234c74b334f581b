/* As browser/argon2.js, for the lab alone: what is derived is handed over as bytes, to be shown to who asks for it. */
import "../runtime/argon2.umd.min.js"; // makes hashwasm, by itself: it is no module

let passphrase;

self.onmessage = async ({ data: { passphrase: given, number, salt, passes, lanes, mebibytes } }) => {
  if (given) {
    passphrase = given;
    return;
  }
  const root = await hashwasm.argon2id({
    password: passphrase, salt, iterations: passes, parallelism: lanes, memorySize: mebibytes * 1024,
    hashLength: 32, outputType: "binary",
  }).catch(() => null); // not enough memory
  postMessage({ number, root });
};
