/* What the page and the site that embeds it (embed.js) tell each other: open, close, how many messages are unread.
   Nothing of the conversation is told, so any origin may hear it. */

export const isEmbedded = window.parent !== window;

let isOpen = true;

export function askToClose() {
  tellHost("close");
}

function tellHost(what, detail = {}) {
  window.parent.postMessage({ yida: what, ...detail }, "*");
}

export function listenToHost() {
  addEventListener("message", (event) => {
    if (event.source !== window.parent) return;
    if (event.data?.yida === "opened") {
      isOpen = true;
      tellHost("unread", { count: 0 });
      document.getElementById("composer")?.focus();
    }
    if (event.data?.yida === "closed") isOpen = false;
  });
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.isComposing) askToClose(); // within an input method it only drops the word
  });
}

/* While the frame is hidden, counts what has come in since. */
export function announceUnread(chat) {
  let seen = null;
  chat.subscribe(() => {
    const { ready, messages } = chat.getState();
    if (!ready) return;
    const incoming = messages.filter((message) => message.from !== "customer").length;
    if (isOpen || seen === null) seen = incoming;
    else tellHost("unread", { count: incoming - seen });
  });
}
