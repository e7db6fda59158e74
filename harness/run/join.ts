/** Whether this machine can do the cases that a run offers. */
import path from 'node:path';
import { BackendError } from '../backend/error.ts';
import { FIRST_ISSUE } from '../json/first-issue.ts';
import { Refused } from '../queue/work.ts';
import { visible } from '../report/text.ts';
import { type LoadedFault, selectFaults } from './faults.ts';
import { inspectScenarios } from './inspect.ts';
import { OFFER_FORMAT, type Offer, offerSchema } from './offer.ts';
import { requireBackends } from './requirements.ts';
import { findScenarios, type LoadedScenario } from './scenario.ts';
import { digestOfSources } from './sources.ts';
import { UsageError } from './usage-error.ts';
import { VERSION } from './version.ts';

/** What a worker has. */
export interface Own {
  /** The folder of its scenarios. */
  readonly scenarios: string;
  /** The folder of its faults; the package's own if undefined. */
  readonly faults: string | undefined;
  readonly images: string | undefined;
}

/** What a worker does the cases of a run with: files of its own, under the names that the run offers. */
export interface Fitting {
  readonly offer: Offer;
  readonly scenarios: readonly LoadedScenario[];
  readonly faults: readonly LoadedFault[];
}

/**
 * Nothing of the offer but names of scenarios and faults decides which files are imported, and only files in the
 * worker's own folders are.
 * @param offered of a stranger
 * @throws {Refused} in one line, when the worker has something else than the machine that offers the run
 */
export async function fitting(offered: unknown, own: Own): Promise<Fitting> {
  const offer = checked(offered);
  const images = own.images === undefined ? null : path.relative('', own.images);
  if (offer.images !== images)
    throw new Refused(
      offer.images === null
        ? 'it trains without --images'
        : `it trains with --images ${visible(offer.images, 200)}: start the worker with the same`,
    );
  try {
    const imports = new Set<string>();
    const imported = (url: string): void => void imports.add(url);
    const faults = offer.command === 'mutants' ? await selectFaults(own.faults, offer.faults, imported) : [];
    const scenarios = await inspectScenarios(await found(offer, own.scenarios), undefined, imported);
    if (digestOfSources(imports, scenarios) !== offer.sources)
      throw new Refused('its scenarios, faults or what they import have other contents');
    const softwareGpu = await requireBackends(scenarios, {
      backend: offer.backend,
      requireGpu: offer.requireGpu,
      ...(offer.resumeOn === null ? {} : { resumeOn: offer.resumeOn }),
    });
    if (softwareGpu !== offer.softwareGpu)
      throw new Refused(
        `its GPU is ${offer.softwareGpu ? '' : 'not '}a software GPU, unlike that of this machine`,
      );
    return { offer, scenarios, faults };
  } catch (error) {
    if (error instanceof UsageError || error instanceof BackendError) throw new Refused(error.message);
    throw error;
  }
}

/** The differences that one understands are told by themselves. */
function checked(offered: unknown): Offer {
  const { version, node, format } = (offered ?? {}) as Record<string, unknown>;
  const other = (what: string, theirs: unknown, ours: string | number): void => {
    if ((typeof theirs === 'string' || typeof theirs === 'number') && theirs !== ours)
      throw new Refused(`it is of ${what} ${visible(String(theirs), 60)}, and this is ${ours}`);
  };
  other('resumeproof', version, VERSION);
  other('format', format, OFFER_FORMAT);
  other('Node', node, process.version);
  const { error, data } = offerSchema.safeParse(offered, FIRST_ISSUE);
  if (error === undefined) return data;
  const [issue] = error.issues;
  throw new Refused(`its offer cannot be read: ${issue!.path.join('.') || 'it'}: ${issue!.message}`);
}

async function found(offer: Offer, folder: string): Promise<Map<string, string>> {
  const all = await findScenarios(folder);
  return new Map(
    offer.scenarios.map((name) => {
      const file = all.get(name);
      if (file === undefined) throw new Refused(`there is no scenario '${name}' in ${folder}`);
      return [name, file];
    }),
  );
}
