/** Names in which `*` matches any characters, as on the command line. */

/** Takes time in proportion to the name, unlike a regular expression of many stars, which tries every split. */
export function namePattern(want: string): { test(name: string): boolean } {
  const [first, ...rest] = want.split('*') as [string, ...string[]];
  const last = rest.pop();
  if (last === undefined) return { test: (name) => name === want };
  return {
    test(name) {
      const end = name.length - last.length;
      if (!name.startsWith(first) || !name.endsWith(last)) return false;
      let at = first.length;
      for (const part of rest) {
        const found = name.indexOf(part, at);
        if (found === -1) return false;
        at = found + part.length;
      }
      return at <= end;
    },
  };
}
