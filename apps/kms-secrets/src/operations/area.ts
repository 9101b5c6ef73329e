import type { Area, AreaParts } from '../area.ts';
import type { KeysArea } from '../keys/area.ts';

/** What the area `operations` is made from. */
export interface OperationsParts extends AreaParts {
  readonly keys: KeysArea;
}

/** Opens the area `operations`. */
export async function openOperations(_parts: OperationsParts): Promise<Area> {
  return { services: [], controllers: [], providers: [] };
}
