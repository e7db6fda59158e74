/** What the page shows is in the address, so that each view can be linked to, and back and forward work. */
/// <reference lib="dom" />
import { useEffect, useState } from 'preact/hooks';

export const KEYS = [
  'scenario',
  'finding',
  'parameter',
  'search',
  'verdict',
  'backend',
  'rule',
  'cause',
  'review',
  'sort',
] as const;
export type Place = Partial<Record<(typeof KEYS)[number], string>>;

/** `#scenario=NAME&finding=ID` */
export function placeOf(hash: string): Place {
  const given = new URLSearchParams(hash.replace(/^#/, ''));
  return Object.fromEntries(KEYS.flatMap((key) => (given.get(key) ? [[key, given.get(key)!]] : [])));
}

export function linkOf(place: Place): string {
  const own = KEYS.flatMap((key): [string, string][] => (place[key] ? [[key, place[key]!]] : []));
  return `#${new URLSearchParams(own)}`;
}

/** Goes to a place. It replaces the current one if it is only another filter. */
export function go(place: Place, replace = false): void {
  if (replace) history.replaceState(null, '', linkOf(place));
  else history.pushState(null, '', linkOf(place));
  dispatchEvent(new HashChangeEvent('hashchange'));
}

export function usePlace(): Place {
  const [place, setPlace] = useState(() => placeOf(location.hash));
  useEffect(() => {
    const update = (): void => setPlace(placeOf(location.hash));
    addEventListener('hashchange', update);
    addEventListener('popstate', update);
    return () => {
      removeEventListener('hashchange', update);
      removeEventListener('popstate', update);
    };
  }, []);
  return place;
}
