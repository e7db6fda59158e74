/** The head of a bundle: a shell script that unpacks what follows it and starts it. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

const folder = import.meta.dirname;

export interface Payload {
  /** Size of Node, compressed with gzip. */
  readonly nodeBytes: number;
  /** Size of the tar archive after it, compressed with zstd. */
  readonly archiveBytes: number;
  /** Unpacked size of both. */
  readonly unpackedBytes: number;
  /** SHA-256 of both, in hexadecimal digits. */
  readonly digest: string;
}

/** @param name the bundle's file name, for its messages */
export function launcher(name: string, { nodeBytes, archiveBytes, unpackedBytes, digest }: Payload): Buffer {
  const template = readFileSync(path.join(folder, 'launcher.sh'), 'utf8');
  const manifest = readFileSync(path.join(folder, '..', '..', 'package.json'), 'utf8');
  const { version } = JSON.parse(manifest) as { version: string };
  const filled = (length: number): Buffer => {
    const values: Record<string, string | number> = {
      VERSION: version,
      NAME: name,
      DIGEST: digest,
      SHORT: digest.slice(0, 12),
      // Positions as `tail -c +N` counts them, from 1.
      NODE_AT: length + 1,
      NODE_BYTES: nodeBytes,
      ARCHIVE_AT: length + nodeBytes + 1,
      MEGABYTES: Math.ceil(unpackedBytes / 1e6),
      TOTAL: length + nodeBytes + archiveBytes,
    };
    return Buffer.from(template.replaceAll(/@([A-Z_]+)@/g, (_, key: string) => String(values[key])));
  };
  // The text contains its own length, so it is filled in until the length is stable.
  let text = filled(0);
  for (let length = -1; length !== text.length; ) {
    length = text.length;
    text = filled(length);
  }
  return text;
}
