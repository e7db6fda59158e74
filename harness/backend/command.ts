/** How a user starts resumeproof: within its own repository nothing has put the command on npm's path. */
export const COMMAND = import.meta.url.endsWith('.ts') ? 'npm run resumeproof --' : 'npx resumeproof';
