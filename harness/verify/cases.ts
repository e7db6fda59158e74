/**
 * The operations that verify kernels. Their shapes resemble those of the scenarios, and their seeded inputs avoid
 * kinks. Each runs forward and, if it has a gradient, backward.
 */
import * as tf from '@tensorflow/tfjs-core';
import { adafactor } from '../training/adafactor.ts';
import { adamW } from '../training/adamw.ts';
import type { UpdateRule } from '../training/optimizer.ts';
import { RandomStream } from '../training/random-stream.ts';

/** How an input is drawn, rounded to float32. */
export type Draw =
  /** Standard normal. */
  | 'normal'
  /** At least 0.1. */
  | 'positive'
  /** From 1e−12 to 1, like an optimizer's second moment. */
  | 'moment'
  /** Normal, at least 0.1 away from 0. */
  | 'nonzero'
  /** Distinct multiples of 1/64 around 0 in random order. */
  | 'distinct'
  /** Like `distinct` plus 1/128, so none equals a `distinct` value. */
  | 'between'
  /** −π … π. */
  | 'angle'
  /** 0 … 100, like the phases of a timestep embedding. */
  | 'phase'
  /** Non-negative int32 below this number. */
  | number;

export interface Case {
  /** The operation's name in tf. */
  readonly operation: string;
  /** The kernels that the case covers. Other kernels that it runs are checked too. */
  readonly kernels: readonly string[];
  readonly inputs: readonly { readonly shape: readonly number[]; readonly draw: Draw }[];
  readonly run: (...inputs: tf.Tensor[]) => tf.Tensor;
  /** Whether to also run it backward, to every input that is not an integer. */
  readonly gradient: boolean;
}

/** Such as `multiply [8,16,48] × [8,1,48]`. */
export const titleOf = ({ operation, inputs }: Case): string =>
  [operation, inputs.map(({ shape }) => `[${shape}]`).join(' × ')].join(' ').trim();

type Shape = readonly number[];
type Run = Case['run'];
interface Given {
  readonly draw?: Draw;
  readonly gradient?: boolean;
}

const one = (
  operation: string,
  kernels: string,
  shapes: readonly Shape[],
  run: Run,
  given: Given = {},
): Case[] =>
  shapes.map((shape) => ({
    operation,
    kernels: kernels.split(' ').filter((name) => name !== ''),
    inputs: [{ shape, draw: given.draw ?? 'normal' }],
    run,
    gradient: given.gradient ?? true,
  }));

const many = (
  operation: string,
  kernels: string,
  shapes: readonly (readonly Shape[])[],
  run: Run,
  draws: readonly Draw[] = [],
  gradient = true,
): Case[] =>
  shapes.map((each) => ({
    operation,
    kernels: kernels.split(' '),
    inputs: each.map((shape, index) => ({ shape, draw: draws[index] ?? 'normal' })),
    run,
    gradient,
  }));

const FORWARD = { gradient: false };
/** Shapes that models and optimizers combine: equal, with a scalar, and broadcast over various axes. */
const PAIRS: readonly (readonly Shape[])[] = [
  [
    [16, 48],
    [16, 48],
  ],
  [[192], []],
  [
    [4, 16, 48],
    [4, 1, 48],
  ],
  [
    [4, 16, 48],
    [16, 48],
  ],
  [
    [4, 8, 8, 32],
    [4, 1, 1, 32],
  ],
  [
    [48, 1],
    [1, 48],
  ],
];
/** The gradients of maximum, minimum and squaredDifference throw if shapes are broadcast; see docs/kernels.md. */
const ALIKE = PAIRS.slice(0, 1);
const PLAIN: readonly Shape[] = [[], [7], [128, 48], [2, 8, 8, 32]];

