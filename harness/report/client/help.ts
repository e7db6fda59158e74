/** The keys of the page, in a dialog. */
/// <reference lib="dom" />
import { useEffect, useRef } from 'preact/hooks';
import { html, type Markup } from '../markup.ts';
import { HELP } from './keys.ts';

export function Help({ close }: { readonly close: () => void }): Markup {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  return html`<dialog ref=${dialog} onClose=${close} aria-labelledby="help-title">
    <h2 id="help-title">Keyboard</h2>
    <dl>${HELP.map(([keys, does]) => html`<dt>${keys.split(', ').map((key, at) => html`${at > 0 && ', '}<kbd>${key}</kbd>`)}</dt><dd>${does}</dd>`)}</dl>
    <form method="dialog"><button>Close</button></form>
  </dialog>`;
}
