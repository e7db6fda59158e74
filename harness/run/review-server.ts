/**
 * Serves a report to a browser on this machine, and writes down what its reader decides. The address holds a token, so
 * that no other page and no other user of this machine can read the report or decide.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Gate } from '../judge/verdict.ts';
import { client } from '../report/client-file.ts';
import { openWithin, readWithin } from '../report/files.ts';
import { servingPolicy } from '../report/page.ts';
import { type Change, REVIEW_ADDRESS, type Review, withChange } from '../report/review.ts';
import { tame } from '../report/text.ts';
import { changeSchema, REVIEW, readReview, writeReview } from './review-file.ts';
import { UsageError } from './usage-error.ts';

export interface ReviewOptions {
  /** Of the report. */
  readonly folder: string;
  readonly gate: Pick<Gate, 'startedAt' | 'verdicts'>;
  /** 0 takes a free one. */
  readonly port: number;
  readonly onReview: (review: Review) => void;
}

export interface ReviewServer {
  readonly url: string;
  close(): Promise<void>;
}

const HOST = '127.0.0.1';
const PAGE = 'index.html';
const MOST_PAGE_BYTES = 256 * 1024 * 1024;
const MOST_BODY_BYTES = 64 * 1024;
/** Nothing else is shown by a browser: a file of a trace may be anything. */
const TYPES: Readonly<Record<string, string>> = {
  '.json': 'application/json',
  '.jsonl': 'text/plain; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.png': 'image/png',
  '.wav': 'audio/wav',
};

/** What a request gets instead of an answer. */
class Refusal extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/**
 * @throws {UsageError} when the report has no page of this version, or its review cannot be read
 * @throws the error of the system when the port cannot be opened
 */
export async function serveReview({ folder, gate, port, onReview }: ReviewOptions): Promise<ReviewServer> {
  const where = path.relative('', path.join(folder, PAGE));
  const page = await readWithin(folder, path.join(folder, PAGE), MOST_PAGE_BYTES).catch((error: Error) => {
    throw new UsageError(
      `cannot read ${where}: ${error.message}; make the report again with resumeproof run`,
    );
  });
  const policy = servingPolicy(page.toString(), await client());
  if (policy === undefined)
    throw new UsageError(
      `${where} is not as this version of resumeproof writes it; make the report again with resumeproof run`,
    );
  const file = path.join(folder, REVIEW);
  await readReview(file, gate.startedAt);
  const scenarios = new Set(gate.verdicts.map(({ scenario }) => tame(scenario)));
  // One after the other: each adds to what is in the file.
  let writing: Promise<unknown> = Promise.resolve();
  const keep = (change: Change): Promise<Review> => {
    const written = writing.then(async () => {
      const review = withChange(await readReview(file, gate.startedAt), change);
      await writeReview(folder, review);
      onReview(review);
      return review;
    });
    writing = written.catch(() => {});
    return written;
  };
  const token = randomBytes(32).toString('base64url');
  const base = `${REVIEW_ADDRESS}${token}/`;
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const own = rest(request, base);
    if (own === REVIEW && request.method === 'POST') {
      const change = changeFrom(await bodyOf(request));
      if (!scenarios.has(change.scenario)) throw new Refusal(400, 'the report has no scenario of this name');
      sendJson(response, await keep(change));
      return;
    }
    if (request.method !== 'GET') throw new Refusal(405, 'only GET is answered here');
    if (own === REVIEW) sendJson(response, await readReview(file, gate.startedAt));
    else if (own === '') {
      response.setHeader('Content-Security-Policy', policy);
      response.setHeader('Content-Type', 'text/html; charset=utf-8');
      response.end(page);
    } else await sendFile(response, folder, own);
  };
  const server = createServer((request, response) => {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    answer(request, response).catch((error: Error) => {
      if (response.headersSent) {
        response.destroy();
        return;
      }
      response.statusCode = error instanceof Refusal ? error.status : 500;
      response.setHeader('Content-Type', 'text/plain; charset=utf-8');
      response.end(error.message.split('\n')[0]);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, HOST, resolve);
  });
  const { port: taken } = server.address() as AddressInfo;
  return {
    url: `http://${HOST}:${taken}${base}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await writing;
    },
  };
}

const HEADERS = {
  'Content-Security-Policy': "default-src 'none'; sandbox",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cache-Control': 'no-store',
};

/**
 * The path below the token.
 * @throws {Refusal} when the request is not from this machine's browser at that address
 */
function rest({ headers, url = '' }: IncomingMessage, base: string): string {
  // A name that somebody else's server gives to this machine is not in its address bar. Another port may be forwarded.
  const { host = '', origin = `http://${host}` } = headers;
  if (!/^(127\.0\.0\.1|localhost)(:\d{1,5})?$/.test(host))
    throw new Refusal(403, 'unknown host: open the address that resumeproof review has printed');
  if (origin !== `http://${host}`) throw new Refusal(403, 'unknown origin');
  const given = url.split('?')[0]!;
  const [own, expected] = [Buffer.from(given.slice(0, base.length)), Buffer.from(base)];
  if (own.length !== expected.length || !timingSafeEqual(own, expected))
    throw new Refusal(404, 'not found: the address lacks its token');
  try {
    return decodeURIComponent(given.slice(base.length));
  } catch {
    throw new Refusal(400, 'the address is malformed');
  }
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  // A form of another page cannot send this type without asking first.
  if (request.headers['content-type'] !== 'application/json') throw new Refusal(415, 'expected JSON');
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > MOST_BODY_BYTES) throw new Refusal(413, `expected at most ${MOST_BODY_BYTES} bytes`);
    parts.push(part);
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString());
  } catch (error) {
    throw new Refusal(400, (error as Error).message);
  }
}

function changeFrom(body: unknown): Change {
  const { error, data } = changeSchema.safeParse(body);
  if (error === undefined) return data as Change;
  const [issue] = error.issues;
  throw new Refusal(400, `${issue!.path.join('.') || 'the decision'}: ${issue!.message}`);
}

function sendJson(response: ServerResponse, value: unknown): void {
  response.setHeader('Content-Type', 'application/json');
  response.end(JSON.stringify(value));
}

/** A file of the report that the page links to, such as a trace. */
async function sendFile(response: ServerResponse, folder: string, name: string): Promise<void> {
  if (name.includes('\0')) throw new Refusal(404, 'not found');
  const { file, size } = await openWithin(folder, path.join(folder, name)).catch((error: Error) => {
    throw new Refusal(404, `not found: ${error.message}`);
  });
  response.setHeader('Content-Type', TYPES[path.extname(name)] ?? 'application/octet-stream');
  response.setHeader('Content-Length', size);
  await pipeline(file.createReadStream({ end: Math.max(0, size - 1) }), response);
}
