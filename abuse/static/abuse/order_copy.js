// Copies a text. Without this script it is selected and copied by hand, or saved.
(() => {
  const button = document.querySelector("[data-copy]");
  const field = document.getElementById(button.dataset.copy);
  button.hidden = false;
  button.addEventListener("click", async () => {
    try { await navigator.clipboard.writeText(field.value); } catch { field.select(); document.execCommand("copy"); }
    button.textContent = "Copied";
  });
})();
