const fromSource = import.meta.url.endsWith('.ts');

/** Its launcher says how it was started, and nothing can be installed where it runs. */
const fromBundle = process.env.RESUMEPROOF_COMMAND;

/** How a user starts resumeproof: within its own repository nothing has put the command on npm's path. */
export const COMMAND = fromBundle || (fromSource ? 'npm run resumeproof --' : 'npx resumeproof');

/** What brings node-gpu: this repository can do without the host that the package's own install downloads from. */
export const SETUP_NODE_GPU = fromBundle
  ? 'npm run bundle -- --backends webgpu,wasm,node-gpu, where this bundle was made'
  : fromSource
    ? 'npm run setup:node-gpu'
    : 'npm install @tensorflow/tfjs-node-gpu@4.22.0';
