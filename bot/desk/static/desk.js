// Brings the live desk to htmx: server-sent events become DOM events that the page's parts listen to.

const main = document.getElementById("main");
const openChat = main?.dataset.chat || "";

// ---- what changed at the desk ----

if (main?.dataset.chat !== undefined) listen();

function listen() {
  const source = new EventSource("/desk/api/events" + (openChat ? `?conversation=${openChat}` : ""));
  source.addEventListener("open", () => showLive("open"));
  source.addEventListener("queue", () => htmx.trigger(document.body, "desk-queue"));
  source.addEventListener("conversation", (event) => follow(JSON.parse(event.data)));
  source.addEventListener("logout", () => location.reload());
  source.addEventListener("error", () => {
    showLive("connecting");
    if (source.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 3000);
  });
}

function showLive(state) {
  document.getElementById("live").dataset.state = state;
}

function follow({ epoch, last_id: lastId, last_note: lastNoteId }) {
  const talk = document.querySelector(".talk");
  if (!talk) return;
  if (Number(talk.dataset.epoch) !== epoch) htmx.trigger(document.body, "desk-owner");
  else if (lastMessage() < lastId || lastNote() < (lastNoteId ?? 0)) htmx.trigger(document.body, "desk-messages");
}

function lastMessage() {
  return Number([...document.querySelectorAll("#messages > li[data-id]")].at(-1)?.dataset.id ?? 0);
}

function lastNote() {
  return Math.max(0, ...[...document.querySelectorAll("#messages > li[data-note]")].map((note) => Number(note.dataset.note)));
}

document.addEventListener("htmx:configRequest", ({ detail }) => {
  if (detail.elt.id !== "messages") return;
  detail.parameters.set("after", lastMessage());
  detail.parameters.set("note_after", lastNote());
});

// ---- the transcript stays at its end while the reader is there ----

let isAtEnd = true;
const resized = new ResizeObserver(keepEnd);  // the reply box grows, a photo arrives

function watchMessages() {
  const list = document.getElementById("messages");
  resized.disconnect();
  if (!list) return;
  resized.observe(list);
  for (const message of list.children) resized.observe(message);
  keepEnd();
}

function keepEnd() {
  const list = document.getElementById("messages");
  if (list && isAtEnd) list.scrollTop = list.scrollHeight;
}

document.addEventListener("scroll", ({ target }) => {
  if (target.id === "messages") isAtEnd = target.scrollHeight - target.scrollTop - target.clientHeight < 80;
}, true);

document.addEventListener("htmx:afterSettle", ({ detail }) => {
  if (detail.target.id === "queue") showWaiting();
  if (detail.target.id === "pane") {
    restoreDrafts();
    restoreSheet();
  }
  watchMessages();
});

// ---- a part is not redrawn under a finger, nor while an act is on its way: the button and what follows would be gone ----

const REDRAWN = { queue: "desk-queue", team: "desk-queue", pane: "desk-owner" };
const held = new Set();
let isPressed = false;
let underWay = 0;

document.addEventListener("pointerdown", () => { isPressed = true; }, true);
for (const end of ["pointerup", "pointercancel"]) {
  document.addEventListener(end, () => {
    isPressed = false;
    setTimeout(redrawHeld);  // after the click
  }, true);
}

document.addEventListener("htmx:beforeSend", ({ detail }) => { underWay += detail.requestConfig.verb === "post"; });
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  underWay -= detail.requestConfig.verb === "post";
  redrawHeld();
});

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  // An answer of data is none of elements: htmx would look for some in it, and a customer may have written them.
  if (!detail.xhr.getResponseHeader("Content-Type")?.startsWith("text/html")) detail.shouldSwap = false;
});

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const news = REDRAWN[detail.target.id];
  if (!news || !(isPressed || underWay || isChoosing())) return;
  detail.shouldSwap = false;
  held.add(news);
});

document.addEventListener("focusout", () => setTimeout(redrawHeld));

function redrawHeld() {
  if (isPressed || underWay || isChoosing()) return;
  const late = [...held];
  held.clear();
  for (const news of late) htmx.trigger(document.body, news);
}

// ---- whom a waiting chat is to be given to: an open list stays open, and what is chosen stays chosen ----

let chosen = {};

function isChoosing() {
  return document.activeElement.matches("#team select[name='to']");
}

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.target.id !== "team" || !detail.shouldSwap) return;
  const choosers = detail.target.querySelectorAll("select[name='to']");
  chosen = Object.fromEntries([...choosers].map(({ id, value }) => [id, value]));
});

document.addEventListener("htmx:afterSwap", ({ detail }) => {
  if (detail.target.id !== "team") return;
  for (const chooser of detail.target.querySelectorAll("select[name='to']")) {
    const same = [...chooser.options].find(({ value, disabled }) => value === chosen[chooser.id] && !disabled);
    if (same) same.selected = true;
  }
});

// ---- how many wait, and how long ----

let saidWaiting = null;

function showWaiting() {
  const count = Number(document.getElementById("queue-state").dataset.waiting);
  document.title = (count ? `(${count}) ` : "") + main.dataset.title;
  if (saidWaiting !== null && saidWaiting !== count) {
    document.getElementById("announce").textContent = main.dataset.announce.replace("{count}", count);
  }
  saidWaiting = count;
  showMyState(document.getElementById("queue-state").dataset.myState);
  startClocks();
}

