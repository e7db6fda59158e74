/** The frame of every page: one file, no script, nothing fetched. */
import type { VNode } from 'preact';
import { renderToString } from 'preact-render-to-string';
import { html, type Markup } from './markup.ts';
import { STYLES } from './styles.ts';

const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; media-src data:; base-uri 'none'; form-action 'none'";

export function documentOf(title: string, body: Markup): string {
  const document = html`<html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta http-equiv="Content-Security-Policy" content=${POLICY} />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="color-scheme" content="light dark" />
      <meta name="referrer" content="no-referrer" />
      <title>${title}</title>
      <style dangerouslySetInnerHTML=${{ __html: STYLES }} />
    </head>
    <body id="top">${body}</body>
  </html>`;
  return `<!doctype html>\n${renderToString(document as VNode)}\n`;
}
