// Asks how an order stands until it is answered, ever less often. Without this script, "Look again" does the same.
(() => {
  const card = document.getElementById("state");
  const state = () => card.querySelector("[data-state]").dataset.state;
  const isSettled = () => card.querySelector("[data-settled]") !== null;
  let pause = 2000;

  async function look() {
    const before = state();
    try {
      const response = await fetch(card.dataset.poll, { headers: { Accept: "text/html" } });
      if (response.ok && !response.redirected) card.innerHTML = await response.text();
    } catch { /* The next look may reach the server again. */ }
    // The answer and its papers stand elsewhere on the page.
    if (isSettled()) return location.reload();
    pause = state() === before ? Math.min(pause * 1.3, 60000) : 2000;
    setTimeout(look, document.hidden ? 60000 : pause);
  }

  if (card && !isSettled()) setTimeout(look, pause);
})();
