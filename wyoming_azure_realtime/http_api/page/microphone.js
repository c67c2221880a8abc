// The microphone of this browser, as pieces of 16-bit samples; and why there may be none.

import { h } from "./dom.js";
import { languageName, t } from "./texts.js";

/** Why this browser does not give the microphone to this page; empty if it would. */
export function refusal() {
  if (!window.isSecureContext) return t("listen.insecure", { address: location.origin });
  if (!navigator.mediaDevices?.getUserMedia || !window.AudioWorkletNode) return t("listen.unable");
  return "";
}

/** What a browser means by its error. */
export const denied = (error) =>
  t({ NotAllowedError: "listen.denied", SecurityError: "listen.denied", NotFoundError: "listen.noMicrophone", NotReadableError: "listen.inUse" }[error.name] ?? "listen.unable");

/** The languages that somebody may speak, as options; the first one stands for `usual`, that of the settings. */
export function languageOptions(tags, usual, chosen) {
  const sorted = [...tags].sort((a, b) => languageName(a).localeCompare(languageName(b)));
  const first = usual ? t("listen.usual", { language: languageName(usual) }) : t("listen.any");
  return [h("option", { value: "" }, first), sorted.map((tag) => h("option", { value: tag, selected: tag === chosen }, languageName(tag)))];
}

export const QUIETEST = -60; // dB at the left end of a meter

/** Where a level in dB is on a meter, 0 to 1. */
export const share = (level) => Math.max(0, Math.min(1, 1 - level / QUIETEST));

/** The same for a piece of samples. */
export function loudness(piece) {
  const power = piece.reduce((sum, sample) => sum + (sample / 32768) ** 2, 0) / piece.length;
  return share(10 * Math.log10(power + 1e-9));
}

/** What passes 10 kHz would be heard as something else at 24,000 samples a second: a Butterworth filter of 4th order. */
const lowpass = (context) => [0.541, 1.307].map((Q) => new BiquadFilterNode(context, { type: "lowpass", frequency: 10_000, Q: 20 * Math.log10(Q) }));

/** The microphone. Must be closed. */
export class Microphone {
  /**
   * `hear(piece, rate)` gets an Int16Array of about 40 ms. `rate`: samples a second, by default the browser's own.
   * `conversation`: what the loudspeaker says meanwhile is taken out, and noise.
   */
  static async open(hear, { rate, conversation = false } = {}) {
    const audio = { channelCount: 1, echoCancellation: conversation, noiseSuppression: conversation, autoGainControl: true };
    const microphone = new Microphone();
    microphone.stream = await navigator.mediaDevices.getUserMedia({ audio });
    try {
      const context = (microphone.context = new AudioContext());
      await context.audioWorklet.addModule(new URL("capture.js", import.meta.url));
      microphone.rate = rate ?? context.sampleRate;
      const capture = new AudioWorkletNode(context, "capture", { numberOfOutputs: 0, channelCount: 1, channelCountMode: "explicit", processorOptions: { rate: microphone.rate } });
      capture.port.onmessage = (event) => hear(event.data, microphone.rate);
      const source = context.createMediaStreamSource(microphone.stream);
      [...(microphone.rate < context.sampleRate ? lowpass(context) : []), capture].reduce((from, to) => from.connect(to), source);
      await context.resume();
    } catch (error) {
      microphone.close();
      throw error;
    }
    return microphone;
  }

  close() {
    for (const track of this.stream.getTracks()) track.stop();
    if (this.context && this.context.state !== "closed") this.context.close();
  }
}