// Whoever lets an offer go by is put on a break: the switch must say so.
export function showMyState(state) {
  const own = document.getElementById("my-state");
  if (own && document.activeElement !== own) own.value = state;
}

function startClocks() {
  for (const wait of document.querySelectorAll(".wait:not([data-began])")) {
    wait.dataset.began = performance.now() - Number(wait.dataset.seconds) * 1000;
  }
}

setInterval(() => {
  for (const wait of document.querySelectorAll(".wait[data-began]")) {
    const seconds = Math.floor((performance.now() - Number(wait.dataset.began)) / 1000);
    wait.querySelector("[data-clock]").textContent = asClock(seconds);
    wait.dataset.colour = colourOf(seconds, wait.dataset);
  }
}, 1000);

function colourOf(seconds, { warn, limit }) {
  if (seconds > Number(limit)) return "late";
  return seconds > Number(warn) ? "warned" : "ok";
}

function asClock(seconds) {
  const two = (number) => String(number).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return (hours ? `${hours}:${two(minutes)}` : minutes) + ":" + two(seconds % 60);
}

// ---- after a change ----

// The box is free for the next words as soon as these are on their way; what does not arrive comes back into it.
const sent = new WeakMap();

document.addEventListener("htmx:beforeSend", ({ detail }) => {
  const box = detail.elt.closest("form.reply")?.elements.text;
  if (!box) return;
  sent.set(detail.xhr, box.value);
  setText(box, "");
  box.focus();
});

function giveBack(request, element) {
  const box = element.closest("form.reply")?.elements.text;
  if (box) setText(box, [sent.get(request), box.value].filter(Boolean).join("\n"));
}

function setText(box, words) {
  box.value = words;
  keepDraft(box);
}

document.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (detail.requestConfig.verb !== "post") return;
  if (!detail.successful) {
    giveBack(detail.xhr, detail.elt);
    return refuse(detail.xhr, detail.elt);
  }
  const form = detail.elt.closest("form.reply");
  if (detail.elt.matches("form[hx-post$='/note']")) {
    detail.elt.reset();
    closeMenus();
  }
  if (form) isAtEnd = true;
  for (const box of detail.elt.closest("#steps")?.querySelectorAll("[data-draft]") ?? []) setText(box, "");
  goOn(detail.elt.dataset.then);
});

function goOn(then) {
  if (then === "reload") location.reload();
  else if (then?.startsWith("/")) location.assign(then);
  else if (then) htmx.trigger(document.body, `desk-${then}`);
}

const toast = document.getElementById("toast");

function refuse(request, element) {
  let sentence = request.status ? document.body.dataset.failed : document.body.dataset.offline;
  try {
    sentence = JSON.parse(request.responseText).error || sentence;
  } catch { /* no answer of ours: the general sentence stands */ }
  const dialog = element.closest("dialog");
  (dialog ?? document.body).append(toast);  // what stands outside of an open dialog stands behind it
  toast.textContent = sentence;
  toast.hidden = false;
  clearTimeout(refuse.timer);
  refuse.timer = setTimeout(() => { toast.hidden = true; }, 6000);
  if (request.status === 401) location.reload();
  // A dialog keeps what was typed: to draw the chat anew would close it.
  if (request.status === 409 && !dialog && element.dataset.then !== "reload") htmx.trigger(document.body, "desk-owner");
  if (request.status === 409) htmx.trigger(document.body, "desk-queue");
}

// ---- the reply: sent by Enter; it and the words of a case's step are kept until they are sent ----

document.addEventListener("keydown", (event) => {
  if (event.target.id === "reply-text" && event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    event.target.form.requestSubmit();
  }
  if (event.key === "Escape") closeMenus();
});

document.addEventListener("input", ({ target }) => {
  if (target.dataset.draft) keepDraft(target);
});

function keepDraft(box) {
  if (box.value) sessionStorage.setItem(`draft-${box.dataset.draft}`, box.value);
  else sessionStorage.removeItem(`draft-${box.dataset.draft}`);
}

function restoreDrafts() {
  for (const box of document.querySelectorAll("[data-draft]")) {
    box.value ||= sessionStorage.getItem(`draft-${box.dataset.draft}`) || "";
  }
}

// ---- menus and the packet on a narrow screen ----

document.addEventListener("click", ({ target }) => {
  closeMenus(target.closest("details.menu"));
  const toggle = target.closest("[data-toggle]");
  if (!toggle) return;
  openSheet = openSheet === toggle.dataset.toggle ? null : toggle.dataset.toggle;
  restoreSheet();
});

let openSheet = null;

// The pane is drawn anew when the chat changes hands or a case is opened: what was open on a phone stays open.
function restoreSheet() {
  for (const toggle of document.querySelectorAll("[data-toggle]")) {
    const isShown = toggle.dataset.toggle === openSheet;
    document.getElementById(toggle.dataset.toggle).classList.toggle("is-shown", isShown);
    toggle.setAttribute("aria-expanded", isShown);
  }
}

function closeMenus(except) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (menu !== except) menu.open = false;
  }
}

// ---- drafts wait for whoever wrote them when their session runs out; at a logout, and for anyone else, they are gone ----

const person = document.querySelector(".menu-name")?.textContent;

if (person && person !== sessionStorage.getItem("person")) {
  sessionStorage.clear();
  sessionStorage.setItem("person", person);
}

document.addEventListener("submit", ({ target }) => {
  if (target.matches("form[action='/desk/logout']")) sessionStorage.clear();
});

startClocks();
restoreDrafts();
watchMessages();
