// <hr-map>: a file as a bar of its pieces: what is there, what is on its way, what is wanted how soon, who reads where.

import { el } from "./dom.js";
import * as words from "./words.js";

const SPOKEN_EVERY = 10000;
const KEYS = [
  ["had", "there"],
  ["flying", "on its way"],
  ["tier0", "needed now"],
  ["tier1", "next"],
  ["tier2", "soon"],
  ["tier3", "later"],
  ["index", "index of the file"],
  ["reader", "a reader"],
];

class StreamMap extends HTMLElement {
  #canvas = el("canvas", { role: "img", "aria-label": "Stream map" });
  #resize = new ResizeObserver(() => this.#later());
  #scheme = matchMedia("(prefers-color-scheme: dark)");
  #schemed = () => this.#later();
  #frame = 0;
  #spoken = -SPOKEN_EVERY;
  #colours = {};
  #model = null;

  connectedCallback() {
    if (!this.#canvas.isConnected) this.append(this.#canvas, this.#legend());
    this.#resize.observe(this.#canvas);
    this.#scheme.addEventListener("change", this.#schemed);
    this.#canvas.onclick = (event) => this.#seek(event);
  }

  disconnectedCallback() {
    this.#resize.disconnect();
    this.#scheme.removeEventListener("change", this.#schemed);
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
  }

  /** Show `file` of `pieces`; `shown` is the share of the file that is on the screen now (null: nobody plays here). */
  update(pieces, file, shown = null) {
    this.#model = { pieces, file, shown };
    this.#later();
  }

  #later() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      if (this.#model?.file) this.#draw();
    });
  }

  #legend() {
    const items = KEYS.map(([key, text]) => el("li", {}, el("i", { class: `swatch ${key}` }), text));
    return el("ul", { class: "legend" }, items);
  }

  #seek(event) {
    const box = this.#canvas.getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    this.dispatchEvent(new CustomEvent("seekto", { detail: share, bubbles: true }));
  }

  #readColours() {
    const style = getComputedStyle(this);
    for (const name of ["none", "had", "flying", "tier0", "tier1", "tier2", "tier3", "index", "reader", "shown"]) {
      this.#colours[name] = style.getPropertyValue(`--map-${name}`).trim();
    }
  }

  #draw() {
    const canvas = this.#canvas;
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (!width || !height) return;
    if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
    if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio);
    this.#readColours();
    const pen = canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    const bar = { top: 12, height: height - 18 };
    pen.fillStyle = this.#colours.none;
    pen.fillRect(0, bar.top, width, bar.height);
    const { pieces, file, shown } = this.#model;
    if (pieces.known) {
      this.#cells(pen, width, bar);
      this.#indexOf(pen, width, height, bar);
      for (const head of pieces.readers(file)) {
        this.#marker(pen, ((head.position - file.offset) / Math.max(1, file.size)) * width, bar, head.waiting);
      }
    }
    if (shown !== null) {
      pen.fillStyle = this.#colours.shown;
      pen.fillRect(Math.min(width - 2, shown * width), bar.top - 4, 2, bar.height + 8);
    }
    this.#speak();
  }

  /** Many pieces share one column, or one piece has many: both are shares of pieces, painted over one another. */
  #cells(pen, width, bar) {
    const { pieces, file } = this.#model;
    const [first, last] = pieces.range(file);
    const count = last - first + 1;
    const columns = Math.min(count, Math.floor(width));
    const step = width / columns;
    const gap = step >= 5 ? 1 : 0;
    for (let column = 0; column < columns; column += 1) {
      const from = first + Math.floor((column * count) / columns);
      const to = first + Math.max(Math.floor(((column + 1) * count) / columns), Math.floor((column * count) / columns) + 1);
      let had = 0;
      let flying = 0;
      let tier = 0;
      for (let piece = from; piece < to; piece += 1) {
        had += pieces.have[piece];
        flying += pieces.flying[piece];
        const level = pieces.wanted[piece];
        if (level && (!tier || level < tier)) tier = level;
      }
      const paint = (colour, share) => {
        pen.fillStyle = colour;
        const tall = Math.max(2, bar.height * share);
        pen.fillRect(column * step, bar.top + bar.height - tall, step - gap + (gap ? 0 : 0.5), tall);
      };
      if (tier) paint(this.#colours[`tier${tier - 1}`], 1);
      if (flying) paint(this.#colours.flying, 1);
      if (had) paint(this.#colours.had, had / (to - from));
    }
  }

  #indexOf(pen, width, height, bar) {
    const { pieces, file } = this.#model;
    pen.fillStyle = this.#colours.index;
    for (const [start, end] of pieces.index) {
      if (end <= file.offset || start >= file.offset + file.size) continue;
      const x = ((start - file.offset) / file.size) * width;
      const wide = Math.max(3, ((end - start) / file.size) * width);
      pen.fillRect(Math.min(x, width - wide), bar.top + bar.height + 2, wide, height - bar.top - bar.height - 2);
    }
  }

  #marker(pen, x, bar, waiting) {
    const at = Math.min(Math.max(x, 5), pen.canvas.clientWidth - 5);
    pen.fillStyle = this.#colours.reader;
    pen.beginPath();
    pen.moveTo(at - 5, bar.top - 10);
    pen.lineTo(at + 5, bar.top - 10);
    pen.lineTo(at, bar.top - 1);
    pen.fill();
    if (waiting) pen.fillRect(at - 0.5, bar.top, 1.5, bar.height);
  }

  /** In words for who does not see it; not with each piece. */
  #speak() {
    if (performance.now() - this.#spoken < SPOKEN_EVERY) return;
    this.#spoken = performance.now();
    const { pieces, file, shown } = this.#model;
    const readers = pieces.readers(file).length;
    const parts = [
      `Stream map: ${words.percent(pieces.share(file))} of the file is there`,
      `${readers === 1 ? "1 reader" : `${readers} readers`}`,
      shown === null ? "" : `shown at ${words.percent(shown)}`,
    ];
    this.#canvas.setAttribute("aria-label", parts.filter(Boolean).join(", "));
  }
}

customElements.define("hr-map", StreamMap);
