// Where somebody stopped. The server keeps it, so that another screen goes on there; where the server keeps none
// (a single `headrace play`), this browser does.

import * as api from "./api.js";

const MISSING = new Set([404, 405, 501]);
/** As the server decides it (core/resume.py): seconds from which on, and before whose end, going on is worth it. */
const BEGUN = 10;
const CREDITS = 180;
const SHARE = 0.05;

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

/** Where somebody is in each file of a torrent, the newest first; null where the server does not keep it. */
export async function places(infohash) {
  try {
    return await api.positions(infohash);
  } catch (error) {
    if (!(error instanceof api.ApiError)) throw error;
    return MISSING.has(error.status) ? null : [];
  }
}

function keptPoint(known) {
  if (!(known?.seconds > 0)) return 0;
  const { seconds, duration } = known;
  if (!duration) return seconds >= BEGUN ? seconds : 0;
  const short = SHARE * duration;
  return seconds < Math.min(BEGUN, short) || seconds >= duration - Math.min(CREDITS, short) ? 0 : seconds;
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
