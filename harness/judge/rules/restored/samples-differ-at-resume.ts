import { sampleReadings } from '../../quantities.ts';
import { eachResume, type Rule } from '../../rule.ts';
import { ofAll, plural } from '../../words.ts';

export const samplesDifferAtResume: Rule = {
  id: 'samples-differ-at-resume',
  proof: 'restored',
  claim:
    'Right after the resume, each sample equals the one taken at the save: exactly, or within the noise of sampling.',
  reads: 'the samples taken at the save and right after the resume',
  speaks: 'before the first step',
  judge: eachResume((resume, { noise }) => {
    // Another rule reports a process that died before its first record.
    if (resume.resumed === undefined) return undefined;
    const { saved, resumed } = resume.samples;
    const after = new Map(resumed.map((sample) => [sample.name, sample.digest]));
    const [before, now] = [sampleReadings(saved), sampleReadings(resumed)];
    // A noisy sampler gives different samples for equal parameters. The controls differ as much.
    const withinNoise = (name: string): boolean =>
      !noise.exact &&
      now.has(name) &&
      noise.alike('sample', resume.from, name, before.get(name)!, now.get(name)!);
    const different = saved.filter(({ name, digest }) => after.get(name) !== digest && !withinNoise(name));
    const [first] = different;
    if (first === undefined) return undefined;
    const absent = different.filter(({ name }) => !after.has(name)).length;
    // If others were taken, the sampler draws something else. If none was, nothing is known of it.
    const unseen = after.size === 0;
    return {
      refutes: !unseen,
      sentence: unseen
        ? `Right after resume ${resume.index}, no sample was taken, so ${ofAll(saved.length, saved.length, 'sample')} of the save cannot be compared.`
        : `Right after resume ${resume.index}, ${ofAll(different.length, saved.length, 'sample')} ${plural(different.length, 'differs from the one', 'differ from those')} taken at the save.`,
      subjects: different.map(({ name }) => name),
      total: saved.length,
      step: resume.from,
      expected: `digest ${first.digest.slice(0, 12)}…`,
      seen:
        absent > 0
          ? `${absent} of them ${plural(absent, 'was', 'were')} not taken`
          : `digest ${after.get(first.name)!.slice(0, 12)}…`,
      likelyCause:
        'the inputs of the sampler were not restored: the parameters, their EMA, or the sampler’s own noise',
      fix: 'sample from the restored tensors, with a fixed seed for each sample',
    };
  }),
};
