/** Writes the kill matrix into its run's folder. */
import { z } from 'zod';
import { type Matrix, matrixSchema } from '../judge/matrix/matrix.ts';
import { writeWhole } from './files.ts';
import { matrixPage } from './matrix-page.ts';
import { tame } from './text.ts';

/** Writes `matrix.json` and `matrix.html`, each whole or not at all. Returns their paths. */
export async function writeMatrix(
  directory: string,
  matrix: Matrix,
): Promise<{ html: string; json: string }> {
  const json = await writeWhole(directory, 'matrix.json', `${JSON.stringify(matrix, null, 2)}\n`);
  const html = await writeWhole(directory, 'matrix.html', matrixPage(tame(matrix)));
  return { html, json };
}

/** The JSON Schema of matrix.json and of the output of `resumeproof mutants --json`. */
export function matrixJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(matrixSchema) as Record<string, unknown>;
}
