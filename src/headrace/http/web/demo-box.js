// <hr-demo>: a torrent for who has none: the server makes a video and a swarm, and the page goes there.
// It shows nothing where the server has no demo.

import * as api from "./api.js";
import { el, icon, say } from "./dom.js";
import { live } from "./live.js";

const ABOUT = "No torrent at hand? The server makes a short video and shares it with itself: a real swarm on one machine, and nothing leaves it.";

class DemoBox extends HTMLElement {
  #end = new AbortController();
  #label = el("span", {}, "Try the demo torrent");
  #button = el("button", { type: "button", class: "primary", onclick: () => this.#begin() }, icon("play"), this.#label);
  #bar = el("progress", { max: "1", "aria-label": "The demo's video", hidden: true });
  #error = el("p", { class: "problem", role: "alert" });
  /** Whether somebody here waits for it. */
  wanted = false;

  async connectedCallback() {
    if (this.childElementCount) return;
    live.hear((news) => news.event === "demo" && this.#show(news), this.#end.signal);
    const state = await api.demo().catch(() => null);
    if (!state) return;
    this.append(el("p", {}, ABOUT), el("div", { class: "actions" }, this.#button), this.#bar, this.#error);
    this.#show(state);
  }

  /** For good: moved about in the page it goes on. */
  close() {
    this.#end.abort();
  }

  async #begin() {
    this.wanted = true;
    say(this.#error, "");
    this.#button.disabled = true;
    try {
      this.#show(await api.beginDemo());
    } catch (error) {
      if (!(error instanceof api.ApiError)) throw error;
      this.#show({ state: "failed", message: error.message, hint: error.hint });
    }
  }

  #show({ state, share = 0, infohash = null, message = "", hint = "" }) {
    const making = state === "making";
    this.#button.disabled = making;
    this.#bar.hidden = !making;
    this.#bar.value = share;
    say(this.#label, !making ? "Try the demo torrent" : share < 1 ? "Making a video…" : "Starting its swarm…");
    say(this.#error, state === "failed" ? [message, hint].filter(Boolean).join(" ") : "");
    if (state === "ready" && this.wanted) location.hash = `#/t/${infohash}/0`;
    if (!making) this.wanted = false;
  }
}

customElements.define("hr-demo", DemoBox);
