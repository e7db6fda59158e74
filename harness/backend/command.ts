const fromSource = import.meta.url.endsWith('.ts');

/** The bundle's launcher sets this to its own command. Nothing can be installed where a bundle runs. */
const fromBundle = (): string | undefined => process.env.RESUMEPROOF_COMMAND;

/** The package manager that started this process, if one did: it tells its name to what it runs. */
export const startedBy = (): string | undefined => process.env.npm_config_user_agent?.split('/')[0];

/** Where Yarn installed the package, npx may not find it. */
function installed(): string {
  const manager = startedBy();
  if (manager === 'yarn') return 'yarn resumeproof';
  return manager === 'pnpm' ? 'pnpm exec resumeproof' : 'npx resumeproof';
}

/** How a user starts resumeproof. In its own repository, npx does not find the command. */
export const command = (): string => fromBundle() || (fromSource ? 'npm run resumeproof --' : installed());

/** Installs node-gpu. The repository's script avoids the host that the package's installer downloads from. */
export function setupNodeGpu(): string {
  if (fromBundle())
    return 'npm run bundle -- --backends webgpu,wasm,node-gpu, on the machine that made this bundle';
  return fromSource ? 'npm run setup:node-gpu' : 'npm install @tensorflow/tfjs-node-gpu@4.22.0';
}
