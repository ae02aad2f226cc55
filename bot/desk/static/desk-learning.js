// Reviewing lines without a mouse: the line that has the focus is the one the keys act on.

import { actBySingleKey, isField } from "./desk-single-keys.js";

const lines = () => [...document.querySelectorAll(".line")];
const current = () => document.activeElement?.closest(".line");

const moves = {
  j: () => move(1),
  k: () => move(-1),
};
const acts = {
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
  if (isField(event.target)) return inField(event);
  actBySingleKey(event, event.repeat ? moves : { ...moves, ...acts });  // a key held down decides one line
});

// In the list of intents arrows choose; Enter assigns, Escape goes back to the line.
function inField(event) {
  const line = event.target.closest(".line");
  if (!line) return;
  if (event.key === "Escape") line.focus();
  if (event.key !== "Enter" || !event.target.value) return;
  event.preventDefault();
  if (!event.repeat) event.target.form.requestSubmit();
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
  (line.dataset.state === "open" ? line : nextOpen(line) ?? line).focus();
  document.getElementById("announce").textContent =
    line.querySelector(".line-decided")?.textContent ?? line.dataset.opened;
});

// A colleague was first: the sentence says so, and the line shows what was decided. One that was erased meanwhile goes.
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  const line = detail.elt.closest(".line");
  if (line && detail.xhr.status === 409) htmx.trigger(document.body, `desk-${line.id}`);
  if (line && detail.xhr.status === 404) {
    (nextOpen(line) ?? line.previousElementSibling)?.focus();
    line.remove();
  }
});

function nextOpen(line) {
  return lines().slice(lines().indexOf(line) + 1).find(({ dataset }) => dataset.state === "open");
}
