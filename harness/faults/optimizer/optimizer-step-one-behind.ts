import { anyLoop } from '../needs.ts';
import { defineProgramFault, onLoad } from '../program.ts';

export default defineProgramFault({
  id: 'optimizer-step-one-behind',
  breaks: 'The optimizer’s step is one behind.',
  reports: [],
  proofs: ['restored'],
  rule: 'counters-not-restored',
  cause: ['optimizer-step-changed', 'optimizer-step-reset'],
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
              Object.entries(state.steps).map(([parameter, step]) => [parameter, Math.max(0, step - 1)]),
            ),
          },
        ]),
      ),
    })),
});
