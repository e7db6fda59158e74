/** Keeps the page's data within a limit: it leaves out details of what is proven first, then thins the rest. */
import { promisify } from 'node:util';
import { constants, deflateRaw, inflateRaw } from 'node:zlib';
import pLimit from 'p-limit';
import type { Detail } from './data.ts';
import { packDetail, unpackDetail } from './pack.ts';
import { thinValues } from './parameters.ts';
import { thinCurve } from './series.ts';

/** Of all scenarios together, in bytes on the page. */
export const PAGE_BYTES = 18 * 1024 * 1024;

type Reduction = (detail: Detail) => Detail;
const values =
  (limit: number): Reduction =>
  (detail) => ({
    ...detail,
    parameters: detail.parameters && {
      ...detail.parameters,
      values: detail.parameters.values && thinValues(detail.parameters.values, limit),
    },
  });
const lines =
  (limit: number): Reduction =>
  (detail) => ({ ...detail, curves: detail.curves.map((curve) => thinCurve(curve, limit)) });
const withoutSamples: Reduction = (detail) => ({
  ...detail,
  samples: [],
  moreSamples: detail.moreSamples + detail.samples.length,
  images: {},
});

/** What is left out, in this order. */
const STAGES: readonly { readonly proven: boolean; readonly reduce: Reduction }[] = [
  { proven: true, reduce: values(0) },
  { proven: true, reduce: lines(60) },
  { proven: false, reduce: values(200) },
  { proven: true, reduce: withoutSamples },
  { proven: false, reduce: lines(600) },
  { proven: false, reduce: values(60) },
  { proven: false, reduce: values(0) },
  { proven: false, reduce: lines(120) },
  { proven: false, reduce: withoutSamples },
  { proven: true, reduce: (detail) => ({ ...detail, parameters: null, curves: [] }) },
  { proven: false, reduce: (detail) => ({ ...detail, parameters: null, curves: [] }) },
];

interface Compressed {
  readonly text: Buffer;
  readonly numbers: Buffer;
}

interface Kept extends Compressed {
  readonly name: string;
  readonly proven: boolean;
  /** The number of stages that were gone through. */
  readonly stage: number;
}

export interface Fitted {
  /** Compresses it in other threads. What is added meanwhile waits. */
  add(name: string, proven: boolean, detail: Detail): Promise<void>;
  /** Base64 of the compressed text and, after a dot, of the compressed numbers that {@link packDetail} makes. */
  read(name: string): string | undefined;
  /** How many scenarios are shown with less than was recorded for the page. */
  reduced(): number;
}

export function fitting(limit = PAGE_BYTES): Fitted {
  const kept = new Map<string, Kept>();
  let total = 0;
  const put = (one: Kept): void => {
    total += sizeOf(one) - sizeOf(kept.get(one.name));
    kept.set(one.name, one);
  };
  const shrink = async (): Promise<boolean> => {
    const next = [...kept.values()].flatMap((one) => {
      const at = STAGES.findIndex(({ proven }, index) => index >= one.stage && proven === one.proven);
      return at < 0 ? [] : [{ one, at }];
    });
    const [first] = next.sort((a, b) => a.at - b.at || sizeOf(b.one) - sizeOf(a.one));
    if (first === undefined) return false;
    const { one, at } = first;
    put({ ...one, ...(await compressed(STAGES[at]!.reduce(await decompressed(one)))), stage: at + 1 });
    return true;
  };
  const add: Fitted['add'] = async (name, proven, detail) => {
    // What all others of its kind went through is to come for this one too.
    const stages = [...kept.values()].filter((other) => other.proven === proven).map(({ stage }) => stage);
    const stage = stages.length === 0 ? 0 : Math.min(...stages);
    const passed = STAGES.slice(0, stage).filter((own) => own.proven === proven);
    const reduced = passed.reduce((own, { reduce }) => reduce(own), detail);
    put({ name, proven, ...(await compressed(reduced)), stage });
    while (total > limit && (await shrink()));
  };
  const oneAtATime = pLimit(1);
  return {
    add: (name, proven, detail) => oneAtATime(add, name, proven, detail),
    read(name) {
      const one = kept.get(name);
      return one && `${one.text.toString('base64')}.${one.numbers.toString('base64')}`;
    },
    reduced: () => [...kept.values()].filter(({ stage }) => stage > 0).length,
  };
}

const sizeOf = (one: Kept | undefined): number =>
  one === undefined ? 0 : base64Size(one.text) + 1 + base64Size(one.numbers);

const base64Size = ({ length }: Buffer): number => Math.ceil(length / 3) * 4;

/** A higher level takes several times as long, and hardly compresses better. */
const LEVEL = 4;

const deflate = promisify(deflateRaw);
const inflate = promisify(inflateRaw);

/** Numbers have runs of equal bytes, and nothing else that is worth a search. */
async function compressed(detail: Detail): Promise<Compressed> {
  const packed = packDetail(detail);
  const [text, numbers] = await Promise.all([
    deflate(packed.text, { level: LEVEL }),
    deflate(packed.numbers, { level: LEVEL, strategy: constants.Z_RLE }),
  ]);
  return { text, numbers };
}

async function decompressed(packed: Compressed): Promise<Detail> {
  const [text, numbers] = await Promise.all([inflate(packed.text), inflate(packed.numbers)]);
  return unpackDetail({ text: text.toString(), numbers });
}
