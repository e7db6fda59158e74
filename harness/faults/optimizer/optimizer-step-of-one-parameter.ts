import { anyLoop } from '../needs.ts';
import { defineProgramFault, onLoad } from '../program.ts';

export default defineProgramFault({
  id: 'optimizer-step-of-one-parameter',
  breaks: 'The step of a single parameter begins at 0.',
  reports: [],
  proofs: ['restored'],
  rule: 'counters-not-restored',
  cause: ['optimizer-step-reset', 'optimizer-step-changed'],
  needs: anyLoop,
  change: (program) =>
    onLoad(program, (saved) => ({
      ...saved,
      optimizers: Object.fromEntries(
        Object.entries(saved.optimizers).map(([name, state]) => [
          name,
          {
            ...state,
            steps: Object.fromEntries(
              Object.entries(state.steps).map(([parameter, step], at) => [parameter, at === 0 ? 0 : step]),
            ),
          },
        ]),
      ),
    })),
});
