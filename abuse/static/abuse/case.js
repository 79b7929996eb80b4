// The screen of a case by keyboard: forms in a drawer, who else is here, undo. Without this script they are links and pages.
(() => {
  const page = document.getElementById("case");
  const drawer = document.getElementById("drawer");
  const help = document.getElementById("keys");
  const toast = document.getElementById("toast");
  const isTyping = (target) => target.closest("input:not([type=checkbox]), textarea, select") !== null;
  const byScript = { headers: { "X-Requested-With": "fetch" } };
  const token = document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";

  // ---- the form of a decision -------------------------------------------------------------------------------------
  let opener = null;
  let waiting = 0;

  function focusForm() {
    const empty = [...drawer.querySelectorAll("input:not([type=hidden]):not([type=checkbox]), textarea, select")]
      .filter((each) => !each.closest("details:not([open])"));
    const isText = (each) => each.tagName === "TEXTAREA" || each.tagName === "INPUT";
    (empty.find((each) => isText(each) && each.value === "") ?? empty[0])?.focus();
  }

  async function open(link) {
    opener?.removeAttribute("aria-expanded");
    opener = link;
    link.setAttribute("aria-expanded", "true");
    drawer.hidden = false;
    drawer.classList.add("is-loading");
    try {
      const response = await fetch(link.href, byScript);
      if (!response.ok || response.redirected) throw new Error(response.status);
      const html = await response.text();
      if (opener !== link) return;
      drawer.innerHTML = html;
      focusForm();
    } catch { location.href = link.href; } finally { drawer.classList.remove("is-loading"); }
  }

  function close() {
    drawer.hidden = true;
    drawer.replaceChildren();
    opener?.removeAttribute("aria-expanded");
    opener?.focus();
    opener = null;
  }

  async function showImpact(form) {
    const mine = ++waiting;
    const said = new URLSearchParams(new FormData(form));
    for (const name of ["csrfmiddlewaretoken", "reason"]) said.delete(name);
    try {
      const response = await fetch(`${form.dataset.impact}?${said}`, byScript);
      if (response.ok && !response.redirected && mine === waiting) form.querySelector("#impact").innerHTML = await response.text();
    } catch { /* What was said before stands; the decision itself is checked again. */ }
  }

  drawer.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-impact]");
    if (form && !["reason", "text", "keep_open", "withheld", "ground"].includes(event.target.name)) showImpact(form);
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-offer]");
    if (link && !event.ctrlKey && !event.metaKey) { event.preventDefault(); open(link); return; }
    if (event.target.closest("[data-close]")) { event.preventDefault(); close(); return; }
    const thumb = event.target.closest("[data-picture]");
    if (thumb && !event.ctrlKey && !event.metaKey) { event.preventDefault(); showPicture(thumb); }
  });
  // Sent once: a second press of the keys is no second decision.
  document.addEventListener("submit", (event) => {
    if ("download" in event.target.dataset) return;
    if (event.target.dataset.sent) { event.preventDefault(); return; }
    event.target.dataset.sent = "1";
    document.body.classList.add("is-leaving");
  });
  addEventListener("pageshow", () => { document.body.classList.remove("is-leaving"); for (const each of document.forms) delete each.dataset.sent; });

  // ---- pictures: blurred until somebody asks, which is a look and goes into the ledger ------------------------------
  function showPicture(thumb) {
    const box = document.createElement("dialog");
    box.className = "lightbox";
    const picture = document.createElement("img");
    picture.alt = thumb.querySelector("img").alt.replace(", blurred", "");
    picture.src = thumb.dataset.picture;
    box.append(picture);
    box.addEventListener("click", () => box.close());
    box.addEventListener("close", () => { box.remove(); thumb.focus(); });
    document.body.append(box);
    box.showModal();
  }

  // ---- keys -------------------------------------------------------------------------------------------------------
  const press = (key) => document.querySelector(`[data-key="${CSS.escape(key)}"]`);
  const keys = {
    n: () => document.getElementById("note")?.focus(),
    u: () => document.querySelector("[data-undo]")?.focus(),
    o: () => document.querySelector("[data-picture]")?.click(),
    "?": () => help.showModal(),
    Enter: () => document.querySelector(".action.is-first")?.click(),
  };

  document.addEventListener("keydown", (event) => {
    if (help.open) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      const form = event.target.closest("form") ?? drawer.querySelector("form");
      if (form) { event.preventDefault(); form.requestSubmit(); }
      return;
    }
    if (event.key === "Escape") {
      if (!drawer.hidden) { event.preventDefault(); close(); } else if (isTyping(event.target)) event.target.blur();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || document.querySelector("dialog[open]")) return;
    if (event.key === "Enter" && event.target.closest("a, button, summary")) return;
    if (/^[1-9]$/.test(event.key)) {
      const panel = document.querySelectorAll(".panel")[event.key - 1];
      if (panel) { event.preventDefault(); panel.tabIndex = 0; panel.focus(); }
      return;
    }
    const act = keys[event.key] ?? (() => { const target = press(event.key); target?.click(); return target; });
    if (keys[event.key] || press(event.key)) { event.preventDefault(); act(); }
  });
  const button = press("?");
  if (button) { button.hidden = false; button.addEventListener("click", () => help.showModal()); }
  help.addEventListener("click", (event) => { if (event.target === help) help.close(); });

  // ---- who else is here, and what was decided meanwhile -------------------------------------------------------------
  const place = document.getElementById("presence");
  const changed = document.getElementById("changed");
  const said = (name, text) => { const each = document.createElement("span"); each.className = name; each.textContent = text; return each; };

  async function beat() {
    try {
      const body = new URLSearchParams({ version: page.dataset.version, csrfmiddlewaretoken: token });
      const response = await fetch(page.dataset.presence, { method: "POST", body });
      if (!response.ok || response.redirected) throw new Error(response.status);
      const { known, others, changed: what } = await response.json();
      const now = known ? others.map((each) => said("viewer", `${each.name} since ${each.since}`))
        : [said("desk-quiet", "who else is here cannot be said: Redis is away")];
      if (place.textContent !== now.map((each) => each.textContent).join("")) place.replaceChildren(...now);
      if (what && changed.textContent !== what) { changed.textContent = `${what} `; const link = document.createElement("a"); link.className = "desk-link"; link.href = location.href; link.textContent = "Look again"; changed.append(link); changed.hidden = false; }
    } catch { place.replaceChildren(said("desk-bad-text", "the desk cannot be reached")); }
    setTimeout(beat, page.dataset.beat * 1000);
  }
  if (token) setTimeout(beat, page.dataset.beat * 1000);
  addEventListener("pagehide", () => token && navigator.sendBeacon(page.dataset.presence, new URLSearchParams({ leave: "1", csrfmiddlewaretoken: token })));

  // ---- what every authoritative server answers, until all do as decided ----------------------------------------------
  // A server that is down for long is looked at seldom; the text is put in place only where it is another one.
  const MOST_PROVEN = 3; // the newest; of a case that was decided back and forth the others are there after a reload
  async function prove(box, pause) {
    const later = () => setTimeout(prove, document.hidden ? 10000 : pause, box, Math.min(pause * 1.2, 10000));
    try {
      const response = await fetch(box.dataset.proof, byScript);
      if (response.redirected || !response.ok) { if (response.status >= 500) later(); return; }
      const part = document.createElement("template");
      part.innerHTML = await response.text();
      const now = part.content.querySelector(".proof");
      const wasOpen = [...box.querySelectorAll("details")].map((each) => each.open);
      if (now.innerHTML !== box.innerHTML) {
        box.replaceChildren(...now.childNodes);
        box.querySelectorAll("details").forEach((each, at) => { each.open = wasOpen[at] ?? false; });
      }
      if (now.dataset.proof) later(); else delete box.dataset.proof;
    } catch { later(); }
  }
  for (const box of [...document.querySelectorAll("[data-proof]")].slice(0, MOST_PROVEN)) { box.setAttribute("role", "status"); setTimeout(prove, 1000, box, 1000); }

  // ---- what was just decided can be undone for a while at a glance, and after that on its case ----------------------
  if (toast) setTimeout(() => { if (!toast.contains(document.activeElement)) toast.remove(); }, toast.dataset.seconds * 1000);
  if (toast) history.replaceState(null, "", location.href.replace(/([?&])done=\d+&?/, "$1").replace(/[?&]$/, ""));
  if (!drawer.hidden) focusForm();
})();
