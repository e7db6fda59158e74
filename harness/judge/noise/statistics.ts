/**
 * The special functions that the noise statistics need, for real arguments above 0. They are implemented here because
 * the packages that provide them are untyped and unmaintained, or have hundreds of dependencies.
 */

/** Above this many degrees of freedom, Student's t equals the normal distribution to 1 in 3,000 where it is used. */
export const MOST_DEGREES = 1e4;

/** From this argument on, the asymptotic series are exact to double precision. Recurrences lead up to it. */
const ASYMPTOTIC_FROM = 10;

/** ψ(x): recurrence and asymptotic series, DLMF 5.5.2 and 5.11.2. */
export function digamma(x: number): number {
  if (x < ASYMPTOTIC_FROM) return digamma(x + 1) - 1 / x;
  const y = 1 / (x * x);
  return (
    Math.log(x) -
    1 / (2 * x) -
    y * (1 / 12 - y * (1 / 120 - y * (1 / 252 - y * (1 / 240 - y * (1 / 132 - (y * 691) / 32760)))))
  );
}

/** ψ′(x): recurrence and the series of {@link digamma}, differentiated. */
export function trigamma(x: number): number {
  if (x < ASYMPTOTIC_FROM) return trigamma(x + 1) + 1 / (x * x);
  const y = 1 / (x * x);
  return (1 + 1 / (2 * x) + y * (1 / 6 - y * (1 / 30 - y * (1 / 42 - y * (1 / 30 - (y * 5) / 66))))) / x;
}

/** The x with ψ′(x) = y, by Newton's iteration on 1 / ψ′, which converges from below (Smyth 2004, appendix). */
export function inverseTrigamma(y: number): number {
  let x = 0.5 + 1 / y;
  for (let turn = 0; turn < 100; turn++) {
    const value = trigamma(x);
    const step = (value * (1 - value / y)) / tetragamma(x);
    x += step;
    if (-step / x < 1e-12) break;
  }
  return x;
}

/** ψ″(x). */
function tetragamma(x: number): number {
  if (x < ASYMPTOTIC_FROM) return tetragamma(x + 1) - 2 / x ** 3;
  const y = 1 / (x * x);
  return -y * (1 + 1 / x + y * (1 / 2 - y * (1 / 6 - y * (1 / 6 - y * (3 / 10 - (y * 5) / 6)))));
}

/** ln Γ(x): recurrence and Stirling's series, DLMF 5.11.1. */
export function logGamma(x: number): number {
  if (x < ASYMPTOTIC_FROM) return logGamma(x + 1) - Math.log(x);
  const y = 1 / (x * x);
  const series = (1 / 12 - y * (1 / 360 - y * (1 / 1260 - y * (1 / 1680 - y / 1188)))) / x;
  return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + series;
}

/** Regularised incomplete beta function I_x(a, b): continued fraction, DLMF 8.17.22, by Lentz's method. */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x));
  const apart = (value: number): number =>
    Math.abs(value) < Number.MIN_VALUE / Number.EPSILON ? 1e-300 : value;
  let c = 1;
  let d = 1 / apart(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let m = 1; m < 10_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / apart(1 + even * d);
    c = apart(1 + even / c);
    fraction *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / apart(1 + odd * d);
    c = apart(1 + odd / c);
    fraction *= d * c;
    if (Math.abs(d * c - 1) < 1e-14) break;
  }
  return (front * fraction) / a;
}

/** P(T > t) of Student's t with `degrees` of freedom, t ≥ 0. */
export function studentTail(t: number, degrees: number): number {
  const square = t * t;
  return 0.5 * incompleteBeta(degrees / (degrees + square), degrees / 2, 0.5);
}

/** The t that Student's t exceeds with probability `tail` < 0.5, by bisection; exact to 1e-12 relative. */
export function studentQuantile(tail: number, degrees: number): number {
  const freedom = Math.min(degrees, MOST_DEGREES);
  let low = 0;
  let high = 1;
  while (studentTail(high, freedom) > tail) {
    low = high;
    high *= 2;
  }
  while (high - low > 1e-12 * high) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) break;
    if (studentTail(middle, freedom) > tail) low = middle;
    else high = middle;
  }
  return high;
}
