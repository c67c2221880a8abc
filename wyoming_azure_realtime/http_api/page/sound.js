// Sound: speech that plays while it arrives, recordings as WAV files, and their outlines.

import { s } from "./dom.js";

export const RATE = 24_000; // of all speech of the service, and of what is heard here
const AHEAD = 0.1; // seconds that must be there before speech begins
let shared = null;

/** The page's only output; made at the first click, since browsers want one. */
export function output() {
  shared ??= new AudioContext({ latencyHint: "interactive", sampleRate: RATE });
  if (shared.state === "suspended") shared.resume();
  return shared;
}

/**
 * Speech that plays while it arrives, 16-bit mono. `heard()` is called when the first of it leaves for the loudspeaker.
 * `before`: speech that is heard first; all of it must have arrived.
 */
export class Speech {
  constructor(rate, heard, before) {
    this.rate = rate;
    this.heard = heard;
    this.context = output();
    this.sources = new Set();
    this.waiting = [];
    this.waitingSamples = 0;
    this.pieces = []; // [begin, end] of what follows without a pause, by the context's clock
    this.next = before?.next ?? 0;
    this.samples = 0;
    this.over = false;
    this.ended = new Promise((resolve) => (this.finish = resolve));
  }

  /** The next samples (Int16Array). */
  write(samples) {
    this.samples += samples.length;
    this.waiting.push(samples);
    this.waitingSamples += samples.length;
    if (this.pieces.length || this.waitingSamples >= AHEAD * this.rate) this.schedule();
  }

  /** There is no more. Resolves when all of it has been heard. */
  async end() {
    if (this.waitingSamples) this.schedule();
    this.over = true;
    if (!this.sources.size) this.finish();
    await this.ended;
    this.complete = this.stopped === undefined;
  }

  stop() {
    this.stopped ??= this.context.currentTime;
    this.over = true;
    for (const source of this.sources) source.stop();
    this.sources.clear();
    this.finish();
  }

  /** Seconds of it that were heard: pauses in which nothing had arrived do not count, nor what is on its way to the loudspeaker. */
  get position() {
    if (this.complete) return this.samples / this.rate;
    const now = (this.stopped ?? this.context.currentTime) - (this.context.outputLatency || 0);
    return this.pieces.reduce((sum, [begin, end]) => sum + Math.max(0, Math.min(now, end) - begin), 0);
  }

  schedule() {
    if (this.over || !this.waitingSamples) return;
    const buffer = this.context.createBuffer(1, this.waitingSamples, this.rate);
    const channel = buffer.getChannelData(0);
    let at = 0;
    for (const samples of this.waiting) for (const sample of samples) channel[at++] = sample / 32768;
    this.waiting = [];
    this.waitingSamples = 0;
    const source = this.context.createBufferSource();
    source.buffer = buffer;
    source.connect(this.context.destination);
    const now = this.context.currentTime;
    const start = Math.max(this.next, now + 0.005);
    if (!this.pieces.length) setTimeout(() => this.stopped === undefined && this.heard(), (start - now) * 1000);
    source.start(start);
    this.next = start + buffer.duration;
    const before = this.pieces.at(-1);
    if (before?.[1] === start) before[1] = this.next;
    else this.pieces.push([start, this.next]);
    this.sources.add(source);
    source.onended = () => {
      this.sources.delete(source);
      if (this.over && !this.sources.size) this.finish();
    };
  }
}

/** Int16 samples, little-endian, from bytes that are cut anywhere. */
export class Samples {
  constructor() {
    this.odd = null;
  }

  of(bytes) {
    if (this.odd !== null) {
      const joined = new Uint8Array(bytes.length + 1);
      joined[0] = this.odd;
      joined.set(bytes, 1);
      bytes = joined;
    }
    this.odd = bytes.length % 2 ? bytes[bytes.length - 1] : null;
    return new Int16Array(bytes.slice(0, bytes.length - (bytes.length % 2)).buffer);
  }
}

/** A WAV file of pieces of 16-bit mono samples. */
export function wav(pieces, rate) {
  const size = pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
  const header = new DataView(new ArrayBuffer(44));
  const text = (at, letters) => [...letters].forEach((letter, i) => header.setUint8(at + i, letter.charCodeAt(0)));
  text(0, "RIFF");
  header.setUint32(4, 36 + size, true);
  text(8, "WAVEfmt ");
  header.setUint32(16, 16, true);
  header.setUint16(20, 1, true);
  header.setUint16(22, 1, true);
  header.setUint32(24, rate, true);
  header.setUint32(28, rate * 2, true);
  header.setUint16(32, 2, true);
  header.setUint16(34, 16, true);
  text(36, "data");
  header.setUint32(40, size, true);
  return new Blob([header, ...pieces], { type: "audio/wav" });
}

/** Any file that this browser can read, as 16-bit mono of `rate`. Throws if it cannot. */
export async function decoded(file, rate) {
  const reader = new OfflineAudioContext(1, 1, rate);
  const audio = await reader.decodeAudioData(await file.arrayBuffer());
  const samples = new Int16Array(audio.length);
  const channels = Array.from({ length: audio.numberOfChannels }, (_, i) => audio.getChannelData(i));
  for (let i = 0; i < samples.length; i++) {
    let sum = 0;
    for (const channel of channels) sum += channel[i];
    samples[i] = Math.max(-1, Math.min(1, sum / channels.length)) * 32767;
  }
  return samples;
}

const BARS = 96;

/** The outline of a sound while it arrives: a bar for each stretch, louder is higher. */
export class Outline {
  constructor() {
    this.still = s("path", { class: "still" });
    this.done = s("path", { class: "done" });
    this.clip = s("rect", { x: 0, y: 0, width: 0, height: 32 });
    const id = `clip-${(Outline.count = (Outline.count ?? 0) + 1)}`;
    this.done.setAttribute("clip-path", `url(#${id})`);
    this.element = s(
      "svg",
      { class: "outline", viewBox: `0 0 ${BARS * 3} 32`, preserveAspectRatio: "none", "aria-hidden": "true" },
      s("clipPath", { id }, this.clip),
      this.still,
      this.done,
    );
  }

  /** Draw all there is; `pieces`: of samples. */
  draw(pieces, total = pieces.reduce((sum, piece) => sum + piece.length, 0)) {
    const peaks = new Float32Array(BARS);
    let at = 0;
    for (const piece of pieces) {
      // every eighth sample shows as much
      for (let i = 0; i < piece.length; i += 8) {
        const bar = Math.min(BARS - 1, Math.floor(((at + i) / total) * BARS));
        peaks[bar] = Math.max(peaks[bar], Math.abs(piece[i]) / 32768);
      }
      at += piece.length;
    }
    const path = Array.from(peaks, (peak, i) => {
      const half = 1 + 14 * Math.sqrt(peak);
      return `M${i * 3 + 1} ${(16 - half).toFixed(1)}v${(2 * half).toFixed(1)}`;
    }).join("");
    this.still.setAttribute("d", path);
    this.done.setAttribute("d", path);
  }

  /** How much of it was heard, 0 to 1. */
  progress(share) {
    this.clip.setAttribute("width", String(share * BARS * 3));
  }
}
