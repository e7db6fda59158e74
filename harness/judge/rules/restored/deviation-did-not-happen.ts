/** A declared deviation must happen in the control, and in each resumed run where it happens in the control. */
import type { Found, Rule } from '../../rule.ts';
import { listed, ofAll, plural } from '../../words.ts';

export const deviationDidNotHappen: Rule = {
  id: 'deviation-did-not-happen',
  proof: 'restored',
  claim:
    'State that the scenario declares as not restored equals the control’s state after the control’s own deviation.',
  reads: 'the control’s states before and after its own deviation, and the state at the resume',
  speaks: 'before the first step',
  judge: ({ resumes, deviates }) => {
    const idle = deviates.filter(
      (kind) => !resumes.some(({ changes }) => changes.some(({ deviation }) => deviation === kind)),
    );
    const observed = resumes.filter(({ controlFirst }) => controlFirst !== undefined);
    return [
      ...resumes.flatMap((resume): Found[] => {
        const changed = resume.changes.filter(
          ({ deviation }) => deviation !== undefined && deviation !== 'change',
        );
        const restored = changed.filter(({ cameBack }) => cameBack);
        const [first] = restored;
        if (first === undefined) return [];
        const kinds = [...new Set(restored.map(({ deviation }) => deviation!))];
        return [
          {
            sentence: `After resume ${resume.index}, the declared deviation ${listed(kinds)} did not happen: ${ofAll(restored.length, changed.length, 'deviating entry', 'deviating entries')} ${plural(restored.length, 'has', 'have')} the saved value: ${listed(restored.map(({ name }) => name))}.`,
            subjects: restored.map(({ name }) => name),
            total: changed.length,
            resume: resume.index,
            step: resume.from,
            expected: `'${first.name}': ${first.deviated}, as in the control after its deviation`,
            seen: `'${first.name}': ${first.passed}, as saved`,
            likelyCause:
              'the trainer restores state that the scenario declares as not restored: the declaration is out of date, or the checkpoint holds more than expected',
            fix: `remove ${listed(kinds)} from deviates, or do not restore it`,
          },
        ];
      }),
      // Without the control's state there is nothing to compare. state-missing reports that.
      ...(idle.length === 0 || observed.length === 0
        ? []
        : [
            {
              sentence: `The declared deviation ${listed(idle)} changed nothing in the control at ${plural(observed.length, 'the only resume point', `any of ${observed.length} resume points`)}.`,
              refutes: false,
              subjects: idle,
              total: deviates.length,
              expected: `the control’s deviate() changes an entry of each declared kind; docs/trace.md lists what each kind covers`,
              seen: 'the same state before and after it',
              likelyCause:
                'deviate() does nothing for that kind, the trainer does not show that state to the probe, or there is nothing to lose at these steps',
              fix: `remove ${listed(idle)} from deviates, show the deviating state in observe(), or move the resume point`,
            },
          ]),
    ];
  },
};
