/** Thrown when a queue cannot be used, or not any more: its packages are missing, or Redis does not answer. One line. */
export class QueueError extends Error {
  override readonly name = 'QueueError';
}
