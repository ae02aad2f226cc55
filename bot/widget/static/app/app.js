/* The whole page: header, conversation, waiting bar, composer. */

import { Composer } from "./composer.js";
import { askToClose, isEmbedded } from "./frame.js";
import { Log } from "./log.js";
import { clock, rememberLanguage, speaker } from "./texts.js";
import { Choices } from "./choices.js";
import { answerable } from "./rules.js";
import { h, useNow, Words } from "./view.js";

const { ConfigProvider, Icon, Navbar } = ChatUI;

export function App({ chat, firstLanguage }) {
  const state = React.useSyncExternalStore(chat.subscribe, chat.getState);
  const [language, setLanguage] = React.useState(firstLanguage);
  const words = React.useMemo(() => ({ language, say: speaker(language), clock: clock(language) }), [language]);
  const { say } = words;

  React.useLayoutEffect(() => {
    document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
    document.title = say("title");
  }, [language]);
  ChatUI.useColorScheme("auto");

  const switchLanguage = () => {
    const other = language === "zh" ? "en" : "zh";
    rememberLanguage(other);
    chat.switchLanguage(other);
    setLanguage(other);
  };

  const content = h("div", { className: "ChatApp", "data-embedded": isEmbedded },
    h(Header, { state, switchLanguage }),
    h(Log, { chat, state }),
    h("div", { className: "ChatFooter" },
      state.owner === "queued" && h(WaitingBar, { chat, state }),
      h(Composer, { chat, state })));
  return h(ConfigProvider, { locale: language === "zh" ? "zh-CN" : "en-US" }, h(Words.Provider, { value: words }, content));
}

function Header({ state, switchLanguage }) {
  const { language, say } = React.useContext(Words);
  const buttons = h(React.Fragment, null,
    h("button", { type: "button", className: "TextButton", onClick: switchLanguage, lang: language === "zh" ? "en" : "zh-CN",
      "aria-label": say("switchLabel") }, say("switchLanguage")),
    isEmbedded && h("button", { type: "button", className: "RoundButton", onClick: askToClose, "aria-label": say("close") },
      h(Icon, { type: "close" })));
  return h(Navbar, {
    align: "left",
    logo: "/widget/static/mark.svg",
    title: say("brand"),
    desc: h("span", { role: "status", "data-link": state.link }, presence(state, say)),
    rightSlot: buttons,
  });
}

/* Who is there, in a few words. */
function presence(state, say) {
  if (state.link !== "open") return say(state.link === "lost" ? "reconnecting" : "connecting");
  if (state.owner === "agent") return say("withAgent", { name: state.agent || say("agent") });
  if (state.owner === "queued" || state.owner === "closed") return say(state.owner);
  if (!state.duty) return say("online");
  return say(state.duty.open ? "onDuty" : "offDuty", { hours: state.duty.hours });
}

function WaitingBar({ chat, state }) {
  const { say } = React.useContext(Words);
  const now = useNow(30000);
  const minutes = state.queuedAt ? Math.floor((now - state.queuedAt) / 60000) : 0;
  const place = state.position === 1 ? say("next") : state.position && say("position", { position: state.position });
  const message = answerable(state);
  return h("section", { className: "WaitingBar" },
    h("p", { className: "WaitingBar-place", role: "status" },
      h("strong", null, place), minutes > 0 && h("span", null, say("waited", { minutes }))),
    h("p", { className: "WaitingBar-hint" }, say("waitingHint")),
    message && h(Choices, { choices: message.choices, onChoose: (choice) => chat.sendChoice(choice) }));
}
