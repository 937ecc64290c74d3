// <hr-casts>: what plays on devices, at the foot of every page: one bar each, with what steers it.

import * as api from "./api.js";
import { casts, phrase, placePhrase } from "./casts.js";
import { el, icon, say } from "./dom.js";
import * as words from "./words.js";

class Bar {
  #cast;
  #held = false;
  #title = el("a", { class: "cast-title" });
  #state = el("p", { class: "cast-state", role: "status" });
  #place = el("input", { type: "range", class: "cast-place", min: "0", step: "1", "aria-label": "Position" });
  #time = el("span", { class: "cast-time" });
  #toggle = this.#button("play", () => this.#steer({ paused: this.#cast.state !== "paused" }));
  #mute = this.#button("sound", () => this.#steer({ muted: !this.#cast.muted }));
  #volume = el("input", { type: "range", class: "cast-volume", min: "0", max: "100", step: "1" });
  #stop = this.#button("stop", () => casts.stop(this.#cast.id));

  constructor(cast) {
    this.#cast = cast;
    this.node = el("section", { class: "cast-bar", "aria-label": `On ${cast.name}` },
      el("div", { class: "cast-text" }, this.#title, this.#state),
      el("div", { class: "cast-buttons" }, this.#toggle, this.#mute, this.#volume, this.#stop),
      el("div", { class: "cast-line" }, this.#place, this.#time));
    this.#stop.setAttribute("aria-label", `Stop on ${cast.name}`);
    this.#volume.setAttribute("aria-label", `Volume of ${cast.name}`);
    this.#place.addEventListener("input", () => { // while it is dragged it follows the finger, and not the film
      this.#held = true;
      this.#say(Number(this.#place.value));
    });
    this.#place.addEventListener("change", () => {
      this.#held = false;
      this.#steer({ position: Number(this.#place.value) });
    });
    this.#volume.addEventListener("input", () => this.#steer({ volume: Number(this.#volume.value) / 100 }));
    this.#name();
    this.update(cast);
  }

  #button(name, onclick) {
    return el("button", { type: "button", class: "quiet", onclick }, icon(name));
  }

  #steer(change) {
    casts.steer(this.#cast.id, change);
  }

  /** What it is called is in the torrent. */
  async #name() {
    const { infohash, index } = this.#cast;
    this.#title.href = `#/t/${infohash}/${index}`;
    const files = await api.files(infohash).catch(() => []);
    const file = files.find((each) => each.index === index);
    say(this.#title, file ? words.fileTitle(file) : "A film");
  }

  update(cast) {
    this.#cast = cast;
    say(this.#state, phrase(cast));
    draw(this.#toggle, cast.state === "paused" ? "play" : "pause", cast.state === "paused" ? "Go on" : "Pause");
    this.#toggle.disabled = cast.state === "starting";
    this.#mute.hidden = cast.muted === null;
    draw(this.#mute, cast.muted ? "mute" : "sound", cast.muted ? "Sound on" : "Mute");
    this.#volume.hidden = cast.volume === null;
    const loud = String(Math.round((cast.volume ?? 0) * 100));
    if (this.#volume.value !== loud) this.#volume.value = loud;
    this.#place.disabled = !cast.duration || cast.state === "starting";
    if (this.#held) return;
    this.#place.max = String(Math.floor(cast.duration ?? 0));
    this.#place.value = String(Math.floor(cast.position ?? 0));
    this.#say(cast.position ?? 0);
  }

  #say(position) {
    const text = placePhrase({ position, duration: this.#cast.duration });
    say(this.#time, text.replace(" of ", " / "));
    this.#place.setAttribute("aria-valuetext", text);
  }
}

/** Another picture and name for a button, if they are others. */
function draw(button, name, label) {
  if (button.getAttribute("aria-label") === label) return;
  button.setAttribute("aria-label", label);
  button.replaceChildren(icon(name));
}

class CastBars extends HTMLElement {
  #bars = new Map();

  connectedCallback() {
    casts.addEventListener("change", () => this.#show());
    this.#show();
  }

  #show() {
    for (const [id, { node }] of this.#bars) {
      if (casts.get(id)) continue;
      node.remove();
      this.#bars.delete(id);
    }
    for (const cast of casts.all) {
      const bar = this.#bars.get(cast.id);
      if (bar) {
        bar.update(cast);
        continue;
      }
      const made = new Bar(cast);
      this.#bars.set(cast.id, made);
      this.append(made.node);
    }
  }
}

customElements.define("hr-casts", CastBars);
