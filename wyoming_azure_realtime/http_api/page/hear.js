// Hear: one sentence in all voices, side by side.

import { change, Failure, send } from "./api.js";
import { h, icon, put, save, say } from "./dom.js";
import { Outline, output, RATE, Samples, Speech, wav } from "./sound.js";
import { languageName, number, remember, remembered, seconds, short, t } from "./texts.js";

const AT_ONCE = 60; // cards drawn before somebody asks for more
const ROUND = 20; // voices that one click lets speak
const KEPT = 30; // recordings kept for saving
const LONGEST = 120; // seconds of speech of one voice
const FIRST_WORD = 90; // seconds to wait for it

/** The body of a request for speech. */
const body = (text, voice, speed, style) => ({ text, voiceName: voice, ...(speed === 1 ? {} : { speed }), ...(style ? { style } : {}) });

const base = (tag) => tag.split("-")[0];

function spoken(languages = []) {
  const names = [...new Set(languages.map(base))];
  if (!names.length) return "";
  if (names.length > 3) return t("hear.manyLanguages", { n: number(names.length) });
  return (languages.length <= 2 ? languages : names).map((tag) => languageName(tag)).join(", ");
}

/** One voice: its card, and what it said last. */
class VoiceCard {
  constructor(tab, voice) {
    this.tab = tab;
    this.voice = voice;
    this.pieces = [];
    this.outline = new Outline();
    this.outline.draw([]);
    this.said = h("p", { class: "figures" });
    this.play = h("button", { type: "button", class: "round primary", onclick: () => tab.hear([this]) }, icon("play"));
    this.keep = h("button", { type: "button", class: "quiet", disabled: true, onclick: () => this.save() }, icon("save"), t("hear.save"));
    this.choose = h("button", { type: "button", class: "quiet", onclick: () => tab.makeDefault(voice.name) }, icon("star"), t("hear.makeDefault"));
    this.badge = h("span", { class: "badge" }, t("hear.default"));
    const about = [voice.description && voice.description.toLowerCase() !== voice.name.toLowerCase() ? voice.description : "", spoken(voice.languages)];
    const name = h("h3", { id: `voice-${voice.name}` }, voice.name, this.badge);
    this.element = h(
      "li",
      { class: "card voice", "data-voice": voice.name },
      h("div", { class: "row" }, this.play, h("div", { class: "grow" }, name, h("p", { class: "aside" }, about.filter(Boolean).join(" · ")))),
      this.outline.element,
      this.said,
      h("div", { class: "row between" }, this.keep, this.choose),
    );
    for (const [button, text] of [[this.keep, "hear.saveOf"], [this.choose, "hear.makeDefaultOf"]])
      button.setAttribute("aria-label", t(text, { voice: voice.name }));
    this.rest();
  }

  rest() {
    this.element.classList.remove("speaking", "audible");
    this.play.setAttribute("aria-label", t("hear.playOf", { voice: this.voice.name }));
    put(this.play, icon("play"));
  }

  busy() {
    this.element.classList.add("speaking");
    this.play.setAttribute("aria-label", t("hear.stopOf", { voice: this.voice.name }));
    put(this.play, icon("stop"));
  }

  trouble(message) {
    this.said.classList.add("bad-text");
    this.said.setAttribute("role", "alert");
    say(this.said, message);
  }

  tell(first, complete) {
    this.said.classList.remove("bad-text");
    this.said.removeAttribute("role");
    const length = this.pieces.reduce((sum, piece) => sum + piece.length, 0) / RATE;
    say(this.said, first === null ? t("hear.waiting") : t(complete ? "hear.figures" : "hear.sofar", { first: seconds(first), length: seconds(length) }));
  }

  save() {
    save(wav(this.pieces, RATE), `${this.voice.name.replace(/[^\w-]+/g, "-")}.wav`);
  }

  forget() {
    this.pieces = [];
    this.keep.disabled = true;
  }
}

export class Hear {
  constructor(section, house) {
    this.house = house;
    this.cards = new Map();
    this.recent = [];
    this.limit = AT_ONCE;
    this.round = null;
    this.form(section);
    house.on("info", (info) => info && this.take(info));
  }

