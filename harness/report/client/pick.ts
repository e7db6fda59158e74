/** Picks one of the samples of a row. */
/// <reference lib="dom" />
import { html, type Markup } from '../markup.ts';

export const valueIn = (event: Event): string => (event.target as HTMLInputElement | HTMLSelectElement).value;

/** The two that are compared at first: what was resumed and trained, and the control then. */
export function pairOf(shown: readonly { readonly label: string }[]): [first: number, second: number] {
  const trained = shown.findIndex(({ label }) => label.startsWith('resumed and trained'));
  const control = shown.findLastIndex(({ label }) => label.startsWith('control'));
  return [Math.max(0, trained), Math.max(0, control)];
}

interface PickProps {
  readonly label: string;
  readonly shown: readonly { readonly label: string }[];
  readonly at: number;
  readonly set: (at: number) => void;
}

export function Pick({ label, shown, at, set }: PickProps): Markup {
  return html`<label>${label} <select onChange=${(event: Event) => set(Number(valueIn(event)))}>${shown.map(
    (own, index) => html`<option value=${index} selected=${index === at}>${own.label}</option>`,
  )}</select></label>`;
}
