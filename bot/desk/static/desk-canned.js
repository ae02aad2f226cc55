// Words that are said often: "/" in the reply box lists them, and what is suggested. Both only fill the box.

let replies = null;  // of the open chat, promised once
let shown = [];
let chosen = 0;

const box = () => document.getElementById("reply-text");
const list = () => document.getElementById("canned");

document.addEventListener("input", ({ target }) => {
  if (target.id !== "reply-text") return;
  offer();
  check();
});

document.addEventListener("htmx:afterSettle", ({ detail }) => {
  if (detail.target.id !== "pane") return;
  replies = null;  // a case was opened, a parcel shown: the variables have changed
  check();
});

// In the capture phase: Enter chooses here before it sends there.
document.addEventListener("keydown", (event) => {
  if (event.target.id !== "reply-text" || list().hidden || event.isComposing) return;
  const act = { ArrowDown: () => choose(chosen + 1), ArrowUp: () => choose(chosen - 1), Escape: close,
    Enter: take, Tab: take }[event.key];
  if (!act) return;
  event.preventDefault();
  event.stopPropagation();
  act();
}, true);

document.addEventListener("click", ({ target }) => {
  const suggestion = target.closest("[data-insert]");
  if (suggestion) return insert(suggestion.dataset.insert);
  const option = target.closest("#canned [role=option]");
  if (option) {
    choose([...list().children].indexOf(option));
    take();
  } else if (list() && target !== box()) close();
});

function typed() {
  return box().value.slice(0, box().selectionStart).match(/(?:^|\s)[/／](\S*)$/);
}

async function offer() {
  if (!typed()) return close();
  const known = await (replies ??= fetchReplies());
  const words = box() && typed();  // more may have been typed meanwhile
  if (!words) return close();
  const wanted = words[1].toLowerCase();
  shown = known.filter(({ shortcut, text }) => `${shortcut} ${text}`.toLowerCase().includes(wanted));
  shown.sort((a, b) => b.shortcut.toLowerCase().startsWith(wanted) - a.shortcut.toLowerCase().startsWith(wanted));
  draw();
}

async function fetchReplies() {
  try {
    const answer = await fetch(list().dataset.from);
    return answer.ok ? (await answer.json()).replies : [];
  } catch {
    return [];
  }
}

function draw() {
  list().replaceChildren(...shown.map(({ shortcut, text }, at) => {
    const option = Object.assign(document.createElement("li"), { id: `canned-${at}` });
    option.setAttribute("role", "option");
    const name = Object.assign(document.createElement("strong"), { textContent: `/${shortcut}` });
    option.append(name, " ", Object.assign(document.createElement("span"), { textContent: text }));
    return option;
  }));
  list().hidden = shown.length === 0;
  if (shown.length) choose(0);
  else box().removeAttribute("aria-activedescendant");
}

function choose(at) {
  chosen = (at + shown.length) % shown.length;
  [...list().children].forEach((option, number) => option.setAttribute("aria-selected", number === chosen));
  box().setAttribute("aria-activedescendant", `canned-${chosen}`);
  list().children[chosen].scrollIntoView({ block: "nearest" });
}

function take() {
  const [whole] = typed();
  const from = box().selectionStart - whole.trimStart().length;
  write(shown[chosen].text, from, box().selectionStart);
}

function close() {
  if (!list() || list().hidden) return;
  list().hidden = true;
  box().removeAttribute("aria-activedescendant");
}

// At the caret: what was typed already stays.
export function insert(text) {
  const { selectionStart: from, selectionEnd: to, value } = box();
  const gap = from && !/\s$/.test(value.slice(0, from)) ? "\n" : "";
  write(gap + text, from, to);
}

function write(text, from, to) {
  box().setRangeText(text, from, to, "end");
  close();
  box().dispatchEvent(new Event("input", { bubbles: true }));
  box().focus();
  chooseBlank();
}

// ---- what is not known stands in brackets: it is completed before the reply goes out ----

function chooseBlank() {
  const blank = firstBlank();
  if (blank) box().setSelectionRange(box().value.indexOf(blank), box().value.indexOf(blank) + blank.length);
}

function firstBlank() {
  const at = (blank) => box().value.indexOf(blank);
  return JSON.parse(list().dataset.blanks).filter((blank) => at(blank) >= 0).sort((a, b) => at(a) - at(b))[0];
}

function check() {
  if (box()) box().setCustomValidity(firstBlank() ? list().dataset.fill : "");
}

document.addEventListener("invalid", ({ target }) => {
  if (target === box() && firstBlank()) setTimeout(chooseBlank);  // after the browser has put the caret there
}, true);

check();
