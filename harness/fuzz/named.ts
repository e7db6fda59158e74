/** Names the processes of a history in their order, as those of a plan are. */
import type { History } from '../trace/history.ts';
import { idOf } from '../trace/plan.ts';

/** `before`, `after-1`, `after-2` … */
export function named(history: History): History {
  const ids = new Map(
    history.processes.map(({ id }, at) => [id, at === 0 ? idOf('before', 0) : idOf('after', at)]),
  );
  return {
    ...history,
    processes: history.processes.map((process) => ({
      ...process,
      id: ids.get(process.id)!,
      from: process.from && { ...process.from, process: ids.get(process.from.process)! },
    })),
  };
}
