/** Why there is no snapshot. All goes on without. */
export class NoSnapshot extends Error {}
