/** The noise of several ranks as one record. */
import type { NoiseRecord, QuantityNoise } from '../verdict.ts';

/** The noise of a run: what all ranks compare, within the widest of their intervals. */
export function noiseOfRanks(records: readonly NoiseRecord[]): NoiseRecord {
  const [first] = records;
  if (records.length === 1) return first!;
  const floorOf = ({ quantities }: NoiseRecord): number =>
    Math.max(0, ...quantities.map(({ floor }) => floor));
  const noisiest = records.reduce((one, other) => {
    if (one.exact !== other.exact) return one.exact ? other : one;
    return floorOf(other) > floorOf(one) ? other : one;
  });
  const sum = (of: (record: NoiseRecord) => number): number =>
    records.reduce((total, record) => total + of(record), 0);
  const quantities = Map.groupBy(
    records.flatMap((record) => record.quantities),
    ({ quantity }) => quantity,
  );
  return {
    text: noisiest.text,
    exact: records.every(({ exact }) => exact),
    controls: Math.min(...records.map(({ controls }) => controls)),
    falseAlarm: sum(({ falseAlarm }) => falseAlarm),
    comparisons: sum(({ comparisons }) => comparisons),
    quantities: [...quantities.values()].map((own) => own.reduce(together)),
  };
}

function together(one: QuantityNoise, other: QuantityNoise): QuantityNoise {
  const comparisons = one.comparisons + other.comparisons;
  const squares = one.comparisons * one.floor ** 2 + other.comparisons * other.floor ** 2;
  return {
    quantity: one.quantity,
    things: one.things + other.things,
    comparisons,
    floor: Math.sqrt(squares / Math.max(1, comparisons)),
    degrees: Math.min(one.degrees, other.degrees),
    factor: Math.max(one.factor, other.factor),
    allowed:
      one.allowed === null || other.allowed === null
        ? (one.allowed ?? other.allowed)
        : {
            least: Math.min(one.allowed.least, other.allowed.least),
            most: Math.max(one.allowed.most, other.allowed.most),
          },
  };
}