  form(section) {
    this.text = h("textarea", { id: "hear-text", rows: "2", maxlength: "1000" });
    this.text.value = remembered("sentence") || t("hear.sentence");
    this.text.addEventListener("change", () => remember("sentence", this.text.value));
    this.speedSaid = h("output", { for: "hear-speed" });
    this.speed = h("input", { id: "hear-speed", type: "range", min: "0.5", max: "2", step: "0.05", value: "1", oninput: () => this.tellSpeed() });
    this.style = h("select", { id: "hear-style" });
    this.styleField = h("div", { class: "field" }, h("label", { for: "hear-style" }, t("hear.style")), this.style);
    this.filter = h("input", { id: "hear-filter", type: "search", autocomplete: "off", placeholder: t("hear.filterHint"), oninput: () => this.draw() });
    this.language = h("select", { id: "hear-language", onchange: () => this.draw() });
    this.languageField = h("div", { class: "field" }, h("label", { for: "hear-language" }, t("hear.language")), this.language);
    this.filters = h("div", { class: "row fields" }, h("div", { class: "field grow" }, h("label", { for: "hear-filter" }, t("hear.filter")), this.filter), this.languageField);
    this.all = h("button", { type: "button", class: "primary", onclick: () => this.hearAll() });
    this.stopper = h("button", { type: "button", disabled: true, onclick: () => this.stop() }, icon("stop"), t("hear.stop"));
    this.said = h("p", { role: "status", class: "aside" });
    this.list = h("ul", { class: "grid plain", "aria-label": t("hear.voices") });
    this.more = h("button", { type: "button", hidden: true, onclick: () => this.showMore() }, t("hear.more"));
    section.append(
      h(
        "div",
        { class: "card" },
        h("label", { for: "hear-text" }, t("hear.text")),
        this.text,
        h(
          "div",
          { class: "row fields" },
          this.all,
          this.stopper,
          h("div", { class: "field push" }, h("label", { for: "hear-speed" }, t("hear.speed"), " ", this.speedSaid), this.speed),
          this.styleField,
        ),
        this.said,
      ),
      this.filters,
      this.list,
      h("div", { class: "row center" }, this.more),
    );
    this.tellSpeed();
  }

  tellSpeed() {
    const text = t("hear.times", { n: short(Number(this.speed.value)) });
    say(this.speedSaid, text);
    this.speed.setAttribute("aria-valuetext", text);
  }

  hidden() {
    this.stop();
  }

  take(info) {
    const voices = info.voiceDetails ?? (info.voices ?? []).map((name) => ({ name }));
    const known = voices.map((voice) => voice.name).join("\n");
    this.default = info.defaultVoice;
    if (known !== this.known) {
      this.known = known;
      this.stop();
      this.recent = [];
      this.cards = new Map(voices.map((voice) => [voice.name, new VoiceCard(this, voice)]));
      this.choices(voices);
      this.draw();
    }
    this.mark();
  }

  choices(voices) {
    const counts = new Map();
    for (const voice of voices) for (const tag of new Set((voice.languages ?? []).map(base))) counts.set(tag, (counts.get(tag) ?? 0) + 1);
    const differ = [...counts.values()].some((count) => count < voices.length);
    const tags = [...counts.keys()].sort((a, b) => languageName(a).localeCompare(languageName(b)));
    put(this.language, h("option", { value: "" }, t("hear.anyLanguage")), tags.map((tag) => h("option", { value: tag }, languageName(tag))));
    this.languageField.hidden = !differ;
    this.filters.hidden = voices.length < 16 && !differ;
    const styles = [...new Set(voices.flatMap((voice) => voice.styles ?? []))].sort();
    put(this.style, h("option", { value: "" }, t("hear.usualStyle")), styles.map((style) => h("option", {}, style)));
    this.styleField.hidden = !styles.length;
  }

  matching() {
    const words = this.filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const language = this.languageField.hidden ? "" : this.language.value;
    return [...this.cards.values()].filter(({ voice }) => {
      const languages = voice.languages ?? [];
      if (language && !languages.some((tag) => base(tag) === language)) return false;
      const few = languages.length <= 6 ? languages.map((tag) => `${tag} ${languageName(tag)}`) : [];
      const all = [voice.name, voice.description ?? "", ...few].join(" ").toLowerCase();
      return words.every((word) => all.includes(word));
    });
  }

  draw() {
    const found = this.matching();
    const cards = found.slice(0, this.limit);
    put(this.list, cards.map((card) => card.element));
    this.more.hidden = found.length <= this.limit;
    const round = Math.min(ROUND, found.length);
    this.all.disabled = !round;
    put(this.all, icon("play"), found.length <= ROUND ? t("hear.all", { n: number(round) }) : t("hear.firstOf", { n: number(round), all: number(found.length) }));
    if (!found.length) say(this.said, this.cards.size ? t("hear.none") : t("hear.noVoices"));
    else if (!this.round) say(this.said, t("hear.count", { n: number(found.length), all: number(this.cards.size) }));
  }

  showMore() {
    this.limit += 240;
    this.draw();
  }

