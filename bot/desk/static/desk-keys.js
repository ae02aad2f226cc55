// The desk without a mouse. Single keys act outside of fields and can be switched off (WCAG 2.1.4); the sheet lists them.

const SINGLE = "desk-single-keys";
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
  const act = acts[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!act || !isOn()) return;
  event.preventDefault();
  act();
});

function withAlt(event) {
  const act = { ArrowDown: () => move(1), ArrowUp: () => move(-1) }[event.key]
    ?? (/^Digit[123]$/.test(event.code) ? () => suggest(event.code.at(-1)) : null);
  if (!act) return;
  event.preventDefault();
  act();
}

function isField(element) {
  return element.matches("input, textarea, select") || element.isContentEditable;
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

function isOn() {
  return localStorage.getItem(SINGLE) !== "off";
}

const box = find("#single-keys");
box.checked = isOn();
box.addEventListener("change", () => localStorage.setItem(SINGLE, box.checked ? "on" : "off"));
