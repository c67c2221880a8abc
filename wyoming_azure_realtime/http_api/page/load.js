// Latency and load: the last hour and day.

import { Failure, get } from "./api.js";
import { Chart } from "./charts.js";
import { choice, h, say } from "./dom.js";
import { number, seconds, short, t } from "./texts.js";

const SPANS = ["hour", "day"];
const OFTEN = 5000; // milliseconds between two questions
const SELDOM = 60_000;

const whole = (value) => number(value);

function charts() {
  const time = { tell: seconds, axis: (value) => t("unit.seconds", { n: short(value) }) };
  const count = { tell: whole, whole: true };
  return {
    transcript: new Chart({ title: t("load.transcript"), ...time }),
    firstAudio: new Chart({ title: t("load.firstAudio"), ...time }),
    answer: new Chart({ title: t("load.answer"), ...time }),
    count: new Chart({ title: t("load.count"), bars: true, ...count }),
    sessions: new Chart({ title: t("load.sessions"), ...count }),
    troubles: new Chart({ title: t("load.troubles"), bars: true, ...count }),
  };
}

/** What each plot shows of the figures: [name, values, colour]. */
function series({ transcript = {}, firstAudio = {}, answer = {}, sessions = {}, retries = [], mismatches = [] }) {
  const percentiles = ({ p50 = [], p95 = [] }) => [
    { name: t("load.p95"), values: p95, kind: "p95" },
    { name: t("load.p50"), values: p50, kind: "p50" },
  ];
  return {
    transcript: percentiles(transcript),
    firstAudio: percentiles(firstAudio),
    answer: percentiles(answer),
    count: [
      { name: t("load.heard"), values: transcript.count ?? [], kind: "p50" },
      { name: t("load.spoken"), values: firstAudio.count ?? [], kind: "p95" },
      { name: t("load.answered"), values: answer.count ?? [], kind: "third" },
    ],
    sessions: [
      { name: t("load.open"), values: sessions.open ?? [], kind: "p50" },
      { name: t("load.idle"), values: sessions.idle ?? [], kind: "third" },
    ],
    troubles: [
      { name: t("load.retries"), values: retries, kind: "p95" },
      { name: t("load.mismatches"), values: mismatches, kind: "bad" },
    ],
  };
}

export class Load {
  constructor(section, house) {
    this.span = "hour";
    this.visible = false;
    this.asked = 0;
    this.charts = charts();
    this.trouble = h("p", { class: "notice bad", role: "alert", hidden: true });
    this.choice = choice("span", t("load.span"), SPANS, this.span, (span) => t(`load.${span}`), (span) => this.choose(span));
    section.append(
      h("div", { class: "row between" }, this.choice, h("p", { class: "aside" }, t("load.percentiles"))),
      this.trouble,
      h("div", { class: "grid wide" }, Object.values(this.charts).map((chart) => chart.element)),
    );
    for (const name of ["figures", "turn"]) house.on(name, () => this.changed());
  }

  shown() {
    this.visible = true;
    this.timer ??= setInterval(() => this.ask(), SELDOM);
    this.ask();
  }

  hidden() {
    this.visible = false;
    clearInterval(this.timer);
    this.timer = null;
  }

  choose(span) {
    this.span = span;
    this.ask();
  }

  /** Something happened: ask soon, but not often. */
  changed() {
    if (!this.visible || this.soon) return;
    this.soon = setTimeout(() => {
      this.soon = null;
      if (this.visible) this.ask();
    }, Math.max(0, this.asked + OFTEN - Date.now()));
  }

  async ask() {
    this.asked = Date.now();
    const span = this.span;
    try {
      const figures = await get(`figures?span=${span}`);
      if (span === this.span) this.draw(figures);
      this.trouble.hidden = true;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.trouble.hidden = false;
      say(this.trouble, error.message);
    }
  }

  draw({ step, from, series: all }) {
    const shown = series(all);
    const length = Math.max(...Object.values(shown).flatMap((lines) => lines.map(({ values }) => values.length)));
    const times = Array.from({ length }, (_, i) => from + i * step);
    for (const [name, chart] of Object.entries(this.charts)) chart.show(times, step, shown[name]);
  }
}
