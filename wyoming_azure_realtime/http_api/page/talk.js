// Talk: a conversation by voice. What is said goes out as it comes, what is answered is heard as it arrives.

import { Channel, Failure } from "./api.js";
import { choice, h, icon, put, say } from "./dom.js";
import { denied, languageOptions, loudness, Microphone, refusal } from "./microphone.js";
import { decoded, output, RATE, Samples, Speech } from "./sound.js";
import { has, remember, remembered, seconds, t } from "./texts.js";

const READY = 30; // seconds for the service to be ready
const OFTEN = 100; // milliseconds between two reports of what was heard
const PIECE = RATE / 5; // samples of a file in one message
const LONGEST = 120; // seconds of a file
const HELD = 500; // milliseconds after which letting go of the button ends what is said
const KEPT = 50; // things said that are shown
const MODES = ["free", "press"];

/** The sound of the answers, one after another. `played(answer, ms)` is told what was heard of each, `silent()` when all was. */
class Answers {
  constructor(played, silent) {
    this.played = played;
    this.silent = silent;
    this.queue = [];
  }

  get playing() {
    return this.queue.length > 0;
  }

  begin(number, heard) {
    this.samples = new Samples();
    this.queue.push({ number, speech: new Speech(RATE, heard, this.queue.at(-1)?.speech), told: 0 });
    this.timer ??= setInterval(() => this.tell(), OFTEN);
  }

  /** More of the answer that began last; what comes after a stop is not heard. */
  write(bytes) {
    const samples = this.samples?.of(new Uint8Array(bytes));
    if (samples?.length) this.queue.at(-1)?.speech.write(samples);
  }

  /** There is no more of this one. */
  async end(number) {
    const one = this.queue.find((other) => other.number === number);
    await one?.speech.end();
    if (!this.queue.includes(one)) return;
    this.tell();
    this.queue = this.queue.filter((other) => other !== one);
    if (!this.playing) this.rest();
  }

  /** Be silent at once. */
  stop() {
    if (!this.playing) return;
    for (const { speech } of this.queue) speech.stop();
    this.tell();
    this.queue = [];
    this.rest();
  }

  rest() {
    clearInterval(this.timer);
    this.timer = null;
    this.silent();
  }

  tell() {
    for (const one of this.queue) {
      const ms = Math.floor(one.speech.position * 1000);
      if (ms > one.told) this.played(one.number, (one.told = ms));
    }
  }
}

/** The connection. `tab` gets what the service says, and that it is over. */
class Conversation {
  constructor(tab) {
    this.tab = tab;
    this.samples = 0; // of what is said now
    this.channel = new Channel(
      (data) => (typeof data === "string" ? this.take(JSON.parse(data)) : this.answers.write(data)),
      (why) => this.end(why),
    );
    this.answers = new Answers(
      (answer, ms) => this.send({ type: "played", answer, ms }),
      () => this.closed || tab.draw(),
    );
  }

  get closed() {
    return this.channel.closed;
  }

  /** Begin, with a `start` of the protocol. Throws `Failure`. */
  async open(start) {
    this.channel.unsent.unshift(JSON.stringify({ type: "start", ...start }));
    await this.channel.open("converse");
    this.late = setTimeout(() => this.end(t("failure.late")), READY * 1000);
  }

  /** Let the microphone be heard while `open()` is true. Throws what a browser throws. */
  async listen(open) {
    const microphone = await Microphone.open((piece) => open() && this.hear(piece), { rate: RATE, conversation: true });
    if (this.closed) microphone.close();
    else this.microphone = microphone;
  }

  hear(piece) {
    if (this.closed) return;
    this.samples += piece.length;
    this.tab.level(piece);
    this.channel.send(piece);
  }

  send(message) {
    this.channel.send(JSON.stringify(message));
  }

  interrupt() {
    this.answers.stop();
    this.send({ type: "cancel" });
  }

  take(message) {
    const { type, answer } = message;
    if (type === "ready") clearTimeout(this.late);
    if (type === "speech-start" || (type === "audio-stop" && message.interrupted)) this.answers.stop();
    else if (type === "audio-stop") this.answers.end(answer);
    else if (type === "audio-start") this.answers.begin(answer, () => this.tab.sounds(message));
    if (type === "error" && message.final) this.end(sentence(message));
    else this.tab.take(message);
  }

