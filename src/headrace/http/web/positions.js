// Where somebody stopped. The server keeps it, so that another screen goes on there; where the server keeps none
// (a single `headrace play`), this browser does.

import * as api from "./api.js";

const MISSING = new Set([404, 405, 501]);
const NEARLY_DONE = 0.95;
const TOO_EARLY = 10;

const key = (infohash, index) => `headrace:${infohash}:${index}`;

/** Seconds to go on from; 0 to begin anew: nothing is known, or it was watched to its end. */
export async function resumePoint(infohash, index) {
  try {
    return (await api.position(infohash, index)).resume;
  } catch (error) {
    if (!(error instanceof api.ApiError)) throw error;
    return MISSING.has(error.status) ? keptPoint(kept(infohash, index)) : 0;
  }
}

function keptPoint(known) {
  if (!(known?.seconds > TOO_EARLY)) return 0;
  return known.duration && known.seconds > known.duration * NEARLY_DONE ? 0 : known.seconds;
}

function kept(infohash, index) {
  try {
    return JSON.parse(localStorage.getItem(key(infohash, index)));
  } catch {
    return null; // storage is off, or holds something else
  }
}

export async function savePosition(infohash, index, seconds, duration) {
  const what = { seconds: Math.round(seconds * 10) / 10, duration: Number.isFinite(duration) ? duration : null };
  try {
    await api.setPosition(infohash, index, what);
  } catch (error) {
    if (!(error instanceof api.ApiError)) throw error;
    if (MISSING.has(error.status)) keep(infohash, index, what);
  }
}

function keep(infohash, index, what) {
  try {
    localStorage.setItem(key(infohash, index), JSON.stringify(what));
  } catch {
    // storage is off or full: then it is not kept
  }
}
