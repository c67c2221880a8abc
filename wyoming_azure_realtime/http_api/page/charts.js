// Plots that a person can read: axes with units, a legend, values under the pointer, and a table of the same.

import { h, put, s } from "./dom.js";
import { moment, t } from "./texts.js";

const HEIGHT = 190;
const LEFT = 52;
const RIGHT = 10;
const TOP = 10;
const BOTTOM = 24;
export const SPACE = 78; // pixels between two times on the axis, at least
const STEPS = [60, 300, 600, 900, 1800, 3600, 7200, 10_800, 14_400, 21_600, 43_200, 86_400];

const is = (value) => typeof value === "number" && Number.isFinite(value);

/** A round step that divides `most` into at most `parts`. */
export function roundStep(most, parts, whole = false) {
  const raw = most / parts || 1;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].find((factor) => factor * power >= raw - 1e-12) * power;
  return whole ? Math.max(1, Math.ceil(step)) : step;
}

/** Times for the axis, on full minutes or hours of the reader's clock. */
function ticks(from, to, width) {
  const step = STEPS.find((seconds) => ((to - from) / seconds) * SPACE <= width) ?? STEPS.at(-1);
  const offset = new Date(from * 1000).getTimezoneOffset() * 60;
  const found = [];
  for (let at = Math.ceil((from - offset) / step) * step + offset; at <= to; at += step) found.push(at);
  return found;
}

/**
 * One plot over time. `series`: [{name, values, kind}], a value for each time or null; `kind` chooses the colour.
 * `bars`: stacked bars instead of lines. `tell(value)`: a value with its unit; `axis(value)`: the same, short.
 * `whole`: there are no parts of one. `marks(from, to, width)`: the times that the axis names, by default full minutes or hours.
 */
export class Chart {
  constructor({ title, bars = false, whole = false, tell, axis = tell, label = (at) => moment(at), marks = ticks }) {
    Object.assign(this, { title, bars, whole, tell, axis, label, marks });
    this.at = null;
    this.plot = h("div", { class: "plot" });
    this.values = h("p", { class: "legend-line" });
    this.table = h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": title });
    this.details = h("details", { ontoggle: () => this.fillTable() }, h("summary", {}, t("chart.table")), this.table);
    this.element = h("figure", { class: "card chart" }, h("figcaption", {}, h("h3", {}, title)), this.values, this.plot, this.details);
    this.plot.addEventListener("pointermove", (event) => this.point(event));
    this.plot.addEventListener("pointerleave", () => this.point(null));
    new ResizeObserver(() => this.draw()).observe(this.plot);
  }

  /** `times`: Unix seconds, each the begin of a stretch of `step` seconds. */
  show(times, step, series) {
    Object.assign(this, { times, step, series });
    this.draw();
    this.fillTable();
  }

  get empty() {
    return !this.series?.some(({ values }) => values.some((value) => is(value) && (value !== 0 || !this.bars)));
  }

  draw() {
    const width = this.plot.clientWidth;
    if (!this.times || !width) return;
    this.legend();
    if (this.empty) {
      put(this.plot, h("p", { class: "empty" }, t("chart.nothing")));
      this.cross = null;
      return;
    }
    const scale = this.scale(width);
    this.cross = s("line", { class: "cross", y1: TOP, y2: HEIGHT - BOTTOM, visibility: "hidden" });
    put(
      this.plot,
      s(
        "svg",
        { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, role: "img", "aria-label": this.summary() },
        this.axes(scale),
        this.bars ? this.stacks(scale) : this.series.map((one) => this.line(one, scale)),
        this.cross,
      ),
    );
  }

  scale(width) {
    const sums = this.bars
      ? this.times.map((_, i) => this.series.reduce((sum, { values }) => sum + (values[i] ?? 0), 0))
      : this.series.flatMap(({ values }) => values.filter(is));
    const step = roundStep(Math.max(...sums, 0) || 1, 4, this.whole);
    const top = Math.max(step, Math.ceil(Math.max(...sums, 0) / step - 1e-9) * step);
    const from = this.times[0];
    const to = this.times.at(-1) + this.step;
    return {
      width,
      step,
      top,
      from,
      to,
      x: (at) => LEFT + ((at - from) / (to - from)) * (width - LEFT - RIGHT),
      y: (value) => HEIGHT - BOTTOM - (value / top) * (HEIGHT - TOP - BOTTOM),
    };
  }

  axes({ width, step, top, from, to, x, y }) {
    const lines = [];
    for (let value = 0; value <= top + step / 2; value += step) {
      lines.push(s("line", { class: "grid-line", x1: LEFT, x2: width - RIGHT, y1: y(value), y2: y(value) }));
      lines.push(s("text", { class: "tick", x: LEFT - 8, y: y(value) + 4, "text-anchor": "end" }, this.axis(value)));
    }
    for (const at of this.marks(from, to, width - LEFT - RIGHT)) {
      const place = Math.min(width - RIGHT - 20, Math.max(LEFT + 14, x(at)));
      lines.push(s("line", { class: "grid-line", x1: x(at), x2: x(at), y1: HEIGHT - BOTTOM, y2: HEIGHT - BOTTOM + 4 }));
      lines.push(s("text", { class: "tick", x: place, y: HEIGHT - 6, "text-anchor": "middle" }, this.label(at)));
    }
    return lines;
  }

