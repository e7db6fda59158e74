/** Reads a scenario's data from the page when it is opened. */
/// <reference lib="dom" />
import { useEffect, useState } from 'preact/hooks';
import type { Detail, ScenarioRow } from '../data.ts';
import { unpackDetail } from '../pack.ts';

export function decode(base64: string): Uint8Array {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) bytes[at] = text.charCodeAt(at);
  return bytes;
}

/** Undefined if the page has no data of the scenario. */
async function readDetail({ element }: ScenarioRow): Promise<Detail | undefined> {
  await whole();
  const text = document.getElementById(element)?.textContent;
  if (!text) return undefined;
  const [words, numbers] = await Promise.all(text.split('.').map(inflated));
  return unpackDetail({
    text: new TextDecoder().decode(words),
    numbers: new Uint8Array(numbers!),
  });
}

function inflated(base64: string): Promise<ArrayBuffer> {
  const stream = new Blob([decode(base64) as BlobPart]).stream();
  return new Response(stream.pipeThrough(new DecompressionStream('deflate-raw'))).arrayBuffer();
}

/** The browser may still be reading the file. */
const whole = (): Promise<unknown> =>
  document.readyState === 'loading'
    ? new Promise((resolve) => document.addEventListener('DOMContentLoaded', resolve, { once: true }))
    : Promise.resolve();

export type Reading = { readonly detail?: Detail | undefined; readonly problem?: string };

/** Nothing while it is read. */
export function useDetail(row: ScenarioRow): Reading {
  const [reading, setReading] = useState<Reading & { readonly element?: string }>({});
  useEffect(() => {
    let left = false;
    readDetail(row).then(
      (detail) => {
        const problem = detail === undefined ? { problem: 'This page has no more of this scenario.' } : {};
        if (!left) setReading({ element: row.element, detail, ...problem });
      },
      (error: unknown) => {
        if (!left) setReading({ element: row.element, problem: `This page is damaged: ${String(error)}` });
      },
    );
    return () => {
      left = true;
    };
  }, [row]);
  return reading.element === row.element ? reading : {};
}
