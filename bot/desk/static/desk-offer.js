// How long an offer stands, second by second.

setInterval(() => {
  for (const left of document.querySelectorAll("[data-left]")) {
    left.dataset.ends ??= performance.now() + Number(left.dataset.left) * 1000;
    const seconds = Math.max(0, Math.round((Number(left.dataset.ends) - performance.now()) / 1000));
    left.textContent = left.dataset.words.replace("{seconds}", seconds);
  }
}, 500);
