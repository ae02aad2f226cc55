// The desk without a mouse; the sheet lists the keys.

import { actBySingleKey, isField } from "./desk-single-keys.js";

const find = (selector) => document.querySelector(selector);

const acts = {
  j: () => move(1),
  k: () => move(-1),
  c: () => (find(".talk-acts [hx-post$='/claim']") ?? find("#queue [hx-post$='/claim']"))?.click(),
  r: () => find("#reply-text")?.focus(),
  "/": startCanned,
  p: () => find("[data-key=p]")?.click(),
  t: () => openMenu("transfer"),
  x: () => openMenu("close"),
  s: () => location.assign("/desk/search"),
  "?": () => find("#help").showModal(),
  1: () => suggest(1),
  2: () => suggest(2),
  3: () => suggest(3),
};

document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.ctrlKey || event.metaKey || find("dialog[open]")) return;
  if (event.altKey) return withAlt(event);
  if (isField(event.target)) return event.key === "Escape" ? event.target.blur() : undefined;
  actBySingleKey(event, acts);
});

function withAlt(event) {
  const act = { ArrowDown: () => move(1), ArrowUp: () => move(-1) }[event.key]
    ?? (/^Digit[123]$/.test(event.code) ? () => suggest(event.code.at(-1)) : null);
  if (!act) return;
  event.preventDefault();
  act();
}

function move(step) {
  const links = [...document.querySelectorAll("#queue .entry-link")];
  if (!links.length) return;
  const at = links.findIndex((link) => link.closest("[aria-current]"));
  const next = at < 0 ? (step > 0 ? 0 : links.length - 1) : (at + step + links.length) % links.length;
  location.assign(links[next].href);
}

function startCanned() {
  const box = find("#reply-text");
  if (!box) return;
  box.focus();
  const gap = box.value && !/\s$/.test(box.value) ? " " : "";
  box.setRangeText(`${gap}/`, box.value.length, box.value.length, "end");
  box.dispatchEvent(new Event("input", { bubbles: true }));
}

function openMenu(name) {
  const form = find(`.talk-acts form[hx-post$='/${name}']`);
  if (!form) return;
  form.closest("details").open = true;
  form.querySelector("select, button")?.focus();
}

function suggest(number) {
  document.querySelectorAll("#suggest [data-insert]")[number - 1]?.click();
}
