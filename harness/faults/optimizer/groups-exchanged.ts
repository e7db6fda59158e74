import { defineProgramFault, onLoad } from '../program.ts';

export default defineProgramFault({
  id: 'groups-exchanged',
  breaks: 'Parameters come back in each other’s groups, with their rates and weight decay.',
  reports: ['roytseng-tw/Detectron.pytorch#118'],
  proofs: ['restored'],
  rule: 'groups-changed',
  cause: 'groups-exchanged',
  needs: ({ driven }) => driven.some(({ optimizer }) => optimizer.groups.length > 1),
  change: (program) =>
    onLoad(program, (saved) => ({
      ...saved,
      optimizers: Object.fromEntries(
        Object.entries(saved.optimizers).map(([name, { groups, steps }]) => [
          name,
          {
            steps,
            groups: groups.map((group, at) => ({
              ...group,
              parameters: groups[(at + 1) % groups.length]!.parameters,
            })),
          },
        ]),
      ),
    })),
});
