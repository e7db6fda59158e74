/** Makes written files durable. */
import { fsync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';

/** As `handle.sync()`, which the file system of Yarn's Plug'n'Play does not have. */
export const flush = ({ fd }: FileHandle): Promise<void> =>
  new Promise((resolve, reject) => fsync(fd, (error) => (error === null ? resolve() : reject(error))));
