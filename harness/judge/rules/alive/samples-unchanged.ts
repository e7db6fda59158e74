import { sampleReadings } from '../../quantities.ts';
import { eachResume, type Rule } from '../../rule.ts';
import { ofAll } from '../../words.ts';

export const samplesUnchanged: Rule = {
  id: 'samples-unchanged',
  proof: 'alive',
  claim: 'Every sample that changes in the control also changes after the resume.',
  reads: 'the samples at the resume and at the end of the segment, in both runs',
  speaks: 'at the end of the segment',
  judge: eachResume((resume, { noise }) => {
    const { controlFirst, controlLast, resumed, last } = resume.samples;
    const digests = (samples: typeof last) => new Map(samples.map(({ name, digest }) => [name, digest]));
    const [before, then, mine, later] = [controlFirst, controlLast, resumed, last].map(digests) as [
      Map<string, string>,
      Map<string, string>,
      Map<string, string>,
      Map<string, string>,
    ];
    const [from, to] = [sampleReadings(controlFirst), sampleReadings(controlLast)];
    // A difference within the noise of sampling is not a change.
    const changing = [...then.keys()].filter(
      (name) =>
        before.has(name) &&
        before.get(name) !== then.get(name) &&
        (noise.exact ||
          [resume.from, resume.to].every(
            (step) => !noise.alike('sample', step, name, from.get(name)!, to.get(name)!),
          )),
    );
    const same = changing.filter((name) => later.has(name) && later.get(name) === mine.get(name));
    if (same.length === 0) return undefined;
    return {
      sentence: `From resume ${resume.index} to step ${resume.to}, ${ofAll(same.length, changing.length, 'sample')} stayed exactly the same.`,
      subjects: same,
      total: changing.length,
      step: resume.to,
      expected: `another one than at step ${resume.from}, as in the control`,
      seen: 'the same one',
      likelyCause:
        'the parameters behind the samples are not trained: nothing moves, or the samples come from a copy',
      fix: 'check the update norms; sample from the variables that the optimizer writes',
    };
  }),
};
