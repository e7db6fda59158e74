import { imageReadings } from '../../quantities.ts';
import { eachResume, type Rule } from '../../rule.ts';
import { ofAll } from '../../words.ts';

export const imagesUnchanged: Rule = {
  id: 'images-unchanged',
  proof: 'alive',
  claim: 'Every sample that changes in the control also changes after the resume.',
  reads: 'the samples at the resume and at the end of the segment, in both runs',
  speaks: 'at the end of the segment',
  judge: eachResume((resume, { noise }) => {
    const { controlFirst, controlLast, resumed, last } = resume.images;
    const digests = (samples: typeof last) => new Map(samples.map(({ name, sha256 }) => [name, sha256]));
    const [before, then, mine, later] = [controlFirst, controlLast, resumed, last].map(digests) as [
      Map<string, string>,
      Map<string, string>,
      Map<string, string>,
      Map<string, string>,
    ];
    const [from, to] = [imageReadings(controlFirst), imageReadings(controlLast)];
    // A difference within the noise of sampling is not a change.
    const changing = [...then.keys()].filter(
      (name) =>
        before.has(name) &&
        before.get(name) !== then.get(name) &&
        (noise.exact || !noise.alike('image', resume.to, name, from.get(name)!, to.get(name)!)),
    );
    const same = changing.filter((name) => later.has(name) && later.get(name) === mine.get(name));
    if (same.length === 0) return undefined;
    return {
      sentence: `From resume ${resume.index} to step ${resume.to}, ${ofAll(same.length, changing.length, 'sample')} stayed the same, pixel for pixel.`,
      subjects: same,
      total: changing.length,
      step: resume.to,
      expected: `different pixels than at step ${resume.from}, as in the control`,
      seen: 'the same pixels',
      likelyCause:
        'the parameters behind the samples are not trained: nothing moves, or the samples come from a copy',
      fix: 'check the update norms; sample from the variables that the optimizer writes',
    };
  }),
};
