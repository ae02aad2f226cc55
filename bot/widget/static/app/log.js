/* The conversation. ChatUI's own message list marks every message as an alert, so a screen reader would shout the whole
   history; ours is one polite log made of the same bubbles. */

import { Choices } from "./choices.js";
import { Photo } from "./photo.js";
import { answerable } from "./rules.js";
import { ShipmentCard } from "./card.js";
import { h, Words } from "./view.js";

const { Bubble, Button, Icon, SystemMessage, Typing } = ChatUI;

const SAME_MOMENT_MS = 5 * 60 * 1000;
const NEAR_END_PX = 120;

export function Log({ chat, state }) {
  const { say } = React.useContext(Words);
  const entries = [...state.past, ...state.messages, ...state.outgoing.map(asMessage)];
  const last = entries[entries.length - 1];
  const { scroller, hasNews, toEnd } = useEndInView(last, state.typing);
  const open = answerable(state);
  const entry = (message, index) =>
    h(Entry, {
      key: message.key,
      chat,
      message,
      before: entries[index - 1],
      isOpen: message === open,
      isWaiting: state.owner === "queued",
    });
  return h("main", { className: "Log" },
    h("div", { className: "Log-scroller", ref: scroller, tabIndex: 0, role: "log", "aria-live": "polite",
      "aria-relevant": "additions", "aria-label": say("log"), "aria-busy": !state.ready },
      h("div", { className: "Log-entries" },
        state.ready && !entries.length && h(Welcome, { chat }),
        entries.map(entry),
        state.typing && h("div", { className: "Entry", "data-from": "bot" },
          h("span", { className: "Unseen" }, say("typing")), h(Typing)))),
    hasNews && h(Button, { className: "Log-news", onClick: toEnd }, say("newMessages")));
}

/* What is being sent, in the shape of a message. */
function asMessage(item) {
  const file = item.file && { id: item.fileId, name: item.file.name, media_type: item.file.type };
  return { ...item, key: item.clientId, from: "customer", choices: [], file };
}

/* Keeps the end in view unless the reader has scrolled up; then tells that something new is below. */
function useEndInView(last, typing) {
  const scroller = React.useRef(null);
  const isNear = React.useRef(true);
  const [hasNews, setHasNews] = React.useState(false);
  const toEnd = React.useCallback(() => {
    scroller.current.scrollTop = scroller.current.scrollHeight;
    setHasNews(false);
  }, []);

  React.useEffect(() => {
    const box = scroller.current;
    const measure = () => {
      isNear.current = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_END_PX;
      if (isNear.current) setHasNews(false);
    };
    // Photos and cards grow after they appear, the window and the phone's keyboard change the height.
    const keep = new ResizeObserver(() => isNear.current && toEnd());
    box.addEventListener("scroll", measure, { passive: true });
    keep.observe(box);
    keep.observe(box.firstElementChild);
    return () => {
      box.removeEventListener("scroll", measure);
      keep.disconnect();
    };
  }, [toEnd]);

  const lastKey = last?.key;
  React.useLayoutEffect(() => {
    if (isNear.current || last?.from === "customer") toEnd();
    else if (last) setHasNews(true);
  }, [lastKey, typing]);
  return { scroller, hasNews, toEnd };
}

function Welcome({ chat }) {
  const { say } = React.useContext(Words);
  const start = (text) =>
    h(Button, { key: text, className: "Choice", onClick: () => chat.sendText(text) }, text);
  return h("section", { className: "Welcome" },
    h("svg", { className: "Welcome-mark", "aria-hidden": true }, h("use", { href: "#icon-mark" })),
    h("h1", null, say("welcomeTitle")),
    h("p", null, say("welcomeText")),
    h("div", { className: "Choices", role: "group", "aria-label": say("startersLabel") }, say("starters").map(start)));
}

/* While waiting, the open choices stand in the bar below and not here a second time. */
function Entry({ chat, message, before, isOpen, isWaiting }) {
  const { say, clock } = React.useContext(Words);
  const at = new Date(message.at);
  const words = message.card ? besideCard(message) : message.text;
  const onChoose = isOpen ? (choice) => chat.sendChoice(choice) : null;
  const isNewMoment = !before || at - new Date(before.at) > SAME_MOMENT_MS;
  const isNewSpeaker = isNewMoment || before.from !== message.from || before.agent !== message.agent;
  const moment = isNewMoment && h("time", { className: "Moment", dateTime: message.at }, clock.short(at));
  if (message.from === "system") {
    return h("div", { className: "Entry", "data-from": "system", "data-id": message.id }, moment,
      h(SystemMessage, { content: message.textKey ? say(message.textKey) : message.text }),
      isOpen && !isWaiting && h(Choices, { choices: message.choices, onChoose }));
  }
  return h("article", { className: "Entry", "data-from": message.from, "data-id": message.id, "data-state": message.state },
    moment,
    h("span", { className: isNewSpeaker && message.from === "agent" ? "Entry-author" : "Unseen" }, author(message, say)),
    words && h(Bubble, { content: words }),
    message.file && h(Photo, { file: message.file, preview: message.preview }),
    message.card && h(ShipmentCard, { card: message.card }),
    message.state && h(SendState, { chat, item: message }),
    message.choices.length > 0 && !(isOpen && isWaiting) && h(Choices, { choices: message.choices, onChoose }));
}

/* A card's message also says it in words, for channels without cards; here only what the card does not show. */
function besideCard({ text, card }) {
  const shown = [card.waybill, card.headline, card.why, card.next].filter(Boolean).flatMap((words) => words.split("\n"));
  return text.split("\n").filter((line) => !shown.includes(line)).join("\n").trim();
}

function author(message, say) {
  if (message.from === "customer") return say("you");
  if (message.from === "bot") return say("bot");
  return message.agent ? say("agentNamed", { name: message.agent }) : say("agent");
}

function SendState({ chat, item }) {
  const { say } = React.useContext(Words);
  if (item.state === "sending") {
    return h("span", { className: "SendState" }, item.note, h(Icon, { type: "spinner", spin: true, name: say("sending") }));
  }
  return h("span", { className: "SendState", "data-failed": true, role: "alert" },
    h("span", null, item.error || say("notSent")),
    !item.error && h(Button, { variant: "text", onClick: () => chat.resend() }, say("retry")));
}
