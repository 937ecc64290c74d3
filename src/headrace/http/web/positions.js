// Where somebody stopped. The server keeps it, so that another screen goes on there; where the server keeps none
// (a single `headrace play`), this browser does.

import * as api from "./api.js";

const MISSING = new Set([404, 405, 501]);
const NEARLY_DONE = 0.95;
const TOO_EARLY = 10;

const key = (infohash, index) => `headrace:${infohash}:${index}`;

/** Seconds to go on from; 0 to begin anew: nothing is known, or it was watched to its end. */
export async function resumePoint(infohash, index) {
  const known = await load(infohash, index);
  if (!known || known.watched || !(known.position > TOO_EARLY)) return 0;
  return known.duration && known.position > known.duration * NEARLY_DONE ? 0 : known.position;
}

async function load(infohash, index) {
  try {
    const found = await api.position(infohash, index);
    return found && { ...found, position: found.position ?? found.seconds };
  } catch (error) {
    if (!(error instanceof api.ApiError)) throw error;
    return MISSING.has(error.status) ? kept(infohash, index) : null;
  }
}

function kept(infohash, index) {
  try {
    return JSON.parse(localStorage.getItem(key(infohash, index)));
  } catch {
    return null; // storage is off, or holds something else
  }
}

export async function savePosition(infohash, index, position, duration) {
  const what = { position: Math.round(position * 10) / 10, duration: Number.isFinite(duration) ? duration : null };
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
