// Where a film goes on, in words, and a way to begin anew. Rule: it goes away by itself as the film goes on (no clock:
// who waits for data keeps it), but not from under a pointer or the focus.

import { el } from "./dom.js";
import * as words from "./words.js";

/** Seconds of the film for which it stays. */
const SHOWN = 10;

export class ResumeNote {
  #video;
  #place = el("span");
  #until = 0;
  #point = 0;

  constructor(video, signal) {
    this.#video = video;
    this.node = el("div", { class: "resume-note", hidden: true },
      el("p", { role: "status" }, this.#place),
      el("button", { type: "button", onclick: () => this.#startOver() }, "Start over"));
    video.addEventListener("timeupdate", () => this.#ticked(), { signal });
  }

  show(point) {
    this.#point = point;
    this.#until = point + SHOWN;
    this.node.hidden = false;
    this.#place.textContent = `Going on at ${words.clock(point)}`; // after it is there: then it is spoken
  }

  hide() {
    if (this.node.contains(document.activeElement)) this.node.parentElement.querySelector("media-play-button")?.focus();
    this.node.hidden = true;
    this.#place.textContent = "";
  }

  #ticked() {
    const { currentTime } = this.#video;
    if (this.node.hidden || this.#video.seeking || this.node.matches(":hover, :focus-within")) return;
    if (currentTime >= this.#until || currentTime < this.#point - 1) this.hide();
  }

  #startOver() {
    this.#video.currentTime = 0;
    this.#video.play().catch(() => {});
    this.hide();
  }
}
