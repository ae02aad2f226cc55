/* Every sentence of the page, in Chinese and English, and which of the two to show. */

const TEXTS = {
  zh: {
    title: "驿答 Yida · 在线客服",
    brand: "驿答",
    online: "智能客服",
    onDuty: "智能客服 · 随时可转人工",
    offDuty: "智能客服 · 人工 {hours} 在线",
    queued: "正在为您联系人工客服",
    withAgent: "{name} 正在为您服务",
    connecting: "正在连接…",
    reconnecting: "网络不太稳定，正在重新连接…",
    closed: "本次服务已结束，发消息可重新开始",
    switchLanguage: "English",
    switchLabel: "Switch to English",
    close: "收起聊天窗口",
    log: "聊天记录",
    welcomeTitle: "您好，我是驿答",
    welcomeText: "查快递、投诉、问寄件，直接说就行。我是智能客服，需要时为您找人工客服。",
    starters: ["查快递", "我要投诉", "怎么理赔", "你能做什么"],
    startersLabel: "常用问题",
    you: "您",
    bot: "驿答",
    agent: "客服",
    agentNamed: "客服 {name}",
    choices: "可选的回复",
    typing: "对方正在输入",
    newMessages: "有新消息",
    placeholder: "请描述您的问题，或输入运单号",
    input: "输入消息，按回车发送",
    send: "发送",
    count: "{count}/{limit} 字",
    tooLong: "一次最多 {limit} 字，请分几条发送（现在 {count} 字）。",
    person: "人工客服",
    personRequest: "我要找人工客服",
    photo: "添加照片或 PDF",
    photoPicked: "待发送的文件",
    removeFile: "移除 {name}",
    fileType: "“{name}”不能发送：请选照片（JPG、PNG、GIF、WebP、HEIC）或 PDF 文件。",
    fileSize: "“{name}”超过 10 MB，请压缩后再发。",
    fileEmpty: "“{name}”是空文件，请重新选择。",
    fileCount: "一次最多 {limit} 个文件，其余的请稍后再发。",
    photoAlt: "照片 {name}",
    sending: "发送中",
    retry: "重试",
    notSent: "网络不通，没有发出去。恢复后会自动重发。",
    expired: "离开的时间有点久，已为您开启新的会话。之前的内容仍显示在上方。",
    position: "您排在第 {position} 位",
    next: "您是下一位",
    waited: "已等候 {minutes} 分钟",
    waitingHint: "您可以继续补充情况，客服接入后都能看到。",
    waybill: "运单号",
    promised: "承诺送达",
    courier: "联系快递员",
    why: "说明",
    whatNext: "接下来",
    updated: "更新于 {time}",
    timeline: "物流轨迹",
    allEvents: "查看全部 {count} 条轨迹",
    fewerEvents: "收起",
    stages: ["已揽收", "运输中", "派送中", "已签收"],
    stageLabel: "进度：{stage}",
    pickupStage: "待取件",
  },
  en: {
    title: "Yida 驿答 · Chat",
    brand: "Yida",
    online: "Virtual assistant",
    onDuty: "Virtual assistant · people on hand",
    offDuty: "Virtual assistant · people {hours}",
    queued: "Finding a person for you",
    withAgent: "{name} is helping you",
    connecting: "Connecting…",
    reconnecting: "The network is unsteady, reconnecting…",
    closed: "This chat has ended; write to start again",
    switchLanguage: "中文",
    switchLabel: "切换为中文",
    close: "Close the chat",
    log: "Chat history",
    welcomeTitle: "Hello, I'm Yida",
    welcomeText:
      "Tracking, complaints, sending a parcel: just tell me. I'm a virtual assistant, and find a person for you when you need one.",
    starters: ["Track a parcel", "I want to complain", "How do I claim?", "What can you do?"],
    startersLabel: "Common questions",
    you: "You",
    bot: "Yida",
    agent: "Agent",
    agentNamed: "{name}, agent",
    choices: "Suggested replies",
    typing: "Typing",
    newMessages: "New messages",
    placeholder: "Your question or waybill",
    input: "Message, press Enter to send",
    send: "Send",
    count: "{count}/{limit}",
    tooLong: "At most {limit} characters a message; please send it in parts ({count} now).",
    person: "A person",
    personRequest: "I'd like to talk to a person",
    photo: "Add a photo or PDF",
    photoPicked: "Files to send",
    removeFile: "Remove {name}",
    fileType: "“{name}” can't be sent: please choose a photo (JPG, PNG, GIF, WebP, HEIC) or a PDF.",
    fileSize: "“{name}” is over 10 MB; please send a smaller one.",
    fileEmpty: "“{name}” is empty; please choose it again.",
    fileCount: "At most {limit} files at once; please send the others after these.",
    photoAlt: "Photo {name}",
    sending: "Sending",
    retry: "Try again",
    notSent: "No connection, so this was not sent. It goes out by itself once you are back online.",
    expired: "You were away for a while, so this is a new chat. What was said before is still shown above.",
    position: "You are number {position} in line",
    next: "You are next",
    waited: "{minutes} min waited",
    waitingHint: "You can go on writing; the agent will see all of it.",
    waybill: "Waybill",
    promised: "Promised by",
    courier: "Call the courier",
    why: "Details",
    whatNext: "What's next",
    updated: "Updated {time}",
    timeline: "Tracking history",
    allEvents: "Show all {count} entries",
    fewerEvents: "Show less",
    stages: ["Picked up", "In transit", "Out for delivery", "Delivered"],
    stageLabel: "Progress: {stage}",
    pickupStage: "Ready to collect",
  },
};

const STORAGE_KEY = "yida-language";

/* ?lang= wins, then the customer's last choice here, then the browser's language. */
export function pickLanguage() {
  const wanted = new URLSearchParams(location.search).get("lang") || remembered() || navigator.language || "zh";
  return wanted.toLowerCase().startsWith("zh") ? "zh" : "en";
}

/* An embedding page's browser may refuse storage: the choice then lasts as long as the page. */
function remembered() {
  try {
    return localStorage.getItem(STORAGE_KEY);
  } catch {
    return null;
  }
}

export function rememberLanguage(language) {
  try {
    localStorage.setItem(STORAGE_KEY, language);
  } catch {
    // see remembered()
  }
}

/* `say("position", {position: 2})` in the given language; lists come back as they are. */
export function speaker(language) {
  const texts = TEXTS[language];
  return (key, values = {}) => {
    const text = texts[key];
    if (Array.isArray(text)) return text;
    return text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  };
}

const timezone = document.documentElement.dataset.timezone || undefined;

/* The company's local time, the same as in the bot's sentences. */
export function clock(language) {
  const locale = language === "zh" ? "zh-CN" : "en-GB";
  const time = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: timezone };
  const timeOnly = new Intl.DateTimeFormat(locale, time);
  const withDay = new Intl.DateTimeFormat(locale, { month: language === "zh" ? "numeric" : "short", day: "numeric", ...time });
  const day = new Intl.DateTimeFormat("en-CA", { timeZone: timezone });
  return {
    short: (at) => (day.format(at) === day.format(new Date()) ? timeOnly : withDay).format(at),
    full: (at) => withDay.format(at),
  };
}
