/** Damages after which a run may still be proven, each with the reason. Everything else must never be. */

export const HARMLESS: readonly (readonly [damage: RegExp, why: string])[] = [
  [/^cold /, 'the cold run is a contrast: no proof rests on it'],
  [/moved to where it was$/, 'nothing changed'],
  [/ extended$/, 'a reader ignores fields that it does not know, so that later formats can add some'],
  [/ (step|saved|end|process)\.seconds/, 'how long something took is not what was trained'],
  [/ run\.until (doubled|increased)$/, 'a process may be meant to go on for longer than is judged'],
  [/^[\w-]+ run\.rank removed$/, 'a process that does not say its rank is of rank 0'],
  [
    /^(control|twin-\d|saver)( of rank \d)? run\.id /,
    'nothing resumes from it, so that its id only distinguishes it',
  ],
  [/^saver removed$/, 'without it, nothing is said of what saving changes, and one process less is counted'],
  [
    / state '(sampled|saved)'\.tensors\.\d+\.group (removed|emptied)$/,
    'a state that does not tell a group does not tell another one',
  ],
  [/ run\.process\.pid /, 'systems use the numbers of processes again'],
  [/ run\.(lacks|deviates) reversed$/, 'a set in another order'],
  [/\.tensors reversed$/, 'tensors are found by name'],
  [/ end\.kernels/, 'the kernels that ran decide which caveats are shown, and nothing else'],
  [/ process\.stderr/, 'the messages of a process are for people'],
  [/ saved\.bytes /, 'the size of a checkpoint is for people; what came back is compared'],
  [
    / checkpoint(\.| removed$| moved$)/,
    'what is in a checkpoint decides who is said to be at fault, and nothing else',
  ],
  [/ parameters (repeated|moved)$/, 'the same table twice, or earlier, says the same'],
  [
    / (state|sample) '\w+' moved$/,
    'records of one point may come in any order; one in another place is refused',
  ],
  [
    /^saver saved\.checkpoint /,
    'nothing resumes from it, unless its bytes are others than those of the interrupted run',
  ],
  [
    / end moved$/,
    'the record of the checkpoint may come before or after it; in any other place it is refused',
  ],
  [/ saved moved$/, 'it may come before or after what is recorded at the save'],
  [
    /\.storage (doubled|increased|negated)$/,
    'a number of the process’s own; which tensors share one is compared',
  ],
  [
    /sample '\w+'\.file made longer$/,
    'only the report reads the file; the digest of what it shows is compared',
  ],
];

/** More of them, where equal runs differ. */
export const HARMLESS_IN_NOISE: readonly (readonly [damage: RegExp, why: string])[] = [
  [/^twin-\d( of rank \d)? removed$/, 'fewer controls widen the intervals; the rest still measure the noise'],
  [/^(twin-\d|control) .*\.digest made another$/, 'the digests of noisy runs differ'],
  [/\.bits /, 'noise changes how many bits a value needs'],
];
