/** Reads what a process writes within bounds, whatever it writes. */

/** Keeps the end of a text. */
export class Tail {
  readonly #limit: number;
  #parts: Buffer[] = [];
  #size = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  take(chunk: Buffer): void {
    this.#parts.push(chunk);
    this.#size += chunk.length;
    while (this.#size - this.#parts[0]!.length >= this.#limit) this.#size -= this.#parts.shift()!.length;
  }

  /**
   * The last lines that are not longer than `length` each. A longer line is cut. Of a line that was written over again and
   * again, as progress bars are, the last text counts, as on a terminal.
   */
  lines(count: number, length: number): string[] {
    const text = Buffer.concat(this.#parts).toString();
    const lines = (text.endsWith('\n') ? text.slice(0, -1) : text).split(/\r?\n/);
    const shown = (line: string): string => line.split('\r').findLast((part) => part.trim() !== '') ?? '';
    return text === '' ? [] : lines.slice(-count).map((line) => shown(line).slice(0, length));
  }
}

/** Calls `take` with each line that is JSON. A line over the limit and one that is not JSON are left out. */
export function jsonLines(limit: number, take: (value: unknown) => void): (chunk: Buffer) => void {
  let parts: Buffer[] = [];
  let size = 0;
  const add = (part: Buffer): void => {
    size += part.length;
    if (size <= limit) parts.push(part);
    else parts = [];
  };
  return (chunk) => {
    let start = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      add(chunk.subarray(start, end));
      const line = size <= limit ? Buffer.concat(parts).toString() : '';
      parts = [];
      size = 0;
      start = end + 1;
      let value: unknown;
      try {
        value = JSON.parse(line);
      } catch {
        continue;
      }
      take(value);
    }
    add(chunk.subarray(start));
  };
}
