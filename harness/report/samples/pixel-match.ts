/**
 * Defines a differing pixel, because pixelmatch's defaults and colour metric (OKLab since version 7) change between
 * versions. With threshold 0 any difference counts, even one level of one channel, so the metric does not matter. Antialiased pixels count. Transparent pixels are
 * compared over a checkerboard, so two that are both invisible count as the same.
 */
export const PIXEL_MATCH = { threshold: 0, includeAA: true, checkerboard: true } as const;
