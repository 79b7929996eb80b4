// What pages do better with a script: copying, colours without a reload, fragments on demand. Without it everything works too.

// Copy buttons stay hidden without this script; text can be selected as ever.
function offerCopies(root) {
  for (const button of root.querySelectorAll("[data-copy]")) {
    const source = document.getElementById(button.dataset.copy);
    button.hidden = false;
    button.addEventListener("click", () => copy(source, button));
  }
}

async function copy(source, button) {
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(source.textContent.trim());
    button.textContent = button.dataset.copied || "Copied";
  } catch {
    // No clipboard over plain HTTP: select the text, the keyboard does the rest.
    getSelection().selectAllChildren(source);
    button.textContent = button.dataset.selected || "Selected: press Ctrl+C";
  }
  setTimeout(() => { button.textContent = label; }, 3000);
}

// The switch of colours: what POST /theme/ does.
for (const form of document.querySelectorAll("[data-theme-switch]")) {
  form.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (!button) return;
    event.preventDefault();
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `theme=${button.value}; Path=/; Max-Age=${button.value ? 31536000 : 0}; SameSite=Lax${secure}`;
    if (button.value) document.documentElement.dataset.theme = button.value;
    else delete document.documentElement.dataset.theme;
    for (const each of form.querySelectorAll("button")) each.setAttribute("aria-pressed", String(each === button));
  });
}

// Fragments: what takes a while is asked for when the page is there, and again on demand.
function load(place) {
  const link = place.querySelector("a[data-again], a");
  place.setAttribute("aria-busy", "true");
  fetch(place.dataset.load, { headers: { "X-Fragment": "1" } })
    .then((response) => (response.ok && !response.redirected ? response.text() : Promise.reject(response)))
    .then((html) => { place.innerHTML = html; watch(place); })
    .catch(() => { if (link) link.hidden = false; })
    .finally(() => place.removeAttribute("aria-busy"));
}

function watch(place) {
  for (const again of place.querySelectorAll("a[data-again]")) {
    again.addEventListener("click", (event) => { event.preventDefault(); load(place); });
  }
}

offerCopies(document);
for (const place of document.querySelectorAll("[data-load]")) load(place);

// Filters narrow a list while typing; without this script the form asks the server.
for (const field of document.querySelectorAll("[data-filter]")) {
  const entries = document.querySelectorAll(`${field.dataset.filter} > li`);
  field.addEventListener("input", () => {
    const wanted = field.value.trim().toLowerCase();
    for (const entry of entries) entry.hidden = !entry.textContent.toLowerCase().includes(wanted);
  });
}
