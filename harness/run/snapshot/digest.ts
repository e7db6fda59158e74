import { createHash } from 'node:crypto';

/** Why there is no snapshot. All goes on without. */
export class NoSnapshot extends Error {}

export const digestOf = (content: string | Buffer): string =>
  createHash('sha256').update(content).digest('hex');
