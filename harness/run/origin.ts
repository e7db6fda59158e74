/** What is checked out here, and the CI job that this process belongs to. */
import path from 'node:path';
import envCi from 'env-ci';
import type { Origin } from '../judge/verdict.ts';
import { relativeTo } from '../report/location.ts';

/** Each part is null where it is unknown: outside of a repository and of CI, all are. */
export function currentOrigin(): Origin {
  const found: Readonly<Record<string, unknown>> = { ...envCi() };
  const text = (key: string): string | null => {
    const value = found[key];
    return typeof value === 'string' && value !== '' ? value : null;
  };
  const root = text('root');
  const number = text('job') ?? text('build');
  const service = text('name');
  return {
    commit: text('commit'),
    branch: text('prBranch') ?? text('branch'),
    job: service === null ? null : [service, number].filter((part) => part !== null).join(' '),
    url: text('jobUrl') ?? text('buildUrl'),
    folder: root !== null && path.isAbsolute(root) ? relativeTo(root, process.cwd()) : null,
  };
}
