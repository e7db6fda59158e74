/** Arbitrary tensors and training states, for tests. */
import fc from 'fast-check';
import { elementBytes } from './header.ts';
import { DTYPES, type TensorData, type TensorMap } from './safetensors.ts';
import type { TrainingState } from './state.ts';

const name = fc
  .oneof(
    fc.string({ unit: 'binary', maxLength: 12 }),
    fc.constantFrom(
      '',
      '0',
      '10',
      'constructor',
      'toString',
      'blocks.0.attn.to_q.weight',
      'ß"\\\n',
      '\u{1f600}',
      '\uffff',
    ),
  )
  .filter((text) => text !== '__proto__' && text !== '__metadata__');

const tensor: fc.Arbitrary<TensorData> = fc
  .record({ dtype: fc.constantFrom(...DTYPES), shape: fc.array(fc.nat(3), { maxLength: 3 }) })
  .chain(({ dtype, shape }) => {
    const length = shape.reduce((product, size) => product * size, elementBytes(dtype));
    return fc
      .uint8Array({ minLength: length, maxLength: length })
      .map((bytes) => ({ dtype, shape, bytes: Uint8Array.from(bytes) }));
  });

export const tensorMaps: fc.Arbitrary<TensorMap> = fc
  .array(fc.tuple(name, tensor), { maxLength: 8 })
  .map((entries) => new Map(entries));

const key = fc.string({ maxLength: 8 }).filter((text) => text !== '__proto__');
const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
// A save refuses this key anywhere, since it would not come back.
const json = fc
  .jsonValue({ maxDepth: 3, noUnicodeString: false })
  .filter((value) => !JSON.stringify(value).includes('"__proto__":'));
const scalar = fc.oneof(finite, fc.string(), fc.boolean(), fc.constant(null));
const dictionary = <T>(values: fc.Arbitrary<T>) =>
  fc.dictionary(key, values, { maxKeys: 3, noNullPrototype: true });

export const states: fc.Arbitrary<TrainingState> = fc.record(
  {
    format: fc.constant(1 as const),
    step: fc.nat(),
    schedules: dictionary(dictionary(fc.oneof(scalar, fc.array(finite)))),
    optimizers: dictionary(json),
    random: dictionary(fc.string()),
    data: dictionary(json),
    accumulation: dictionary(json),
    lossScale: finite,
    extra: dictionary(json),
  },
  { noNullPrototype: true, requiredKeys: ['format', 'step', 'schedules', 'optimizers', 'random', 'data'] },
) as fc.Arbitrary<TrainingState>;
