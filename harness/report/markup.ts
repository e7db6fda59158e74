/** Turns tagged templates into Preact nodes. Rendering escapes every value. */
import htm from 'htm';
import { type ComponentChildren, h } from 'preact';

export type Markup = ComponentChildren;

// htm declares CommonJS types, so its default export looks wrapped in another one.
const { bind } = htm as unknown as typeof htm.default;
export const html = bind.call(htm, h) as (strings: TemplateStringsArray, ...values: unknown[]) => Markup;
