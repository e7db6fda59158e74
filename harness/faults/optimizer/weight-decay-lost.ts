import { hasWeightDecay } from '../needs.ts';
import { defineProgramFault, onLoad } from '../program.ts';

export default defineProgramFault({
  id: 'weight-decay-lost',
  breaks: 'Weight decay is not restored and is 0.',
  reports: ['NVIDIA-NeMo/Automodel#3883'],
  proofs: ['restored'],
  rule: 'counters-not-restored',
  cause: 'hyperparameters-changed',
  needs: hasWeightDecay,
  change: (program) =>
    onLoad(program, (saved) => ({
      ...saved,
      optimizers: Object.fromEntries(
        Object.entries(saved.optimizers).map(([name, { groups, steps }]) => [
          name,
          { steps, groups: groups.map((group) => ({ ...group, weightDecay: 0 })) },
        ]),
      ),
    })),
});