const MATH: readonly Case[] = [
  ...many('add', 'Add', PAIRS, (a, b) => tf.add(a!, b!)),
  ...many('sub', 'Sub', PAIRS, (a, b) => tf.sub(a!, b!)),
  ...many('mul', 'Multiply', PAIRS, (a, b) => tf.mul(a!, b!)),
  ...many('div', 'RealDiv', PAIRS, (a, b) => tf.div(a!, b!), ['normal', 'nonzero']),
  ...many('maximum', 'Maximum', ALIKE, (a, b) => tf.maximum(a!, b!), ['distinct', 'between']),
  ...many('maximum', 'Maximum', PAIRS, (a, b) => tf.maximum(a!, b!), ['distinct', 'between'], false),
  ...many('minimum', 'Minimum', ALIKE, (a, b) => tf.minimum(a!, b!), ['distinct', 'between']),
  ...many('minimum', 'Minimum', PAIRS, (a, b) => tf.minimum(a!, b!), ['distinct', 'between'], false),
  ...many('squaredDifference', 'SquaredDifference', ALIKE, (a, b) => tf.squaredDifference(a!, b!)),
  ...many('squaredDifference', 'SquaredDifference', PAIRS, (a, b) => tf.squaredDifference(a!, b!), [], false),
  ...many(
    'pow',
    'Pow',
    [
      [[7], []],
      [
        [16, 48],
        [16, 48],
      ],
    ],
    (a, b) => tf.pow(a!, b!),
    ['positive', 'normal'],
  ),
  ...one('square', 'Square', PLAIN, (x) => tf.square(x!)),
  ...one('sqrt', 'Sqrt', PLAIN, (x) => tf.sqrt(x!), { draw: 'positive' }),
  ...one('sqrt', 'Sqrt', [[192, 48]], (x) => tf.sqrt(x!), { draw: 'moment', ...FORWARD }),
  ...one('rsqrt', 'Rsqrt', PLAIN, (x) => tf.rsqrt(x!), { draw: 'positive' }),
  ...one('rsqrt', 'Rsqrt', [[192, 48]], (x) => tf.rsqrt(x!), { draw: 'moment', ...FORWARD }),
  ...one('exp', 'Exp', PLAIN, (x) => tf.exp(x!)),
  ...one('log', 'Log', PLAIN, (x) => tf.log(x!), { draw: 'positive' }),
  ...one('sin', 'Sin', PLAIN, (x) => tf.sin(x!), { draw: 'angle' }),
  ...one('sin', 'Sin', [[8, 32]], (x) => tf.sin(x!), { draw: 'phase', ...FORWARD }),
  ...one('cos', 'Cos', PLAIN, (x) => tf.cos(x!), { draw: 'angle' }),
  ...one('abs', 'Abs', PLAIN, (x) => tf.abs(x!), { draw: 'nonzero' }),
  ...one('neg', 'Neg', PLAIN, (x) => tf.neg(x!)),
  ...one('floor', 'Floor', PLAIN, (x) => tf.floor(x!), FORWARD),
  ...one('isNaN', 'IsNan', PLAIN.slice(0, 3), (x) => tf.isNaN(x!), FORWARD),
  ...one('sigmoid', 'Sigmoid', PLAIN, (x) => tf.sigmoid(x!)),
  ...one('tanh', 'Tanh', PLAIN, (x) => tf.tanh(x!)),
  ...one('relu', 'Relu Step', PLAIN, (x) => tf.relu(x!), { draw: 'nonzero' }),
  ...one('leakyRelu', 'LeakyRelu', PLAIN, (x) => tf.leakyRelu(x!), { draw: 'nonzero' }),
  ...one('elu', 'Elu EluGrad', PLAIN, (x) => tf.elu(x!), { draw: 'nonzero' }),
  ...one('softplus', 'Softplus', PLAIN, (x) => tf.softplus(x!)),
  ...one('clipByValue', 'ClipByValue', PLAIN, (x) => tf.clipByValue(x!, -0.75, 0.75), { draw: 'between' }),
  ...many('greater', 'Greater', PAIRS.slice(0, 3), (a, b) => tf.greater(a!, b!), [], false),
  ...many(
    'greaterEqual',
    'GreaterEqual',
    PAIRS.slice(0, 3),
    (a, b) => tf.greaterEqual(a!, b!),
    ['distinct', 'distinct'],
    false,
  ),
  ...many('less', 'Less', PAIRS.slice(0, 3), (a, b) => tf.less(a!, b!), [], false),
  ...many(
    'lessEqual',
    'LessEqual',
    PAIRS.slice(0, 3),
    (a, b) => tf.lessEqual(a!, b!),
    ['distinct', 'distinct'],
    false,
  ),
  ...many(
    'notEqual',
    'NotEqual',
    PAIRS.slice(0, 3),
    (a, b) => tf.notEqual(a!, b!),
    ['distinct', 'distinct'],
    false,
  ),
  ...many(
    'logicalAnd',
    'LogicalAnd',
    PAIRS.slice(0, 3),
    (a, b) => tf.logicalAnd(tf.greater(a!, 0), tf.greater(b!, 0)),
    [],
    false,
  ),
  ...many(
    'logicalOr',
    'LogicalOr',
    PAIRS.slice(0, 3),
    (a, b) => tf.logicalOr(tf.greater(a!, 0), tf.greater(b!, 0)),
    [],
    false,
  ),
  ...many('equal', 'Equal', PAIRS.slice(0, 3), (a, b) => tf.equal(a!, b!), ['distinct', 'distinct'], false),
  ...many(
    'where',
    'Select',
    [
      [
        [16, 48],
        [16, 48],
        [16, 48],
      ],
    ],
    (c, a, b) => tf.where(tf.cast(c!, 'bool'), a!, b!),
    [2],
  ),
];

