// The state of one torrent's pieces, kept up to date by the server's `map` events. Positions in bytes of the torrent.

export const TIERS = 4;

export class Pieces {
  constructor() {
    this.length = 0;
    this.have = new Uint8Array(0);
    this.wanted = new Uint8Array(0); // tier + 1, 0 where nothing is asked for
    this.flying = new Uint8Array(0);
    this.heads = [];
    this.index = [];
  }

  get known() {
    return this.have.length > 0;
  }

  /** Take in a `map` event. */
  apply(step) {
    if (step.whole) {
      this.length = step.piece_length;
      this.have = unpack(step.have, step.pieces);
    } else {
      for (const [start, count] of step.came) this.have.fill(1, start, start + count);
    }
    this.wanted = new Uint8Array(this.have.length);
    for (const [start, count, tier] of step.wanted) this.wanted.fill(tier + 1, start, start + count);
    this.flying = new Uint8Array(this.have.length);
    for (const [start, count] of step.in_flight ?? []) this.flying.fill(1, start, start + count);
    this.heads = step.heads;
    this.index = step.index;
  }

  /** First and last piece that a file has a part in. */
  range(file) {
    return [Math.floor(file.offset / this.length), Math.floor((file.offset + Math.max(file.size, 1) - 1) / this.length)];
  }

  /** How much of a file is there, 0 to 1, by pieces. */
  share(file) {
    if (!this.known) return 0;
    const [first, last] = this.range(file);
    let there = 0;
    for (let piece = first; piece <= last; piece += 1) there += this.have[piece];
    return there / (last - first + 1);
  }

  /** Bytes of the file from `byte` of it on that are there without a gap. */
  ahead(file, byte) {
    if (!this.known) return 0;
    const last = this.range(file)[1];
    let piece = Math.floor((file.offset + byte) / this.length);
    const begin = piece;
    while (piece <= last && this.have[piece]) piece += 1;
    return piece === begin ? 0 : Math.max(0, Math.min(piece * this.length, file.offset + file.size) - file.offset - byte);
  }

  /** Bytes that lack before a player would start at `byte`: what its index and its first picture need. */
  needed(file, byte) {
    if (!this.known) return Infinity;
    const end = file.offset + file.size;
    const spans = this.index.filter(([start, stop]) => start >= file.offset && stop <= end);
    const here = file.offset + byte;
    spans.push([here, Math.min(end, here + 256 * 1024)]);
    const missing = new Set();
    for (const [start, stop] of spans) {
      const last = Math.floor((Math.max(stop, start + 1) - 1) / this.length);
      for (let piece = Math.floor(start / this.length); piece <= last; piece += 1) {
        if (!this.have[piece]) missing.add(piece);
      }
    }
    return missing.size * this.length;
  }

  /** The places in a file where somebody reads. */
  readers(file) {
    return this.heads.filter(({ position }) => position >= file.offset && position <= file.offset + file.size);
  }
}

/** BEP 3's bitfield in base64 as one byte per piece. */
export function unpack(base64, count) {
  const bytes = atob(base64);
  const have = new Uint8Array(count);
  for (let piece = 0; piece < count; piece += 1) have[piece] = (bytes.charCodeAt(piece >> 3) >> (7 - (piece & 7))) & 1;
  return have;
}
