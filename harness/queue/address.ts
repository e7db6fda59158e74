/** The URL of a Redis server, whose password is shown nowhere. */

/** @returns undefined if the text is no `redis:` or `rediss:` URL with a host */
export function parseAddress(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isRedis = url?.protocol === 'redis:' || url?.protocol === 'rediss:';
  return isRedis && url.hostname !== '' ? url : undefined;
}

/** Host, port and database, without the user and the password. */
export function shownAddress({ protocol, hostname, port, pathname }: URL): string {
  return `${protocol}//${hostname}:${port || 6379}${pathname === '/' ? '' : pathname}`;
}

/** A text in which the user's password, as it is written or meant, is replaced by asterisks. */
export function withoutPassword(text: string, { password }: URL): string {
  if (password === '') return text;
  return text.replaceAll(password, '***').replaceAll(decoded(password), '***');
}

function decoded(password: string): string {
  try {
    return decodeURIComponent(password);
  } catch {
    return password;
  }
}