  end(why) {
    if (this.over) return;
    this.close();
    this.tab.over(why);
  }

  close() {
    this.over = true;
    this.answers.stop();
    this.channel.close();
    clearTimeout(this.late);
    this.microphone?.close();
  }
}

/** Whether an event is for a button. */
const meant = (event) => ("key" in event ? event.key === " " || event.key === "Enter" : event.button === 0);

const sentence = ({ code, message }) => (has(`code.${code}`) ? `${t(`code.${code}`)} ${message}` : message);

/** What was said, by both, the latest last. */
class Log {
  constructor() {
    this.list = h("ol", { class: "plain" });
    this.empty = h("p", { class: "empty" }, t("talk.empty"));
    this.element = h("div", { class: "dialogue", role: "region", tabindex: "0", "aria-label": t("talk.log") }, this.empty, this.list);
    this.said = h("p", { class: "sr", role: "status" }); // one voice at a time, whole sentences
    this.clear();
  }

  clear() {
    this.entries = new Map();
    this.list.replaceChildren();
    this.empty.hidden = false;
  }

  entry(key, who) {
    let entry = this.entries.get(key);
    if (!entry) {
      const text = h("p", { class: "partial" }, "…");
      const note = h("span", { class: "aside" });
      entry = { text, note };
      this.entries.set(key, entry);
      this.empty.hidden = true;
      this.list.append(h("li", { class: `said ${who}` }, h("div", { class: "who" }, h("b", {}, t(`talk.${who}`)), note), text));
      if (this.list.children.length > KEPT) {
        this.list.firstChild.remove();
        this.entries.delete(this.entries.keys().next().value);
      }
    }
    return entry;
  }

  you(turn) {
    return this.entry(`turn ${turn}`, "you");
  }

  answer({ turn, answer }) {
    this.you(turn); // whoever asks comes first, though the text of it may come last
    return this.entry(`answer ${answer}`, "house");
  }

  /** An answer is over, which may have had no words. */
  answered(message) {
    const entry = this.entries.get(`answer ${message.answer}`);
    if (!entry) return;
    this.write(entry, entry.text.textContent, true);
    if (has(`talk.${message.outcome}`)) this.note(message, t(`talk.${message.outcome}`));
  }

  note(message, words) {
    const { note } = this.answer(message);
    say(note, [note.textContent, words].filter(Boolean).join(" · "));
  }

  write({ text }, words, whole) {
    text.classList.toggle("partial", !whole);
    say(text, words);
    this.element.scrollTop = this.element.scrollHeight;
    if (whole) say(this.said, words);
  }
}

export class Talk {
  constructor(section, house) {
    this.house = house;
    this.talk = null;
    this.unable = "";
    this.mode = MODES.includes(remembered("talk")) ? remembered("talk") : MODES[0];
    this.trouble = h("p", { class: "notice", hidden: true });
    this.go = h("button", { type: "button", class: "primary big hold", onclick: (event) => this.click(event), oncontextmenu: (event) => event.preventDefault() });
    for (const name of ["pointerdown", "keydown"]) this.go.addEventListener(name, (event) => this.press(event));
    for (const name of ["pointerup", "pointercancel", "keyup", "blur"]) this.go.addEventListener(name, (event) => this.release(event));
    this.quiet = h("button", { type: "button", onclick: () => this.interrupt() }, icon("stop"), t("talk.interrupt"));
    this.leave = h("button", { type: "button", onclick: () => this.over() }, t("talk.end"));
    this.said = h("p", { role: "status" });
    this.meter = h("meter", { min: "0", max: "1", value: "0", id: "talk-level" });
    this.modes = choice("talk", t("talk.mode"), MODES, this.mode, (name) => t(`talk.${name}`), (name) => this.choose(name));
    this.language = h("select", { id: "talk-language" });
    this.voice = h("select", { id: "talk-voice" });
    this.file = h("input", { id: "talk-file", type: "file", accept: "audio/*,video/*,.wav", class: "sr", onchange: () => this.read() });
    this.log = new Log();
    section.append(
      this.trouble,
      h(
        "div",
        { class: "card" },
        h("div", { class: "row" }, this.go, this.quiet, this.leave, this.said),
        h("div", { class: "row meter" }, h("label", { for: "talk-level" }, t("listen.level")), this.meter),
        this.log.element,
        this.log.said,
        h(
          "div",
          { class: "row fields" },
          this.modes,
          h("div", { class: "field" }, h("label", { for: "talk-language" }, t("listen.language")), this.language),
          h("div", { class: "field" }, h("label", { for: "talk-voice" }, t("talk.voice")), this.voice),
          h("div", { class: "field push" }, this.file, h("label", { for: "talk-file", class: "button" }, icon("file"), t("listen.file"))),
        ),
      ),
    );
    section.addEventListener("keydown", (event) => event.key === "Escape" && this.interrupt());
    this.over();
    house.on("info", (info) => info && this.learn(info));
  }

