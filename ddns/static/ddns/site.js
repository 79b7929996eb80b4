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

// Fragments: what takes a while is asked for on demand and put where it belongs. If that fails, the link is followed.
for (const link of document.querySelectorAll("a[data-fetch]")) {
  const place = document.getElementById(link.dataset.fetch);
  place.setAttribute("aria-live", "polite");
  link.addEventListener("click", async (event) => {
    event.preventDefault();
    place.setAttribute("aria-busy", "true");
    try {
      const response = await fetch(link.href, { headers: { "X-Fragment": "1" } });
      if (!response.ok || response.redirected) throw response;
      place.innerHTML = await response.text();
      place.removeAttribute("aria-busy");
    } catch {
      location.href = link.href;
    }
  });
}

// Filters narrow a list while typing; without this script the form asks the server.
for (const field of document.querySelectorAll("[data-filter]")) {
  const lists = [...document.querySelectorAll(field.dataset.filter)];
  field.addEventListener("input", () => {
    const wanted = field.value.trim().toLowerCase();
    for (const list of lists) {
      for (const entry of list.children) entry.hidden = !entry.textContent.toLowerCase().includes(wanted);
      list.closest("section").hidden = [...list.children].every((entry) => entry.hidden);
    }
  });
}

offerCopies(document);