const REDUCED: readonly Case[] = [
  ...([null, 0, -1] as const).flatMap((axis) => [
    ...one(
      'sum',
      'Sum',
      [
        [128, 48],
        [4, 4, 16, 16],
      ],
      (x) => tf.sum(x!, axis ?? undefined),
    ),
    ...one(
      'mean',
      'Mean',
      [
        [128, 48],
        [4, 16, 16],
      ],
      (x) => tf.mean(x!, axis ?? undefined),
    ),
  ]),
  ...one('sum', 'Sum', [[4, 16, 48]], (x) => tf.sum(x!, 1, true)),
  ...one('mean', 'Mean', [[4, 16, 48]], (x) => tf.mean(x!, -1, true)),
  ...one('any', 'Any', [[16, 48], [48]], (x) => tf.any(tf.greater(x!, 2.5), -1), FORWARD),
  ...many(
    'batchNorm',
    'FusedBatchNorm',
    [
      [[32, 8], [8], [8], [8], [8]],
      [[4, 8, 8, 16], [16], [16], [16], [16]],
    ],
    (x, mean, variance, offset, scale) =>
      tf.batchNorm(
        x!,
        mean as tf.Tensor1D,
        variance as tf.Tensor1D,
        offset as tf.Tensor1D,
        scale as tf.Tensor1D,
        1e-3,
      ),
    ['normal', 'normal', 'positive', 'normal', 'normal'],
  ),
  ...one('max', 'Max', [[16, 48]], (x) => tf.max(x!, -1), { draw: 'distinct' }),
  ...one('min', 'Min', [[16, 48]], (x) => tf.min(x!, -1), { draw: 'distinct' }),
  ...one('argMax', 'ArgMax', [[16, 48]], (x) => tf.argMax(x!, -1), { draw: 'distinct', ...FORWARD }),
  ...one(
    'softmax',
    'Softmax',
    [
      [4, 4, 16, 16],
      [8, 10],
    ],
    (x) => tf.softmax(x!),
  ),
];

