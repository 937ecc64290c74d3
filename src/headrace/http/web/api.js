// The server's API. Errors carry what the server says: what happened, and what to do.

export class ApiError extends Error {
  constructor(status, kind, message, hint) {
    super(message);
    this.status = status;
    this.kind = kind;
    this.hint = hint;
  }

  get text() {
    return [this.message, this.hint].filter(Boolean).join(" ");
  }
}

async function failure(response) {
  let error = null;
  try {
    error = (await response.json()).error;
  } catch {
    // not ours: a proxy's page, or nothing
  }
  return new ApiError(
    response.status,
    error?.kind ?? "http",
    error?.message ?? `The server answered ${response.status} ${response.statusText}.`,
    error?.hint ?? "",
  );
}

export async function call(method, path, body = undefined, type = "application/json", more = {}) {
  const options = { method, credentials: "same-origin", cache: "no-store", ...more };
  if (body !== undefined) {
    options.body = type === "application/json" ? JSON.stringify(body) : body;
    options.headers = { "Content-Type": type };
  }
  let response;
  try {
    response = await fetch(`/api/v1${path}`, options);
  } catch {
    throw new ApiError(0, "offline", "The server does not answer.", "Is it still running?");
  }
  if (!response.ok) {
    const error = await failure(response);
    if (error.status === 401) document.dispatchEvent(new CustomEvent("hr-login"));
    throw error;
  }
  if (response.status === 204) return null;
  const text = await response.text();
  return text ? JSON.parse(text) : null;
}

/** An address as the page asks for it. Without the host: whatever name or proxy brought the page here brings the stream.
 * Without the token: the page has its cookie, which can be taken back. */
export function local(url) {
  const { pathname, searchParams } = new URL(url, location.href);
  searchParams.delete("token");
  return [pathname, String(searchParams)].filter(Boolean).join("?");
}

const of = (infohash) => `/torrents/${encodeURIComponent(infohash)}`;
const fileOf = (infohash, index) => `${of(infohash)}/files/${index}`;

export const torrents = async () => (await call("GET", "/torrents")).torrents;
export const torrent = (infohash) => call("GET", of(infohash));
export const files = async (infohash) => (await call("GET", `${of(infohash)}/files`)).files;
/** `looked` says whether the tracks inside the file are in it; with `wait` they are. */
export const subtitles = (infohash, index, wait = false) =>
  call("GET", `${fileOf(infohash, index)}/subtitles${wait ? "?embedded=wait" : ""}`);
export const cues = (infohash, index, track, from, to, signal) =>
  call("GET", `${fileOf(infohash, index)}/subtitles/${track}?from=${from.toFixed(3)}&to=${to.toFixed(3)}`, undefined, undefined, { signal });
export const media = (infohash, index) => call("GET", `${fileOf(infohash, index)}/media`);
export const add = (source) => call("POST", "/torrents", { source });
export const addFile = (file) => call("POST", "/torrents", file, "application/x-bittorrent");
export const change = (infohash, what) => call("PATCH", of(infohash), what);
export const remove = (infohash, data) => call("DELETE", `${of(infohash)}?data=${data ? "delete" : "keep"}`);
export const settings = () => call("GET", "/settings");
export const changeSettings = (what) => call("PATCH", "/settings", what);
export const logins = async () => (await call("GET", "/logins")).logins;
export const endLogin = (id) => call("DELETE", `/logins/${encodeURIComponent(id)}`);
export const endOtherLogins = () => call("DELETE", "/logins");
export const logOut = () => call("POST", "/logout");
/** How far the server's demo is; it has none where this fails. */
export const demo = () => call("GET", "/demo");
export const beginDemo = () => call("POST", "/demo");
/** Chromecasts and televisions that answer; takes some seconds. */
export const devices = async (signal) => (await call("GET", "/devices", undefined, undefined, { signal })).devices;
export const casts = async () => (await call("GET", "/cast")).casts;
export const beginCast = (what, signal) => call("POST", "/cast", what, "application/json", { signal });
export const changeCast = (id, what) => call("PATCH", `/cast/${encodeURIComponent(id)}`, what);
export const endCast = (id) => call("DELETE", `/cast/${encodeURIComponent(id)}`);
export const positions = async (infohash) => (await call("GET", `${of(infohash)}/positions`)).positions;
export const position = (infohash, index) => call("GET", `${fileOf(infohash, index)}/position`);
/** Also told when the page goes away (`keepalive`). */
export const setPosition = (infohash, index, what) =>
  call("PUT", `${fileOf(infohash, index)}/position`, what, "application/json", { keepalive: true });
