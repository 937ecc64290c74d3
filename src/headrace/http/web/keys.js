// The player's keys, as YouTube has them.

import { el } from "./dom.js";

const HELP = [
  ["K or Space", "play, pause"],
  ["J, L", "10 seconds back, on"],
  ["← →", "5 seconds back, on"],
  ["↑ ↓", "louder, quieter"],
  ["M", "mute"],
  ["F", "full screen"],
  ["C", "subtitles"],
  ["I", "picture in picture"],
  ["0 … 9", "to 0 % … 90 %"],
  ["Home, End", "to the start, the end"],
  ["< >", "slower, faster"],
  [", .", "a picture back, on (paused)"],
  ["Shift+N, Shift+P", "next, previous"],
  ["?", "these keys"],
];
const PICTURE = 1 / 24;
const SPEEDS = [0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2];

/** Hear keys anywhere on the page, but not what fields, menus and sliders take themselves. */
export function listenForKeys(page, signal) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || taken(event)) return;
    const actions = actionsOn(page.video(), page);
    const digit = /^[0-9]$/.test(event.key) ? () => actions.share(Number(event.key) / 10) : null;
    const action = digit ?? actions[event.key] ?? (event.shiftKey ? null : actions[event.key.toLowerCase()]);
    if (!action) return;
    event.preventDefault();
    action();
  }, { signal });
}

/** By key. `video` may be a film on a device, which has no speed, no pictures and no subtitles to choose from here. */
function actionsOn(video, page) {
  const to = (seconds) => {
    const end = Number.isFinite(video.duration) ? video.duration : Infinity;
    video.currentTime = Math.min(Math.max(0, seconds), end);
  };
  const by = (seconds) => to(video.currentTime + seconds);
  const share = (part) => Number.isFinite(video.duration) && to(part * video.duration);
  const loud = (change) => {
    video.muted = false;
    video.volume = Math.min(1, Math.max(0, video.volume + change));
  };
  const speed = (step) => {
    const place = SPEEDS.findIndex((rate) => rate >= video.playbackRate - 0.001);
    video.playbackRate = SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, place + step))];
  };
  const pictures = video.paused && video.videoWidth;
  const toggle = () => (video.paused ? video.play().catch(() => {}) : video.pause());
  return {
    share,
    k: toggle, " ": toggle,
    j: () => by(-10), l: () => by(10),
    ArrowLeft: () => by(-5), ArrowRight: () => by(5),
    ArrowUp: () => loud(0.05), ArrowDown: () => loud(-0.05),
    m: () => { video.muted = !video.muted; },
    f: () => fullscreen(page.stage()),
    c: () => captions(video),
    i: () => pictureInPicture(video),
    Home: () => to(0), End: () => share(1),
    "<": () => speed(-1), ">": () => speed(1),
    ",": () => pictures && by(-PICTURE), ".": () => pictures && by(PICTURE),
    N: () => page.go(1), P: () => page.go(-1),
    "?": helpDialog,
  };
}

/** Whether the key belongs to what has the focus. */
function taken(event) {
  const target = event.target;
  if (document.querySelector("dialog[open]") || target.closest("input:not([type=range]), textarea, select")) return true;
  const name = target.localName;
  if (event.key === " " || event.key === "Enter") {
    return Boolean(target.closest("button, a, summary")) || /^media-.*(button|menu|item)$/.test(name);
  }
  if (event.key.startsWith("Arrow") || event.key === "Home" || event.key === "End") {
    return name === "input" || /^media-.*(range|menu|item)$/.test(name);
  }
  return false;
}

function fullscreen(stage) {
  if (document.fullscreenElement) document.exitFullscreen();
  else stage.requestFullscreen?.().catch(() => {});
}

function pictureInPicture(video) {
  if (document.pictureInPictureElement) document.exitPictureInPicture();
  else video.requestPictureInPicture?.().catch(() => {});
}

function captions(video) {
  const tracks = [...video.textTracks].filter((track) => track.kind === "subtitles");
  const shown = tracks.find((track) => track.mode === "showing");
  if (shown) shown.mode = "disabled";
  else if (tracks.length) tracks[0].mode = "showing";
}

export function helpDialog() {
  const dialog = el("dialog", { class: "dialog", "aria-labelledby": "keys-title" },
    el("h2", { id: "keys-title" }, "Keys"),
    el("dl", { class: "keys" }, HELP.map(([keys, what]) => el("div", {}, el("dt", {}, keys), el("dd", {}, what)))),
    el("form", { method: "dialog", class: "actions" }, el("button", { class: "quiet", autofocus: true }, "Close")));
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  dialog.showModal();
}
