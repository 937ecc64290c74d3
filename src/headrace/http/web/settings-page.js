// <hr-settings>: limits of all torrents together, and who is logged in.

import * as api from "./api.js";
import { el, icon, say, toast } from "./dom.js";
import { live } from "./live.js";
import { browserName } from "./words.js";

const MB = 1e6;
const GB = 1e9;
const DATE = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const date = (seconds) => DATE.format(new Date(seconds * 1000));

/** Name, label, bytes in one of its unit, what an empty field means. */
const LIMITS = [
  ["down_limit", "Download, MB/s", MB],
  ["up_limit", "Upload, MB/s", MB],
  ["max_peers", "Peers", 1],
];

class SettingsPage extends HTMLElement {
  #end = new AbortController();
  #limits = el("form", { class: "settings" });
  #limitsBox = el("section", { class: "panel", "aria-labelledby": "limits-title", hidden: true });
  #logins = el("ul", { class: "logins" });
  #others = el("button", { type: "button", class: "danger", hidden: true, onclick: () => this.#endOthers() }, "Log out all others");
  #about = el("p", { class: "hint" });
  #problem = el("div", { role: "alert" });

  connectedCallback() {
    document.title = "Settings – Headrace";
    this.#limitsBox.append(
      el("h2", { id: "limits-title" }, "Limits"),
      el("p", { class: "hint" }, "Of all torrents together. They count at once, and after a restart unless the server is started with others."),
      this.#limits);
    this.append(
      el("a", { class: "back", href: "#/" }, icon("back"), "Library"),
      el("h1", { class: "title" }, "Settings"),
      this.#problem, this.#limitsBox,
      el("section", { class: "panel", "aria-labelledby": "logins-title" },
        el("h2", { id: "logins-title" }, "Browsers that are logged in"), this.#about, this.#logins,
        el("div", { class: "actions" }, this.#others)));
    this.#limits.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#save();
    });
    live.follow();
    live.again(() => this.#load(), this.#end.signal);
    this.#load();
  }

  disconnectedCallback() {
    this.#end.abort();
  }

  async #load() {
    this.#problem.replaceChildren();
    await Promise.all([
      this.#try(async () => this.#showLimits(await api.settings())),
      this.#try(async () => this.#showLogins(await api.logins())),
    ]);
  }

  async #try(action) {
    try {
      await action();
    } catch (error) {
      if (!(error instanceof api.ApiError)) throw error;
      if (error.status === 401) return; // the dialog says it
      // a server of one torrent has nothing to set
      if (error.status !== 404) this.#problem.replaceChildren(el("p", { class: "problem" }, error.text));
    }
  }

  // limits
  #showLimits(settings) {
    this.#limitsBox.hidden = false;
    const fields = LIMITS.map(([name, label, unit]) => field(name, label, settings[name] ? settings[name] / unit : "", unit === 1));
    this.#limits.replaceChildren(
      el("div", { class: "fields" }, ...fields, quotaField(settings.quota)),
      el("div", { class: "actions" }, el("button", { type: "submit", class: "primary" }, "Save")));
  }

  async #save() {
    const form = this.#limits;
    const change = {};
    for (const [name, , unit] of LIMITS) {
      const { value, defaultValue } = form.elements[name];
      if (value !== defaultValue) change[name] = Math.round(Number(value) * unit);
    }
    const { quota, quota_size: size } = form.elements;
    if (quota.value !== quota.dataset.was || size.value !== size.defaultValue) {
      change.quota = quota.value === "size" ? Math.round(Number(size.value) * GB) : quota.value === "none" ? null : "default";
    }
    if (!Object.keys(change).length) return toast("Nothing is different.");
    this.#problem.replaceChildren();
    await this.#try(async () => {
      this.#showLimits(await api.changeSettings(change));
      toast("Saved");
    });
  }

  // logins
  #showLogins(logins) {
    const others = logins.filter((each) => !each.current).length;
    say(this.#about, logins.length
      ? "Each has a cookie of its own, for 180 days. Whoever is logged out is asked for the token again."
      : "None: nobody is asked for a token here, or programs alone have used it.");
    this.#others.hidden = others < 2;
    logins.sort((a, b) => b.current - a.current || b.created - a.created);
    this.#logins.replaceChildren(...logins.map((login) => this.#login(login)));
  }

  #login({ id, label, created, current }) {
    const name = browserName(label);
    return el("li", { class: "login-row" },
      el("div", { class: "login-text" },
        el("p", { class: "login-name", title: label }, name, current ? el("span", { class: "badge" }, "This browser") : null),
        el("p", { class: "hint" }, `Since ${date(created)}`)),
      current
        ? el("button", { type: "button", onclick: () => this.#logOut() }, "Log out")
        : el("button", { type: "button", "aria-label": `Log out ${name}, since ${date(created)}`, onclick: () => this.#endLogin(id, name) }, "Log out"));
  }

  async #endLogin(id, name) {
    await this.#try(async () => {
      await api.endLogin(id);
      toast(`${name} was logged out.`);
    });
    await this.#load();
  }

  async #endOthers() {
    await this.#try(async () => {
      const { ended } = await api.endOtherLogins();
      toast(`${ended} ${ended === 1 ? "browser was" : "browsers were"} logged out.`);
    });
    await this.#load();
  }

  async #logOut() {
    await this.#try(async () => {
      await api.logOut();
      location.replace("/"); // and nothing of what was shown is left
    });
  }
}

function field(name, label, value, whole) {
  return el("div", { class: "field" },
    el("label", { for: `set-${name}` }, label),
    el("input", { id: `set-${name}`, name, type: "number", inputmode: "decimal", min: whole ? 1 : 0, step: whole ? 1 : "any", required: whole, value: String(value), placeholder: whole ? "" : "no limit" }));
}

function quotaField(quota) {
  const was = quota === null ? "none" : quota === "default" ? "default" : "size";
  const options = [["default", "As the server was started"], ["size", "At most"], ["none", "No limit"]];
  const size = el("input", { name: "quota_size", type: "number", inputmode: "decimal", min: "0", step: "any", "aria-label": "Gigabytes to keep at most", value: was === "size" ? String(quota / GB) : "" });
  const choice = el("select", { id: "set-quota", name: "quota", "data-was": was },
    options.map(([value, text]) => el("option", { value, selected: value === was }, text)));
  const unit = el("span", {}, "GB");
  const fit = () => {
    size.hidden = unit.hidden = choice.value !== "size";
    size.required = choice.value === "size";
  };
  choice.addEventListener("change", fit);
  fit();
  return el("div", { class: "field" }, el("label", { for: "set-quota" }, "Room on the disk"), el("div", { class: "quota" }, choice, size, unit));
}

customElements.define("hr-settings", SettingsPage);
