import { imageReadings } from '../../quantities.ts';
import { eachResume, type Rule } from '../../rule.ts';
import { ofAll, plural } from '../../words.ts';

export const imagesDifferAtResume: Rule = {
  id: 'images-differ-at-resume',
  proof: 'restored',
  claim:
    'Right after the resume, each sampled image is the one sampled at the save: to the bit, or as far as sampling is noisy.',
  reads: 'the images sampled at the save and right after the resume',
  speaks: 'before the first step',
  judge: eachResume((resume, { noise }) => {
    // A process that died before its first record has its own finding.
    if (resume.resumed === undefined) return undefined;
    const { saved, resumed } = resume.images;
    const after = new Map(resumed.map((sample) => [sample.name, sample.sha256]));
    const [before, now] = [imageReadings(saved), imageReadings(resumed)];
    // Equal weights give other pixels where the sampler's own arithmetic is noisy; the controls' are no closer.
    const alike = (name: string): boolean =>
      !noise.exact &&
      now.has(name) &&
      noise.alike('image', resume.from, name, before.get(name)!, now.get(name)!);
    const different = saved.filter(({ name, sha256 }) => after.get(name) !== sha256 && !alike(name));
    const [first] = different;
    if (first === undefined) return undefined;
    const absent = different.filter(({ name }) => !after.has(name)).length;
    return {
      sentence: `Right after resume ${resume.index}, ${ofAll(different.length, saved.length, 'sampled image')} ${plural(different.length, 'differs', 'differ')} from what was sampled at the save.`,
      subjects: different.map(({ name }) => name),
      total: saved.length,
      step: resume.from,
      expected: `pixels ${first.sha256.slice(0, 12)}…`,
      seen:
        absent > 0
          ? `${absent} of them were not sampled at all`
          : `pixels ${after.get(first.name)!.slice(0, 12)}…`,
      likelyCause:
        'what is sampled from was not restored: the weights, their EMA, or the sampler’s own noise',
      fix: 'sample from restored tensors, with a seed of the sample’s own',
    };
  }),
};
