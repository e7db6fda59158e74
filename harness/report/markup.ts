/** Tagged templates to Preact nodes: every value is escaped when rendered. */
import htm from 'htm';
import { type ComponentChildren, h } from 'preact';

export type Markup = ComponentChildren;

// htm declares its types as CommonJS, so its default export looks wrapped in another one.
const { bind } = htm as unknown as typeof htm.default;
export const html = bind.call(htm, h) as (strings: TemplateStringsArray, ...values: unknown[]) => Markup;
