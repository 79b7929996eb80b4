// Keys of the queue: lines, choosing, finding. Without this script everything is a link, a box or a button.
(() => {
  const rows = [...document.querySelectorAll("[data-row]")];
  const boxes = [...document.querySelectorAll("[data-row] input[type=checkbox]")];
  const all = document.querySelector("[data-all]");
  const chosen = document.querySelector("[data-chosen]");
  const help = document.getElementById("keys");
  const search = document.getElementById("q");
  let at = -1;

  const isTyping = (target) => target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]") !== null;
  const box = () => rows[at]?.querySelector("input[type=checkbox]");

  function go(to) {
    if (!rows.length) return;
    rows[at]?.classList.remove("is-at");
    at = Math.min(Math.max(to, 0), rows.length - 1);
    rows[at].classList.add("is-at");
    rows[at].querySelector("a")?.focus({ preventScroll: true });
    rows[at].scrollIntoView({ block: "nearest" });
  }

  function count() {
    const number = boxes.filter((each) => each.checked).length;
    for (const each of boxes) each.closest("tr").classList.toggle("is-chosen", each.checked);
    if (all) { all.checked = number > 0 && number === boxes.length; all.indeterminate = number > 0 && !all.checked; }
    if (chosen) chosen.textContent = number ? `${number} chosen:` : "Decide for those chosen:";
    for (const each of document.querySelectorAll(".queue-bulk button")) each.disabled = number === 0;
  }

  function choose(wanted, those) {
    for (const each of those) each.checked = wanted;
    count();
  }

  function step(by) {
    const tabs = [...document.querySelectorAll(".queue-tab")];
    const here = tabs.findIndex((each) => each.hasAttribute("aria-current"));
    tabs[(here + by + tabs.length) % tabs.length]?.click();
  }

  const keys = {
    j: () => go(at + 1),
    k: () => go(at - 1),
    Enter: () => rows[at]?.querySelector("a")?.click(),
    x: () => box() && choose(!box().checked, [box()]),
    X: () => choose(!boxes.every((each) => each.checked), boxes),
    b: () => document.querySelector(".queue-bulk button:not([disabled])")?.focus(),
    n: () => document.querySelector("[rel=next]")?.click(),
    z: () => document.querySelector("#toast [data-key=z]")?.click(),
    "[": () => step(-1),
    "]": () => step(1),
    "/": () => { search.focus(); search.select(); },
    "?": () => help.showModal(),
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
    if (isTyping(event.target)) { if (event.key === "Escape") event.target.blur(); return; }
    if (event.key === "Enter" && event.target.closest("a, button")) return;
    const act = keys[event.key];
    if (act) { event.preventDefault(); act(); }
  });
  help.addEventListener("click", (event) => { if (event.target === help) help.close(); });
  for (const each of boxes) each.addEventListener("change", count);
  rows.forEach((row, number) => row.addEventListener("focusin", () => { if (number !== at) { rows[at]?.classList.remove("is-at"); at = number; row.classList.add("is-at"); } }));
  if (all) { all.hidden = false; all.addEventListener("change", () => choose(all.checked, boxes)); }
  // Another page on its way is shown, for a slow line.
  addEventListener("beforeunload", () => document.body.classList.add("is-leaving"));
  addEventListener("pageshow", () => document.body.classList.remove("is-leaving"));
  count();
  const toast = document.getElementById("toast");
  if (toast) setTimeout(() => { if (!toast.contains(document.activeElement)) toast.remove(); }, toast.dataset.seconds * 1000);
})();
