/** Reads what a page holds, as a test sees it. */
import { inflateRawSync } from 'node:zlib';
import type { Detail } from '../data.ts';
import { unpackDetail } from '../pack.ts';

const DATA = /(?<=<script type="text\/plain" id="scenario-\d+">)[^<]*(?=<)/g;

const inflated = (data: string): Buffer[] =>
  data.split('.').map((base64) => inflateRawSync(Buffer.from(base64, 'base64')));

/** What a scenario's data in a page says. */
export function detailIn(data: string): Detail {
  const [text, numbers] = inflated(data);
  return unpackDetail({ text: text!.toString(), numbers: numbers! });
}

/** What a page has of each scenario. */
export const detailsIn = (page: string): Detail[] => [...page.matchAll(DATA)].map(([data]) => detailIn(data));

/** The page without its compressed data. */
export const withoutDetails = (page: string): string => page.replace(DATA, '');

/** The page with its compressed data as JSON text, without numbers of parameters. */
export const pageText = (page: string): string => page.replace(DATA, (data) => inflated(data)[0]!.toString());
