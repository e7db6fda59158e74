/** What is declared to deviate does: in the control at all, and in each resumed run where it does in the control. */
import type { Found, Rule } from '../../rule.ts';
import { listed, ofAll } from '../../words.ts';

export const deviationDidNotHappen: Rule = {
  id: 'deviation-did-not-happen',
  proof: 'restored',
  claim:
    'What a scenario declares that its trainer does not restore is not restored: it is as the control’s own deviation leaves it.',
  reads: 'the control’s states before and after its own deviation, and the state at the resume',
  speaks: 'before the first step',
  judge: ({ resumes, deviates }) => {
    const idle = deviates.filter(
      (kind) => !resumes.some(({ changes }) => changes.some(({ deviation }) => deviation === kind)),
    );
    const told = resumes.filter(({ controlFirst }) => controlFirst !== undefined);
    return [
      ...resumes.flatMap((resume): Found[] => {
        const changed = resume.changes.filter(({ deviation }) => deviation !== undefined);
        const restored = changed.filter(({ cameBack }) => cameBack);
        const [first] = restored;
        if (first === undefined) return [];
        const kinds = [...new Set(restored.map(({ deviation }) => deviation!))];
        return [
          {
            sentence: `After resume ${resume.index}, the declared deviation ${listed(kinds)} did not happen: ${ofAll(restored.length, changed.length, 'entry that deviates', 'entries that deviate')} came back as saved: ${listed(restored.map(({ name }) => name))}.`,
            subjects: restored.map(({ name }) => name),
            total: changed.length,
            resume: resume.index,
            step: resume.from,
            expected: `'${first.name}': ${first.deviated}, as in the control after its deviation`,
            seen: `'${first.name}': ${first.passed}, as saved`,
            likelyCause:
              'the trainer restores what the scenario says that it does not: the declaration is out of date, or the checkpoint holds more than was thought',
            fix: `take ${listed(kinds)} out of deviates, or do not restore it`,
          },
        ];
      }),
      // Without the control's state nothing can be told, and that has a finding of its own.
      ...(idle.length === 0 || told.length === 0
        ? []
        : [
            {
              sentence: `The declared deviation ${listed(idle)} changed nothing in the control, at none of ${told.length} resume points.`,
              refutes: false,
              subjects: idle,
              total: deviates.length,
              expected: `the control’s deviate() changes an entry of each kind that is declared; docs/trace.md lists what each covers`,
              seen: 'the same state before and after it',
              likelyCause:
                'deviate() does nothing for that kind, the trainer does not show it to the probe, or at these steps there is nothing to lose',
              fix: `take ${listed(idle)} out of deviates, let observe() show what deviates, or move the resume point`,
            },
          ]),
    ];
  },
};
