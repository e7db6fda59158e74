/** What a run offers to workers on other machines: all by which they know whether they can do its cases. */
import { z } from 'zod';
import { BACKENDS } from '../backend/names.ts';
import { VERSION } from './version.ts';

const MOST_NAMES = 100_000;
const name = z.string().regex(/^\w[\w.-]{0,254}$/);
const text = z.string().max(1000);

export const OFFER_FORMAT = 1;

export const offerSchema = z.strictObject({
  format: z.literal(OFFER_FORMAT),
  version: z.literal(VERSION),
  node: z.literal(process.version),
  command: z.enum(['mutants', 'fuzz']),
  /** A digest of the files that the cases are made of. */
  sources: z.string().regex(/^[0-9a-f]{64}$/),
  backend: z.enum(['auto', ...BACKENDS]),
  requireGpu: z.boolean(),
  /** Whether a backend runs on a software GPU. */
  softwareGpu: z.boolean(),
  /** Backends on which histories resume instead of those that the scenarios name. */
  resumeOn: z.array(z.enum(BACKENDS)).max(100).nullable(),
  /** The folder, from the working folder. */
  images: text.nullable(),
  /** Names only: a worker finds the files in folders of its own. */
  scenarios: z.array(name).min(1).max(MOST_NAMES),
  faults: z.array(name).max(MOST_NAMES),
});

export type Offer = z.output<typeof offerSchema>;

/** What is the same for all runs of this installation. */
export const OWN_OFFER = { format: OFFER_FORMAT, version: VERSION, node: process.version } as const;
