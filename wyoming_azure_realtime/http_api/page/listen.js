// Be heard: the microphone, its level, what the detector thinks, and the text as it comes; or a file.

import { Channel, Failure, send } from "./api.js";
import { h, icon, put, save, say } from "./dom.js";
import { denied, languageOptions, Microphone, QUIETEST, refusal, share } from "./microphone.js";
import { decoded, output, RATE, wav } from "./sound.js";
import { number, percent, seconds, t } from "./texts.js";

const LONGEST = 60; // seconds of one recording; then it ends by itself
const LATE = 60; // seconds to wait for the text
const COLUMNS = 300; // of the strip: one each tenth of a second
const KEPT = 8; // texts

/** The level of the latest seconds, coloured by what the detector thinks. */
class Strip {
  constructor() {
    this.canvas = h("canvas", { class: "strip", width: String(COLUMNS * 2), height: "64", "aria-hidden": "true" });
    this.columns = [];
  }

  add(level, speech) {
    this.columns.push([level, speech]);
    if (this.columns.length > COLUMNS) this.columns.shift();
    this.draw();
  }

  clear() {
    this.columns = [];
    this.draw();
  }

  draw() {
    const { width, height } = this.canvas;
    const pen = this.canvas.getContext("2d");
    const style = getComputedStyle(this.canvas);
    const [quiet, spoken] = [style.getPropertyValue("--muted"), style.getPropertyValue("--good")];
    pen.clearRect(0, 0, width, height);
    const left = width - this.columns.length * 2;
    this.columns.forEach(([level, speech], i) => {
      const size = Math.max(2, share(level) * height);
      pen.fillStyle = speech >= 0.5 ? spoken : quiet;
      pen.fillRect(left + i * 2, (height - size) / 2, 1.5, size);
    });
  }
}

export class Listen {
  constructor(section, house) {
    this.house = house;
    this.pieces = [];
    this.recording = null;
    const why = refusal();
    this.go = h("button", { type: "button", class: "primary big", disabled: Boolean(why), onclick: () => (this.recording ? this.finish() : this.begin()) });
    this.language = h("select", { id: "listen-language" });
    this.file = h("input", { id: "listen-file", type: "file", accept: "audio/*,video/*,.wav", class: "sr", onchange: () => this.read() });
    this.said = h("p", { role: "status", class: "aside" });
    this.length = h("span", { class: "figures length", "data-seconds": "0" });
    this.text = h("p", { class: "heard", "aria-live": "polite" });
    this.meter = h("meter", { min: "0", max: "1", value: "0", id: "listen-level" });
    this.levelSaid = h("span", { class: "figures" });
    this.opinion = h("span", { class: "badge idle" }, t("listen.quiet"));
    this.strip = new Strip();
    this.keep = h("button", { type: "button", class: "quiet", disabled: true, onclick: () => this.save() }, icon("save"), t("listen.save"));
    this.latest = h("ol", { class: "plain texts", reversed: true, "aria-label": t("listen.latest") });
    section.append(
      why && h("p", { class: "notice" }, why),
      h(
        "div",
        { class: "card" },
        h("div", { class: "row" }, this.go, this.said, this.length),
        this.strip.canvas,
        h("div", { class: "row meter" }, h("label", { for: "listen-level" }, t("listen.level")), this.meter, this.levelSaid, h("span", { class: "aside" }, t("listen.detector")), this.opinion),
        this.text,
        h(
          "div",
          { class: "row fields" },
          h("div", { class: "field" }, h("label", { for: "listen-language" }, t("listen.language")), this.language),
          h("div", { class: "field" }, this.file, h("label", { for: "listen-file", class: "button" }, icon("file"), t("listen.file"))),
          h("span", { class: "push" }, this.keep),
        ),
      ),
      this.latest,
    );
    this.clear();
    this.rest(why ? t("listen.fileInstead") : t("listen.hint"));
    house.on("info", (info) => info && this.take(info));
  }

  hidden() {
    if (this.recording) this.finish();
  }

  take(info) {
    const known = [...new Set((info.transcriptionModels ?? []).flatMap((model) => model.languages))];
    if (known.join() === this.known) return;
    this.known = known.join();
    put(this.language, languageOptions(known, info.defaultLanguage, this.language.value));
  }

  clear() {
    this.text.className = "heard partial";
    say(this.text, t("listen.placeholder"));
  }

  rest(text) {
    put(this.go, icon("listen"), h("span", {}, t("listen.start")));
    this.go.classList.remove("on");
    this.meter.value = 0;
    say(this.levelSaid, "");
    this.think(0);
    if (text) say(this.said, text);
  }

