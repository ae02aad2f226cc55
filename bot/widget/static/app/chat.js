/* The conversation as the page knows it: what was said, what is still being sent, who answers, and whether we are
   connected. Views subscribe; every change makes a new `state`. */

import { messagesAfter, openSession, readEvents, Refused, sendMessage, speak, tellLanguage, uploadFile } from "./api.js";

const BACKOFF_MS = [500, 1000, 2000, 4000, 8000, 15000];
const SEND_ATTEMPTS = 5;
const SILENCE_MS = 45000; // the server sends a comment line well within this time
const TYPING_MS = 10000;

/* Waits, but no longer than until the browser says the network is back. */
function pause(ms) {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener("online", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    addEventListener("online", done);
  });
}

const backoff = (failures) => BACKOFF_MS[Math.min(failures, BACKOFF_MS.length) - 1] * (0.75 + Math.random() / 2);

/* crypto.randomUUID exists on HTTPS only, and an office network may serve the page without. */
function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

export class Chat {
  constructor() {
    this.listeners = new Set();
    this.messages = new Map(); // of the present session, by id
    this.cursor = 0; // the last id the server has told us
    this.session = 0; // counts sessions of this page: ids start again in each
    this.state = {
      ready: false, // history is here
      link: "connecting", // connecting | open | lost
      past: [], // what was said in earlier sessions of this page
      messages: [],
      outgoing: [], // {clientId, text, choice, file, fileId, state: sending | failed, note, error: the server's refusal}
      owner: "bot",
      position: null,
      queuedAt: null,
      agent: null,
      duty: null, // whether people are at the desk: {open, hours}; none: not told yet
      typing: false,
    };
  }

  subscribe = (listener) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  getState = () => this.state;

  update(changes) {
    this.state = { ...this.state, ...changes };
    this.listeners.forEach((listener) => listener());
  }

  // ---- receiving ----

  /* Runs as long as the page lives: history once, then the stream, again and again from the cursor. */
  async run() {
    for (let failures = 0; ; ) {
      try {
        if (!this.state.ready) await this.loadHistory();
        await this.listen(() => (failures = 0));
      } catch (error) {
        await this.recover(error);
      }
      failures += 1;
      if (failures > 1) this.update({ link: "lost", typing: false });
      await pause(backoff(failures));
    }
  }

  async loadHistory() {
    await openSession();
    const history = await messagesAfter(0);
    history.forEach((message) => this.take(message));
    this.update({ ready: true });
  }

  async listen(onOpen) {
    const ended = new AbortController();
    let watchdog;
    const onBytes = () => {
      clearTimeout(watchdog);
      watchdog = setTimeout(() => ended.abort(), SILENCE_MS);
    };
    onBytes();
    try {
      await readEvents(this.cursor, {
        signal: ended.signal,
        onOpen: () => {
          onOpen();
          this.update({ link: "open" });
          this.tellSwitch();
          this.resend();
        },
        onBytes,
        onEvent: (type, data) => this.hear(type, data),
      });
    } finally {
      clearTimeout(watchdog);
    }
  }

  hear(type, data) {
    if (type === "message") this.take(data);
    if (type === "typing") this.showTyping();
    if (type === "duty") this.update({ duty: data });
    if (type === "status") {
      const queuedAt = data.wait_s === null ? null : Date.now() - data.wait_s * 1000;
      this.update({ owner: data.owner, position: data.position, queuedAt });
    }
  }

  /* The server tells once that somebody is writing; nobody writes for ever. */
  showTyping() {
    clearTimeout(this.typingTimer);
    this.typingTimer = setTimeout(() => this.update({ typing: false }), TYPING_MS);
    this.update({ typing: true });
  }

  take(message) {
    this.cursor = Math.max(this.cursor, message.id);
    if (message.from === "customer") this.settleEcho(message);
    this.show(message);
    if (message.from === "agent") this.update({ agent: message.agent || null });
    if (message.from !== "customer") this.update({ typing: false });
  }

  show(message) {
    const known = this.messages.get(message.id); // our own message with its preview, before the server's copy came
    this.messages.set(message.id, { ...known, ...message, key: `${this.session}-${message.id}` });
    this.update({ messages: [...this.messages.values()].sort((one, other) => one.id - other.id) });
  }

  /* An expired session is replaced; anything else is the network's or the server's and passes. */
  async recover(error) {
    if (!(error instanceof Refused && error.isExpired && error.isCurrent)) return;
    await this.renew().catch(() => {});
  }

