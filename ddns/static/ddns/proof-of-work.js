// Solves a form's proof of work (altcha, version 2) in workers, and is itself the worker.
"use strict";

const octets = (hex) => Uint8Array.from(hex.match(/../g), (pair) => parseInt(pair, 16));
const hex = (buffer) => Array.from(new Uint8Array(buffer), (octet) => octet.toString(16).padStart(2, "0")).join("");

// The counter, of every step-th from first on, whose derived key begins with the prefix.
async function solve({ parameters, first, step }) {
  const [, hash] = parameters.algorithm.split("/");
  const nonce = octets(parameters.nonce);
  const password = new Uint8Array(nonce.length + 4);
  password.set(nonce);
  const counterOctets = new DataView(password.buffer, nonce.length);
  const derivation = { name: "PBKDF2", hash, salt: octets(parameters.salt), iterations: parameters.cost };
  for (let counter = first; ; counter += step) {
    counterOctets.setUint32(0, counter);
    const key = await crypto.subtle.importKey("raw", password, "PBKDF2", false, ["deriveBits"]);
    const derivedKey = hex(await crypto.subtle.deriveBits(derivation, key, parameters.keyLength * 8));
    if (derivedKey.startsWith(parameters.keyPrefix)) return { counter, derivedKey };
  }
}

// The first answer of as many workers as there are processors, four at most.
function race(parameters, script) {
  const step = Math.min(navigator.hardwareConcurrency || 1, 4);
  const workers = Array.from({ length: step }, () => new Worker(script));
  const answers = workers.map((worker, first) => new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = reject;
    worker.postMessage({ parameters, first, step });
  }));
  return Promise.race(answers).finally(() => workers.forEach((worker) => worker.terminate()));
}

async function prove(box, script) {
  const [solution] = box.querySelectorAll("input");
  const said = box.querySelector("[role=status]");
  if (!solution.value) {
    said.textContent = box.dataset.working;
    const challenge = await (await fetch(box.dataset.proof, { headers: { Accept: "application/json" } })).json();
    const found = await race(challenge.parameters, script);
    solution.value = btoa(JSON.stringify({ challenge, solution: found }));
    // Too old before it is used: another one.
    const lifetime = challenge.parameters.expiresAt * 1000 - Date.now() - 60000;
    setTimeout(() => { solution.value = ""; start(box, script); }, Math.max(lifetime, 60000));
  }
  said.textContent = box.dataset.done;
}

function start(box, script) {
  const proved = prove(box, script).catch((error) => {
    console.error(error);
    box.querySelector("[role=status]").textContent = box.dataset.failed;
  });
  // Whoever is faster than the work is not sent back: the form goes off when it is done.
  box.closest("form").onsubmit = (event) => {
    if (box.querySelector("input").value) return;
    event.preventDefault();
    proved.then(() => box.querySelector("input").value && event.target.requestSubmit(event.submitter));
  };
}

if (typeof document === "undefined") {
  onmessage = async ({ data }) => postMessage(await solve(data));
} else if (globalThis.crypto && crypto.subtle && globalThis.Worker) {
  const script = document.currentScript.src;
  document.querySelectorAll("[data-proof]").forEach((box) => start(box, script));
}
