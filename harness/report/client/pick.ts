/** Picks one of the samples of a row. */
/// <reference lib="dom" />
import { html, type Markup } from '../markup.ts';

export const valueIn = (event: Event): string => (event.target as HTMLInputElement | HTMLSelectElement).value;

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
