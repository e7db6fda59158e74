/** The page's script: shows the first screen, and a scenario once it is opened. */
/// <reference lib="dom" />
import { render, type VNode } from 'preact';
import type { PageIndex } from '../data.ts';
import { html } from '../markup.ts';
import { App } from './app.ts';

const index = JSON.parse(document.getElementById('index')!.textContent!) as PageIndex;
render(html`<${App} index=${index} />` as VNode, document.getElementById('app')!);