  line({ values, kind }, { x, y }) {
    const runs = [];
    let run = [];
    for (const [i, value] of [...values, null].entries()) {
      if (is(value)) run.push(`${x(this.times[i] + this.step / 2).toFixed(1)} ${y(value).toFixed(1)}`);
      else if (run.length) {
        runs.push(run);
        run = [];
      }
    }
    const dots = runs.filter((points) => points.length === 1).map((points) => `M${points[0]}h.01`);
    const lines = runs.filter((points) => points.length > 1).map((points) => `M${points.join("L")}`);
    const all = runs.flat();
    return [
      all.length > 1 && s("path", { class: `series bridge ${kind}`, d: `M${all.join("L")}` }),
      s("path", { class: `series ${kind}`, d: lines.join("") }),
      s("path", { class: `series dot ${kind}`, d: dots.join("") }),
    ];
  }

  stacks({ x, y }) {
    const bars = [];
    for (const [i, at] of this.times.entries()) {
      let below = 0;
      for (const { values, kind } of this.series) {
        const value = values[i];
        if (!value) continue;
        const width = Math.max(1, (x(at + this.step) - x(at)) * 0.8);
        bars.push(s("rect", { class: `bar ${kind}`, x: x(at) + width * 0.125, width, y: y(below + value), height: Math.max(1, y(below) - y(below + value)) }));
        below += value;
      }
    }
    return bars;
  }

  point(event) {
    const width = this.plot.clientWidth;
    if (event && this.cross) {
      const place = (event.clientX - this.plot.getBoundingClientRect().left - LEFT) / (width - LEFT - RIGHT);
      this.at = Math.max(0, Math.min(this.times.length - 1, Math.floor(place * this.times.length)));
      const x = LEFT + ((this.at + 0.5) / this.times.length) * (width - LEFT - RIGHT);
      for (const name of ["x1", "x2"]) this.cross.setAttribute(name, x);
      this.cross.setAttribute("visibility", "visible");
    } else {
      this.at = null;
      this.cross?.setAttribute("visibility", "hidden");
    }
    this.legend();
  }

  /** The names of the series, with the values under the pointer, else the latest there are. */
  legend() {
    if (!this.series) return;
    put(
      this.values,
      this.series.map(({ name, values, kind }) => {
        const value = this.at === null ? values.findLast(is) : values[this.at];
        return h("span", { class: `key-of ${kind}` }, h("span", { class: "key", "aria-hidden": "true" }), name, " ", h("b", {}, is(value) ? this.tell(value) : "–"));
      }),
      h("span", { class: "aside" }, this.at === null ? t("chart.latest") : this.label(this.times[this.at])),
    );
  }

  summary() {
    const parts = this.series.map(({ name, values }) => {
      const known = values.filter(is);
      return known.length ? t("chart.summary", { name, latest: this.tell(known.at(-1)), most: this.tell(Math.max(...known)) }) : "";
    });
    return [this.title, ...parts.filter(Boolean)].join(". ");
  }

  fillTable() {
    if (!this.details.open || !this.times) return;
    const rows = this.times
      .map((at, i) => [at, this.series.map(({ values }) => values[i])])
      .filter(([, values]) => values.some((value) => is(value) && (value !== 0 || !this.bars)))
      .reverse();
    put(
      this.table,
      h(
        "table",
        {},
        h("caption", { class: "sr" }, this.title),
        h("thead", {}, h("tr", {}, h("th", { scope: "col" }, t("chart.time")), this.series.map(({ name }) => h("th", { scope: "col" }, name)))),
        h("tbody", {}, rows.map(([at, values]) => h("tr", {}, h("th", { scope: "row" }, this.label(at)), values.map((value) => h("td", {}, is(value) ? this.tell(value) : "–"))))),
      ),
    );
  }
}

/** Amounts side by side: [{name, value, text}], the largest first. */
export function shares(rows) {
  const most = Math.max(...rows.map(({ value }) => value), 0) || 1;
  return h(
    "table",
    { class: "shares" },
    h(
      "tbody",
      {},
      rows.map(({ name, note, value, text }) =>
        h(
          "tr",
          {},
          h("th", { scope: "row" }, name, note && h("span", { class: "aside" }, note)),
          h("td", { class: "wide" }, s("svg", { viewBox: "0 0 100 8", preserveAspectRatio: "none", "aria-hidden": "true" }, s("rect", { class: "track", width: 100, height: 8, rx: 1 }), s("rect", { class: "bar p50", width: Math.max(value > 0 ? 1 : 0, (value / most) * 100), height: 8, rx: 1 }))),
          h("td", { class: "amount" }, text),
        ),
      ),
    ),
  );
}
