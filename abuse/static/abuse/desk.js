// Asks for the state of DNS until it has followed the decision. Without this script, "Look again" does the same.
(() => {
  const panel = document.getElementById("dns");
  const isSettled = () => panel.querySelector("[data-settled]") !== null;
  const pause = () => (document.hidden ? 5000 : 500);

  async function look() {
    try {
      const response = await fetch(panel.dataset.poll, { headers: { Accept: "text/html" } });
      if (response.ok && !response.redirected) panel.innerHTML = await response.text();
    } catch { /* The next look may reach the server again. */ }
    if (!isSettled()) setTimeout(look, pause());
  }

  if (panel && !isSettled()) setTimeout(look, pause());
})();