  mark() {
    for (const [name, card] of this.cards) {
      const chosen = name === this.default;
      card.element.classList.toggle("chosen", chosen);
      card.badge.hidden = !chosen;
      card.choose.hidden = chosen;
    }
  }

  hearAll() {
    this.hear(this.matching().slice(0, ROUND));
  }

  stop() {
    this.round?.abort();
    this.round = null;
    this.stopper.disabled = true;
  }

  /** Let these voices speak, one after the other; the next is asked for while one is still heard. */
  async hear(cards) {
    const again = cards.length === 1 && cards[0].element.classList.contains("speaking");
    this.stop();
    if (again) return;
    const text = this.text.value.trim();
    if (!text) {
      this.text.focus();
      return;
    }
    output();
    const round = (this.round = new AbortController());
    this.stopper.disabled = false;
    let before = Promise.resolve();
    let earlier = before;
    for (const [i, card] of cards.entries()) {
      await earlier;
      if (round.signal.aborted) break;
      say(this.said, cards.length > 1 ? t("hear.speaking", { n: number(i + 1), all: number(cards.length), voice: card.voice.name }) : t("hear.speakingOne", { voice: card.voice.name }));
      earlier = before;
      before = (await this.one(card, text, before, round)).heard;
    }
    await before;
    if (this.round !== round) return;
    this.stop();
    say(this.said, t("hear.done", { n: number(cards.length) }));
  }

  /** One voice: resolves when all of its sound has arrived; `heard` of what it resolves to is the promise that it was heard. */
  async one(card, text, before, round) {
    const began = performance.now();
    let first = null;
    card.busy();
    card.forget();
    card.outline.draw([]);
    card.outline.progress(0);
    card.tell(first, false);
    const speech = new LateSpeech(before, RATE, () => {});
    round.signal.addEventListener("abort", () => speech.stop());
    try {
      const answer = await send("synthesize/stream", {
        method: "POST",
        wait: FIRST_WORD,
        signal: round.signal,
        headers: { "Content-Type": "application/json", Accept: "audio/pcm" },
        body: JSON.stringify(body(text, card.voice.name, Number(this.speed.value), this.style.value)),
      });
      const samples = new Samples();
      let length = 0;
      for await (const bytes of chunks(answer.body)) {
        const piece = samples.of(bytes);
        if (!piece.length) continue;
        first ??= (performance.now() - began) / 1000;
        length += piece.length;
        if (length > LONGEST * RATE) break;
        card.pieces.push(piece);
        speech.write(piece);
        card.tell(first, false);
        card.outline.draw(card.pieces);
      }
      card.outline.draw(card.pieces);
      card.tell(first, true);
      card.keep.disabled = !card.pieces.length;
      this.remember(card);
    } catch (error) {
      if (!round.signal.aborted) card.trouble(error instanceof Failure ? error.message : t("failure.broken"));
      else say(card.said, "");
      card.keep.disabled = !card.pieces.length;
    }
    return { heard: this.follow(card, speech) };
  }

  async follow(card, speech) {
    let drawing = true;
    const draw = () => {
      card.outline.progress(speech.samples ? (speech.position * RATE) / speech.samples : 0);
      if (drawing) requestAnimationFrame(draw);
    };
    draw();
    await speech.ready;
    card.element.classList.toggle("audible", !speech.stopped);
    await speech.end();
    drawing = false;
    card.rest();
  }

  remember(card) {
    this.recent = [...this.recent.filter((other) => other !== card), card];
    while (this.recent.length > KEPT) this.recent.shift().forget();
  }

  async makeDefault(voice) {
    try {
      await change("PUT", "default-voice", { voice });
      say(this.said, t("hear.isDefault", { voice }));
      this.default = voice;
      this.mark();
      this.cards.get(voice)?.play.focus();
      await this.house.refresh();
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      say(this.said, error.message);
    }
  }
}

async function* chunks(stream) {
  const reader = stream.getReader();
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) yield part.value;
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** Speech that begins when the one before it was heard. */
class LateSpeech {
  constructor(before, rate, heard) {
    this.speech = null;
    this.waiting = [];
    this.stopped = false;
    this.samples = 0;
    this.ready = before.then(() => {
      if (this.stopped) return;
      this.speech = new Speech(rate, heard);
      for (const piece of this.waiting) this.speech.write(piece);
      this.waiting = [];
    });
  }

  get position() {
    return this.speech?.position ?? 0;
  }

  write(piece) {
    this.samples += piece.length;
    if (this.speech) this.speech.write(piece);
    else if (!this.stopped) this.waiting.push(piece);
  }

  async end() {
    await this.ready;
    await this.speech?.end();
  }

  stop() {
    this.stopped = true;
    this.speech?.stop();
  }
}
