/** Keys of the page. None acts while a text is typed or with a modifier key. */
/// <reference lib="dom" />
import { useLayoutEffect } from 'preact/hooks';

export const HELP: readonly (readonly [string, string])[] = [
  ['j, k', 'next and previous item: scenario, finding or sample'],
  ['Enter', 'open the item'],
  ['n, p', 'next and previous scenario of the list'],
  ['a, r', 'accept or reject the scenario, or take that back'],
  ['m', 'note on the scenario that is open'],
  ['Esc', 'back to the list'],
  ['/', 'search'],
  ['?', 'this help'],
];

export function useKeys(actions: Readonly<Record<string, () => unknown>>): void {
  // In layout, so that a key that follows at once finds what is shown now.
  useLayoutEffect(() => {
    const listen = (event: KeyboardEvent): void => {
      const { target, key } = event;
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      // A key that is held moves on, but decides once.
      if (event.repeat && key !== 'j' && key !== 'k') return;
      const typing = target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
      if (typing && key !== 'Escape') return;
      if (typing) {
        (target as HTMLElement).blur();
        return;
      }
      const act = actions[key];
      if (act === undefined) return;
      event.preventDefault();
      act();
    };
    addEventListener('keydown', listen);
    return () => removeEventListener('keydown', listen);
  });
}

/** Moves the focus among the items of the page, which have the attribute `data-item`. */
export function moveFocus(by: 1 | -1): void {
  const items = [...document.querySelectorAll<HTMLElement>('[data-item]')].filter(
    (item) => item.offsetParent,
  );
  const focused = items.indexOf(document.activeElement as HTMLElement);
  const next = items[focused < 0 ? (by === 1 ? 0 : items.length - 1) : focused + by];
  next?.focus();
  next?.scrollIntoView({ block: 'nearest' });
}

/** The scenario of the item that has the focus in the list. */
export const focusedScenario = (): string | undefined =>
  document.activeElement?.closest<HTMLElement>('[data-scenario]')?.dataset.scenario;
