// The dialog that has a device in the network play a film. Rules: devices are looked for when it opens, or when
// somebody asks again; closing it calls off whatever it has begun. Errors are told in the server's words.

import * as api from "./api.js";
import { casts } from "./casts.js";
import { el, icon, say } from "./dom.js";
import { resumePoint } from "./positions.js";

const KINDS = { chromecast: "Chromecast", dlna: "DLNA" };

/** `what`: `{infohash, index, name}`. Of a film that plays here also `start()`, which pauses it and says where it is
 * (null: not known), `subtitles()` (a track, "none", or empty), `begun(cast)` and `failed()`. */
export function castDialog(what) {
  const dialog = new CastDialog(what).node;
  document.body.append(dialog);
  dialog.showModal();
}

class CastDialog {
  #what;
  #end = new AbortController();
  #status = el("p", { class: "cast-status", role: "status" });
  #list = el("ul", { class: "devices" });
  #problem = el("p", { class: "problem", role: "alert" });
  #again = el("button", { type: "button", hidden: true, onclick: () => this.#look() }, "Look again");
  #kind = el("select", { "aria-label": "Kind of device" },
    el("option", { value: "cast" }, "Chromecast"), el("option", { value: "dlna" }, "DLNA"));
  #address = el("input", { type: "text", id: "cast-address", required: true, autocomplete: "off", spellcheck: "false", placeholder: "192.168.1.20" });

  constructor(what) {
    this.#what = what;
    this.node = el("dialog", { class: "dialog cast", "aria-labelledby": "cast-heading" },
      el("h2", { id: "cast-heading" }, "Play on a device"),
      el("p", { class: "share-name" }, what.name),
      this.#status, this.#list, this.#problem, this.#elsewhere(),
      el("form", { method: "dialog", class: "actions" }, this.#again, el("button", { class: "quiet", autofocus: true }, "Close")));
    this.node.addEventListener("close", () => {
      this.#end.abort();
      this.node.remove();
    });
    this.node.addEventListener("click", (event) => event.target === this.node && this.node.close());
    this.#look();
  }

  /** Where multicast does not pass, devices are found by address alone. */
  #elsewhere() {
    const form = el("form", {},
      el("label", { for: "cast-address" }, "Its address, or for DLNA the URL of its description"),
      el("div", { class: "cast-where" }, this.#kind, this.#address, el("button", { type: "submit" }, "Play there")));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const address = this.#address.value.trim();
      if (address) this.#begin(`${this.#kind.value}:${address}`, address);
    });
    return el("details", { class: "cast-elsewhere" }, el("summary", {}, "Not in the list?"), form);
  }

  async #look() {
    this.#busy("Looking for devices…");
    this.#list.replaceChildren();
    try {
      this.#found(await api.devices(this.#end.signal));
    } catch (error) {
      this.#failed(error);
    }
  }

  #found(devices) {
    this.#list.replaceChildren(...devices.map((device) => this.#row(device)));
    this.#idle(devices.length
      ? "Where is it to play?"
      : "No device answered. Is it on, and in the same network as the server?");
  }

  #row({ id, name, kind, model }) {
    const about = [KINDS[kind] ?? kind, model === name ? "" : model].filter(Boolean).join(" · ");
    return el("li", {}, el("button", { type: "button", onclick: () => this.#begin(id, name) },
      icon("cast"), el("span", { class: "device-text" }, name, el("span", { class: "hint" }, about))));
  }

  async #begin(device, name) {
    this.#busy(`Starting on ${name}…`);
    const { infohash, index } = this.#what;
    try {
      const start = this.#what.start?.() ?? await resumePoint(infohash, index);
      const subtitles = this.#what.subtitles?.();
      const wish = { device, infohash, index, start, ...(subtitles && { subtitles }) };
      const cast = await casts.begin(wish, this.#end.signal);
      this.node.close();
      this.#what.begun?.(cast); // after the focus has gone back
    } catch (error) {
      this.#what.failed?.();
      this.#failed(error);
    }
  }

  #busy(text) {
    say(this.#status, text);
    say(this.#problem, "");
    this.node.classList.add("busy");
    this.#again.hidden = true;
    this.#buttons(true);
  }

  #idle(text) {
    say(this.#status, text);
    this.node.classList.remove("busy");
    this.#again.hidden = false;
    this.#buttons(false);
  }

  #buttons(disabled) {
    for (const button of this.node.querySelectorAll(".devices button, .cast-where button")) button.disabled = disabled;
  }

  #failed(error) {
    if (!(error instanceof api.ApiError)) throw error;
    if (this.#end.signal.aborted) return; // nobody waits for it any more
    this.#idle(this.#list.childElementCount ? "Where is it to play?" : "");
    say(this.#problem, error.text);
  }
}
