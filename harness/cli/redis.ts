/** `--redis`: the server of a queue. */
import path from 'node:path';
import { Option } from 'commander';
import { parseAddress } from '../queue/address.ts';
import { type HandOut, openHandOut } from '../queue/hand-out.ts';
import { type Offer, OWN_OFFER } from '../run/offer.ts';
import { findScenarios, type LoadedScenario } from '../run/scenario.ts';
import { UsageError } from '../run/usage-error.ts';

/** Checked later, because an error of the parser would show the URL, with its password. */
export const redisOption = (description: string): Option => new Option('--redis <url>', description);

/** @throws {UsageError} when it is no URL of a Redis server */
export function addressOf(text: string): URL {
  const url = parseAddress(text);
  if (url !== undefined) return url;
  throw new UsageError(
    '--redis: expected a URL such as redis://host:6379 or rediss://user:password@host:6379/0',
  );
}

export interface Offering extends Pick<Offer, 'command' | 'sources' | 'softwareGpu'> {
  readonly scenarios: readonly LoadedScenario[];
  readonly faults: readonly { readonly id: string }[];
  readonly options: {
    readonly redis: string;
    readonly backend: string;
    readonly requireGpu: boolean;
    readonly images?: string;
    readonly scenarios: string;
    readonly resumeOn?: readonly string[];
  };
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/**
 * Offers a run to workers.
 * @throws {UsageError} when a worker could not find a scenario by its name
 * @throws {QueueError} when Redis does not answer
 */
export async function handOut({
  options,
  signal,
  say,
  scenarios,
  faults,
  ...rest
}: Offering): Promise<HandOut> {
  const { redis, backend, requireGpu, images, resumeOn } = options;
  const url = addressOf(redis);
  const found = await findScenarios(options.scenarios);
  const elsewhere = scenarios.find(({ name, file }) => found.get(name) !== file);
  if (elsewhere !== undefined)
    throw new UsageError(
      `workers find scenarios by name in their folder, and ${elsewhere.file} is not in ${options.scenarios}: name its folder with --scenarios DIR`,
    );
  const offer: Offer = {
    ...OWN_OFFER,
    ...rest,
    backend: backend as Offer['backend'],
    requireGpu,
    images: images === undefined ? null : path.relative('', images),
    resumeOn: (resumeOn ?? null) as Offer['resumeOn'],
    scenarios: scenarios.map(({ name }) => name),
    faults: faults.map(({ id }) => id),
  };
  return openHandOut({ url, offer, say, signal });
}
