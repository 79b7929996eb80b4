// The form of reports, better with a script: whose the names are while one types, the own time zone, files that are too big.
"use strict";

const PAUSE_MILLISECONDS = 400;
const MIB = 1024 * 1024;
const MOST_NAMES = 50;

const form = document.querySelector("[data-report]");
const looks = document.getElementById("looks");
const field = form.elements.names;
const classes = { ours: "good", not_ours: "warn", address: "warn", no_name: "bad" };
const words = { ours: looks.dataset.ours, not_ours: looks.dataset.notOurs, address: looks.dataset.address, no_name: looks.dataset.noName };
let timer, asked = field.value;

function line({ asked: text, name, standing, domain }) {
  const item = document.createElement("li"), code = document.createElement("code"), badge = document.createElement("span");
  code.textContent = (name || text).slice(0, 120);
  badge.className = `badge ${classes[standing]}`;
  badge.textContent = words[standing].replace("{domain}", domain);
  item.append(code, " ", badge);
  return item;
}

async function ask() {
  if (field.value === asked) return;
  const wanted = asked = field.value;
  const lines = wanted.split("\n").map((each) => each.trim()).filter(Boolean).slice(0, MOST_NAMES);
  if (!lines.length) return looks.replaceChildren();
  const query = new URLSearchParams(lines.map((each) => ["name", each.slice(0, 300)]));
  const response = await fetch(`${looks.dataset.ask}?${query}`, { headers: { Accept: "application/json" } });
  // Too often: it is looked at when the form is sent.
  if (!response.ok || wanted !== field.value) return;
  looks.replaceChildren(...(await response.json()).names.map(line));
}

field.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(() => ask().catch(console.error), PAUSE_MILLISECONDS); });
form.querySelector("[data-check]").hidden = true;

const zone = form.elements.seen_zone, here = String(-new Date().getTimezoneOffset());
if (!form.elements.seen_date.value && [...zone.options].some((each) => each.value === here)) zone.value = here;

const files = form.elements.evidence;
files?.addEventListener("change", () => {
  const sizes = [...files.files].map((each) => each.size);
  const isTooMuch = sizes.length > 10 || sizes.some((each) => each > 5 * MIB) || sizes.reduce((sum, each) => sum + each, 0) > 15 * MIB;
  files.setCustomValidity(isTooMuch ? document.getElementById(files.getAttribute("aria-describedby")).textContent : "");
  files.reportValidity();
});

document.getElementById("errors")?.focus();
