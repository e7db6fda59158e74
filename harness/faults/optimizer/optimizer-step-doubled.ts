import { anyLoop } from '../needs.ts';
import { defineProgramFault, onLoad } from '../program.ts';

export default defineProgramFault({
  id: 'optimizer-step-doubled',
  breaks: 'The optimizer’s step is restored in another unit.',
  reports: [],
  proofs: ['restored'],
  rule: 'counters-not-restored',
  cause: 'optimizer-step-changed',
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
              Object.entries(state.steps).map(([parameter, step]) => [parameter, 2 * step]),
            ),
          },
        ]),
      ),
    })),
});