const MOVED: readonly Case[] = [
  ...one('clone', 'Identity', PLAIN, (x) => tf.clone(x!)),
  ...one('reshape', 'Reshape', [[128, 48]], (x) => tf.reshape(x!, [8, 16, 48])),
  ...one('transpose', 'Transpose', [[128, 48]], (x) => tf.transpose(x!)),
  ...one(
    'transpose',
    'Transpose',
    [
      [4, 16, 12, 12],
      [16, 4, 4, 4],
    ],
    (x) => tf.transpose(x!, [0, 2, 1, 3]),
  ),
  ...one('transpose', 'Transpose', [[4, 4, 16, 12]], (x) => tf.transpose(x!, [0, 1, 3, 2])),
  ...many(
    'concat',
    'Concat SplitV',
    [
      [
        [2, 16, 16, 16],
        [2, 16, 16, 32],
      ],
      [
        [4, 1, 48],
        [4, 1, 48],
        [4, 1, 48],
      ],
    ],
    (...parts) => tf.concat(parts, -1),
  ),
  ...many(
    'concat',
    'Concat SplitV',
    [
      [
        [2, 4, 16, 12],
        [2, 4, 16, 12],
      ],
    ],
    (...parts) => tf.concat(parts, 1),
  ),
  ...one('split', 'SplitV Concat', [[8, 1, 288]], (x) => weighted(tf.split(x!, 6, -1))),
  ...one('split', 'SplitV Concat', [[2, 12, 16, 12]], (x) => weighted(tf.split(x!, 3, 1))),
  ...one('split', 'SplitV Concat', [[4, 1, 1, 96]], (x) => tf.split(x!, [16, 16, 64], -1)[2]!),
  ...one('slice', 'Slice PadV2', [[8, 16, 48]], (x) => tf.slice(x!, [1, 4, 8], [2, 8, 16])),
  ...one('pad', 'PadV2 Slice', [[2, 8, 8, 16]], (x) =>
    tf.pad(x!, [
      [0, 0],
      [1, 1],
      [2, 0],
      [0, 0],
    ]),
  ),
  ...one('expandDims', 'ExpandDims', [[192]], (x) => tf.expandDims(x!, -1)),
  ...one('expandDims', 'ExpandDims', [[3, 3, 16]], (x) => tf.expandDims(x!, -2)),
  ...one('tile', 'Tile', [[4, 1, 48]], (x) => tf.tile(x!, [1, 16, 1])),
  ...one('stack', 'Pack Unpack', [[8, 16]], (x) => tf.stack([x!, tf.mul(x!, 2)], 1)),
  ...one('reverse', 'Reverse', [[8, 16]], (x) => tf.reverse(x!, 1)),
  ...one('cast', 'Cast', [[128, 48]], (x) => tf.cast(tf.greater(x!, 0), 'float32'), {
    draw: 'nonzero',
    ...FORWARD,
  }),
  ...one('cast', 'Cast', [[8, 11]], (x) => tf.cast(x!, 'float32'), { draw: 11, ...FORWARD }),
  ...one('cast', 'Cast', [[8, 11]], (x) => tf.cast(tf.mul(x!, 8), 'int32'), { draw: 'nonzero', ...FORWARD }),
  ...one('fill', 'Fill', [[]], (x) => tf.add(x!, tf.fill([2, 3], 0.4))),
  ...one('linspace', 'LinSpace', [[16]], (x) => tf.mul(x!, tf.linspace(-2, 2, 16))),
  ...one('zerosLike', 'ZerosLike', [[128, 48]], (x) => tf.zerosLike(x!), FORWARD),
  ...one('oneHot', 'OneHot', [[8], [2, 3]], (x) => tf.oneHot(x! as tf.Tensor1D, 11), {
    draw: 11,
    ...FORWARD,
  }),
  ...many(
    'gather',
    'GatherV2 UnsortedSegmentSum',
    [[[11, 48], [8]]],
    (x, at) => tf.gather(x!, at! as tf.Tensor1D),
    ['normal', 11],
  ),
];

/** Sums tensors, each with a different weight. */
function weighted(parts: readonly tf.Tensor[]): tf.Tensor {
  return parts.map((part, index) => tf.mul(part, index + 1)).reduce((sum, part) => tf.add(sum, part));
}

