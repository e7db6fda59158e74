/** Colours of the style sheet, for what is drawn on a canvas. They follow the reader's choice of light or dark. */
/// <reference lib="dom" />
import { useEffect, useState } from 'preact/hooks';

const NAMES = [
  'page',
  'card',
  'ink',
  'soft',
  'rule',
  'control',
  'before',
  'after',
  'less',
  'more',
  'still',
  'appears',
] as const;
export type Colours = Readonly<Record<(typeof NAMES)[number], string>>;

function currentColours(): Colours {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(
    NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]),
  ) as Colours;
}

export function useColours(): Colours {
  const [colours, setColours] = useState(currentColours);
  useEffect(() => {
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    const update = (): void => setColours(currentColours());
    scheme.addEventListener('change', update);
    return () => scheme.removeEventListener('change', update);
  }, []);
  return colours;
}

/** The width of an element in CSS pixels, as it changes. */
export function useWidth(element: { readonly current: HTMLElement | null }): number {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    if (element.current === null) return undefined;
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry!.contentRect.width)));
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [element]);
  return width;
}
