// The screen of an order by keyboard, and how far it is without a reload. Without this script it is links, and a page that reloads itself.
(() => {
  const page = document.getElementById("order");
  const help = document.getElementById("keys");
  const isTyping = (target) => target.closest("input:not([type=checkbox]), textarea, select") !== null;
  const press = (key) => document.querySelector(`[data-key="${CSS.escape(key)}"]`);

  const keys = {
    d: () => document.querySelector(".order-groups select, .order-groups a")?.focus(),
    "?": () => help.showModal(),
    Enter: () => document.querySelector(".action.is-first")?.click(),
  };

  document.addEventListener("keydown", (event) => {
    if (help.open) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      const form = event.target.closest("form");
      if (form) { event.preventDefault(); form.requestSubmit(); }
      return;
    }
    if (event.key === "Escape" && isTyping(event.target)) { event.target.blur(); return; }
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (event.key === "Enter" && event.target.closest("a, button, summary")) return;
    if (/^[1-9]$/.test(event.key)) {
      const panel = document.querySelectorAll(".panel")[event.key - 1];
      if (panel) { event.preventDefault(); panel.tabIndex = 0; panel.focus(); }
      return;
    }
    const act = keys[event.key] ?? (press(event.key) && (() => press(event.key).click()));
    if (act) { event.preventDefault(); act(); }
  });
  const button = press("?");
  if (button) { button.hidden = false; button.addEventListener("click", () => help.showModal()); }
  help.addEventListener("click", (event) => { if (event.target === help) help.close(); });

  // Sent once: a second press of the keys is no second decision.
  document.addEventListener("submit", (event) => {
    if ("download" in event.target.dataset) return;
    if (event.target.dataset.sent) { event.preventDefault(); return; }
    event.target.dataset.sent = "1";
    document.body.classList.add("is-leaving");
  });
  addEventListener("pageshow", () => { document.body.classList.remove("is-leaving"); for (const each of document.forms) delete each.dataset.sent; });

  // How far it is: the part of the page that says so is fetched until the order is in another state; then the page is.
  const live = document.querySelector("[data-live]");
  async function look() {
    try {
      const response = await fetch(live.dataset.live, { headers: { "X-Requested-With": "fetch" } });
      if (response.redirected || (response.status >= 400 && response.status < 500)) return;
      if (response.ok) {
        const part = document.createElement("template");
        part.innerHTML = await response.text();
        const now = part.content.querySelector("[data-state]");
        if (now.dataset.state !== page.dataset.state) { location.reload(); return; }
        live.replaceChildren(part.content);
      }
    } catch { /* The next look may reach the server again. */ }
    setTimeout(look, document.hidden ? 5000 : 700);
  }
  if (live) setTimeout(look, 700);
})();
