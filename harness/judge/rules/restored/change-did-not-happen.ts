/** What a change of settings changes in the control, it changes in the process that resumes with these settings. */
import { describeSettings } from '../../../trace/history.ts';
import { eachResume, type Rule } from '../../rule.ts';
import { listed, ofAll, plural } from '../../words.ts';

export const changeDidNotHappen: Rule = {
  id: 'change-did-not-happen',
  proof: 'restored',
  claim:
    'A process that resumes with other settings starts with what follows from them, as the control does.',
  reads: 'the control’s states before and after its change of settings, and the state at the resume',
  speaks: 'before the first step',
  judge: eachResume((resume, { history }) => {
    const changed = resume.changes.filter(({ deviation }) => deviation === 'change');
    const kept = changed.filter(({ cameBack }) => cameBack);
    const [first] = kept;
    const change = history.changes?.find(({ at }) => at === resume.from);
    if (first === undefined || change === undefined) return undefined;
    const { at: _, ...settings } = change;
    return {
      sentence: `After resume ${resume.index}, the change to ${describeSettings(settings)} did not happen: ${ofAll(kept.length, changed.length, 'counter')} that the control changed ${plural(kept.length, 'has', 'have')} the saved value: ${listed(kept.map(({ name }) => name))}.`,
      subjects: kept.map(({ name }) => name),
      total: changed.length,
      step: resume.from,
      expected: `'${first.name}': ${first.deviated}, as in the control after the change`,
      seen: `'${first.name}': ${first.passed}, as saved`,
      likelyCause:
        'the resume restores the settings of the run that saved, or computes from them, and ignores the ones it was given',
      fix: 'apply the settings of this run after the restore: recompute the schedule, and keep lengths and sizes out of what is restored',
    };
  }),
};
