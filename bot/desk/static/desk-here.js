// On pages without the event stream: whoever works here is here, and sees that somebody waits. Asked for now and then,
// for a browser keeps few streams open to a site and an agent many tabs.

import { showMyState } from "./desk.js";

const EVERY_MS = 10_000;  // an offer stands for half a minute
const badge = document.getElementById("nav-count");

async function look() {
  const headers = { "Content-Type": "application/json", "X-CSRF-Token": document.querySelector("meta[name=csrf-token]").content };
  const answer = await fetch("/desk/api/here", { method: "POST", headers, body: "{}" }).catch(() => null);
  if (answer?.status === 401) location.reload();
  if (!answer?.ok) return;
  const present = await answer.json();
  showMyState(present.state);
  badge.textContent = present.offered + present.unread;
  badge.hidden = badge.textContent === "0";
  document.dispatchEvent(new CustomEvent("desk-counted", { detail: present }));
}

if (!document.querySelector("main[data-chat]")) {
  look();
  setInterval(look, EVERY_MS);
}
