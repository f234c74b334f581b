/* Runs first: says what is missing, guards what may be evaluated, and starts PyScript.

   A classic script, so that it runs before every module and before Python: the policy against injected code and the check
   of the .wasm must stand before Python can. Everything else of the page is Python. */
"use strict";
{
  const { folder, interpreter } = document.currentScript.dataset;
  const local = interpreter.startsWith(folder);
  const lab = location.pathname.startsWith("/lab"); // the server has it only where it was started with --lab
  const PATIENCE = 30000; // milliseconds without any progress before we say that Python does not come

  // What browsers must find in each file that comes from the CDN, by its address: the page's import map.
  const { integrity } = JSON.parse(document.querySelector("script[type=importmap]").textContent);
  const coreOnCdn = Object.keys(integrity).find((address) => address.endsWith("/core.js"));
  const core = local ? folder + "runtime/core.js" : coreOnCdn;
  // A worker's script must come from this server, and so must what it imports: there is none without the server's copy.
  const argon2 = local ? folder + (lab ? "lab/argon2.js" : "browser/argon2.js") : null;
  const qr = local ? folder + "runtime/qrcode.mjs" : null;
  const wasm = new URL(interpreter.replace(/mjs$/, "wasm"), location.href).href;

  const NOT_COME = "Python did not arrive, and without it this page cannot encrypt. " + (local
    ? "It comes from this server: reload the page; if that does not help, tell whoever runs the server."
    : "It comes from cdn.jsdelivr.net, which this browser cannot reach, or which sent other files than expected. Whoever " +
      "runs the server can make cdn.jsdelivr.net or npm available to it and start it again: then it serves Python itself.");
  const FAILED = "The page's program failed to start. Reload the page; if that does not help, tell whoever runs the server.";
  const NOT_SECURE = "This page encrypts inside the browser, and browsers allow that only over https, or on the machine " +
    "that runs the server (localhost). Open it with https:// in front; whoever runs the server can start it with --tls-adhoc.";
  const lacking = (what) => `This browser lacks ${what}, which this page needs in order to encrypt. ` +
    "A current Chrome, Edge, Firefox or Safari has it.";

  // In place of the form: a sentence that says why there is none, and what to do. Without a sentence the form again.
  const parsed = new Promise((resolve) => document.addEventListener("DOMContentLoaded", resolve));
  const giveUp = async (sentence) => {
    await parsed;
    const place = document.getElementById("unsupported");
    for (const sibling of place.parentElement.children) sibling.hidden = (sibling === place) === !sentence;
    place.querySelector("p").textContent = sentence;
  };

  const obstacle = () => {
    if (!isSecureContext || !self.crypto?.subtle) return NOT_SECURE;
    if (!self.WebAssembly) return lacking("WebAssembly");
    if (!self.WebSocket) return lacking("WebSocket");
    if (!Uint8Array.fromBase64 || !Uint8Array.fromHex) return lacking("Uint8Array.fromBase64");
    return null;
  };

  // Trusted Types: every string that is to be run as code, or loaded as a script, passes here; null refuses it. PyScript
  // evaluates one, at start. It is compared whole, since an attacker could append to a part.
  const EVALUATED = "return(w,x)=>(async(e,t,...n)=>{for(const r of n)await r(e,t)})(w,x,...[({interpreter:e})=>" +
    '{e.registerJsModule("_pyscript",{fs:{ERROR:"storage permissions not granted",NAMESPACE:"@pyscript.fs"},interpreter:e})}])';
  const AS_FUNCTION = `function anonymous(\n) {\n${EVALUATED}\n}`; // some browsers put it in parentheses
  self.trustedTypes?.createPolicy("default", {
    createScript: (text) => text === AS_FUNCTION || text === `(${AS_FUNCTION})` ? text : null,
    createScriptURL: (address) => address === core || address === argon2 ? address : null,
  });

  // Import maps check modules only. So the .wasm is fetched here, with its hash, and handed to the interpreter.
  const fetchChecked = () => {
    const fetchAnything = self.fetch;
    const coming = fetchAnything(wasm, { integrity: integrity[wasm] ?? "", credentials: "same-origin" });
    self.fetch = (input, init) => {
      if (input !== wasm) return fetchAnything(input, init);
      self.fetch = fetchAnything; // an answer can be read only once
      return coming;
    };
    return coming;
  };

  // Says how far the start is, and when nothing happens for too long. Python removes the sentence when it is ready.
  const watch = () => {
    let timer, overdue = false;
    const startup = () => document.getElementById("startup");
    const wait = () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        overdue = true;
        if (startup()) giveUp(NOT_COME);
      }, PATIENCE);
    };
    addEventListener("mpy:progress", ({ detail }) => {
      wait();
      if (startup() && detail === "Loaded MicroPython") startup().textContent = "Starting ...";
    });
    wait();
    // A module that PyScript itself imports and that does not come, or is refused, shows only here.
    addEventListener("unhandledrejection", () => startup() && giveUp(NOT_COME));
    // main.py has run to its end, or to an error. Python may be ready after we had given up waiting.
    addEventListener("mpy:done", () => {
      clearTimeout(timer);
      if (startup()) giveUp(FAILED);
      else if (overdue) giveUp("");
    });
  };

  // PyScript looks for one configuration per kind of Python: ours, and the other only to leave its extras out as well.
  const configure = () => {
    const extras = ["deprecations-manager", "donkey", "error", "py-editor", "py-game", "py-terminal"];
    const plugins = extras.map((name) => "!" + name);
    const packages = ["pyscript.toml", ...(lab ? ["lab/pyscript.toml"] : [])].map((name) => location.origin + folder + name);
    for (const [kind, rest] of [["mpy", { interpreter, packages, argon2, qr, folder, lab }], ["py", {}]]) {
      const element = document.createElement(kind + "-config");
      element.setAttribute("type", "json");
      element.textContent = JSON.stringify({ plugins, ...rest });
      document.head.append(element);
    }
  };

  const start = () => {
    fetchChecked().catch(() => giveUp(NOT_COME));
    configure();
    const script = document.createElement("script");
    script.type = "module";
    script.crossOrigin = "anonymous";
    script.integrity = integrity[core] ?? ""; // for browsers whose import maps know no integrity
    script.addEventListener("error", () => giveUp(NOT_COME));
    script.src = core;
    document.head.append(script);
    watch();
  };

  const sentence = obstacle();
  if (sentence) giveUp(sentence);
  else crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]).then(start, () => giveUp(lacking("Ed25519")));
}
