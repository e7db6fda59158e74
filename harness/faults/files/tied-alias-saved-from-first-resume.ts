/**
 * A resumed process trains the tied weight, but its checkpoint holds a copy from the resume under the second name. The
 * next resume loads the first name and then this old copy into the shared variable. From the second resume on, the tied
 * weight is back at its value from the first resume.
 */
import type { Parts } from '../../loop/parts.ts';
import type { Parameter } from '../../training/optimizer.ts';
import { copiesOf } from '../live.ts';
import { defineLoopFault, onceResumed } from '../loop-fault.ts';
import { need, resumesTwice } from '../needs.ts';

/** Second names of tied weights that are trained and saved. */
const aliases = ({ parameters, recipe }: Parts): Parameter[] =>
  parameters.filter(
    ({ name, variable }) =>
      variable.trainable && recipe.model.ties?.has(name) === true && (recipe.saves?.(name) ?? true),
  );

export default defineLoopFault({
  breaks:
    'The second name of a tied weight is saved from a copy made at the resume, and the next resume loads that copy.',
  proofs: ['restored', 'faithful'],
  rule: 'parameters-not-restored',
  cause: ['checkpoint-mixed', 'weights-of-older-step'],
  needs: [resumesTwice, need('saves no tied weight that is trained', (parts) => aliases(parts).length > 0)],
  change(stages) {
    onceResumed(stages, (parts) => {
      const stale = new Map(copiesOf(aliases(parts)).map((parameter) => [parameter.name, parameter]));
      const { save } = parts.views;
      parts.views.save = () => save().map((parameter) => stale.get(parameter.name) ?? parameter);
    });
  },
});
