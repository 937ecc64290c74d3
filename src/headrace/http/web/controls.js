// The player's controls: media-chrome's elements round the video, in our order.

import { el } from "./dom.js";

const RATES = "0.5 0.75 1 1.25 1.5 1.75 2";

/** A <media-controller> with the video in it. `next` and `cast` are our own buttons for the bar. */
export function controls(video, next, cast) {
  const menus = [
    el("media-captions-menu", { hidden: true, anchor: "auto" }),
    el("media-audio-track-menu", { hidden: true, anchor: "auto" }),
    el("media-playback-rate-menu", { hidden: true, anchor: "auto", rates: RATES }),
  ];
  const bar = el("media-control-bar", {},
    el("media-play-button"),
    next,
    el("media-seek-backward-button", { seekoffset: "10", class: "wide" }),
    el("media-seek-forward-button", { seekoffset: "10", class: "wide" }),
    el("media-mute-button", { class: "wide" }), // phones have buttons for it
    el("media-volume-range", { class: "wide" }),
    el("media-time-display", { showduration: true }),
    el("span", { class: "spacer" }),
    el("media-captions-menu-button"),
    el("media-audio-track-menu-button"),
    el("media-playback-rate-menu-button", { class: "wide" }),
    cast,
    el("media-pip-button", { class: "wide" }),
    el("media-fullscreen-button"));
  return el("media-controller", { nohotkeys: true, autohide: "3" },
    video,
    el("media-loading-indicator", { slot: "centered-chrome", noautohide: true }),
    menus,
    el("media-control-bar", { class: "timeline" }, el("media-time-range")),
    bar);
}
