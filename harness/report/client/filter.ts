/** Which scenarios the list shows, and in which order. */
import type { ScenarioRow } from '../data.ts';
import { DECISIONS } from '../review.ts';
import type { Place } from './location.ts';

export const VERDICTS = ['not as expected', 'refuted', 'inconclusive', 'skipped', 'proven'] as const;
export const SORTS = ['verdict', 'name', 'time'] as const;

const TONES: readonly ScenarioRow['tone'][] = ['bad', 'doubt', 'quiet', 'good'];

export const REVIEWED = ['undecided', ...DECISIONS] as const;

type Filters = Pick<Place, 'search' | 'verdict' | 'backend' | 'rule' | 'cause' | 'review' | 'sort'>;

/** Whether the list is narrowed, so that nothing of it is folded away. */
export const isNarrowed = ({ search, verdict, backend, rule, cause, review }: Filters): boolean =>
  [search, verdict, backend, rule, cause, review].some(Boolean);

/** @param reviewed of a scenario by its name, one of {@link REVIEWED} */
export function filtered(
  rows: readonly ScenarioRow[],
  filters: Filters,
  reviewed: (name: string) => string | undefined,
): ScenarioRow[] {
  const { search, verdict, backend, rule, cause, review } = filters;
  const words = (search ?? '').toLowerCase().split(/\s+/).filter(Boolean);
  const shown = rows.filter((row) => {
    if (
      verdict !== undefined &&
      (verdict === 'not as expected' ? row.tone !== 'bad' : row.outcome !== verdict)
    )
      return false;
    if (backend !== undefined && row.backend !== backend) return false;
    if (rule !== undefined && !row.rules.includes(rule)) return false;
    if (cause !== undefined && row.cause !== cause) return false;
    if (review !== undefined && reviewed(row.name) !== review) return false;
    const text = [row.name, row.headline, row.likelyCause, row.fix, row.cause, row.backend, ...row.rules]
      .join(' ')
      .toLowerCase();
    return words.every((word) => text.includes(word));
  });
  return sorted(shown, filters.sort);
}

function sorted(rows: readonly ScenarioRow[], by: string | undefined): ScenarioRow[] {
  if (by === 'name') return rows.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  if (by === 'time') return rows.toSorted((a, b) => b.seconds - a.seconds);
  return rows.toSorted((a, b) => TONES.indexOf(a.tone) - TONES.indexOf(b.tone));
}