  renew() {
    this.renewing ??= openSession()
      .then(() => this.startAnew())
      .finally(() => (this.renewing = null));
    return this.renewing;
  }

  startAnew() {
    const note = { key: `expired-${this.session}`, from: "system", textKey: "expired", at: new Date().toISOString() };
    const past = [...this.state.past, ...this.state.messages, note];
    this.session += 1;
    this.cursor = 0;
    this.messages.clear();
    const outgoing = this.state.outgoing.map((item) => ({ ...item, fileId: undefined })); // uploads belong to a session
    this.update({ past, outgoing, messages: [], owner: "bot", position: null, queuedAt: null, agent: null, typing: false });
  }

  // ---- language ----

  switchLanguage(language) {
    speak(language);
    this.isSwitchUntold = true;
    this.tellSwitch();
  }

  /* Without a connection the server is told once there is one. */
  async tellSwitch() {
    if (!this.isSwitchUntold || this.state.link !== "open") return;
    this.isSwitchUntold = false;
    await tellLanguage().catch(() => (this.isSwitchUntold = true));
  }

  // ---- sending ----

  sendText(text) {
    this.enqueue({ text });
  }

  sendChoice(choice) {
    this.enqueue({ text: choice.title, choice: choice.id });
  }

  sendFile(file) {
    this.enqueue({ text: "", file, preview: URL.createObjectURL(file) });
  }

  enqueue(item) {
    const clientId = uuid();
    this.update({ outgoing: [...this.state.outgoing, { clientId, state: "sending", at: new Date().toISOString(), ...item }] });
    this.drain();
  }

  change(clientId, changes) {
    const outgoing = this.state.outgoing.map((item) => (item.clientId === clientId ? { ...item, ...changes } : item));
    this.update({ outgoing });
  }

  find(clientId) {
    return this.state.outgoing.find((item) => item.clientId === clientId);
  }

  /* What failed for want of a connection goes out again: once there is one, or when the customer asks for it. */
  resend() {
    this.update({ outgoing: this.state.outgoing.map((item) => (item.error ? item : { ...item, state: "sending" })) });
    this.drain();
  }

  /* One at a time and in order, so that the conversation reads as it was written. */
  async drain() {
    if (this.draining || !this.state.ready) return;
    this.draining = true;
    for (let item; (item = this.state.outgoing.find((each) => each.state === "sending")); ) {
      await this.deliver(item.clientId);
    }
    this.draining = false;
  }

  async deliver(clientId) {
    for (let failures = 0; this.find(clientId); ) {
      try {
        this.settle(clientId, await this.post(clientId));
        return;
      } catch (error) {
        failures += 1;
        if (error instanceof Refused && error.isFinal) {
          return this.change(clientId, { state: "failed", error: error.message });
        }
        if (failures >= SEND_ATTEMPTS) return this.giveUp();
        await this.recover(error);
        this.change(clientId, { note: error.retryAfter && error.message });
        await pause(error.retryAfter ? error.retryAfter * 1000 : backoff(failures));
      }
    }
  }

  /* The same client_id each time: a repeated request is the same message to the server. */
  async post(clientId) {
    const { file, fileId, choice, text } = this.find(clientId);
    if (file && !fileId) this.change(clientId, { fileId: await uploadFile(file) });
    const content = file ? { file: this.find(clientId).fileId } : choice ? { choice } : { text };
    return sendMessage({ client_id: clientId, ...content });
  }

  /* No connection for this one is none for those behind it, and they must not overtake it later. */
  giveUp() {
    const outgoing = this.state.outgoing.map((item) => (item.state === "sending" ? { ...item, state: "failed" } : item));
    this.update({ outgoing });
  }

  /* Our own message has come back on the stream before the answer to our request (or in its place). */
  settleEcho(message) {
    const same = (item) => (message.file ? item.fileId === message.file.id : !item.file && item.text.trim() === message.text);
    if (this.messages.has(message.id)) return;
    const item = this.state.outgoing.find((each) => !each.error && same(each));
    if (item) this.settle(item.clientId, message.id);
  }

  settle(clientId, id) {
    const item = this.find(clientId);
    if (!item) return;
    this.update({ outgoing: this.state.outgoing.filter((each) => each !== item) });
    if (this.messages.has(id)) return;
    const file = item.file && { id: item.fileId, name: item.file.name, media_type: item.file.type };
    this.show({ id, from: "customer", text: item.text, choices: [], at: item.at, file, preview: item.preview });
  }
}
