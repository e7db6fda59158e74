/** Bundles the page's script and its style sheet into one module that is a JSON text of both. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { rolldown } from 'rolldown';
import type { Bundle } from '../bundle/kept-bundle.ts';

/** The style sheet of the chart library. */
const CHART_STYLES = 'uplot/dist/uPlot.min.css';

/**
 * @param harness the folder of its source
 * @returns as `code`, the JSON text of `{ script, style }`
 */
export async function bundleClient(harness: string): Promise<Bundle> {
  const build = await rolldown({
    input: path.join(harness, 'report', 'client', 'main.ts'),
    platform: 'browser',
    onLog: (_level, { message }) => {
      throw new Error(message);
    },
  });
  const { output } = await build.generate({ format: 'iife', minify: true, codeSplitting: false });
  await build.close();
  const [{ code, moduleIds }] = output;
  const styles = createRequire(import.meta.url).resolve(CHART_STYLES);
  const own = path.join(harness, 'report', 'client', 'page.css');
  const style = `${readFileSync(styles, 'utf8')}\n${readFileSync(own, 'utf8')}`;
  return {
    code: JSON.stringify({ script: code, style }),
    files: [...moduleIds.filter((id) => path.isAbsolute(id)), styles, own],
  };
}
