// <hr-add>: a torrent by pasted text, a dropped or chosen .torrent, or dropped text.

import * as api from "./api.js";
import { el, icon, say } from "./dom.js";

const LARGEST = 32 * 1024 * 1024;

class AddBox extends HTMLElement {
  #end = new AbortController();
  #input = el("input", {
    id: "source", name: "source", type: "text", autocomplete: "off", spellcheck: "false", autocapitalize: "off",
    placeholder: "Magnet link, info-hash or address of a .torrent", "aria-describedby": "add-error",
  });
  #file = el("input", { type: "file", accept: ".torrent,application/x-bittorrent", class: "offscreen", tabindex: "-1", "aria-label": "A .torrent file" });
  #error = el("p", { id: "add-error", class: "problem", role: "alert" });
  #submit = el("button", { class: "primary", type: "submit" }, icon("plus"), el("span", {}, "Add"));

  connectedCallback() {
    const signal = this.#end.signal;
    const choose = el("button", { type: "button", class: "quiet", onclick: () => this.#file.click() }, icon("file"), el("span", {}, "Open a .torrent"));
    const form = el("form", { class: "add" },
      el("label", { for: "source", class: "offscreen" }, "Magnet link, info-hash or address of a .torrent"),
      this.#input, this.#submit, choose, this.#file);
    this.append(form, this.#error);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#text(this.#input.value);
    });
    this.#file.addEventListener("change", () => this.#take([...this.#file.files], ""));
    this.#listenForDrops(signal);
    document.addEventListener("paste", (event) => this.#pasted(event), { signal });
  }

  disconnectedCallback() {
    this.#end.abort();
  }

  #listenForDrops(signal) {
    let depth = 0;
    const mark = (by) => {
      depth = Math.max(0, depth + by);
      document.body.classList.toggle("dropping", depth > 0);
    };
    document.addEventListener("dragenter", () => mark(1), { signal });
    document.addEventListener("dragleave", () => mark(-1), { signal });
    document.addEventListener("dragover", (event) => event.preventDefault(), { signal });
    document.addEventListener("drop", (event) => {
      event.preventDefault();
      mark(-depth);
      const data = event.dataTransfer;
      this.#take([...data.files], data.getData("text/uri-list") || data.getData("text/plain"));
    }, { signal });
    signal.addEventListener("abort", () => mark(-depth));
  }

  #pasted(event) {
    if (event.target.closest?.("input, textarea, dialog")) return;
    const files = [...event.clipboardData.files];
    const text = event.clipboardData.getData("text/plain");
    if (files.length || text.trim()) this.#take(files, text);
  }

  #take(files, text) {
    if (!files.length) return this.#text(text);
    return this.#run(async () => {
      const added = [];
      for (const file of files) {
        if (file.size > LARGEST) throw new api.ApiError(0, "too_large", `${file.name} is too large for a .torrent.`, "");
        added.push(await api.addFile(file));
      }
      return added.at(-1);
    });
  }

  #text(text) {
    const source = text.trim().split(/\s*\n/)[0];
    if (!source) {
      say(this.#error, "Paste a magnet link first.");
      return this.#input.focus();
    }
    return this.#run(() => api.add(source));
  }

  async #run(adding) {
    say(this.#error, "");
    this.#submit.disabled = true;
    try {
      const made = await adding();
      this.#input.value = "";
      location.hash = `#/t/${made.infohash}`;
    } catch (error) {
      if (!(error instanceof api.ApiError)) throw error;
      say(this.#error, error.kind === "bad_source" ? `${error.message} A .torrent on this device is opened or dropped here.` : error.text);
    } finally {
      this.#submit.disabled = false;
      this.#file.value = "";
    }
  }
}

customElements.define("hr-add", AddBox);
