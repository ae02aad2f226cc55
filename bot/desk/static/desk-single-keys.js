// Keys that act alone, outside of fields. One switch on every page that has them (WCAG 2.1.4).

const NAME = "desk-single-keys";
const isOn = () => localStorage.getItem(NAME) !== "off";

const box = document.getElementById("single-keys");
box.checked = isOn();
box.addEventListener("change", () => localStorage.setItem(NAME, box.checked ? "on" : "off"));

export function isField(element) {
  return element.matches("input, textarea, select") || element.isContentEditable;
}

// `acts`: functions by key, letters in lower case.
export function actBySingleKey(event, acts) {
  const act = acts[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!act || !isOn()) return;
  event.preventDefault();
  act();
}
