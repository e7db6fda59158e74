/** Matrix products, convolutions and the gradients of convolutions, as sums of products. */
import { broadcastAt, broadcastShape } from './elementwise.ts';
import {
  type Attributes,
  build,
  gamma,
  type Inputs,
  NoReference,
  need,
  type Reference,
  type Result,
  type Tensor64,
} from './tensor.ts';
import { sumOfProducts, type Terms } from './terms.ts';
import { placements, type Window } from './window.ts';

const byTerms = (terms: Terms, shape: readonly number[], a: Tensor64, b: Tensor64) =>
  sumOfProducts(terms, shape, a.values, b.values);

/** `[…, m, k] · […, k, n]`. Either factor may be transposed; leading axes broadcast. */
function matMul(inputs: Inputs, { transposeA, transposeB }: Attributes): ReturnType<typeof byTerms> {
  const [a, b] = [need(inputs, 'a'), need(inputs, 'b')];
  const [left, right] = [a, b].map((each, k) => {
    const [rows, columns] = each.shape.slice(-2) as [number, number];
    return (k === 0 ? transposeA : transposeB) ? [columns, rows] : [rows, columns];
  }) as [number[], number[]];
  const [m, inner] = left as [number, number];
  const n = right[1]!;
  const [leadA, leadB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  const lead = broadcastShape(leadA, leadB);
  const block = (shape: readonly number[]) => build(shape, 'int32', (_, index) => index);
  const blocks = build(lead, 'int32', (place) => broadcastAt(block(leadA), place)).values;
  const blocksB = build(lead, 'int32', (place) => broadcastAt(block(leadB), place)).values;
  const terms: Terms = (visit) => {
    for (let batch = 0; batch < blocks.length; batch += 1) {
      for (let row = 0; row < m; row += 1) {
        for (let column = 0; column < n; column += 1) {
          for (let k = 0; k < inner; k += 1) {
            visit(
              (batch * m + row) * n + column,
              blocks[batch]! * m * inner + (transposeA ? k * m + row : row * inner + k),
              blocksB[batch]! * inner * n + (transposeB ? column * inner + k : k * n + column),
            );
          }
        }
      }
    }
  };
  return byTerms(terms, [...lead, m, n], a, b);
}

/**
 * The shape and the terms of a convolution, which add x[i] · filter[j] to output[o]. Output `[n, h', w', out]` of x
 * `[n, h, w, in]` and filter `[fh, fw, in, out]`.
 */
function convolution(x: readonly number[], filter: readonly number[], attrs: Attributes): [number[], Terms] {
  const [, , depth, wide] = filter as [number, number, number, number];
  const window = windowOf(filter, attrs);
  const { shape, visit } = placements(x, window);
  const output = [x[0]!, ...shape, wide];
  return [
    output,
    (term) =>
      visit((place, pixel, tap) => {
        for (let k = 0; k < depth; k += 1) {
          for (let out = 0; out < wide; out += 1) {
            term(place * wide + out, pixel * depth + k, (tap * depth + k) * wide + out);
          }
        }
      }),
  ];
}

/** Each input channel has its own filters: filter `[fh, fw, in, multiplier]`, output `[…, in · multiplier]`. */
function depthwise(x: readonly number[], filter: readonly number[], attrs: Attributes): [number[], Terms] {
  const [, , depth, times] = filter as [number, number, number, number];
  const { shape, visit } = placements(x, windowOf(filter, attrs));
  return [
    [x[0]!, ...shape, depth * times],
    (term) =>
      visit((place, pixel, tap) => {
        for (let k = 0; k < depth; k += 1) {
          for (let m = 0; m < times; m += 1) {
            term((place * depth + k) * times + m, pixel * depth + k, (tap * depth + k) * times + m);
          }
        }
      }),
  ];
}

function windowOf(filter: readonly number[], attrs: Attributes): Window {
  if (attrs.dataFormat !== undefined && attrs.dataFormat !== 'NHWC') {
    throw new NoReference(`unsupported data format ${attrs.dataFormat}`);
  }
  return {
    size: [filter[0]!, filter[1]!],
    strides: attrs.strides as number | [number, number],
    dilations: (attrs.dilations as number | [number, number] | undefined) ?? 1,
    pad: attrs.pad,
    rounding: attrs.dimRoundingMode,
  };
}

type Convolution = typeof convolution;

const forward =
  (of: Convolution) =>
  (inputs: Inputs, attrs: Attributes): ReturnType<typeof byTerms> => {
    const [x, filter] = [need(inputs, 'x'), need(inputs, 'filter')];
    const [shape, terms] = of(x.shape, filter.shape, attrs);
    return byTerms(terms, shape, x, filter);
  };

const backpropInput =
  (of: Convolution): Reference =>
  (inputs, attrs) => {
    const [dy, filter] = [need(inputs, 'dy'), need(inputs, 'filter')];
    const shape = attrs.inputShape as number[];
    const [, terms] = of(shape, filter.shape, attrs);
    return byTerms((visit) => terms((o, i, j) => visit(i, o, j)), shape, dy, filter);
  };

const backpropFilter =
  (of: Convolution): Reference =>
  (inputs, attrs) => {
    const [x, dy] = [need(inputs, 'x'), need(inputs, 'dy')];
    const shape = attrs.filterShape as number[];
    const [, terms] = of(x.shape, shape, attrs);
    return byTerms((visit) => terms((o, i, j) => visit(j, i, o)), shape, x, dy);
  };

/** A product, then `+ bias`, then the activation. */
const fused =
  (of: (inputs: Inputs, attrs: Attributes) => ReturnType<typeof byTerms>): Reference =>
  (inputs, attrs): Result => {
    const { activation = 'linear' } = attrs;
    if (activation !== 'linear' && activation !== 'relu') {
      throw new NoReference(`unsupported fused activation ${activation}`);
    }
    const plain = of(inputs, attrs);
    const { bias } = inputs;
    const added =
      bias === undefined
        ? undefined
        : build(plain.shape, 'float32', (place) => broadcastAt(bias, place)).values;
    const values = plain.values.map((value, index) => value + (added?.[index] ?? 0));
    const bound = plain.magnitude.map((size, index) =>
      added === undefined
        ? plain.bound[index]!
        : gamma(plain.counts[index]! + 1) * (size + Math.abs(added[index]!)),
    );
    return {
      shape: plain.shape,
      dtype: 'float32',
      // The bound stays valid: relu never increases the distance between two values.
      values: activation === 'relu' ? values.map((value) => Math.max(value, 0)) : values,
      bound,
      magnitude: plain.magnitude,
    };
  };

export const PRODUCTS: readonly [string, Reference][] = [
  ['BatchMatMul', matMul],
  ['_FusedMatMul', fused(matMul)],
  ['Conv2D', forward(convolution)],
  ['FusedConv2D', fused(forward(convolution))],
  ['Conv2DBackpropInput', backpropInput(convolution)],
  ['Conv2DBackpropFilter', backpropFilter(convolution)],
  ['DepthwiseConv2dNative', forward(depthwise)],
  ['FusedDepthwiseConv2D', fused(forward(depthwise))],
  ['DepthwiseConv2dNativeBackpropInput', backpropInput(depthwise)],
  ['DepthwiseConv2dNativeBackpropFilter', backpropFilter(depthwise)],
];