const MULTIPLIED: readonly Case[] = [
  ...many(
    'matMul',
    'BatchMatMul',
    [
      [
        [128, 16],
        [16, 48],
      ],
      [
        [128, 48],
        [48, 144],
      ],
      [
        [4, 4, 16, 12],
        [4, 4, 12, 16],
      ],
      [
        [2, 11],
        [11, 32],
      ],
    ],
    (a, b) => tf.matMul(a!, b!),
  ),
  ...many(
    'matMul',
    'BatchMatMul',
    [
      [
        [16, 48],
        [32, 48],
      ],
      [
        [2, 16, 12],
        [2, 16, 12],
      ],
    ],
    (a, b) => tf.matMul(a!, b!, false, true),
  ),
  ...many(
    'matMul',
    'BatchMatMul',
    [
      [
        [48, 16],
        [48, 32],
      ],
    ],
    (a, b) => tf.matMul(a!, b!, true, false),
  ),
  // Forward only: the cases above cover the gradients of the parts.
  ...many(
    'fused.matMul',
    '_FusedMatMul',
    [
      [[128, 48], [48, 96], [96]],
      [[8, 48], [48, 288], [288]],
    ],
    (a, b, bias) => tf.fused.matMul({ a: a! as tf.Tensor2D, b: b! as tf.Tensor2D, bias: bias! }),
    [],
    false,
  ),
  ...many(
    'fused.matMul',
    '_FusedMatMul',
    [
      [
        [128, 192],
        [192, 48],
      ],
    ],
    (a, b) => tf.fused.matMul({ a: a! as tf.Tensor2D, b: b! as tf.Tensor2D }),
    [],
    false,
  ),
  ...convolutions(
    [
      [
        [2, 16, 16, 1],
        [3, 3, 1, 16],
      ],
      [
        [2, 8, 8, 32],
        [3, 3, 32, 32],
      ],
      [
        [2, 16, 16, 32],
        [3, 3, 32, 16],
      ],
      [
        [2, 9, 7, 3],
        [3, 3, 3, 5],
      ],
    ],
    1,
    'same',
  ),
  ...convolutions(
    [
      [
        [2, 16, 16, 16],
        [2, 2, 16, 32],
      ],
      [
        [2, 9, 7, 3],
        [3, 3, 3, 5],
      ],
    ],
    2,
    'same',
  ),
  ...convolutions(
    [
      [
        [2, 8, 8, 16],
        [3, 3, 16, 8],
      ],
    ],
    1,
    'valid',
  ),
  ...many(
    'depthwiseConv2d',
    'DepthwiseConv2dNative DepthwiseConv2dNativeBackpropInput DepthwiseConv2dNativeBackpropFilter',
    [
      [
        [2, 8, 8, 16],
        [3, 3, 16, 1],
      ],
    ],
    (x, filter) => tf.depthwiseConv2d(x! as tf.Tensor4D, filter! as tf.Tensor4D, 1, 'same'),
  ),
];

function convolutions(shapes: readonly (readonly Shape[])[], stride: number, pad: 'same' | 'valid'): Case[] {
  return many(
    `conv2d, stride ${stride}, ${pad}`,
    'Conv2D Conv2DBackpropInput Conv2DBackpropFilter',
    shapes,
    (x, filter) => tf.conv2d(x! as tf.Tensor4D, filter! as tf.Tensor4D, stride, pad),
  );
}

type Image = tf.Tensor4D;
const IMAGES: readonly Shape[] = [
  [8, 8, 8, 16],
  [2, 5, 7, 3],
];

const RESAMPLED: readonly Case[] = [
  ...one('resizeNearestNeighbor ×2', 'ResizeNearestNeighbor ResizeNearestNeighborGrad', IMAGES, (x) =>
    tf.image.resizeNearestNeighbor(x! as Image, [2 * x!.shape[1]!, 2 * x!.shape[2]!]),
  ),
  ...one(
    'resizeNearestNeighbor ×½',
    'ResizeNearestNeighbor ResizeNearestNeighborGrad',
    [[2, 8, 8, 16]],
    (x) => tf.image.resizeNearestNeighbor(x! as Image, [4, 4]),
  ),
  ...one('resizeBilinear ×2', 'ResizeBilinear ResizeBilinearGrad', IMAGES, (x) =>
    tf.image.resizeBilinear(x! as Image, [2 * x!.shape[1]!, 2 * x!.shape[2]!]),
  ),
  ...one(
    'maxPool 2×2',
    'MaxPool MaxPoolGrad',
    [[2, 8, 8, 16]],
    (x) => tf.maxPool(x! as Image, 2, 2, 'valid'),
    { draw: 'distinct' },
  ),
  ...one(
    'maxPool 3×3, same',
    'MaxPool MaxPoolGrad',
    [[2, 8, 8, 3]],
    (x) => tf.maxPool(x! as Image, 3, 1, 'same'),
    { draw: 'distinct' },
  ),
  ...one('avgPool 2×2', 'AvgPool AvgPoolGrad', [[2, 8, 8, 16]], (x) =>
    tf.avgPool(x! as Image, 2, 2, 'valid'),
  ),
  ...one('avgPool 3×3, same', 'AvgPool AvgPoolGrad', [[2, 8, 8, 3]], (x) =>
    tf.avgPool(x! as Image, 3, 1, 'same'),
  ),
];