  hidden() {
    this.over();
  }

  learn(info) {
    const { reason = "off" } = info.converse ?? {};
    this.unable = reason && t(`talk.unable.${reason}`);
    const tags = [...new Set((info.transcriptionModels ?? []).flatMap((model) => model.languages))];
    const known = [...tags, "", ...(info.voices ?? []), info.defaultVoice].join();
    if (known !== this.known) {
      const chosen = this.voice.value;
      put(this.language, languageOptions(tags, info.defaultLanguage, this.language.value));
      put(this.voice, h("option", { value: "" }, t("talk.usualVoice", { voice: info.defaultVoice })), (info.voices ?? []).map((name) => h("option", { selected: name === chosen }, name)));
    }
    this.known = known;
    this.draw();
  }

  choose(mode) {
    this.mode = mode;
    remember("talk", mode);
    for (const radio of this.modes.querySelectorAll("input")) radio.checked = radio.value === mode;
    this.draw();
  }

  // --- what is pressed

  /** Hands free, the button begins and ends the conversation; else somebody speaks as long as it is held, or from one click to the next. */
  click(event) {
    if (this.mode === "free") {
      if (this.talk) this.over();
      else this.open(true);
    } else if (!event.detail && !this.held) this.turn(); // neither a pointer nor a key: a screen reader
  }

  press(event) {
    if (this.mode === "free" || this.go.disabled || !meant(event)) return;
    if (event.type === "keydown") event.preventDefault(); // no click follows
    else this.go.setPointerCapture(event.pointerId);
    if (event.repeat) return;
    this.turn();
    this.held = this.speaking ? performance.now() : 0;
  }

  release(event) {
    if (event.type === "keyup" && !meant(event)) return;
    if (this.held && this.speaking && performance.now() - this.held > HELD) this.turn();
    this.held = 0;
  }

  /** Somebody begins to speak, or has ended. */
  turn() {
    if (this.speaking) return this.ended();
    this.interrupt();
    this.speaking = true;
    this.open(true);
  }

  ended() {
    this.speaking = false;
    if (this.talk?.samples) {
      this.talk.send({ type: "audio-end" });
      this.talk.samples = 0;
      this.asks();
    }
    this.draw();
  }

  interrupt() {
    if (!this.busy) return;
    this.talk.interrupt();
    this.waiting = false;
    this.draw();
  }

  async read() {
    const [file] = this.file.files;
    if (!file) return;
    try {
      const samples = (await decoded(file, RATE)).subarray(0, LONGEST * RATE);
      this.choose("press");
      this.interrupt();
      const talk = await this.open(false);
      for (let at = 0; at < samples.length && !talk.closed; at += PIECE) {
        talk.hear(samples.slice(at, at + PIECE));
        while (talk.channel.slow && !talk.closed) await new Promise((done) => setTimeout(done, OFTEN));
      }
      if (!talk.closed) this.ended();
    } catch {
      this.why = t("listen.unreadable");
      this.draw();
    } finally {
      this.file.value = "";
    }
  }

