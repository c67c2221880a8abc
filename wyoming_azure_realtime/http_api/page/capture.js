// In the browser's audio thread: what the microphone hears, as 16-bit pieces of about 40 ms at the rate that was asked for.

class Capture extends AudioWorkletProcessor {
  constructor({ processorOptions: { rate } }) {
    super();
    this.step = sampleRate / rate;
    this.ahead = 1; // from the sample before to the next one that is wanted
    this.before = 0;
    this.size = Math.round(rate / 25);
    this.piece = new Int16Array(this.size);
    this.filled = 0;
  }

  process([[channel]]) {
    if (!channel) return true;
    for (const value of channel) {
      for (; this.ahead <= 1; this.ahead += this.step) this.add(this.before + (value - this.before) * this.ahead);
      this.ahead -= 1;
      this.before = value;
    }
    return true;
  }

  add(value) {
    this.piece[this.filled++] = Math.max(-1, Math.min(1, value)) * 32767;
    if (this.filled < this.size) return;
    this.port.postMessage(this.piece, [this.piece.buffer]);
    this.piece = new Int16Array(this.size);
    this.filled = 0;
  }
}

registerProcessor("capture", Capture);
