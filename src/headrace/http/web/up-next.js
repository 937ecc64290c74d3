// What comes after the film: offered near its end, and its start is fetched by then.

import { el } from "./dom.js";
import * as words from "./words.js";

/** Seconds before the end from which the next one's start is fetched, and how much of it. */
const PREFETCH_BEFORE = 90;
const PREFETCH_BYTES = 4 * 1024 * 1024;
/** Seconds before the end, and at most this share of the whole, in which the next one is offered. */
const OFFER_BEFORE = 20;
const OFFER_SHARE = 0.1;
const OFFER_LEAST = 5;

export class UpNext {
  #video;
  #go;
  #prefetched = false;
  #refused = null; // the film after which none is to follow
  #file = null;
  node = el("div", { class: "up-next", hidden: true });

  /** `go` plays the next one. */
  constructor(video, go) {
    this.#video = video;
    this.#go = go;
  }

  /** Another film plays, or none. */
  reset() {
    this.#prefetched = false;
    this.node.hidden = true;
  }

  /** Whether the next one is to play by itself. */
  wanted(file) {
    return this.#refused !== file.index;
  }

  /** The film went on; `next` comes after it, from this address. `signal` ends what is fetched. */
  ticked(file, next, url, signal) {
    const left = this.#video.duration - this.#video.currentTime;
    if (!Number.isFinite(left) || left > PREFETCH_BEFORE) return;
    this.#file = file;
    this.#prefetch(next, url, signal);
    this.#offer(next, left);
  }

  /** A range request is a reader: the server fetches the file's index and start for it. */
  #prefetch(next, url, signal) {
    if (this.#prefetched || this.#video.paused) return;
    this.#prefetched = true;
    const last = Math.min(next.size, PREFETCH_BYTES) - 1;
    fetch(url, { headers: { Range: `bytes=0-${last}` }, signal, cache: "no-store" })
      .then((response) => response.body.pipeTo(new WritableStream()))
      .catch(() => {}); // what matters is asking; the player will say what fails
  }

  #offer(next, left) {
    const before = Math.max(OFFER_LEAST, Math.min(OFFER_BEFORE, this.#video.duration * OFFER_SHARE));
    const hidden = left > before || !this.wanted(this.#file);
    if (!hidden && this.node.hidden) {
      this.node.replaceChildren(
        el("p", {}, el("b", {}, "Next: "), words.fileTitle(next)),
        el("button", { type: "button", class: "primary", onclick: this.#go }, "Play now"),
        el("button", { type: "button", onclick: () => this.#stay() }, "Stay here"));
    }
    this.node.hidden = hidden;
  }

  #stay() {
    this.#refused = this.#file.index;
    this.node.hidden = true;
  }
}
