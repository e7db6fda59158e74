/** In which order docs/api.md shows the exports. */

export interface Topic<T> {
  readonly title: string;
  readonly items: readonly T[];
}

/** What is named in none of them comes last. */
const TOPICS: Readonly<Record<string, readonly string[]>> = {
  'Scenarios and trainers': [
    'defineScenario',
    'Scenario',
    'ScenarioPlan',
    'CommandScenario',
    'Command',
    'Trainer',
    'TrainerContext',
    'StepClaim',
    'Observed',
    'Sample',
    'SampledImage',
    'SampledAudio',
    'SampledText',
    'Plan',
    'Role',
    'Observable',
    'Deviation',
  ],
  'Trainers of TensorFlow.js programs': [
    'layersTrainer',
    'LayersTraining',
    'variablesTrainer',
    'VariablesTraining',
    'Hold',
    'LayersContext',
    'Models',
    'modelFolder',
    'loadProgram',
    'ProgramOptions',
  ],
  'Parts of a training program': [
    'Optimizer',
    'adamW',
    'adafactor',
    'sgd',
    'withMasterWeights',
    'roundTo8Bits',
    'UpdateRule',
    'Parameter',
    'ParameterGroup',
    'Gradients',
    'clipGradientNorm',
    'fuseBackwardPass',
    'fuseOptimizerGroups',
    'splitIntoGroups',
    'Schedule',
    'warmupCosine',
    'RandomStream',
  ],
  'The training loop in stages': [
    'createLoop',
    'Recipe',
    'Model',
    'Pass',
    'OptimizerRecipe',
    'GroupRecipe',
    'Loop',
    'LoopContext',
    'LoopRecipe',
    'LoopStages',
    'Stage',
    'Parts',
    'reordered',
    'insertedAfter',
    'insertedBefore',
    'replaced',
    'without',
  ],
  Checkpoints: [
    'saveCheckpoint',
    'loadCheckpoint',
    'Checkpoint',
    'TrainingState',
    'requireTensors',
    'readSafetensors',
    'writeSafetensors',
    'toTensor',
    'toTensorMap',
    'CheckpointError',
  ],
  Tests: [
    'proveResume',
    'assertResumes',
    'ProveResumeOptions',
    'fuzzResume',
    'FuzzResumeOptions',
    'FuzzedResume',
    'ReportedVerdict',
    'NotProvenError',
  ],
  Backends: ['openBackend', 'OpenOptions', 'OpenedBackend', 'BackendName', 'BackendError'],
  Faults: ['defineFault', 'Fault', 'Build'],
  'The config file': ['defineConfig', 'Config'],
  'Reading and judging traces': [
    'readTrace',
    'traceReader',
    'Trace',
    'collectEvidence',
    'Evidence',
    'judge',
    'Subject',
    'Judgement',
    'Verdict',
    'Finding',
    'Gate',
    'RULES',
    'Rule',
  ],
};

const JUDGING = 'Reading and judging traces';

/** The topics of an entry: its exports, each in one of them. `unknown` lists names that it does not export. */
export function byTopic<T extends { readonly name?: string }>(
  items: readonly T[],
): { topics: readonly Topic<T>[]; unknown: readonly string[] } {
  const rest = new Map(items.map((item) => [item.name, item]));
  const unknown: string[] = [];
  const isJudge = rest.has('judge');
  const topics = Object.entries(TOPICS)
    .filter(([title]) => (title === JUDGING) === isJudge)
    .map(([title, names]) => ({
      title,
      items: names.flatMap((name) => {
        const item = rest.get(name);
        if (item === undefined) unknown.push(name);
        rest.delete(name);
        return item ?? [];
      }),
    }));
  const title = isJudge ? 'Other types of the judge' : 'Other types';
  return { topics: [...topics, { title, items: [...rest.values()] }], unknown };
}
