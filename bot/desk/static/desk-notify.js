// Somebody waits or wrote: a sound and, while the page is in the background, a notification. Off until asked for,
// remembered in this browser. Nothing a customer said is shown: notifications stand on locked screens too.

const REMEMBERED = "desk-notify";
const COUNTED = "desk-counted";
const bell = document.getElementById("bell");
const audio = "AudioContext" in window ? new AudioContext() : null;

bell.setAttribute("aria-pressed", localStorage.getItem(REMEMBERED) === "on");
bell.addEventListener("click", async () => {
  const on = bell.getAttribute("aria-pressed") !== "true";
  bell.setAttribute("aria-pressed", on);
  localStorage.setItem(REMEMBERED, on ? "on" : "off");
  if (!on) return;
  ring();
  if ("Notification" in window && Notification.permission === "default") await Notification.requestPermission();
});

for (const gesture of ["pointerdown", "keydown"]) {
  document.addEventListener(gesture, () => audio?.resume(), { once: true });  // browsers keep sound off until then
}

document.addEventListener("htmx:afterSettle", ({ detail }) => {
  if (detail.target.id === "queue") compare(shown());
  if (["messages", "pane"].includes(detail.target.id)) markRead();
});
document.addEventListener("desk-counted", ({ detail }) => compare(detail));
document.addEventListener("visibilitychange", markRead);

function shown() {
  const { offered, waiting, unread } = document.getElementById("queue-state").dataset;
  return { offered: Number(offered), waiting: Number(waiting), unread: Number(unread) };
}

// Kept for the tab: moving to another page is no news.
function compare(present) {
  const before = JSON.parse(sessionStorage.getItem(COUNTED) ?? "null");
  sessionStorage.setItem(COUNTED, JSON.stringify(present));
  if (!before || bell.getAttribute("aria-pressed") !== "true") return;
  if (present.offered > before.offered) tell(bell.dataset.offered);
  else if (present.waiting > before.waiting) tell(bell.dataset.waiting);
  else if (present.unread > before.unread) tell(bell.dataset.unread);
}

function tell(words) {
  ring();
  if (!document.hidden || !("Notification" in window) || Notification.permission !== "granted") return;
  const note = new Notification(document.title, { body: words, tag: "desk" });
  note.addEventListener("click", () => { window.focus(); note.close(); });
}

function ring() {
  if (audio?.state !== "running") return;
  for (const [pitch, after] of [[660, 0], [880, .14]]) {
    const [tone, volume, at] = [audio.createOscillator(), audio.createGain(), audio.currentTime + after];
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(.08, at);
    volume.gain.exponentialRampToValueAtTime(.001, at + .25);
    tone.connect(volume).connect(audio.destination);
    tone.start(at);
    tone.stop(at + .25);
  }
}

// ---- what is on the screen has been read ----

let marked = { seq: 0, note: 0 };

async function markRead() {
  const reply = document.querySelector("form.reply");
  const shown = { seq: newest("id"), note: newest("note") };
  if (!reply || document.hidden || (shown.seq <= marked.seq && shown.note <= marked.note)) return;
  marked = shown;
  const headers = {
    "Content-Type": "application/json", "X-CSRF-Token": document.querySelector("meta[name=csrf-token]").content,
  };
  const body = JSON.stringify(shown);
  const address = reply.getAttribute("hx-post").replace(/reply$/, "read");
  const answer = await fetch(address, { method: "POST", headers, body }).catch(() => null);
  if (answer?.ok) htmx.trigger(document.body, "desk-queue");
  else marked = { seq: 0, note: 0 };
}

function newest(kind) {
  return Math.max(0, ...[...document.querySelectorAll(`#messages > li[data-${kind}]`)].map((line) => Number(line.dataset[kind])));
}

if (document.getElementById("queue-state")) compare(shown());
markRead();
