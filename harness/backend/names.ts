/** The backends there are; in a file of its own, so that naming them does not load TensorFlow.js. */
export const BACKENDS = ['node-gpu', 'webgpu', 'wasm', 'cpu'] as const;
/** A backend by its name here; `node-gpu` is TensorFlow.js' `tensorflow`. */
export type BackendName = (typeof BACKENDS)[number];

/** Never a GPU, part of every installation, and nothing about them is to be found out. */
export const onProcessor = (name: string): boolean => name === 'wasm' || name === 'cpu';
