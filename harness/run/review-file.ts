/** Reads and writes what a reviewer decided: a file beside the report, or one that the page has saved. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { writeWhole } from '../report/files.ts';
import { DECISIONS, emptyReview, MOST_NOTE, type Review } from '../report/review.ts';
import { readJsonFile } from './json-file.ts';
import { UsageError } from './usage-error.ts';

export const REVIEW = 'review.json';
const MOST_BYTES = 16 * 1024 * 1024;

const decidedSchema = z.strictObject({
  scenario: z.string().max(4096),
  decision: z.enum(DECISIONS).nullable(),
  note: z.string().max(MOST_NOTE),
});
export const changeSchema = decidedSchema.partial({ decision: true, note: true });
const reviewSchema: z.ZodType<Review> = z.strictObject({
  format: z.literal(1),
  startedAt: z.string().max(100),
  decisions: z.array(decidedSchema),
});

/**
 * @param file of the review; it may be missing
 * @param startedAt of the report
 * @throws {UsageError} in one line, when it is no review, or one of another report
 */
export async function readReview(file: string, startedAt: string): Promise<Review> {
  if (!existsSync(file)) return emptyReview(startedAt);
  const refuse = (why: string): UsageError =>
    new UsageError(`cannot read the review ${path.relative('', file)}: ${why}; mend or remove it`);
  const review = await readJsonFile(file, reviewSchema, MOST_BYTES, refuse);
  if (review.startedAt !== startedAt)
    throw new UsageError(
      `${path.relative('', file)} reviews the run of ${review.startedAt}, but this report is of ${startedAt}; name that report with --report`,
    );
  return review;
}

export const writeReview = (folder: string, review: Review): Promise<string> =>
  writeWhole(folder, REVIEW, `${JSON.stringify(review, null, 2)}\n`);
