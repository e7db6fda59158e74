/** Reads a hostile file in its own process, to measure memory: `hostile.ts READER FILE` sends its figures. */
import { stat } from 'node:fs/promises';
import { readSmall } from '../../harness/checkpoint/file.ts';
import { readSafetensors } from '../../harness/checkpoint/safetensors.ts';
import { decodeState, MAX_STATE_BYTES } from '../../harness/checkpoint/state.ts';
import { readTrace } from '../../harness/trace/read.ts';

export interface HostileCost {
  readonly bytes: number;
  /** Seconds. */
  readonly seconds: number;
  /** CPU seconds, which are more reliable on a busy machine. */
  readonly processor: number;
  /** Peak memory of the process in bytes. */
  readonly peak: number;
  /** What the reader says is wrong; null if it takes the file. */
  readonly says: string | null;
}

/** Each returns what is wrong with the file. */
const READERS = {
  trace: async (file: string) => (await readTrace(file)).defect,
  tensors: (file: string) => refusal(readSafetensors(file)),
  state: (file: string) =>
    refusal(readSmall(file, undefined, MAX_STATE_BYTES).then((bytes) => decodeState(bytes, file))),
};
export type Reader = keyof typeof READERS;

const refusal = (reading: Promise<unknown>): Promise<string | undefined> =>
  reading.then(
    () => undefined,
    (error: Error) => error.message,
  );

async function measure(reader: Reader, file: string): Promise<HostileCost> {
  const { size } = await stat(file);
  const used = process.cpuUsage();
  const began = performance.now();
  const says = (await READERS[reader](file)) ?? null;
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(used);
  return {
    bytes: size,
    seconds,
    processor: (user + system) / 1e6,
    peak: process.resourceUsage().maxRSS * 1024,
    says,
  };
}

const [reader, file] = process.argv.slice(2) as [Reader, string];
const measured = await measure(reader, file);
process.send!(measured, () => process.exit());
