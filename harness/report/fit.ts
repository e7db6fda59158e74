/** Keeps the page's data within a limit: it leaves out details of what is proven first, then thins the rest. */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Detail } from './data.ts';
import { type PackedDetail, packDetail, unpackDetail } from './pack.ts';
import { thinValues } from './parameters.ts';
import { thinCurve } from './series.ts';

/** Of all scenarios together, in bytes on the page. */
export const PAGE_BYTES = 18 * 1024 * 1024;

const BASE64 = {
  encode: (bytes: Uint8Array): string =>
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64'),
  decode: (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64')),
};

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

interface Kept {
  readonly name: string;
  readonly proven: boolean;
  readonly bytes: Buffer;
  /** The number of stages that were gone through. */
  readonly stage: number;
}

export interface Fitted {
  add(name: string, proven: boolean, detail: Detail): void;
  /** Base64 of the compressed JSON text of a {@link PackedDetail}. */
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
  const shrink = (): boolean => {
    const next = [...kept.values()].flatMap((one) => {
      const at = STAGES.findIndex(({ proven }, index) => index >= one.stage && proven === one.proven);
      return at < 0 ? [] : [{ one, at }];
    });
    const [first] = next.sort((a, b) => a.at - b.at || sizeOf(b.one) - sizeOf(a.one));
    if (first === undefined) return false;
    const { one, at } = first;
    put({ ...one, bytes: compressed(STAGES[at]!.reduce(decompressed(one.bytes))), stage: at + 1 });
    return true;
  };
  return {
    add(name, proven, detail) {
      // What all others of its kind went through is to come for this one too.
      const stages = [...kept.values()].filter((other) => other.proven === proven).map(({ stage }) => stage);
      const stage = stages.length === 0 ? 0 : Math.min(...stages);
      const passed = STAGES.slice(0, stage).filter((own) => own.proven === proven);
      const reduced = passed.reduce((own, { reduce }) => reduce(own), detail);
      put({ name, proven, bytes: compressed(reduced), stage });
      while (total > limit && shrink());
    },
    read: (name) => kept.get(name)?.bytes.toString('base64'),
    reduced: () => [...kept.values()].filter(({ stage }) => stage > 0).length,
  };
}

const sizeOf = (one: Kept | undefined): number => Math.ceil((one?.bytes.length ?? 0) / 3) * 4;

/** Numbers hardly compress better at a higher level, which takes several times as long. */
const LEVEL = 4;

const compressed = (detail: Detail): Buffer =>
  deflateRawSync(JSON.stringify(packDetail(detail, BASE64)), { level: LEVEL });

const decompressed = (bytes: Buffer): Detail =>
  unpackDetail(JSON.parse(inflateRawSync(bytes).toString()) as PackedDetail, BASE64);
