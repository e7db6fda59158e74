const fromSource = import.meta.url.endsWith('.ts');

/**
 * How a user starts resumeproof: within its own repository nothing has put the command on npm's path, and what starts
 * it from a bundle says how.
 */
export const COMMAND =
  process.env.RESUMEPROOF_COMMAND || (fromSource ? 'npm run resumeproof --' : 'npx resumeproof');

/** What brings node-gpu: this repository can do without the host that the package's own install downloads from. */
export const SETUP_NODE_GPU = fromSource
  ? 'npm run setup:node-gpu'
  : 'npm install @tensorflow/tfjs-node-gpu@4.22.0';
