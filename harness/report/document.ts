/** The frame of every page: one file that needs no other. Its policy allows its own style sheet and script only. */
import { createHash } from 'node:crypto';
import type { VNode } from 'preact';
import { renderToString } from 'preact-render-to-string';
import { html, type Markup } from './markup.ts';

export interface Frame {
  readonly title: string;
  readonly style: string;
  /** Allowed by the policy; it does not run unless the body has it. */
  readonly script?: string;
}

/** The page up to its body. */
export function headOf({ title, style, script }: Frame): string {
  const head = html`<head>
    <meta charset="utf-8" />
    <meta http-equiv="Content-Security-Policy" content=${policyOf(style, script)} />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <meta name="referrer" content="no-referrer" />
    <title>${title}</title>
    <style dangerouslySetInnerHTML=${{ __html: style }} />
  </head>`;
  return `<!doctype html>\n<html lang="en">${rendered(head)}\n`;
}

export const rendered = (markup: Markup): string => renderToString(markup as VNode);

/** A page without a script. */
export const documentOf = (title: string, style: string, body: Markup): string =>
  `${headOf({ title, style })}${rendered(html`<body id="top">${body}</body>`)}</html>\n`;

/** What a page of this style sheet and script may do. A script may ask its own server, if there is one, and no other. */
export function policyOf(style: string, script: string | undefined): string {
  const sources = [
    "default-src 'none'",
    `style-src '${hashOf(style)}'`,
    ...(script === undefined ? [] : [`script-src '${hashOf(script)}'`, "connect-src 'self'"]),
    'img-src data:',
    'media-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ];
  return sources.join('; ');
}

/** As a content security policy names an inline element. */
const hashOf = (text: string): string => `sha256-${createHash('sha256').update(text).digest('base64')}`;
