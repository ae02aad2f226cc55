/* Starts the page: one chat, one view, and the small talk with the page that embeds us. */

import { speak } from "./api.js";
import { App } from "./app.js";
import { Chat } from "./chat.js";
import { announceUnread, isEmbedded, listenToHost } from "./frame.js";
import { pickLanguage } from "./texts.js";

const language = pickLanguage();
const chat = new Chat();
speak(language); // before the session is opened: it begins in the page's language

ReactDOM.createRoot(document.getElementById("root")).render(React.createElement(App, { chat, firstLanguage: language }));
chat.run();
if (isEmbedded) {
  listenToHost();
  announceUnread(chat);
}
