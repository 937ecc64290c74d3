// Sizes, times and states in words. Sizes and rates in bytes, times in seconds.

/** Entries of a list that are a lot. */
export const MANY = 60;

const UNITS = ["B", "kB", "MB", "GB", "TB"];

export function size(bytes) {
  if (bytes === null || bytes === undefined) return "–";
  let unit = 0;
  let value = bytes;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit && value < 99.5 ? value.toFixed(1) : Math.round(value)}\u00a0${UNITS[unit]}`;
}

/** The word joiner keeps Firefox from breaking the line at the stroke. */
export const rate = (bytes) => `${size(bytes)}/\u2060s`;

/** 1:02:03, or 4:05. */
export function clock(seconds) {
  if (!Number.isFinite(seconds)) return "–:––";
  const whole = Math.max(0, Math.floor(seconds));
  const two = (number) => String(number).padStart(2, "0");
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** "about 40 s", "about 3 min". */
export function about(seconds) {
  if (seconds < 1.5) return "a second";
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

export const percent = (share) => `${share >= 1 ? 100 : Math.min(99, Math.floor(share * 100))} %`;

const STATES = {
  failed: "Failed",
  paused: "Paused",
  checking: "Checking what is on the disk",
  metadata: "Asking peers what it is",
  connecting: "Looking for peers",
  buffering: "Getting the first pieces",
  ready: "Ready to play",
  playing: "Being watched",
  waiting: "Waiting for data",
  finished: "Complete",
};

/** Of a torrent whose data had to go; it comes again when somebody watches. */
export const EVICTED = "Removed to make room";

export const state = (word) => STATES[word] ?? word;

const REASONS = {
  no_metadata: "Waiting for what the torrent holds",
  no_peers: "Nobody to fetch from yet",
  piece_unavailable: "Nobody who is connected has the next piece",
  choked: "Peers do not let us download yet",
  slow: "The swarm is slower than the video",
  disk: "The disk",
  checking: "Checking what is on the disk",
  paused: "Paused",
};

export const reason = (word) => REASONS[word] ?? word;

const LANGUAGES = (() => {
  try {
    return new Intl.DisplayNames(undefined, { type: "language" });
  } catch {
    return null;
  }
})();

export function language(tag) {
  try {
    return (tag && LANGUAGES?.of(tag)) || tag || "";
  } catch {
    return tag;
  }
}

/** What a subtitle track is called in a menu. */
export function trackLabel(track) {
  const extra = [track.forced && "forced", track.hearing_impaired && "SDH"].filter(Boolean).join(", ");
  const inside = track.file === null;
  const title = inside ? track.name : track.name.replace(/\.[^.]*$/, "");
  const name = language(track.language) || title || "Subtitles";
  if (inside && title && title.toLowerCase() !== name.toLowerCase()) return `${name} – ${title}`;
  return extra ? `${name} (${extra})` : name;
}

export function episodeLabel(episode) {
  if (!episode) return "";
  const numbers = episode.episodes;
  const two = (number) => String(number).padStart(2, "0");
  const last = numbers.length > 1 ? `–${two(numbers[numbers.length - 1])}` : "";
  return `${episode.season === null ? "" : `S${two(episode.season)}`}E${two(numbers[0])}${last}`;
}

const BROWSERS = [[/Edg/, "Edge"], [/OPR/, "Opera"], [/Firefox|FxiOS/, "Firefox"], [/Chrom|CriOS/, "Chrome"], [/Safari|Version\/.*Mob/, "Safari"]];
const SYSTEMS = [[/Windows/, "Windows"], [/Android/, "Android"], [/iPhone/, "iPhone"], [/iPad/, "iPad"], [/Mac OS/, "macOS"], [/CrOS/, "ChromeOS"], [/Linux/, "Linux"]];

/** Out of what a browser calls itself; that as it is where it is none that we know. */
export function browserName(label) {
  const found = (table) => table.find(([pattern]) => pattern.test(label))?.[1];
  const [browser, system] = [found(BROWSERS), found(SYSTEMS)];
  return browser && system ? `${browser} on ${system}` : browser ?? (label || "Without a name");
}

/** What a file is called in a heading: its episode stands first where its name does not say it. */
export function fileTitle(file) {
  const [label, name] = [episodeLabel(file.episode), baseName(file.path)];
  return !label || name.toUpperCase().includes(label) ? name : `${label} · ${name}`;
}

export const baseName = (path) => path.slice(path.lastIndexOf("/") + 1);

/** A path without the torrent's own folder. */
export const inside = (path, name) => (path.startsWith(`${name}/`) ? path.slice(name.length + 1) : path);