/** The second optimizer step of one parameter. */
const updated = (
  operation: string,
  rule: UpdateRule,
  kernels: string,
  slots: readonly (readonly [string, Shape])[],
): Case => ({
  operation,
  kernels: kernels.split(' '),
  inputs: [
    { shape: [48, 16], draw: 'normal' },
    { shape: [48, 16], draw: 'normal' },
    ...slots.map(([name, shape]) => ({
      shape,
      draw: name === 'exp_avg' ? ('normal' as const) : ('moment' as const),
    })),
  ],
  run: (parameter, gradient, ...state) =>
    rule({
      parameter: parameter!,
      gradient: gradient!,
      slots: Object.fromEntries(slots.map(([name], index) => [name, state[index]!])),
      step: 2,
      learningRate: 1e-3,
      weightDecay: 0.01,
    }).parameter,
  gradient: false,
});

const OPTIMIZERS: readonly Case[] = [
  updated('adamW', adamW(), 'Sqrt RealDiv', [
    ['exp_avg', [48, 16]],
    ['exp_avg_sq', [48, 16]],
  ]),
  updated('adafactor', adafactor(), 'Rsqrt Mean Maximum ExpandDims', [
    ['exp_avg_sq_row', [48]],
    ['exp_avg_sq_col', [16]],
  ]),
];

/** Random shapes, many of them not multiples of the tiles and 4-vectors that kernels use. */
function oddCases(random: RandomStream): Case[] {
  const length = (most: number): number => 1 + random.integer(most);
  return Array.from({ length: 3 }, () => {
    const [m, inner, n] = [length(70), length(70), length(70)];
    const image = [length(3), 4 + length(8), 4 + length(8), length(9)];
    const filter = [length(3), length(3), image[3]!, length(9)];
    const shape = [length(3), length(9), length(9), length(9)];
    const perm = [...random.shuffle(4)];
    const axis = random.integer(4);
    return [
      ...many(
        'matMul',
        'BatchMatMul',
        [
          [
            [m, inner],
            [inner, n],
          ],
        ],
        (a, b) => tf.matMul(a!, b!),
      ),
      ...convolutions([[image, filter]], length(2), random.integer(2) === 0 ? 'same' : 'valid'),
      ...one(`transpose by ${perm}`, 'Transpose', [shape], (x) => tf.transpose(x!, perm)),
      ...one(`sum over ${axis}`, 'Sum', [shape], (x) => tf.sum(x!, axis)),
      ...many(`concat along ${axis}`, 'Concat', [[shape, shape.with(axis, length(9))]], (...parts) =>
        tf.concat(parts, axis),
      ),
      ...many('add', 'Add', [[shape, shape.map((each) => (random.integer(2) === 0 ? 1 : each))]], (a, b) =>
        tf.add(a!, b!),
      ),
    ];
  }).flat();
}

export const CASES: readonly Case[] = [
  ...MATH,
  ...REDUCED,
  ...MOVED,
  ...MULTIPLIED,
  ...RESAMPLED,
  ...OPTIMIZERS,
  ...oddCases(RandomStream.fromSeed(0)),
];

/** The cases that cover any of the kernels. */
export const casesFor = (kernels: ReadonlySet<string>): Case[] =>
  CASES.filter((each) => each.kernels.some((kernel) => kernels.has(kernel)));

/** All kernels that the cases cover. */
export const COVERED: ReadonlySet<string> = new Set(CASES.flatMap(({ kernels }) => kernels));

/** Draws an input's values. Equal seeds give equal values on every machine. */
export function drawn(shape: Shape, draw: Draw, random: RandomStream): Float32Array | Int32Array {
  const count = shape.reduce((product, length) => product * length, 1);
  if (typeof draw === 'number') return Int32Array.from({ length: count }, () => random.integer(draw));
  const gaussian = random.gaussian(count);
  switch (draw) {
    case 'normal':
      return gaussian;
    case 'positive':
      return gaussian.map((value) => 0.1 + Math.abs(value));
    case 'moment':
      return gaussian.map(() => 10 ** (-12 * random.uniform()));
    case 'nonzero':
      return gaussian.map((value) => value + (value < 0 ? -0.1 : 0.1));
    case 'distinct':
    case 'between': {
      const shift = draw === 'between' ? 1 / 128 : 0;
      return Float32Array.from(random.shuffle(count), (rank) => (rank - (count >> 1)) / 64 + shift);
    }
    case 'angle':
      return gaussian.map(() => (2 * random.uniform() - 1) * Math.PI);
    case 'phase':
      return gaussian.map(() => 100 * random.uniform());
  }
}