  think(speech) {
    const spoken = speech >= 0.5;
    this.opinion.className = `badge ${spoken ? "good" : "idle"}`;
    say(this.opinion, spoken ? t("listen.speech", { share: percent(speech) }) : t("listen.quiet"));
  }

  async begin() {
    this.pieces = [];
    this.strip.clear();
    this.grow(0);
    this.clear();
    this.go.disabled = true;
    say(this.said, t("listen.asking"));
    const recording = (this.recording = new Recording(this));
    try {
      await recording.begin(this.language.value);
      put(this.go, icon("stop"), h("span", {}, t("listen.stop")));
      this.go.classList.add("on");
      say(this.said, t("listen.now"));
    } catch (error) {
      this.recording = null;
      this.rest(error instanceof Failure ? error.message : denied(error));
    } finally {
      this.go.disabled = Boolean(refusal());
    }
  }

  finish() {
    this.recording?.finish();
    this.rest(t("listen.reading"));
  }

  /** The recording is over. `text`: what was heard; null after a failure, which `message` tells. */
  over(text, message = "") {
    this.recording = null;
    this.keep.disabled = !this.pieces.length;
    if (text === null) this.rest(message);
    else this.tell(text);
  }

  tell(text) {
    this.text.className = "heard final";
    say(this.text, text || t("listen.nothing"));
    const length = this.pieces.reduce((sum, piece) => sum + piece.length, 0) / this.rate;
    this.rest(t("listen.done", { length: seconds(length) }));
    if (!text) return;
    this.latest.prepend(h("li", { class: "card" }, text));
    while (this.latest.children.length > KEPT) this.latest.lastChild.remove();
  }

  /** So many seconds are recorded. */
  grow(length) {
    if (length === Number(this.length.dataset.seconds)) return;
    this.length.dataset.seconds = length;
    say(this.length, length ? t("unit.seconds", { n: number(length) }) : "");
  }

  /** What the service says meanwhile. */
  hear(message) {
    if (message.type === "level") {
      this.meter.value = share(message.rms);
      say(this.levelSaid, t("unit.decibels", { n: number(Math.max(QUIETEST, message.rms)) }));
      this.think(message.speech);
      this.strip.add(message.rms, message.speech);
    } else if (message.type === "partial") {
      this.text.className = "heard partial";
      say(this.text, message.text);
    }
  }

  async read() {
    const [file] = this.file.files;
    if (!file) return;
    say(this.said, t("listen.reading"));
    this.clear();
    try {
      this.rate = RATE;
      this.pieces = [await decoded(file, RATE)];
      this.keep.disabled = false;
      const query = this.language.value ? `?language=${encodeURIComponent(this.language.value)}` : "";
      const answer = await send(`recognize${query}`, {
        method: "POST",
        wait: LATE,
        headers: { "Content-Type": "audio/wav" },
        body: wav(this.pieces, RATE),
      });
      this.tell((await answer.json()).text);
    } catch (error) {
      say(this.said, error instanceof Failure ? error.message : t("listen.unreadable"));
    } finally {
      this.file.value = "";
    }
  }

  save() {
    save(wav(this.pieces, this.rate), "recording.wav");
  }
}

/** One recording, sent while it is made. */
class Recording {
  constructor(tab) {
    this.tab = tab;
    this.samples = 0;
    this.channel = new Channel(
      (data) => this.hear(JSON.parse(data)),
      (why) => this.end(null, why),
    );
  }

  async begin(language) {
    output(); // a click is what lets a browser make sound, and listen
    this.microphone = await Microphone.open((piece, rate) => this.add(piece, rate));
    this.tab.rate = this.microphone.rate;
    await this.channel.open("recognize/live", { rate: this.microphone.rate, language }).catch((error) => {
      this.close();
      throw error;
    });
  }

  add(piece, rate) {
    if (this.closed || this.ended) return;
    this.tab.pieces.push(piece);
    this.samples += piece.length;
    this.tab.grow(Math.floor(this.samples / rate));
    this.channel.send(piece);
    if (this.samples > LONGEST * rate) this.tab.finish();
  }

  hear(message) {
    if (message.type === "transcript") this.end(message.text);
    else if (message.type === "error") this.end(null, message.message);
    else if (!this.ended || message.type === "partial") this.tab.hear(message);
  }

  /** No more sound; the text is still to come. */
  finish() {
    if (this.ended) return;
    this.ended = true;
    this.microphone.close();
    this.channel.send(JSON.stringify({ type: "audio-end" }));
    this.late = setTimeout(() => this.end(null, t("failure.late")), LATE * 1000);
  }

  end(text, message) {
    if (this.closed) return;
    this.close();
    this.tab.over(text, message);
  }

  close() {
    this.closed = true;
    clearTimeout(this.late);
    this.microphone.close();
    this.channel.close();
  }
}