  /** The conversation, as far as there is none yet. */
  async open(withMicrophone) {
    this.why = "";
    if (!this.talk) {
      this.talk = new Conversation(this);
      this.log.clear();
      output(); // a click is what lets a browser make sound, and listen
    }
    this.draw();
    const { talk, mode } = this;
    const start = { language: this.language.value, voice: this.voice.value, turn_detection: mode === "free" ? "server" : "none" };
    try {
      if (withMicrophone) await (talk.hears ??= talk.listen(() => mode === "free" || this.speaking));
      await (talk.stands ??= talk.open(Object.fromEntries(Object.entries(start).filter(([, value]) => value))));
    } catch (error) {
      if (this.talk === talk) this.over(error instanceof Failure ? error.message : denied(error));
    }
    return talk;
  }

  // --- what the conversation tells

  take(message) {
    const { log } = this;
    switch (message.type) {
      case "ready":
        this.ready = true;
        break;
      case "speech-start":
        this.hearing = true;
        this.waiting = false;
        this.why = "";
        log.you(message.turn);
        break;
      case "speech-stop":
        this.hearing = false;
        this.asks();
        break;
      case "partial":
        log.write(log.you(message.turn), message.text, false);
        break;
      case "heard":
        log.write(log.you(message.turn), message.text || t("listen.nothing"), true);
        break;
      case "text":
        log.write(log.answer(message), message.text, false);
        break;
      case "audio-stop":
        if (message.interrupted) log.note(message, t("talk.interrupted"));
        break;
      case "answered":
        this.waiting = false;
        log.answered(message);
        break;
      case "error":
        this.waiting = false;
        this.why = sentence(message);
    }
    this.draw();
  }

  /** Somebody waits for an answer from now on. */
  asks() {
    this.waiting = true;
    this.asked = performance.now();
  }

  /** An answer is heard. */
  sounds(message) {
    if (this.asked) this.log.note(message, t("talk.after", { time: seconds((performance.now() - this.asked) / 1000) }));
    this.asked = 0;
    this.draw();
  }

  level(piece) {
    this.meter.value = loudness(piece);
  }

  /** The conversation is over, or there is none; `why`: a sentence, if that was not wanted. */
  over(why = "") {
    this.talk?.close();
    this.talk = null;
    this.ready = this.speaking = this.hearing = this.waiting = false;
    this.held = this.asked = 0;
    this.why = why;
    if (why) this.house.refresh(); // it may be that nobody can talk any more
    this.draw();
  }

  // --- what is shown

  /** Whether an answer is on its way, or heard. */
  get busy() {
    return Boolean(this.talk && (this.waiting || this.talk.answers.playing));
  }

  draw() {
    const free = this.mode === "free";
    const refused = refusal();
    say(this.trouble, this.unable || refused);
    this.trouble.hidden = !(this.unable || refused);
    const on = free ? Boolean(this.talk) : this.speaking;
    const name = on ? (free ? "talk.end" : "talk.done") : free ? "talk.start" : "talk.speak";
    if (this.named !== name) put(this.go, icon(on ? "stop" : "listen"), h("span", {}, t(name)));
    this.named = name;
    this.go.classList.toggle("on", on);
    this.go.disabled = Boolean(this.unable || refused);
    this.quiet.disabled = !this.busy;
    this.leave.hidden = free || !this.talk;
    this.file.disabled = Boolean(this.unable || (this.talk && free));
    for (const field of [this.language, this.voice, ...this.modes.querySelectorAll("input")]) field.disabled = Boolean(this.talk);
    if (!on) this.meter.value = 0;
    this.said.className = this.why ? "bad-text" : "aside";
    say(this.said, this.unable ? "" : this.words(free));
  }

  words(free) {
    if (this.why) return this.why;
    if (!this.talk) return t(refusal() ? "listen.fileInstead" : `talk.hint.${this.mode}`);
    if (!this.ready) return t("talk.opening");
    if (this.speaking || this.hearing) return t("talk.hearing");
    if (this.talk.answers.playing) return t("talk.answering");
    if (this.waiting) return t("talk.thinking");
    return t(free ? "talk.listening" : "talk.hint.press");
  }
}
