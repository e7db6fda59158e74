/** The packages that a queue needs. They are loaded only here, because most users have no queue and do not install them. */
import { QueueError } from './error.ts';

type Bullmq = typeof import('bullmq');

export type QueuePackages = Pick<Bullmq, 'Queue' | 'Worker' | 'UnrecoverableError' | 'WaitingError'> &
  Pick<typeof import('ioredis'), 'Redis'>;

/** @throws {QueueError} when they are not installed */
export async function queuePackages(): Promise<QueuePackages> {
  try {
    const [bullmq, ioredis] = await Promise.all([import('bullmq'), import('ioredis')]);
    return { ...bullmq, Redis: ioredis.Redis };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new QueueError('a queue needs two packages that are not installed: npm install bullmq ioredis');
  }
}
