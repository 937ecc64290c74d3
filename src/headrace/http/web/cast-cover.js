// The cover over the player while a device plays its film: the video here has let go of the file, and takes it up
// again where the device was.

import * as api from "./api.js";
import { casts, FarVideo, phrase, seen } from "./casts.js";
import { el, icon, say, toast } from "./dom.js";

export class CastCover {
  #page;
  #infohashes = [];
  #index = null;
  #signal;
  #pending = "";
  #taken = null; // the cast that is to go on here
  #text = el("p", { class: "cast-cover-text" });
  #back = el("button", { type: "button", onclick: () => this.#takeBack() }, "Watch here");
  /** The cast of this film, or null; what stands for the video meanwhile. */
  cast = null;
  media = null;
  #began = null;

  /** `page` has `away()`, when a device plays its film; `back(point, plays)`, when none does any more; `next(device)`,
   * when it has come to its end, which returns whether there is one; `moved()`, when it is somewhere else. */
  constructor(page, signal) {
    this.#page = page;
    this.#signal = signal;
    this.node = el("div", { class: "cast-cover", hidden: true }, icon("cast"), this.#text, this.#back);
    casts.addEventListener("change", () => this.#look(), { signal });
    casts.addEventListener("over", ({ detail }) => this.#over(detail), { signal });
  }

  /** Another film is on the page; whether a device plays it. */
  follow(infohashes, index) {
    [this.#infohashes, this.#index] = [infohashes, index];
    this.cast = casts.of(infohashes, index);
    this.#show();
    return this.cast !== null;
  }

  /** This page has begun a cast: it sees to it that the next film follows. */
  begun({ id }) {
    this.#began = id;
    this.#back.focus();
  }

  /** Have a device play the film of the page, as it played the one before. */
  async begin({ device, name }, what) {
    this.#pending = name;
    this.#show();
    let problem = null;
    try {
      this.#began = (await casts.begin({ device, ...what }, this.#signal)).id;
    } catch (error) {
      if (!(error instanceof api.ApiError)) throw error;
      problem = error;
    }
    this.#pending = "";
    this.#show();
    if (!problem || this.#signal.aborted) return;
    toast(problem.text, "error");
    this.#page.back(null, false);
  }

  /** Whether the film is not here, or about to go. */
  get away() {
    return this.cast !== null || this.#pending !== "";
  }

  #look() {
    const cast = this.#index === null ? null : casts.of(this.#infohashes, this.#index);
    if (!cast) return; // that one is over is told with where it was
    const came = !this.cast;
    this.cast = cast;
    this.#show();
    if (came) this.#page.away();
    this.#page.moved();
  }

  #over(cast) {
    if (cast.id !== this.cast?.id) return;
    this.cast = null;
    this.#show();
    const atEnd = seen(cast);
    if (atEnd && cast.id === this.#began && this.#page.next(cast)) return;
    this.#page.back(atEnd ? 0 : cast.position, cast.id === this.#taken);
  }

  /** What lies below is out of reach; the focus stays in the player. */
  #cover(covered) {
    const controls = this.node.parentElement?.querySelector("media-controller");
    if (this.node.hidden !== covered || !controls) return;
    const focused = this.node.contains(document.activeElement);
    controls.inert = covered;
    this.node.hidden = !covered;
    if (focused && !covered) controls.querySelector("media-play-button").focus();
  }

  #takeBack() {
    if (this.#taken === this.cast.id) return;
    this.#taken = this.cast.id;
    casts.stop(this.cast.id);
  }

  #show() {
    const { cast } = this;
    this.#cover(this.away);
    this.media = cast && (this.media?.id === cast.id ? this.media : new FarVideo(cast.id));
    this.#back.hidden = !cast;
    if (this.away) say(this.#text, phrase(cast ?? { state: "starting", name: this.#pending }));
  }
}
