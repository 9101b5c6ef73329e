import type { AreaParts } from '../../area.ts';
import { Rounds } from '../../rounds.ts';
import type { OpenSeal } from '../open-seal.ts';
import type { SealKeeper } from '../seal-keeper.ts';
import { OpeningAsker } from './opening-asker.ts';
import { OpeningGiver } from './opening-giver.ts';
import { openingChannel, tidyOpenings } from './opening-store.ts';
import { Replicas } from './replicas.ts';

/** How often requests and answers are looked for, whether or not a notice got lost, in ms. */
const everyMs = 500;

type Parts = Pick<AreaParts, 'db' | 'log' | 'now' | 'use' | 'certificate'>;

/** Has sealed replicas opened by open ones; undefined where replicas have no certificates to know each other by. */
export async function openOpenings(parts: Parts, seal: OpenSeal, keeper: SealKeeper): Promise<Openings | undefined> {
  const { db, log, now, use, certificate } = parts;
  if (!certificate) return undefined;
  const replicas = new Replicas(certificate, now);
  const asker = use(new OpeningAsker({ db, log, seal, keeper, replicas }));
  const giver = new OpeningGiver({ db, log, now, seal, replicas });
  const openings = use(new Openings(parts, seal, asker, giver));
  use(await db.listen(openingChannel, () => openings.wake()));
  return openings;
}

/** The rounds in which a replica asks while it is sealed, and gives while it is open. */
export class Openings extends Rounds {
  #isWoken = false;

  constructor(
    private readonly parts: Pick<Parts, 'db' | 'log'>,
    private readonly seal: OpenSeal,
    private readonly asker: OpeningAsker,
    private readonly giver: OpeningGiver,
  ) {
    super({ everyMs, log: parts.log, complaint: 'replicas were not opened, will try again' });
  }

  /** Looks as soon as it can; however many notices come until then are one. */
  wake(): void {
    if (this.#isWoken) return;
    this.#isWoken = true;
    void this.round();
  }

  protected async work(): Promise<void> {
    this.#isWoken = false;
    // Twice a second would fill the log while the database is away.
    if (!this.seal.isConfirmed) return;
    await tidyOpenings(this.parts.db.kysely);
    if (!this.seal.isOpen) return this.asker.ask();
    await this.asker.withdraw();
    await this.giver.give();
  }
}
