/* Puts the chat on any site:  <script src="https://…/widget.js" data-lang="zh"></script>
   A button, and a frame that is loaded when the button is first pressed. All of it lives in a shadow root with a constructed
   style sheet, so neither the site's styles nor its Content-Security-Policy get in the way (it must allow our address in
   script-src and frame-src), and nothing is added to the site's globals. */

(() => {
  const script = document.currentScript;
  const home = new URL(script.src).origin;
  const language = script.dataset.lang || document.documentElement.lang || navigator.language || "zh";
  const texts = language.toLowerCase().startsWith("zh")
    ? { open: "打开在线客服", news: "，{count} 条新消息", close: "收起在线客服", title: "驿答在线客服" }
    : { open: "Open the chat", news: ", {count} new", close: "Close the chat", title: "Yida chat" };

  const STYLE = `
    :host { all: initial; position: fixed; inset: auto 20px 20px auto; z-index: 2147483000; }
    button { all: unset; position: relative; box-sizing: border-box; display: grid; place-items: center; width: 60px;
      height: 60px; border-radius: 30px; background: #0b6b4f; color: #fff; cursor: pointer;
      box-shadow: 0 6px 20px rgba(12, 40, 30, .28); transition: transform .15s ease; }
    button:hover { transform: translateY(-2px); }
    button:focus-visible { outline: 3px solid #0b6b4f; outline-offset: 3px; box-shadow: 0 0 0 3px #fff; }
    svg { width: 34px; height: 34px; }
    .count { position: absolute; top: -3px; right: -3px; min-width: 20px; box-sizing: border-box; padding: 0 5px;
      border-radius: 10px; background: #c2372b; color: #fff; font: 600 12px/20px system-ui, sans-serif; text-align: center; }
    .panel { position: absolute; right: 0; bottom: 76px; width: min(400px, calc(100vw - 40px));
      height: min(680px, calc(100vh - 116px)); border-radius: 16px; overflow: hidden; background: #f5f4f0;
      box-shadow: 0 16px 48px rgba(12, 40, 30, .26); }
    iframe { display: block; width: 100%; height: 100%; border: 0; }
    [hidden] { display: none; }
    @media (max-width: 480px) { .panel { position: fixed; inset: 0; width: auto; height: auto; border-radius: 0; } }
    @media (prefers-reduced-motion: reduce) { button { transition: none; } button:hover { transform: none; } }
  `;
  const MARK = "M6 3h20a4 4 0 0 1 4 4v14a4 4 0 0 1-4 4H15l-7 5v-5H6a4 4 0 0 1-4-4V7a4 4 0 0 1 4-4Z";

  const host = document.createElement("div");
  const root = host.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  root.adoptedStyleSheets = [sheet];

  const button = element("button", { type: "button", "aria-haspopup": "dialog", "aria-controls": "panel" });
  const count = element("span", { class: "count", "aria-hidden": "true", hidden: "" });
  const panel = element("div", { id: "panel", class: "panel", role: "dialog", "aria-label": texts.title });
  const frame = element("iframe", { title: texts.title });
  button.append(mark(), count);
  root.append(button, panel);

  let isOpen = false;
  show();
  button.addEventListener("click", () => (isOpen ? close() : open()));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && isOpen) close();
  });
  addEventListener("message", (event) => {
    if (event.source !== frame.contentWindow || event.origin !== home) return;
    if (event.data?.yida === "close") close();
    if (event.data?.yida === "unread") label(event.data.count);
  });

  function open() {
    isOpen = true;
    if (!frame.src) {
      frame.addEventListener("load", () => isOpen && tell("opened"));
      frame.src = `${home}/?lang=${encodeURIComponent(language)}`;
      panel.append(frame);
    }
    show();
    frame.focus();
    tell("opened");
  }

  function close() {
    isOpen = false;
    show();
    tell("closed");
    button.focus();
  }

  function show() {
    panel.hidden = !isOpen;
    button.setAttribute("aria-expanded", String(isOpen));
    label(0);
  }

  function label(unread) {
    count.hidden = !unread;
    count.textContent = unread > 9 ? "9+" : String(unread);
    const news = unread ? texts.news.replace("{count}", unread) : "";
    button.setAttribute("aria-label", isOpen ? texts.close : texts.open + news);
  }

  function tell(what) {
    frame.contentWindow?.postMessage({ yida: what }, home);
  }

  function element(name, attributes) {
    const made = document.createElement(name);
    Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
    return made;
  }

  function mark() {
    const line = { fill: "none", stroke: "#0b6b4f" };
    const svg = shape("svg", { viewBox: "0 0 32 32", "aria-hidden": "true" });
    svg.append(
      shape("path", { d: MARK, fill: "#fff" }),
      shape("path", { ...line, d: "M9 18c0-6 14-2 14-8", "stroke-width": "2", "stroke-linecap": "round", "stroke-dasharray": ".1 3.4" }),
      shape("circle", { cx: "9", cy: "18.6", r: "2.4", fill: "#0b6b4f" }),
      shape("circle", { ...line, cx: "23", cy: "9.4", r: "2.4", "stroke-width": "1.8" }),
    );
    return svg;
  }

  function shape(name, attributes) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
    return made;
  }

  // The script may stand in the head, before there is a body.
  if (document.body) document.body.append(host);
  else addEventListener("DOMContentLoaded", () => document.body.append(host));
})();
