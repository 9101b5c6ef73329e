import type { DescService } from '@bufbuild/protobuf';
import type { Parts } from '@gabion/service/start';
import type { Provider, Type } from '@nestjs/common';
import type { Database } from './db/schema.ts';
import type { Barrier } from './seal/barrier.ts';

/** What every area of the service is made from. */
export interface AreaParts extends Omit<Parts, 'db'> {
  readonly db: Database;
  readonly now: Clock;
  readonly barrier: Barrier;
}

/** The present time; told from outside so that tests can move it. */
export type Clock = () => Date;

/** One area of the service: what it offers, and what NestJS wires for it. */
export interface Area {
  readonly services: readonly DescService[];
  readonly controllers: readonly Type[];
  readonly providers: readonly Provider[];
  /** Begins what the area does by itself, once the server listens. */
  begin?(): Promise<void>;
}
