/** What was special about a resume, for the end of its diagnosis. */
import { describeSettings } from '../../trace/history.ts';
import type { Evidence, Resume } from '../evidence.ts';
import { nameOf } from '../process.ts';
import { listed, plural } from '../words.ts';

const FILES_NAMED = 3;

/** As text after the diagnosis; empty if nothing was. */
export const circumstances = (evidence: Evidence, resume: Resume): string =>
  [
    ...withoutAStep(resume),
    ...loadedBefore(evidence, resume),
    ...changes(evidence, resume),
    ...leftOutside(resume),
  ]
    .map((text) => `; ${text}`)
    .join('');

function withoutAStep({ source }: Resume): string[] {
  if (source?.resumed === undefined || source.steps.length > 0) return [];
  return [`the process that saved, ${nameOf(source)}, had resumed and trained no step`];
}

function loadedBefore({ resumes }: Evidence, { index, source, from }: Resume): string[] {
  if (source === undefined) return [];
  const before = resumes.filter((one) => one.index < index && one.source === source && one.from === from);
  return before.length === 0
    ? []
    : [`${listed(before.map(({ after }) => nameOf(after)))} had loaded the same checkpoint before`];
}

function changes({ history }: Evidence, { from }: Resume): string[] {
  const change = history.changes?.find(({ at }) => at === from);
  if (change === undefined) return [];
  const { at: _, ...settings } = change;
  return [`this resume was to change the run to ${describeSettings(settings)}`];
}

/** Names the files that the process that saved left outside the checkpoint: what is lost may be there. */
function leftOutside({ source }: Resume): string[] {
  const { left = [] } = source?.process ?? {};
  if (left.length === 0) return [];
  return [
    `outside the checkpoint, where the resumed process cannot see ${plural(left.length, 'it', 'them')}, the process that saved left ${listed(left, FILES_NAMED)}`,
  ];
}
