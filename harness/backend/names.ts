/** All backends. They have their own file so that listing them does not load TensorFlow.js. */
export const BACKENDS = ['node-gpu', 'webgpu', 'wasm', 'cpu'] as const;
/** A backend by its name here; `node-gpu` is TensorFlow.js' `tensorflow`. */
export type BackendName = (typeof BACKENDS)[number];

/** True for backends that are never a GPU and are part of every installation, so they need no probe. */
export const onProcessor = (name: string): boolean => name === 'wasm' || name === 'cpu';
