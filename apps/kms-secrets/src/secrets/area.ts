import type { Area, AreaParts } from '../area.ts';
import type { KeysArea } from '../keys/area.ts';

/** What the area `secrets` is made from. */
export interface SecretsParts extends AreaParts {
  readonly keys: KeysArea;
}

/** Opens the area `secrets`. */
export async function openSecrets(_parts: SecretsParts): Promise<Area> {
  return { services: [], controllers: [], providers: [] };
}
