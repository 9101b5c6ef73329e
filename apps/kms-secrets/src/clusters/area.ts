import type { Area, AreaParts } from '../area.ts';
import type { KeysArea } from '../keys/area.ts';

/** What the area `clusters` is made from. */
export interface ClustersParts extends AreaParts {
  readonly keys: KeysArea;
}

/** Opens the area `clusters`. */
export async function openClusters(_parts: ClustersParts): Promise<Area> {
  return { services: [], controllers: [], providers: [] };
}
