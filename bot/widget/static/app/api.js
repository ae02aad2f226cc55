/* The customer chat contract over HTTP. In a foreign page's frame the cookie is blocked, so the token answered by
   /chat/session is sent along; it lives in this module's memory only. */

const ANSWER_WITHIN_MS = 15000;
const UPLOAD_WITHIN_MS = 120000;

/* The server answered with an error; `message` is a sentence for the customer. */
export class Refused extends Error {
  constructor(status, sentence, retryAfter, isCurrent) {
    super(sentence);
    this.status = status;
    this.retryAfter = retryAfter;
    this.isCurrent = isCurrent; // false: the session has been replaced since the request was sent
  }

  get isExpired() {
    return this.status === 401;
  }

  /* Sending it again unchanged would not help: no fault of the server, no expired session, no limit reached. */
  get isFinal() {
    return this.status < 500 && !this.isExpired && !this.retryAfter;
  }
}

let token = null;
let language = "zh"; // of the page

export function speak(wanted) {
  language = wanted;
}

async function request(path, options, withinMs) {
  const used = token;
  const headers = { "Accept-Language": language, ...options.headers };
  if (token) headers.Authorization = `Bearer ${token}`;
  const timeout = withinMs ? { signal: AbortSignal.timeout(withinMs) } : {};
  const response = await fetch(path, { cache: "no-store", ...timeout, ...options, headers });
  if (response.ok) return response;
  const body = await response.json().catch(() => ({}));
  throw new Refused(response.status, body.error || "", body.retry_after, used === token);
}

function asJson(body) {
  return { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
}

function post(path, body) {
  return request(path, asJson(body), ANSWER_WITHIN_MS).then((response) => response.json());
}

/* Goes on with the session of the cookie, where there is one; else a new one. */
export async function openSession() {
  token = null;
  token = (await post("/chat/session", { language })).token;
}

/* The customer picked the page's language; it holds until they write in another. */
export function tellLanguage() {
  return request("/chat/language", asJson({ language }), ANSWER_WITHIN_MS);
}

/* All messages after `after`, however many pages they take. */
export async function messagesAfter(after) {
  const all = [];
  for (let cursor = after; ; cursor = all[all.length - 1].id) {
    const response = await request(`/chat/messages?after=${cursor}`, {}, ANSWER_WITHIN_MS);
    const { messages } = await response.json();
    if (!messages.length) return all;
    all.push(...messages);
  }
}

/* Gives the message's id. The same client_id may be sent any number of times. */
export async function sendMessage(message) {
  return (await post("/chat/messages", message)).id;
}

export async function uploadFile(file) {
  const body = new FormData();
  body.append("file", file, file.name);
  const response = await request("/chat/files", { method: "POST", body }, UPLOAD_WITHIN_MS);
  return (await response.json()).id;
}

export async function downloadFile(id) {
  return (await request(`/chat/files/${encodeURIComponent(id)}`, {}, UPLOAD_WITHIN_MS)).blob();
}

/* Reads server-sent events after message `cursor` until the connection ends. EventSource cannot send a token, and in a
   frame there is no cookie: one reader serves both. `signal` ends it from outside; `onBytes` tells it is alive. */
export async function readEvents(cursor, { signal, onOpen, onBytes, onEvent }) {
  const headers = { Accept: "text/event-stream", "Last-Event-ID": String(cursor) };
  const response = await request("/chat/events", { headers, signal });
  onOpen();
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  const parse = eventParser(onEvent);
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    onBytes();
    parse(value);
  }
}

/* Feeds on text in any pieces and calls onEvent(type, data) for each complete event. */
export function eventParser(onEvent) {
  let rest = "";
  let type = "message";
  let data = [];
  const takeLine = (line) => {
    if (line === "") {
      if (data.length) onEvent(type, JSON.parse(data.join("\n")));
      type = "message";
      data = [];
      return;
    }
    const [, field, value] = /^([^:]*):? ?(.*)$/.exec(line);
    if (field === "event") type = value;
    if (field === "data") data.push(value);
  };
  return (piece) => {
    const lines = (rest + piece).split(/\r?\n/);
    rest = lines.pop();
    lines.forEach(takeLine);
  };
}
