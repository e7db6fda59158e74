/** Reads a JSON file that a user wrote or committed. */
import { readFile } from 'node:fs/promises';
import type { z } from 'zod';

/**
 * @param refuse makes the error of a file that cannot be used, from the reason in one line
 * @throws what `refuse` makes
 */
export async function readJsonFile<Schema extends z.ZodType>(
  file: string,
  schema: Schema,
  mostBytes: number,
  refuse: (why: string) => Error,
): Promise<z.output<Schema>> {
  let json: unknown;
  try {
    const bytes = await readFile(file);
    if (bytes.length > mostBytes) throw new Error(`it has more than ${mostBytes} bytes`);
    json = JSON.parse(bytes.toString());
  } catch (error) {
    throw refuse((error as Error).message.split('\n')[0]!);
  }
  const { error, data } = schema.safeParse(json);
  if (error === undefined) return data;
  const [issue] = error.issues;
  throw refuse(`${issue!.path.join('.') || 'the file'}: ${issue!.message}`);
}
