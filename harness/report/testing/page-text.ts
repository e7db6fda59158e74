/** Reads what a page holds, as a test sees it. */
import { inflateRawSync } from 'node:zlib';
import type { PackedDetail } from '../pack.ts';

const DATA = /(?<=<script type="text\/plain" id="scenario-\d+">)[^<]*(?=<)/g;

const inflated = (data: string): string => inflateRawSync(Buffer.from(data, 'base64')).toString();

/** What a page has of each scenario. */
export const detailsIn = (page: string): PackedDetail[] =>
  [...page.matchAll(DATA)].map(([data]) => JSON.parse(inflated(data)) as PackedDetail);

/** The page without its compressed data. */
export const withoutDetails = (page: string): string => page.replace(DATA, '');

/** The page with its compressed data as JSON text. */
export const pageText = (page: string): string => page.replace(DATA, inflated);
