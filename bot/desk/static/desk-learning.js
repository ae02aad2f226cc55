// Reviewing lines without a mouse: the line that has the focus is the one the keys act on.

const SINGLE = "desk-single-keys";  // the same switch as in the chats (WCAG 2.1.4)
const box = document.getElementById("single-keys");
box.checked = localStorage.getItem(SINGLE) !== "off";
box.addEventListener("change", () => localStorage.setItem(SINGLE, box.checked ? "on" : "off"));

const lines = () => [...document.querySelectorAll(".line")];
const current = () => document.activeElement?.closest(".line");

const acts = {
  j: () => move(1),
  k: () => move(-1),
  e: () => current()?.querySelector("select")?.focus(),
  a: () => current()?.querySelector("form")?.requestSubmit(),
  d: () => current()?.querySelector(".line-drop")?.click(),
  u: () => current()?.querySelector(".line-undo")?.click(),
  1: () => guess(0),
  2: () => guess(1),
  3: () => guess(2),
};

document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.matches("input, textarea, select")) return inField(event);
  const act = acts[event.key.toLowerCase()];
  if (!act || !box.checked) return;
  event.preventDefault();
  act();
});

// In the list of intents arrows choose; Enter assigns, Escape goes back to the line.
function inField(event) {
  const line = event.target.closest(".line");
  if (!line) return;
  if (event.key === "Escape") line.focus();
  if (event.key !== "Enter" || !event.target.value) return;
  event.preventDefault();
  event.target.form.requestSubmit();
}

function move(step) {
  const all = lines();
  const at = all.indexOf(current());
  all[Math.min(Math.max(at < 0 ? 0 : at + step, 0), all.length - 1)]?.focus();
}

function guess(number) {
  current()?.querySelectorAll("[data-guess]")[number]?.click();
}

document.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-guess]");
  if (!button) return;
  button.form.elements.intent.value = button.dataset.guess;
  button.form.querySelector(".primary").focus();
});

// A line that changed is drawn anew without the focus: on to the next that waits, or back to it when it was opened again.
let acted = null;

document.addEventListener("htmx:beforeRequest", ({ detail }) => {
  if (detail.requestConfig.verb === "post") acted = detail.elt.closest(".line")?.id;
});

document.addEventListener("htmx:afterSettle", ({ detail }) => {
  if (!acted || detail.target.id !== acted) return;
  const line = document.getElementById(acted);
  acted = null;
  const following = lines().slice(lines().indexOf(line) + 1).find(({ dataset }) => dataset.state === "open");
  (line.dataset.state === "open" ? line : following ?? line).focus();
  document.getElementById("announce").textContent = line.querySelector(".line-decided")?.textContent ?? "";
});

// A colleague was first: the sentence says so, and the line shows what was decided.
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  const line = detail.elt.closest(".line");
  if (line && detail.xhr.status === 409) htmx.trigger(document.body, `desk-${line.id}`);
});
